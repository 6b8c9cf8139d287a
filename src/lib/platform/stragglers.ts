import {basename} from 'node:path';
import type {ProcessMemory} from './process-memory.js';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isEnded, variableOf} from './process-table.js';
import type {CommandSpec} from '../core/spec.js';
import type {ProcessIdentity, StragglerQuery, StrayProcess} from './types.js';

/** What we know of a life that we started ourselves; helps with daemons that wipe every trace of their origin. */
export interface Launch {
  readonly identity: ProcessIdentity;
  readonly mark: string | null;
  readonly command: CommandSpec;
  executable: string | null;
  /** Start time (as in the process table) that whoever it started can have at most; null: it still lives. */
  lastStartTime: number | null;
}

export interface StragglerSources {
  readonly table: ProcessTable;
  readonly memory: ProcessMemory;
  readonly rows: readonly ProcessRow[];
  readonly launches: readonly Launch[];
  /** Leaders of groups that are ours and wanted: hooks that run, and the next incarnation. */
  readonly spared: readonly ProcessIdentity[];
  /** FIFOs or log files that only this service writes to. */
  readonly streams: readonly string[];
}

type Why = StrayProcess['why'];

/**
 * Who belongs to a service: session and group of its leaders, whoever was seen below them, whoever carries its mark,
 * and what these have started. A process that carries another mark belongs to another supervisor, whatever its parents.
 *
 * `stat` first, for all; the environment only of own processes that are younger than the oldest leader, because
 * reading it takes the target's memory lock and ten times as long.
 */
export function* findStragglers(
  query: StragglerQuery,
  sources: StragglerSources,
): Generator<undefined, StrayProcess[]> {
  const {table, memory, rows} = sources;
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const children = new Map<number, ProcessRow[]>();
  for (const row of rows) {
    const siblings = children.get(row.ppid);
    if (siblings === undefined) children.set(row.ppid, [row]);
    else siblings.push(row);
  }
  const leaders = query.leaders.filter((leader) => leader.bootId === table.bootId);
  const spared = spare(query, sources, byPid, children);
  const sparedMarks = markOfSpared(query, sources);
  const found = new Map<number, Why>();
  const marks = new Map<number, string | null>();
  const markOf = (pid: number): string | null => {
    let mark = marks.get(pid);
    if (mark === undefined) {
      const environ = table.environ(pid);
      mark = environ === null ? null : variableOf(environ, 'ERP_MARK');
      marks.set(pid, mark);
    }
    return mark;
  };
  const isForeign = (mark: string | null): boolean =>
    mark !== null && (!mark.startsWith(query.markPrefix) || sparedMarks.has(mark));

  // Whoever is found brings what it has started, unless that is a world of its own.
  const add = (row: ProcessRow, why: Why): void => {
    const queue: [ProcessRow, Why][] = [[row, why]];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [member, reason] = next;
      if (found.has(member.pid) || spared.has(member.pid) || isForeign(markOf(member.pid))) continue;
      found.set(member.pid, reason);
      for (const child of children.get(member.pid) ?? []) queue.push([child, 'descendant']);
    }
  };

  const known = rows.filter((row) => !isEnded(row) && !spared.has(row.pid));
  for (const row of known) {
    const why =
      kinship(row, leaders, byPid) ?? (memory.knows(query.service, row.pid, row.startTime) ? 'descendant' : null);
    if (why === null) continue;
    add(row, why);
    yield;
  }
  // A leader that has ended may be a zombie still: its children belong to the service all the same.
  for (const leader of leaders) {
    if (byPid.get(leader.pid)?.startTime !== leader.startTime) continue;
    for (const child of children.get(leader.pid) ?? []) add(child, 'descendant');
  }

  const oldest = leaders.reduce((time, leader) => Math.min(time, Number(leader.startTime ?? 0)), Infinity);
  const since = oldest === Infinity || Number.isNaN(oldest) ? 0 : oldest;
  const self = process.geteuid?.() ?? 0;
  for (const row of known) {
    if (found.has(row.pid) || Number(row.startTime) < since || row.pid === 2 || row.ppid === 2) continue;
    const uid = table.uid(row.pid);
    if (uid === null || (self !== 0 && uid !== self)) continue;
    const mark = markOf(row.pid);
    if (mark !== null ? mark.startsWith(query.markPrefix) : bearsTrace(row, query, sources, byPid)) add(row, 'mark');
    yield;
  }

  const strays: StrayProcess[] = [];
  for (const [pid, why] of found) {
    const row = byPid.get(pid) as ProcessRow;
    if (isEnded(row)) continue;
    strays.push({
      pid,
      startTime: row.startTime,
      bootId: table.bootId,
      command: table.commandLine(pid) ?? row.name,
      why,
    });
    yield;
  }
  return strays;
}

