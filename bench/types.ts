/** A service to be supervised. */
export interface Service {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** 0: it listens on none. */
  readonly port: number;
}

export interface StartOptions {
  readonly rotate?: {readonly maxBytes: number; readonly keep: number};
  /** One HTTP probe of /health a second, where the peer has such a thing. */
  readonly probed?: boolean;
  /** Restart options stay at their defaults; otherwise the fastest restart that is documented. */
  readonly defaults?: boolean;
}

export interface Outcome {
  /** null: killed, or it never ran. */
  readonly code: number | null;
  readonly output: string;
}

/** One supervisor at work in a folder of its own. Only the processes that it started are its own. */
export interface Peer {
  start(services: readonly Service[], options: StartOptions): Promise<Outcome>;
  /** Orderly, of everything; a second call does nothing. */
  stop(): Promise<void>;
  stopService?(name: string): Promise<void>;
  /** The process to kill when the supervisor is to die. */
  mainPid(): Promise<number | null>;
  /** Every process of the supervisor that lives now, guardians and loggers included, services excluded. */
  daemonPids(): Promise<readonly number[]>;
  /** What the supervisor takes for the service's process. */
  pidOf(name: string): Promise<number | null>;
  /** Of one service, oldest first; they may not exist yet. */
  logFiles(name: string): readonly string[];
  statusCommand(): Command | null;
  /** What a user types after the supervisor died. */
  restartDaemon(): Promise<Outcome>;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A kind of supervisor: what the tables know about it, and how to get one. */
export interface Candidate {
  readonly id: string;
  readonly title: string;
  /** Floors show what is possible; they take part only where they are a measure. */
  readonly floorFor?: readonly TestId[];
  /** Its options beyond the defaults, for the method of the report. */
  readonly options: string;
  readonly capturesOutput: boolean;
  readonly rotates: boolean;
  /** null: it is installed; else what is missing and where it comes from. */
  missing(): string | null;
  version(): Promise<string>;
  create(dir: string): Peer;
}

export type TestId = keyof Results;

/** Milliseconds unless the name says otherwise. */
export interface Spread {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
  readonly min: number;
  readonly max: number;
}

export interface Memory {
  readonly processes: number;
  readonly rssKiB: number;
  readonly pssKiB: number;
  /** Sum of the peaks of RSS. */
  readonly peakKiB: number;
}

export interface Results {
  a: Recovery;
  b: Hang;
  c: Footprint;
  d: BringUp;
  e: Flood;
}

export interface Recovery {
  /** Killed after more than a second of life. */
  readonly steady: Spread;
  /** Killed again as soon as it answers; null: it never came back. */
  readonly atOnce: Spread | null;
  /** Quick deaths after which nobody came back within 8 s; null: it never gave up. */
  readonly gaveUpAfter: number | null;
}

export type Hang = {readonly noticed: false; readonly watchedSeconds: number} | ({readonly noticed: true} & Spread);

export interface Footprint {
  readonly one: Memory;
  readonly hundred: Memory;
  readonly idle: Idle;
  /** The same with one HTTP probe a second of each service; null: it has none. */
  readonly probed: {readonly one: Memory; readonly hundred: Memory; readonly idle: Idle} | null;
}

export interface Idle {
  readonly seconds: number;
  readonly cpuSecondsPerMinute: number;
}

export interface BringUp {
  readonly services: number;
  /** From the command: the last service runs its first instruction. */
  readonly lastExec: number;
  /** From the command: all answer. */
  readonly answering: number;
  /** From the first service's first instruction: all answer. */
  readonly answeringSinceFirst: number;
  readonly missing: number;
  /** From the command to stop: no service lives. */
  readonly stopped: number;
  /** From the command to stop until it returns and the supervisor is gone. */
  readonly gone: number;
  /** Asked over the socket of a supervisor that runs, from just before the request is sent; null: not possible. */
  readonly request: {
    readonly lastExec: number;
    readonly answering: number;
    /** From the request to stop: no service lives. */
    readonly stopped: number;
  } | null;
}

export interface Flood {
  readonly lines: number;
  readonly writerSeconds: number;
  readonly writeErrors: number;
  readonly onDiskSeconds: number;
  readonly cpuSeconds: number;
  readonly idleRssKiB: number;
  readonly peakRssKiB: number;
  readonly files: number;
  readonly largestFileBytes: number;
  readonly limitBytes: number | null;
  readonly missing: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly damaged: number;
}

/** One measurement: one test with one peer in one round. */
export type Entry = {[T in TestId]: EntryOf<T>}[TestId];

export interface EntryOf<T extends TestId> {
  readonly test: T;
  readonly peer: string;
  readonly round: number;
  readonly loadBefore: number;
  readonly seconds: number;
  readonly result: Results[T] | null;
  /** Why there is no result. */
  readonly error: string | null;
}

/** Everything of one run: ratios are taken within one only. */
export interface Run {
  readonly id: string;
  /** All tests with all peers that are installed. */
  readonly whole: boolean;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly kernel: string;
    readonly node: string;
    readonly gcc: string;
  };
  readonly otherProcesses: {readonly ours: number; readonly all: number};
  readonly loadAtStart: string;
  readonly loadAtEnd: string | null;
  readonly settings: Settings;
  readonly peers: readonly {
    readonly id: string;
    readonly title: string;
    readonly floor: boolean;
    readonly version: string;
    readonly options: string;
  }[];
  readonly absent: readonly {readonly title: string; readonly missing: string}[];
  readonly entries: readonly Entry[];
}

export interface Settings {
  /** Kills of one peer, over all rounds. */
  readonly reps: number;
  readonly idleSeconds: number;
  readonly lines: number;
  readonly others: number;
}
