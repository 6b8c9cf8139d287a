import {type KeptMemory, readExit, readKept} from './kept.js';
import {type ExitStatus, startsKept, type ToldPorts} from './state.js';

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
      /** Ports of others that it is started with; absent: it names none. */
      readonly told?: ToldPorts;
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
      /** It was asked to, for a stop or a planned restart: nothing to judge. */
      readonly planned: boolean;
    }
  /** Counters, and everything else that is remembered over incarnations. */
  | ({
      readonly v: 1;
      readonly t: 'memory';
      readonly inc: number;
      readonly used: number;
      readonly total: number;
    } & KeptMemory)
  /** Written by compaction: what the records that it drops have said beside that. */
  | {
      readonly v: 1;
      readonly t: 'kept';
      readonly inc: number;
      readonly port: number | null;
      readonly boot: string | null;
      readonly pid: number | null;
      readonly start: string | null;
      readonly everReady: boolean;
      readonly ended: SeenEnd | null;
      readonly starts?: readonly number[];
      readonly life?: LastLife | null;
    };

/** The end of a life that a supervisor has seen. */
export interface SeenEnd {
  readonly incarnation: number;
  readonly exit: ExitStatus;
  readonly planned: boolean;
}

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
    readonly told: ToldPorts;
  } | null;
  /** How the last process ended; null: it runs, or its end was not seen. */
  readonly ended: SeenEnd | null;
  /** Who led the last life: what is left of it is found by its session. */
  readonly lastLeader: {readonly pid: number; readonly startTime: string | null; readonly bootId: string} | null;
  readonly lastLife: LastLife | null;
  /** Descendants that had left group and session of their leader; whether they live is not known. */
  readonly seen: readonly {readonly pid: number; readonly startTime: string; readonly bootId: string}[];
  /** An intent without spawned or exited: its process may run without being known. */
  readonly openIntent: {
    readonly incarnation: number;
    readonly mark: string;
    readonly port: number | null;
    readonly told: ToldPorts;
  } | null;
  readonly port: number | null;
  readonly everReady: boolean;
  readonly restartsUsed: number;
  readonly totalRestarts: number;
  /** How long the last starts took, oldest first. */
  readonly startsMs: readonly number[];
  readonly memory: KeptMemory | null;
  /** Boot of the last process, to tell a reboot. */
  readonly lastBoot: string | null;
  /** Something of a version that we do not know stands there. */
  readonly newer: boolean;
}

/** A service that makes daemons without end fills no journal. */
const mostSeen = 64;

const nothing: Remembered = {
  wanted: null,
  incarnation: 0,
  process: null,
  ended: null,
  lastLeader: null,
  lastLife: null,
  seen: [],
  openIntent: null,
  port: null,
  everReady: false,
  restartsUsed: 0,
  totalRestarts: 0,
  startsMs: [],
  memory: null,
  lastBoot: null,
  newer: false,
};

/**
 * Reads the records in order. Tolerant: a record of a newer version or with missing fields gives what it can (pid,
 * start time, port, wanted state) and is skipped otherwise.
 */
export function remember(records: readonly unknown[]): Remembered {
  return records.reduce<Remembered>((known, record) => {
    if (typeof record !== 'object' || record === null) return known;
    const r = record as Partial<Record<string, unknown>>;
    const next = readRecord(known, r);
    return typeof r.v === 'number' && r.v > 1 && !next.newer ? {...next, newer: true} : next;
  }, nothing);
}