/**
 * Group or session of one of these leaders? The number of a group is not given away while it has members, but it is
 * afterwards: if the number now names a younger process, the group is that one's.
 */
export function kinship(
  row: ProcessRow,
  leaders: readonly ProcessIdentity[],
  byPid: {get(pid: number): ProcessRow | null | undefined},
): 'group' | 'session' | null {
  for (const leader of leaders) {
    if (row.pgrp !== leader.pid && row.session !== leader.pid) continue;
    const now = byPid.get(leader.pid) ?? null;
    if (leader.startTime !== null) {
      if (now !== null && now.startTime !== leader.startTime) continue;
      if (Number(row.startTime) < Number(leader.startTime)) continue;
    }
    return row.pgrp === leader.pid ? 'group' : 'session';
  }
  return null;
}

/** Ourselves, those who started us, and everything that is wanted. */
function spare(
  query: StragglerQuery,
  sources: StragglerSources,
  byPid: ReadonlyMap<number, ProcessRow>,
  children: ReadonlyMap<number, readonly ProcessRow[]>,
): ReadonlySet<number> {
  const spared = new Set<number>();
  for (let pid = process.pid; pid > 1 && !spared.has(pid); pid = byPid.get(pid)?.ppid ?? 0) spared.add(pid);
  const wanted = query.except === null ? sources.spared : [...sources.spared, query.except];
  const queue = sources.rows.filter(
    (row) => wanted.some((leader) => row.pid === leader.pid) || kinship(row, wanted, byPid) !== null,
  );
  for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
    if (spared.has(row.pid)) continue;
    spared.add(row.pid);
    queue.push(...(children.get(row.pid) ?? []));
  }
  return spared;
}

/** Marks of those who are wanted: a daemon of the next incarnation is not one of the last. */
function markOfSpared(query: StragglerQuery, sources: StragglerSources): ReadonlySet<string> {
  const marks = new Set<string>();
  const {except} = query;
  if (except === null) return marks;
  for (const launch of sources.launches) {
    if (launch.identity.pid === except.pid && launch.identity.startTime === except.startTime && launch.mark !== null)
      marks.add(launch.mark);
  }
  if (marks.size === 0) {
    const environ = sources.table.environ(except.pid);
    const mark = environ === null ? null : variableOf(environ, 'ERP_MARK');
    if (mark !== null) marks.add(mark);
  }
  return marks;
}

/**
 * Programs that write their title over their environment (redis-server, nginx) carry no mark. Two traces are left: our
 * FIFO as a standard stream; or, for a daemon, that it is an orphan without an environment, runs the very program
 * that we started, came to life while that one lived, and sits in our own control group.
 */
function bearsTrace(
  row: ProcessRow,
  query: StragglerQuery,
  sources: StragglerSources,
  byPid: ReadonlyMap<number, ProcessRow>,
): boolean {
  const {table} = sources;
  const isOfNext = query.except?.startTime != null && Number(row.startTime) >= Number(query.except.startTime);
  if (isOfNext) return false;
  if (table.standardStreams(row.pid).some((target) => sources.streams.includes(target))) return true;
  // Two services may run the same program and begin at the same moment: where a port can tell, only it may.
  if (query.hasPort === true) return false;
  const isOrphan = row.ppid === 1 || byPid.get(row.ppid)?.name === 'systemd';
  if (!isOrphan || sources.launches.length === 0) return false;
  const environ = table.environ(row.pid);
  if (environ === null || environ.includes('=')) return false;
  const executable = table.executable(row.pid);
  if (executable === null || table.controlGroup(row.pid) !== table.controlGroup(process.pid)) return false;
  return sources.launches.some(
    (launch) =>
      query.leaders.some(
        (leader) => leader.pid === launch.identity.pid && leader.startTime === launch.identity.startTime,
      ) &&
      Number(row.startTime) >= Number(launch.identity.startTime) &&
      (launch.lastStartTime === null || Number(row.startTime) <= launch.lastStartTime) &&
      ('shell' in launch.command
        ? launch.command.shell.includes(basename(executable))
        : executable === launch.executable),
  );
}
