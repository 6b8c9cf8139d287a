import {setTimeout as sleep} from 'node:timers/promises';
import {assessPort, type AssessedPort, type PortHolder, type Surroundings} from '../../lib/core/ports/assess.js';
import type {PlannedEntry} from '../../lib/core/ports/plan.js';
import {heads, type Refusal, refusalFor, type ReleaseContext} from '../../lib/core/ports/release.js';
import type {Ours} from '../../lib/core/ports/whose.js';
import {formatDuration} from '../../lib/core/report/format.js';
import {askToEnd, unitOf} from '../../lib/platform/ask-to-end.js';
import {surveyPorts} from '../../lib/platform/port-survey.js';
import type {ProcessRow, ProcessTable} from '../../lib/platform/process-table.js';
import {isAliveIn} from '../../lib/platform/system-table.js';
import type {ProcessIdentity} from '../../lib/platform/types.js';

/** `released`: it is free now. `was-free`: nobody held it. `would-release`: `--dry-run`. */
export type ReleaseResult = 'released' | 'was-free' | 'would-release' | 'refused' | 'still-held' | 'taken-again';

export interface ReleaseReport {
  readonly port: number;
  readonly result: ReleaseResult;
  /** Whole sentences. */
  readonly said: readonly string[];
  readonly remedy: readonly string[];
  readonly ended: readonly {
    readonly pid: number;
    readonly name: string | null;
    readonly signal: string;
    readonly afterMs: number;
  }[];
}

export interface ReleaseOptions {
  readonly graceMs: number;
  readonly dryRun: boolean;
  /** May it be ended by force when it does not end by itself? */
  readonly kill: boolean;
}

/** What a release asks of the world around it. */
export interface ReleaseWorld {
  readonly table: ProcessTable;
  readonly ours: Ours;
  readonly entries: readonly PlannedEntry[];
  readonly context: ReleaseContext;
  /** Shows who holds the port. */
  show(port: AssessedPort, notes: readonly string[]): void;
  /** @throws ErpError when the answer is no, or nobody can be asked */
  mayEnd(port: number, who: string): Promise<void>;
  /** Only asked where `kill` is not given; false: leave it alone. */
  mayKill(who: string): Promise<boolean>;
}

/** For this long it has to stay free: systemd and others start anew after a tenth of a second, Docker after a second. */
const settleMs = 1000;
const killedWithinMs = 5000;
/** Somebody else may come and take the port between showing and asking; then it is shown again, but not for ever. */
const rounds = 3;

export async function releasePort(port: number, options: ReleaseOptions, world: ReleaseWorld): Promise<ReleaseReport> {
  const report = {port, said: [], remedy: [], ended: []};
  for (let round = 0; round < rounds; round += 1) {
    const found = await lookAt(port, world);
    if (found.state === 'unknown') return {...report, result: 'refused', said: ["who listens can't be found out here"]};
    if (found.holders.length === 0)
      return {
        ...report,
        result: round === 0 ? 'was-free' : 'released',
        said: [round === 0 ? 'nobody holds it' : 'it became free by itself'],
      };
    const targets = identified(found, world.table);
    world.show(
      found,
      targets.flatMap(({pid}) => starterNotes(pid, world.table)),
    );
    for (const holder of headsOf(found, world.table)) {
      const refusal = refusalFor(
        {port, holder, uid: holder.pid === null ? null : world.table.uid(holder.pid)},
        world.context,
      );
      if (refusal !== null) return {...report, result: 'refused', ...refusedWords(refusal)};
    }
    if (options.dryRun) return {...report, result: 'would-release', said: [`would ask ${namesOf(targets)} to end`]};
    await world.mayEnd(port, namesOf(targets));
    const now = await lookAt(port, world);
    if (now.holders.length > 0 && !isSame(identified(now, world.table), targets)) continue;
    return now.holders.length === 0
      ? {...report, result: 'released', said: ['it became free by itself']}
      : await end(port, {heads: targets, all: group(now, world.table)}, options, world);
  }
  return {
    ...report,
    result: 'still-held',
    said: ['it changes hands faster than one can ask'],
    remedy: [`erp ports ${port} --watch`],
  };
}

