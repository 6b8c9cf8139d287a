import type {Run} from '../types.js';

export type SubjectId = 'erp' | 'naive';

/** One fault, one kubectl, one of the two that keep forwards alive. */
export interface ForwardEntry {
  readonly fault: string;
  readonly kubectl: string;
  readonly subject: SubjectId;
  readonly hasTraffic: boolean;
  readonly limitMs: number;
  /** Milliseconds, worst of the forwards; null: not within the patience. */
  readonly times: readonly (number | null)[];
  readonly patienceMs: number;
  /** Why there are no figures; null: there are. */
  readonly error: string | null;
}

export interface Footprint {
  readonly kubectl: string;
  readonly forwards: number;
  readonly seconds: number;
  /** Of one core, 0..1, of erp's own processes. */
  readonly cpuRatio: number;
  /** KiB of erp's own processes. */
  readonly rss: number;
  /** KiB of all kubectls together. */
  readonly kubectlRss: number;
}

/** What is broken for good. */
export interface ApiLoad {
  readonly what: string;
  readonly kubectl: string;
  readonly subject: SubjectId;
  readonly requestsPerMinute: number;
}

export interface ForwardsRun {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly commit: string;
  readonly machine: Omit<Run['machine'], 'gcc'>;
  readonly loadAtStart: string;
  readonly loadAtEnd: string;
  readonly repeats: number;
  readonly entries: readonly ForwardEntry[];
  readonly footprints: readonly Footprint[];
  readonly loads: readonly ApiLoad[];
}
