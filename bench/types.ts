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
  /** What a user has done beforehand for the case that the supervisor dies. */
  prepareDeath?(): Promise<void>;
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
  readonly missing: () => string | null;
  version(): Promise<string>;
  create(dir: string, ground: Ground): Peer;
}

/** What all peers of a run share. */
export interface Ground {
  /** The program of the measured services. */
  readonly svc: string;
  /** Whether a process is a measured service, and not the supervisor's. */
  readonly isService: (pid: number) => boolean;
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
  f: Survival;
  g: Leftovers;
  h: CommandLine;
  i: Causes;
  j: Storm;
  k: Storm;
  l: Many;
  m: Simulated;
  n: PortSearch;
}

export interface Recovery {
  /** Milliseconds, killed after more than a second of life. */
  readonly steady: readonly number[];
  /** Killed again as soon as it answers. */
  readonly atOnce: readonly number[];
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

/** The supervisor is killed while its service writes a line every 5 ms. */
export interface Survival {
  /** Nobody does anything; null: floors that can't come back by themselves. */
  readonly alone: Deaths | null;
  /** 3 s later a user starts it again; null: not needed. */
  readonly byHand: Deaths | null;
}

export interface Deaths {
  readonly trials: number;
  /** How often, and after how long, a supervisor was there again that knew the service by its pid. */
  readonly back: number;
  readonly backMs: Spread | null;
  readonly survived: number;
  /** How often more than one copy of the service lived. */
  readonly copies: number;
  /** Starts of the service although it lived. */
  readonly extraStarts: number;
  readonly written: number;
  readonly lost: number;
  readonly trialsWithLoss: number;
  readonly writeErrors: number;
  /** How often a kill of the service afterwards was answered by a new one, and after how long. */
  readonly replaced: number;
  readonly replacedMs: Spread | null;
}

/** What lives of: a child, a child with a session of its own, a double-forked daemon. */
export interface Leftovers {
  readonly afterCrash: readonly string[];
  readonly afterStop: readonly string[];
  readonly afterShutdown: readonly string[];
  readonly stopMs: number;
}

export interface CommandLine {
  /** `node -e 0` */
  readonly node: Spread;
  readonly status: Spread;
  /** null: not measured. */
  readonly version: Spread | null;
}

export interface Causes {
  readonly port: Cause;
  readonly file: Cause;
}

/** Something is wrong for a while that can be seen from outside, then it is put right. */
export interface Cause {
  readonly seconds: number;
  readonly starts: number;
  readonly cpuSeconds: number;
  /** What its status says meanwhile. */
  readonly status: string | null;
  /** From the moment it is put right; null: not within 10 s. */
  readonly backMs: number | null;
}

export interface Storm {
  readonly seconds: number;
  readonly starts: number;
  readonly cpuSeconds: number;
  readonly status: string | null;
}

/** A kill of one service among few and among many. */
export interface Many {
  readonly few: Crowd;
  readonly many: Crowd;
}

export interface Crowd {
  readonly services: number;
  readonly recovery: Spread;
  readonly cpuMsPerKill: number;
}

export interface Simulated {
  readonly few: SimulatedCrowd;
  readonly many: SimulatedCrowd;
}

export interface SimulatedCrowd {
  readonly services: number;
  readonly kills: number;
  /** CPU of the supervisor's own code for one crash with all that follows, the virtual world's share taken off. */
  readonly microsecondsPerKill: number;
}

/** Who holds the ports of running services. */
export interface PortSearch {
  readonly ports: number;
  readonly calm: PortTimes;
  /** Among many open connections. */
  readonly crowded: PortTimes & {readonly sockets: number};
  readonly finders: readonly PortFinder[];
}

export interface PortTimes {
  /** `node -e 0` */
  readonly node: Spread;
  /** `ss -ltnp`, the whole process; null: not installed. */
  readonly ss: Spread | null;
  /** Our survey of all ports, the first in a process of its own, without the start of Node. */
  readonly scan: Spread;
  /** `erp ports`, the whole process; null: this erp has no such command. */
  readonly command: Spread | null;
}

/** What others have for it, called as a library in a process of its own; without the start of Node. */
export interface PortFinder {
  readonly name: string;
  /** null: not installed. */
  readonly version: string | null;
  readonly what: string;
  readonly times: Spread | null;
}

/** One measurement: one test with one peer in one round. */
export type Entry = {[T in TestId]: EntryOf<T>}[TestId];

export interface EntryOf<T extends TestId> {
  readonly test: T;
  readonly peer: string;
  readonly round: number;
  readonly loadBefore: number;
  /** It was taken from another run, named in the note. */
  readonly fromAnotherRun?: true;
  readonly seconds: number;
  readonly result: Results[T] | null;
  /** Why there is no result. */
  readonly error: string | null;
}

/** Everything of one run: ratios are taken within one only. */
export interface Run {
  readonly id: string;
  /** What a reader has to know about how it came about. */
  readonly note?: string;
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