const refusedWords = ({why, remedy, canBeForced}: Refusal) => ({
  said: [`not ended: ${why}`],
  remedy: [...remedy, ...(canBeForced ? ['or, if you know what you do: --force'] : [])],
});

interface Target extends ProcessIdentity {
  readonly name: string | null;
}

async function lookAt(port: number, {ours, entries}: ReleaseWorld): Promise<AssessedPort> {
  const around: Surroundings = {survey: await surveyPorts([port]), ours, last: {}};
  return assessPort(port, entries, around);
}

function headsOf({holders}: AssessedPort, table: ProcessTable): PortHolder[] {
  return holders.flatMap((holder) => {
    if (holder.pid === null) return [holder];
    const pids = [holder.pid, ...holder.alsoHeldBy];
    return heads(pids, (pid) => table.read(pid)?.ppid ?? null).map((pid) =>
      pid === holder.pid
        ? holder
        : {
            ...holder,
            pid,
            name: table.read(pid)?.name ?? holder.name,
            command: table.commandLine(pid) ?? holder.command,
          },
    );
  });
}

/** Who they are beyond their number; whoever has ended meanwhile is left out. */
function identified(port: AssessedPort, table: ProcessTable): Target[] {
  return headsOf(port, table).flatMap(({pid, name}) => {
    const row = pid === null ? null : table.read(pid);
    return row === null ? [] : [{pid: row.pid, startTime: row.startTime, bootId: table.bootId, name}];
  });
}

const isSame = (a: readonly Target[], b: readonly Target[]): boolean =>
  a.length === b.length &&
  a.every((one) => b.some(({pid, startTime}) => pid === one.pid && startTime === one.startTime));

const namesOf = (targets: readonly Target[]): string =>
  targets.map(({name, pid}) => `${name ?? 'a process'} (pid ${pid})`).join(' and ');

/** Everybody who has the socket open, workers too. */
function group(port: AssessedPort, table: ProcessTable): Target[] {
  const pids = port.holders.flatMap(({pid, alsoHeldBy}) => (pid === null ? [] : [pid, ...alsoHeldBy]));
  return [...new Set(pids)].flatMap((pid) => {
    const row = table.read(pid);
    return row === null ? [] : [{pid, startTime: row.startTime, bootId: table.bootId, name: row.name}];
  });
}

interface Holders {
  /** Who is asked first: those who started the others. */
  readonly heads: readonly Target[];
  readonly all: readonly Target[];
}

async function end(
  port: number,
  {heads: targets, all}: Holders,
  {graceMs, kill}: ReleaseOptions,
  world: ReleaseWorld,
): Promise<ReleaseReport> {
  const startedAt = performance.now();
  const report = {port, said: [], remedy: [], ended: []};
  const ended = (signal: string): ReleaseReport['ended'] =>
    targets
      .filter((target) => !isAliveIn(world.table, target))
      .map(({pid, name}) => ({pid, name, signal, afterMs: Math.round(performance.now() - startedAt)}));
  for (const [how, limitMs] of [
    ['graceful', graceMs],
    ['forced', killedWithinMs],
  ] as const) {
    if (how === 'forced' && !kill && !(await world.mayKill(namesOf(targets)))) {
      return {
        ...report,
        result: 'still-held',
        said: [`${namesOf(targets)} still listens ${formatDuration(graceMs)} after it was asked to end`],
        remedy: [`erp ports release ${port} --yes --kill ends it by force; what it has not saved is lost`],
      };
    }
    for (const target of how === 'graceful' ? targets : all) {
      if ((await askToEnd(target, how, world.table)) === 'denied')
        return {
          ...report,
          result: 'refused',
          said: [`not ended: ${namesOf([target])} is not ours to end`],
          remedy: [`sudo ${world.context.commandLine}`],
        };
    }
    if (await becomesFree(port, all, limitMs, world)) {
      const gone = ended(how === 'forced' ? 'SIGKILL' : 'SIGTERM');
      return await settled(port, gone, performance.now() - startedAt, targets, world);
    }
  }
  return {
    ...report,
    result: 'still-held',
    said: [`${namesOf(targets)} still listens after it was killed`],
    remedy: [
      'the system holds it: an uninterruptible wait (a dead network disk) ends with the cause, or with a reboot',
    ],
  };
}

