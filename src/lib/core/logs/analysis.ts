/** What one pass over logs has found. Times are milliseconds since 1970, UTC; lines count from 1. */

export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof logLevels)[number];

/** A file, or a stream, or what a service wrote. */
export interface LogSource {
  /** As it is shown and typed: a path, a service, `-`. */
  readonly name: string;
  readonly service: string | null;
  readonly bytes: number;
  readonly lines: number;
  /** Entries, their continuation lines included. */
  readonly events: number;
  /** Events by the format that their lines were recognised as: `json`, `logfmt`, `bracketed`, `access`, … */
  readonly formats: Readonly<Record<string, number>>;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'cp1252';
  /** What a reader should know: it grew meanwhile, ended in the middle of a line, could not be read. */
  readonly notes: readonly string[];
}

/** Where an event stands. */
export interface Spot {
  /** Index into `Analysis.sources`. */
  readonly source: number;
  /** 0: not known, as with the thousandth event of a frequent template. */
  readonly line: number;
  /** null: neither it nor anything before it says. */
  readonly time: number | null;
}

/** Counts by time, sparse: `buckets` ascend, `counts` go with them. Bucket b begins at b × bucketMs. */
export interface Series {
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

/** Numbers that stand in the events of a template: memory in bytes, durations in milliseconds. */
export interface Measure {
  readonly kind: 'memory' | 'duration';
  /** Name of the key or word before the number: `duration_ms`, `rss`, `took`. */
  readonly name: string;
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Mean by bucket; `counts` hold it, rounded. */
  readonly series: Series;
}

/** A message with its variable parts taken out, and all events that say it. */
export interface LogTemplate {
  /** Stable for the same text, for `--template`: `t` and six hex digits. */
  readonly id: string;
  /** `Connection from <*> closed`; the last line of a traceback follows after ` ⏎ `. */
  readonly text: string;
  /** The worst level that a tenth of its events or more have; null: they carry none. */
  readonly level: LogLevel | null;
  readonly count: number;
  readonly levels: Readonly<Partial<Record<LogLevel, number>>>;
  readonly sources: readonly number[];
  readonly first: Spot;
  readonly last: Spot;
  readonly series: Series;
  /** The first events in the order of the input, all of them up to 256: so a rare template knows each of its events. */
  readonly spots: readonly Spot[];
  /** Up to 20 of its events, whole and without ANSI codes. */
  readonly examples: readonly {readonly spot: Spot; readonly text: string}[];
  /** For each `<*>` up to 20 values it had among the examples. */
  readonly variables: readonly (readonly string[])[];
  readonly measures: readonly Measure[];
}

/** Requests to one address, from access logs and from services that log requests. */
export interface Endpoint {
  readonly method: string;
  /** With its variable parts as `<*>`. */
  readonly path: string;
  readonly count: number;
  /** By status code. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers with 500 and above. */
  readonly failed: number;
  readonly duration: Pick<Measure, 'mean' | 'p50' | 'p95' | 'max'> | null;
  readonly series: Series;
  readonly failedSeries: Series;
}

export interface Analysis {
  readonly sources: readonly LogSource[];
  readonly bytes: number;
  readonly lines: number;
  readonly events: number;
  /** Events without a time of their own. */
  readonly untimed: number;
  readonly from: number | null;
  readonly to: number | null;
  /** Width of all buckets; 60,000 unless the span is very long. */
  readonly bucketMs: number;
  readonly levels: Readonly<Record<LogLevel | 'none', number>>;
  readonly levelSeries: Readonly<Record<LogLevel | 'none', Series>>;
  /** The most frequent first. */
  readonly templates: readonly LogTemplate[];
  readonly endpoints: readonly Endpoint[];
  /** Stretches of silence that stand out. */
  readonly gaps: readonly {readonly after: Spot; readonly before: Spot; readonly ms: number}[];
}
