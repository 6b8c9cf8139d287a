import type {ServiceSpec} from '../spec.js';
import {type ExitStatus, type Service, startsKept} from './state.js';

/** One line of a service's journal: written before and after everything that must survive the supervisor's death. */
export type JournalRecord =
  | {readonly v: 1; readonly t: 'wanted'; readonly up: boolean; readonly at: number; readonly by: string | null}
  | {
      readonly v: 1;
      readonly t: 'intent';
      readonly inc: number;
      readonly at: number;
      readonly mark: string;
      readonly port: number | null;
    }
  | {
      readonly v: 1;
      readonly t: 'spawned';
      readonly inc: number;
      readonly at: number;
      readonly pid: number;
      readonly start: string | null;
      readonly boot: string;
    }
  /** Who was seen below a leader and had left its group and session: pid and start time. */
  | {readonly v: 1; readonly t: 'seen'; readonly boot: string; readonly members: readonly (readonly [number, string])[]}
  /** The awaited line was read: the pipe does not give it twice. */
  | {readonly v: 1; readonly t: 'log-ready'; readonly inc: number; readonly at: number}
  /** `ms`: from its spawn; absent when the start was not seen. */
  | {readonly v: 1; readonly t: 'ready'; readonly inc: number; readonly at: number; readonly ms?: number}
  | {
      readonly v: 1;
      readonly t: 'exited';
      readonly inc: number;
      readonly at: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | {readonly v: 1; readonly t: 'counters'; readonly inc: number; readonly used: number; readonly total: number}
  /** Written by compaction: what the records that it drops have said beside the counters. */
  | {
      readonly v: 1;
      readonly t: 'kept';
      readonly port: number | null;
      readonly boot: string | null;
      readonly pid: number | null;
      readonly start: string | null;
      readonly exit: ExitStatus | null;
      readonly starts?: readonly number[];
      /** Absent in journals of earlier versions. */
      readonly life?: LastLife | null;
    };

/** The last life that was spawned. Times in milliseconds since the epoch. */
export interface LastLife {
  readonly from: number;
  /** null: it was not seen to end. */
  readonly to: number | null;
  readonly port: number | null;
  /** It ended by itself, with 0. */
  readonly endedWell: boolean;
}

/** What a journal says when it is read to its end. */
export interface Remembered {
  readonly wanted: boolean | null;
  readonly incarnation: number;
  /** Spawned and not seen to end. */
  readonly process: {
    readonly incarnation: number;
    readonly pid: number;
    readonly startTime: string | null;
    readonly bootId: string;
    readonly spawnedAtWall: number;
    readonly port: number | null;
    readonly logSeen: boolean;
    readonly wasReady: boolean;
  } | null;
  /** An intent without spawned or exited: its process may run without being known. */
  /** How the last process ended, as far as anybody saw; null: it runs, or its end was not seen. */
  readonly lastExit: ExitStatus | null;
  /** Who led the last life: what is left of it is found by its session. */
  readonly lastLeader: {readonly pid: number; readonly startTime: string | null; readonly bootId: string} | null;
  readonly lastLife: LastLife | null;
  /** Descendants that had left group and session of their leader; whether they live is not known. */
  readonly seen: readonly {readonly pid: number; readonly startTime: string; readonly bootId: string}[];
  readonly openIntent: {readonly incarnation: number; readonly mark: string; readonly port: number | null} | null;
  readonly port: number | null;
  readonly restartsUsed: number;
  readonly totalRestarts: number;
  /** How long the last starts took, oldest first. */
  readonly startsMs: readonly number[];
  /** Boot of the last process, to tell a reboot. */
  readonly lastBoot: string | null;
}

/** A service that makes daemons without end fills no journal. */
const mostSeen = 64;

const nothing: Remembered = {
  wanted: null,
  incarnation: 0,
  process: null,
  lastExit: null,
  lastLeader: null,
  lastLife: null,
  seen: [],
  openIntent: null,
  port: null,
  restartsUsed: 0,
  totalRestarts: 0,
  startsMs: [],
  lastBoot: null,
};

/**
 * Reads the records in order. Tolerant: a record of a newer version or with missing fields gives what it can (pid,
 * start time, port, wanted state) and is skipped otherwise.
 */
export function remember(records: readonly unknown[]): Remembered {
  return records.reduce<Remembered>(readRecord, nothing);
}

function readRecord(known: Remembered, record: unknown): Remembered {
  if (typeof record !== 'object' || record === null) return known;
  const r = record as Partial<Record<string, unknown>>;
  const inc = typeof r.inc === 'number' ? r.inc : known.incarnation;
  const incarnation = Math.max(known.incarnation, inc);
  switch (r.t) {
    case 'wanted':
      return {...known, wanted: r.up === true};
    case 'intent': {
      const port = typeof r.port === 'number' ? r.port : null;
      return {
        ...known,
        incarnation,
        port,
        lastExit: null,
        openIntent: {incarnation: inc, mark: typeof r.mark === 'string' ? r.mark : '', port},
      };
    }
    case 'spawned': {
      if (typeof r.pid !== 'number') return known;
      const boot = typeof r.boot === 'string' ? r.boot : '';
      const process = {
        incarnation: inc,
        pid: r.pid,
        startTime: typeof r.start === 'string' ? r.start : null,
        bootId: boot,
        spawnedAtWall: typeof r.at === 'number' ? r.at : 0,
        port: typeof r.port === 'number' ? r.port : (known.openIntent?.port ?? known.port),
        logSeen: false,
        wasReady: false,
      };
      const {pid, startTime} = process;
      const lastLeader = {pid, startTime, bootId: boot};
      const lastLife = {from: process.spawnedAtWall, to: null, port: process.port, endedWell: false};
      return {...known, incarnation, process, lastLeader, lastLife, lastExit: null, openIntent: null, lastBoot: boot};
    }
    case 'seen': {
      const bootId = typeof r.boot === 'string' ? r.boot : '';
      const members = Array.isArray(r.members) ? (r.members as unknown[]) : [];
      const seen = members.flatMap((member) => {
        const [pid, startTime] = Array.isArray(member) ? (member as unknown[]) : [];
        return typeof pid === 'number' && typeof startTime === 'string' ? [{pid, startTime, bootId}] : [];
      });
      return {...known, seen: [...known.seen, ...seen].slice(-mostSeen)};
    }
    case 'log-ready':
      return known.process === null || known.process.incarnation !== inc
        ? known
        : {...known, process: {...known.process, logSeen: true}};
    case 'ready': {
      if (known.process === null || known.process.incarnation !== inc) return known;
      const startsMs = typeof r.ms === 'number' ? [...known.startsMs, r.ms].slice(-startsKept) : known.startsMs;
      return {...known, startsMs, process: {...known.process, wasReady: true}};
    }
    case 'exited': {
      // Of the last life only: an exit of an earlier one says nothing about it.
      const isLast = inc === (known.openIntent ?? known.process)?.incarnation;
      return {
        ...known,
        incarnation,
        process: known.process?.incarnation === inc ? null : known.process,
        lastLife: known.process?.incarnation === inc ? endedLife(known, r) : known.lastLife,
        lastExit: isLast ? exitOf(r) : known.lastExit,
        openIntent: known.openIntent?.incarnation === inc ? null : known.openIntent,
      };
    }
    case 'kept':
      return {
        ...known,
        port: typeof r.port === 'number' ? r.port : null,
        lastBoot: typeof r.boot === 'string' ? r.boot : null,
        startsMs: Array.isArray(r.starts) ? r.starts.filter((ms) => typeof ms === 'number').slice(-startsKept) : [],
        lastExit: typeof r.exit === 'object' && r.exit !== null ? exitOf(r.exit) : null,
        lastLeader:
          typeof r.pid === 'number' && typeof r.boot === 'string'
            ? {pid: r.pid, startTime: typeof r.start === 'string' ? r.start : null, bootId: r.boot}
            : null,
        lastLife: lastLifeOf(r.life),
      };
    case 'counters':
      return {
        ...known,
        incarnation,
        restartsUsed: typeof r.used === 'number' ? r.used : 0,
        totalRestarts: typeof r.total === 'number' ? r.total : 0,
      };
    default:
      return known;
  }
}

function endedLife({lastLife, wanted}: Remembered, r: Partial<Record<string, unknown>>): LastLife | null {
  if (lastLife === null) return null;
  return {...lastLife, to: typeof r.at === 'number' ? r.at : null, endedWell: r.code === 0 && wanted !== false};
}

function lastLifeOf(life: unknown): LastLife | null {
  if (typeof life !== 'object' || life === null) return null;
  const {from, to, port, endedWell} = life as Partial<Record<string, unknown>>;
  if (typeof from !== 'number') return null;
  return {
    from,
    to: typeof to === 'number' ? to : null,
    port: typeof port === 'number' ? port : null,
    endedWell: endedWell === true,
  };
}

function exitOf(r: {readonly code?: unknown; readonly signal?: unknown}): ExitStatus {
  return {
    code: typeof r.code === 'number' ? r.code : null,
    signal: typeof r.signal === 'string' ? r.signal : null,
  };
}

/** The shortest journal that says the same: for compaction when nothing happens. */
export function summary(known: Remembered, now: number): readonly JournalRecord[] {
  const records: JournalRecord[] = [];
  if (known.wanted !== null) records.push({v: 1, t: 'wanted', up: known.wanted, at: now, by: null});
  records.push({v: 1, t: 'counters', inc: known.incarnation, used: known.restartsUsed, total: known.totalRestarts});
  if (known.process !== null) {
    const {incarnation, pid, startTime, bootId, spawnedAtWall, port, logSeen, wasReady} = known.process;
    records.push({v: 1, t: 'intent', inc: incarnation, at: spawnedAtWall, mark: '', port});
    records.push({v: 1, t: 'spawned', inc: incarnation, at: spawnedAtWall, pid, start: startTime, boot: bootId});
    if (logSeen) records.push({v: 1, t: 'log-ready', inc: incarnation, at: now});
    if (wasReady) records.push({v: 1, t: 'ready', inc: incarnation, at: now});
  }
  if (known.openIntent !== null)
    records.push({
      v: 1,
      t: 'intent',
      inc: known.openIntent.incarnation,
      at: now,
      mark: known.openIntent.mark,
      port: known.openIntent.port,
    });
  // Last: what stands above would write over it.
  const {lastLeader} = known;
  records.push({
    v: 1,
    t: 'kept',
    port: known.port,
    boot: known.lastBoot,
    pid: lastLeader?.pid ?? null,
    start: lastLeader?.startTime ?? null,
    exit: known.lastExit,
    ...(known.startsMs.length === 0 ? {} : {starts: known.startsMs}),
    life: known.lastLife,
  });
  for (const boot of new Set(known.seen.map(({bootId}) => bootId))) {
    const members = known.seen.filter(({bootId}) => bootId === boot);
    records.push({v: 1, t: 'seen', boot, members: members.map(({pid, startTime}) => [pid, startTime] as const)});
  }
  return records;
}

/** What a service starts from in a new supervisor; `bootId`: of the machine as it runs now. */
export function recalled(service: Service, known: Remembered, spec: ServiceSpec, bootId: string, now: number): Service {
  const sameBoot = known.lastBoot === bootId;
  // A migration that ran is not run again because the supervisor died.
  const isDone = spec.kind === 'job' && sameBoot && known.wanted === true && known.lastExit?.code === 0;
  return {
    state: isDone ? {tag: 'done', at: now} : service.state,
    memory: {
      ...service.memory,
      wanted: isDone ? 'up' : service.memory.wanted,
      freshStart: !sameBoot,
      incarnation: known.incarnation,
      port: known.port,
      restartsUsed: known.restartsUsed,
      totalRestarts: known.totalRestarts,
      startsMs: known.startsMs,
    },
  };
}
