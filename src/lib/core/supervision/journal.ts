import type {Service} from './state.js';

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
  | {readonly v: 1; readonly t: 'ready'; readonly inc: number; readonly at: number}
  | {
      readonly v: 1;
      readonly t: 'exited';
      readonly inc: number;
      readonly at: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | {
      readonly v: 1;
      readonly t: 'counters';
      readonly inc: number;
      readonly used: number;
      readonly total: number;
      readonly port: number | null;
    };

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
    readonly wasReady: boolean;
  } | null;
  /** An intent without spawned or exited: its process may run without being known. */
  readonly openIntent: {readonly incarnation: number; readonly mark: string; readonly port: number | null} | null;
  readonly port: number | null;
  readonly restartsUsed: number;
  readonly totalRestarts: number;
  /** The last life ended with 0: a job that has ended so is done. */
  readonly endedWell: boolean;
}

const nothing: Remembered = {
  wanted: null,
  incarnation: 0,
  process: null,
  openIntent: null,
  port: null,
  restartsUsed: 0,
  totalRestarts: 0,
  endedWell: false,
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
        wasReady: false,
      };
      return {...known, incarnation, process, openIntent: null};
    }
    case 'ready':
      return known.process === null || known.process.incarnation !== inc
        ? known
        : {...known, process: {...known.process, wasReady: true}};
    case 'exited':
      return {
        ...known,
        incarnation,
        endedWell: r.code === 0,
        process: known.process?.incarnation === inc ? null : known.process,
        openIntent: known.openIntent?.incarnation === inc ? null : known.openIntent,
      };
    case 'counters':
      return {
        ...known,
        incarnation,
        port: typeof r.port === 'number' ? r.port : known.port,
        restartsUsed: typeof r.used === 'number' ? r.used : 0,
        totalRestarts: typeof r.total === 'number' ? r.total : 0,
      };
    default:
      return known;
  }
}

/** The shortest journal that says the same: for compaction when nothing happens. */
export function summary(known: Remembered, now: number): readonly JournalRecord[] {
  const records: JournalRecord[] = [];
  if (known.wanted !== null) records.push({v: 1, t: 'wanted', up: known.wanted, at: now, by: null});
  records.push({
    v: 1,
    t: 'counters',
    inc: known.incarnation,
    used: known.restartsUsed,
    total: known.totalRestarts,
    port: known.port,
  });
  if (known.process !== null) {
    const {incarnation, pid, startTime, bootId, spawnedAtWall, port, wasReady} = known.process;
    records.push({v: 1, t: 'intent', inc: incarnation, at: spawnedAtWall, mark: '', port});
    records.push({v: 1, t: 'spawned', inc: incarnation, at: spawnedAtWall, pid, start: startTime, boot: bootId});
    if (wasReady) records.push({v: 1, t: 'ready', inc: incarnation, at: now});
  } else if (known.endedWell) {
    records.push({v: 1, t: 'exited', inc: known.incarnation, at: now, code: 0, signal: null});
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
  return records;
}

/** What a service starts from in a new supervisor. A job that was done stays done. */
export function recalled(
  service: Service,
  known: Remembered,
  kind: 'service' | 'job' | 'external',
  now: number,
): Service {
  const done =
    kind === 'job' && known.wanted === true && known.endedWell && known.process === null && known.openIntent === null;
  return {
    state: done ? {tag: 'done', at: now} : service.state,
    memory: {
      ...service.memory,
      wanted: done ? 'up' : service.memory.wanted,
      incarnation: known.incarnation,
      port: known.port,
      restartsUsed: known.restartsUsed,
      totalRestarts: known.totalRestarts,
    },
  };
}
