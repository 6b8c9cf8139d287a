import {basename} from 'node:path';
import {isProjectGroup} from './control-group.js';
import type {ProcessMemory} from './process-memory.js';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isEnded, variableOf} from './process-table.js';
import type {CommandSpec} from '../core/spec.js';
import {supervisorMark} from '../core/supervision/mark.js';
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
  /** Of the other services of this supervisor. */
  readonly otherLaunches: readonly Launch[];
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
  const descendants = memory.ofOtherLives(query.service, query.except);
  const remembered = new Map(descendants.map(({pid, startTime}) => [pid, startTime]));
  for (const row of known) {
    // Whoever led a group or session of its own and forked once more is gone; its number still leads to the rest.
    const isRemembered = remembered.get(row.pid) === row.startTime || kinship(row, descendants, byPid) !== null;
    const why = kinship(row, leaders, byPid) ?? (isRemembered ? 'descendant' : null);
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
    if (mark !== null ? mark.startsWith(query.markPrefix) : bearsTrace(row, query, sources, byPid))
      add(row, mark === null ? 'trace' : 'mark');
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

/** Everybody in the project's control group who is not its supervisor or one that is about to come up. */
export function* findGroupMembers(
  projectMark: string,
  table: ProcessTable,
  rows: readonly ProcessRow[],
): Generator<undefined, StrayProcess[]> {
  const found: StrayProcess[] = [];
  for (const row of rows) {
    yield;
    if (row.pid === process.pid || isEnded(row) || !isProjectGroup(table.controlGroup(row.pid), projectMark)) continue;
    const mark = variableOf(table.environ(row.pid) ?? '', 'ERP_MARK');
    if (mark !== null && !mark.startsWith(`${projectMark}/`)) continue; // another project's
    if (mark === supervisorMark(projectMark)) continue;
    const {pid, startTime} = row;
    found.push({pid, startTime, bootId: table.bootId, command: table.commandLine(pid) ?? row.name, why: 'trace'});
  }
  return found;
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
 * Programs that write their title over their environment (redis-server, nginx), or start with an empty one, carry no
 * mark. Three traces are left: our FIFO as a standard stream; our own control group, where we have one; or, for a
 * daemon, that it is an orphan without an environment, runs the very program that we started and came to life while
 * that one lived.
 */
function bearsTrace(
  row: ProcessRow,
  query: StragglerQuery,
  sources: StragglerSources,
  byPid: ReadonlyMap<number, ProcessRow>,
): boolean {
  const {table} = sources;
  if (query.except !== null && isYounger(row, query.except)) return false;
  if (table.standardStreams(row.pid).some((target) => sources.streams.includes(target))) return true;
  const isOrphan = row.ppid === 1 || byPid.get(row.ppid)?.name === 'systemd';
  if (!isOrphan) return false;
  const launches = sources.launches.filter((launch) => beganDuring(row, launch));
  const group = table.controlGroup(row.pid);
  // Nobody but services of this project is in its group: it belongs to the only one that can have started it.
  if (isProjectGroup(group, query.markPrefix.split('/')[0] ?? ''))
    return launches.length > 0 && !sources.otherLaunches.some((launch) => beganDuring(row, launch));
  // Two services may run the same program and begin at the same moment: where a port can tell, only it may.
  if (query.hasPort === true || launches.length === 0) return false;
  const environ = table.environ(row.pid);
  if (environ === null || environ.includes('=')) return false;
  if (group !== table.controlGroup(process.pid)) return false;
  return launches.some(
    (launch) =>
      query.leaders.some(
        (leader) => leader.pid === launch.identity.pid && leader.startTime === launch.identity.startTime,
      ) && runsProgramOf(launch, row, table.executable(row.pid)),
  );
}

/** Did it come to life after this leader? Start times are coarse: of two in the same hundredth the pid decides. */
function isYounger(row: ProcessRow, leader: ProcessIdentity): boolean {
  if (leader.startTime === null) return false;
  const difference = Number(row.startTime) - Number(leader.startTime);
  return difference > 0 || (difference === 0 && row.pid > leader.pid);
}

const beganDuring = (row: ProcessRow, {identity, lastStartTime}: Launch): boolean =>
  Number(row.startTime) >= Number(identity.startTime) &&
  (lastStartTime === null || Number(row.startTime) <= lastStartTime);

/**
 * Does it run what this launch started? A shell's text names the program as it is called, which may be a link
 * (redis-server on Debian): the short name of the process is that of the link.
 */
export function runsProgramOf(launch: Launch, row: ProcessRow, executable: string | null): boolean {
  if (executable === null) return false;
  const {command} = launch;
  return 'shell' in command
    ? command.shell.includes(basename(executable)) || command.shell.includes(row.name)
    : executable === launch.executable;
}