/** The port is what counts: a server may close it and live on. */
async function becomesFree(
  port: number,
  all: readonly Target[],
  limitMs: number,
  world: ReleaseWorld,
): Promise<boolean> {
  const until = performance.now() + limitMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(250, pauseMs * 1.5)) {
    const holders = group(await lookAt(port, world), world.table);
    if (holders.every((holder) => !isSameAsOneOf(holder, all))) return true;
    if (performance.now() >= until) return false;
    await sleep(Math.min(pauseMs, Math.max(1, until - performance.now())));
  }
}

const isSameAsOneOf = ({pid, startTime}: Target, targets: readonly Target[]): boolean =>
  targets.some((one) => one.pid === pid && one.startTime === startTime);

/** Free for a moment is not released: whoever keeps a service up starts it anew. */
async function settled(
  port: number,
  ended: ReleaseReport['ended'],
  tookMs: number,
  targets: readonly Target[],
  world: ReleaseWorld,
): Promise<ReleaseReport> {
  const until = performance.now() + settleMs;
  for (;;) {
    const found = await lookAt(port, world);
    const [holder] = found.holders;
    // Linux closes the sockets of a process shortly after it has gone: for a moment nobody holds what still listens.
    const isAfterglow = holder?.pid === null && performance.now() < until;
    if (holder !== undefined && !isAfterglow) {
      const row = holder.pid === null ? null : world.table.read(holder.pid);
      const who = `${holder.name ?? 'somebody'}${holder.pid === null ? '' : ` (pid ${holder.pid})`}`;
      const starter = row === null ? null : starterOf(row, world.table);
      return {
        port,
        result: 'taken-again',
        ended,
        said: [
          `${namesOf(targets)} ended, and ${who} has it now${starter === null ? '' : `, started by ${starter.who}`}`,
        ],
        remedy: [starter?.remedy ?? `erp ports ${port} shows who it is`],
      };
    }
    if (performance.now() >= until) break;
    await sleep(Math.min(100, Math.max(1, until - performance.now())));
  }
  const [one] = ended;
  const how = one === undefined ? 'gave it up' : one.signal === 'SIGKILL' ? 'was killed' : 'ended';
  return {
    port,
    result: 'released',
    ended,
    said: [`${namesOf(targets)} ${how} after ${formatDuration(tookMs)}`],
    remedy: [],
  };
}

/** Who would start it again. */
function starterNotes(pid: number, table: ProcessTable): string[] {
  const row = table.read(pid);
  const unit = unitOf(table.controlGroup(pid));
  if (row === null || unit === null || starterOf(row, table)?.who !== unit) return [];
  return [`${unit} of systemd runs it, and may start it again: sudo systemctl stop ${unit}`];
}

function starterOf(row: ProcessRow, table: ProcessTable): {readonly who: string; readonly remedy: string} | null {
  const unit = unitOf(table.controlGroup(row.pid));
  const parent = row.ppid > 1 ? table.read(row.ppid) : null;
  // What was started from a shell within a unit belongs to it, too, and is not started again by it.
  if (unit !== null && (row.ppid === 1 || parent?.name === 'systemd'))
    return {who: unit, remedy: `sudo systemctl stop ${unit}`};
  if (parent === null) return null;
  return {
    who: `${parent.name} (pid ${parent.pid})`,
    remedy: `stop it there: ${parent.name} (pid ${parent.pid}) starts it`,
  };
}