function readRecord(known: Remembered, r: Partial<Record<string, unknown>>): Remembered {
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
        ended: null,
        openIntent: {
          incarnation: inc,
          mark: typeof r.mark === 'string' ? r.mark : '',
          port,
          told: readTold(r.told),
        },
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
        told: known.openIntent?.told ?? {},
      };
      const {pid, startTime} = process;
      const lastLeader = {pid, startTime, bootId: boot};
      const lastLife = {from: process.spawnedAtWall, to: null, port: process.port, endedWell: false};
      return {...known, incarnation, process, lastLeader, lastLife, ended: null, openIntent: null, lastBoot: boot};
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
      const next = {...known, everReady: true};
      if (known.process === null || known.process.incarnation !== inc) return next;
      const startsMs = typeof r.ms === 'number' ? [...known.startsMs, r.ms].slice(-startsKept) : known.startsMs;
      return {...next, startsMs, process: {...known.process, wasReady: true}};
    }
    case 'exited': {
      // Of the last life only: an exit of an earlier one says nothing about it.
      const isLast = inc === (known.openIntent ?? known.process)?.incarnation;
      const ended = {incarnation: inc, exit: readExit(r), planned: r.planned === true};
      return {
        ...known,
        incarnation,
        process: known.process?.incarnation === inc ? null : known.process,
        lastLife: known.process?.incarnation === inc ? endedLife(known, r) : known.lastLife,
        ended: isLast ? ended : known.ended,
        openIntent: known.openIntent?.incarnation === inc ? null : known.openIntent,
      };
    }
    case 'kept':
      return {
        ...known,
        incarnation,
        port: typeof r.port === 'number' ? r.port : null,
        lastBoot: typeof r.boot === 'string' ? r.boot : null,
        startsMs: Array.isArray(r.starts) ? r.starts.filter((ms) => typeof ms === 'number').slice(-startsKept) : [],
        everReady: r.everReady === true,
        ended: readEnded(r.ended),
        lastLeader:
          typeof r.pid === 'number' && typeof r.boot === 'string'
            ? {pid: r.pid, startTime: typeof r.start === 'string' ? r.start : null, bootId: r.boot}
            : null,
        lastLife: lastLifeOf(r.life),
      };
    case 'memory':
      return {
        ...known,
        incarnation,
        restartsUsed: typeof r.used === 'number' ? r.used : 0,
        totalRestarts: typeof r.total === 'number' ? r.total : 0,
        memory: readKept(r),
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

/** Left out where there is nothing to say. */
export const toldOf = (told: ToldPorts): {readonly told?: ToldPorts} => (Object.keys(told).length === 0 ? {} : {told});

function readTold(value: unknown): ToldPorts {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

function readEnded(value: unknown): SeenEnd | null {
  if (typeof value !== 'object' || value === null) return null;
  const {incarnation, exit, planned} = value as Partial<Record<string, unknown>>;
  if (typeof incarnation !== 'number' || typeof exit !== 'object' || exit === null) return null;
  return {incarnation, exit: readExit(exit as Partial<Record<string, unknown>>), planned: planned === true};
}

/** The shortest journal that says the same: for compaction when nothing happens. */
export function summary(known: Remembered, now: number): readonly JournalRecord[] {
  const records: JournalRecord[] = [];
  if (known.wanted !== null) records.push({v: 1, t: 'wanted', up: known.wanted, at: now, by: null});
  const {process, openIntent, lastLeader} = known;
  if (process !== null) {
    const {incarnation, pid, startTime, bootId, spawnedAtWall, port, logSeen, wasReady, told} = process;
    records.push({v: 1, t: 'intent', inc: incarnation, at: spawnedAtWall, mark: '', port, ...toldOf(told)});
    records.push({v: 1, t: 'spawned', inc: incarnation, at: spawnedAtWall, pid, start: startTime, boot: bootId});
    if (logSeen) records.push({v: 1, t: 'log-ready', inc: incarnation, at: now});
    if (wasReady) records.push({v: 1, t: 'ready', inc: incarnation, at: now});
  }
  if (openIntent !== null)
    records.push({
      v: 1,
      t: 'intent',
      inc: openIntent.incarnation,
      at: now,
      mark: openIntent.mark,
      port: openIntent.port,
      ...toldOf(openIntent.told),
    });
  if (known.memory !== null)
    records.push({
      v: 1,
      t: 'memory',
      inc: known.incarnation,
      used: known.restartsUsed,
      total: known.totalRestarts,
      ...known.memory,
    });
  // Last: what stands above would write over it.
  records.push({
    v: 1,
    t: 'kept',
    inc: known.incarnation,
    port: known.port,
    boot: known.lastBoot,
    pid: lastLeader?.pid ?? null,
    start: lastLeader?.startTime ?? null,
    everReady: known.everReady,
    ended: known.ended,
    ...(known.startsMs.length === 0 ? {} : {starts: known.startsMs}),
    life: known.lastLife,
  });
  for (const boot of new Set(known.seen.map(({bootId}) => bootId))) {
    const members = known.seen.filter(({bootId}) => bootId === boot);
    records.push({v: 1, t: 'seen', boot, members: members.map(({pid, startTime}) => [pid, startTime] as const)});
  }
  return records;
}
