import type {DiskRoom} from '../core/diagnosis/disk-full.js';
import type {Foundling} from '../core/supervision/foundling.js';
import type {DialAnswer, NetworkFacts} from '../core/connection/offline-cause.js';
import type {ForwardFailure} from '../core/connection/forward-failure.js';
import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import type {LifeVerdict} from '../core/supervision/events.js';
import type {CommandSpec, ForwardSpec, HealthExpectation, StopSignal, WireProtocol} from '../core/spec.js';

/**
 * The world as the runtime sees it. One file per operating system implements each interface; simulation implements all
 * of them on a virtual clock. Answers come through callbacks, never promises: a callback under a virtual clock happens
 * exactly when the schedule says so.
 */
export interface World {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly prober: Prober;
  readonly ports: Ports;
  readonly output: Outputs;
  readonly journal: Journal;
  readonly network: Network;
  readonly kubectl: Kubectl;
  readonly diagnoser: Diagnoser;
  /** Names the boot and, where there are such, the pid namespace: what pids mean something in. */
  readonly bootId: string;
  /** When the machine came up, milliseconds since the epoch; null: the system does not tell. */
  readonly bootedAt: number | null;
  /** In [0, 1); for jitter. */
  random(): number;
}

export interface Clock {
  /**
   * Monotonic milliseconds since a moment that all processes of one boot share; goes on during sleep of the machine or
   * not: the runtime copes with both.
   */
  now(): number;
  /** Milliseconds since the epoch, for display only. */
  wall(): number;
  /** Calls once, at `at` of `now()` or as soon as possible after. */
  at(at: number, callback: () => void): Cancel;
}
export type Cancel = () => void;

/** What makes a process that process: a pid alone is reused. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, start time elsewhere. null: could not be read. */
  readonly startTime: string | null;
  readonly bootId: string;
}

export interface SpawnPlan {
  readonly service: string;
  readonly incarnation: number;
  readonly command: CommandSpec;
  readonly cwd: string;
  /** Complete environment of the child, the mark `ERP_MARK` included. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: 'open' | 'null';
  readonly output: 'pipe' | 'file';
}

export interface Exit {
  /** null: ended by a signal, or unknown (adopted processes). */
  readonly code: number | null;
  readonly signal: string | null;
}

export type SpawnResult =
  | {readonly ok: true; readonly identity: ProcessIdentity}
  | {readonly ok: false; readonly error: SpawnError};

export interface SpawnError {
  /** `ENOENT`, `EACCES`, `E2BIG`, `EAGAIN`, … */
  readonly code: string;
  readonly message: string;
}

export interface Processes {
  /**
   * Starts a process as leader of a session and group of its own. `onExit` is called once, after `spawn` has returned.
   * POSIX: stdin and output are the service's FIFOs (see Outputs), held open read-write by the child.
   */
  spawn(plan: SpawnPlan, onExit: (exit: Exit) => void): SpawnResult;
  /** Watches a process that is not our child (adopted); its exit status is unknown. */
  watch(identity: ProcessIdentity, onExit: (exit: Exit) => void): Cancel;
  /**
   * The process with this number if it is of our user and an orphan (its parent has ended), and with `launchedBy` if it
   * runs a program that this service has launched; null: it is not.
   */
  identifyOrphan?(pid: number, launchedBy?: string): ProcessIdentity | null;
  /**
   * Remembers this leader and who lives below it now: they, and who is in a session of theirs, are found again when they
   * have lost parent, group and mark.
   */
  lookBelow?(service: string, leader: ProcessIdentity): void;
  /** What the journal of a former supervisor says about the last life of a service; comes before its first sweep. */
  recall?(service: string, life: FormerLife): void;
  /**
   * Everybody in this project's own control group but its supervisor; `[]` where it has none. For the very end, when
   * nobody of the project shall live any more.
   */
  groupMembers?(projectMark: string, callback: (found: readonly StrayProcess[]) => void): void;
  /** Is this very process alive (zombies are not)? */
  isAlive(identity: ProcessIdentity): boolean;
  /**
   * Has this number been given to another process? Then the group and session that it led are gone: the kernel keeps
   * the number as long as they have members. Asked before a group is signalled whose leader was adopted: its end is
   * noticed late.
   */
  isSomebodyElse?(identity: ProcessIdentity): boolean;
  /** Does anybody of the group that `pid` led live (zombies do not count)? */
  groupAlive(pid: number): boolean;
  /** One of those whom `groupAlive` has seen, the leader aside. */
  groupMember?(pid: number): {readonly pid: number; readonly command: string} | null;
  /**
   * Who carries a mark of this project, or leads a session and holds the streams of one of these services: for a
   * supervisor whose journals may not tell all. One look at all processes; blocks. Absent where the system is slow at it.
   */
  findMarked?(projectMark: string, services: readonly string[]): readonly Foundling[];
  /** Signals the whole group led by `pid`. With `ifStopped`, a group whose leader is stopped (SIGSTOP) gets that instead. */
  signalGroup(pid: number, signal: StopSignal, ifStopped?: 'SIGKILL'): 'sent' | 'gone' | 'denied';
  signal(identity: ProcessIdentity, signal: StopSignal): 'sent' | 'gone' | 'denied';
  /**
   * Who belongs to this service without being in its group: same session, remembered descendants, or the mark
   * `<project>/<service>/…`; `except` (a later incarnation's leader) and all that belongs to it are left out.
   */
  stragglers(query: StragglerQuery, callback: (found: readonly StrayProcess[]) => void): void;
  /** Preconditions of a start: working folder, executable, files. null: all well. */
  precheck(plan: PrecheckPlan): PrecheckFailure | null;
  /** Changes whenever the file or folder does (existence, mode, size, time): what a blocked start waits for. */
  fileState(path: string): string;
  /** Room on the file system of a path; of its nearest folder when it does not exist. null: can't be told. */
  diskRoom(path: string): (DiskRoom & {readonly path: string}) | null;
  /** Runs a hook, a probe command or a stop command: own group, output into the service's log, killed at the time-out. */
  run(plan: RunPlan, callback: (result: RunResult) => void): Cancel;
}

export interface FormerLife {
  readonly leader: ProcessIdentity;
  readonly command: CommandSpec;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long it may have started others, in milliseconds; null: it still may. */
  readonly lastedMs: number | null;
  /** Who was seen below it, or below one before it. */
  readonly descendants: readonly {readonly pid: number; readonly startTime: string}[];
}

export interface StragglerQuery {
  readonly service: string;
  /** Value of ERP_MARK up to and including the service: `<project hash>/<service>/`. */
  readonly markPrefix: string;
  /** Sessions that incarnations of this service led (pid of the leader and its start time). */
  readonly leaders: readonly ProcessIdentity[];
  readonly except: ProcessIdentity | null;
  /** The service has a port of its own: a daemon that wiped every trace is found by that, and by nothing weaker. */
  readonly hasPort?: boolean;
}

export interface StrayProcess extends ProcessIdentity {
  readonly command: string;
  readonly why: 'group' | 'session' | 'descendant' | 'mark' | 'trace' | 'port';
}

export interface PrecheckPlan {
  readonly command: CommandSpec;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Paths that have to be there besides. */
  readonly files: readonly string[];
}

export interface PrecheckFailure {
  readonly cause: 'missing-file' | 'missing-module' | 'permission-denied';
  /** The folder, program or file. */
  readonly subject: string;
  readonly message: string;
}

export interface RunPlan {
  readonly service: string;
  readonly purpose: 'preStart' | 'preCheck' | 'postStop' | 'onPortMoved' | 'stop' | 'probe';
  readonly command: CommandSpec;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}
export type RunResult = {
  readonly exit: Exit;
  readonly timedOut: boolean;
  readonly error: SpawnError | null /** last lines of its output, at most 2 KiB */;
  readonly tail: string;
};

export interface Prober {
  /** Asks once. The callback comes exactly once unless cancelled, at the latest after `timeoutMs`. */
  probe(target: ProbeTarget, timeoutMs: number, callback: (answer: ProbeAnswer) => void): Cancel;
}

export type ProbeTarget =
  | {
      readonly type: 'http';
      readonly url: string;
      readonly expect: readonly HealthExpectation[];
      readonly headers: Readonly<Record<string, string>>;
      /** default GET; after HEAD no body is waited for, so `expect` has nothing to look into */
      readonly method?: 'GET' | 'HEAD' | 'POST';
      /** Any bytes that come back are an answer, HTTP or not; `detail` says what they were. default false */
      readonly anyAnswer?: boolean;
    }
  /** Answered when the connection is accepted and not closed within 20 ms. */
  | {readonly type: 'tcp'; readonly host: string; readonly port: number}
  /**
   * `postgres`, `redis`, `mysql`: asks what they answer before a log-in; an error of theirs is an answer, too, and is
   * told in `detail`. Words of another protocol are `garbage`.
   *
   * `held-open`: bytes within 300 ms are an answer; so is silence, with `silent` as `detail`, as it proves little. An end
   * of the connection within this time is `reset`.
   */
  | {readonly type: WireProtocol | 'held-open'; readonly host: string; readonly port: number};

/** Any HTTP answer proves life; what it says decides health. */
export type ProbeAnswer =
  | {
      readonly tag: 'answered';
      readonly health: 'healthy' | 'degraded' | 'unhealthy' /** HTTP status or null */;
      readonly status: number | null;
      readonly detail: string | null;
      readonly latencyMs: number;
    }
  | {
      readonly tag: 'silent';
      readonly reason: 'refused' | 'timeout' | 'reset' | 'unreachable' | 'garbage' | 'error';
      readonly detail: string;
    };

export interface Network {
  /** Addresses of this machine that are not internal, sorted and joined: it changes when the network does. '': none. */
  addresses(): string;
  /** Connects and closes. The callback comes exactly once unless cancelled, at the latest after `timeoutMs`. */
  dial(server: ServerAddress, timeoutMs: number, callback: (answer: DialAnswer) => void): Cancel;
  /** Looks why a server may be out of reach; within about two seconds, only asks what it is told to. */
  lookAround(
    question: {
      readonly host: string;
      readonly publicTargets: readonly string[];
      readonly portalUrl: string | null;
    },
    callback: (facts: NetworkFacts) => void,
  ): Cancel;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export type {DialAnswer};

export interface Kubectl {
  /** Complete command line for a spawn. */
  argv(args: readonly string[]): readonly [string, ...string[]];
  /** On top of the environment: KUBECONFIG where it is configured. */
  readonly env: Readonly<Record<string, string>>;
  /** Is the program there? Runs nothing. */
  missing(): ForwardFailure | null;
  /** Changes when kubectl or a kubeconfig file does (existence, size, time). Cheap: asked every few seconds. */
  stamp(): string;
  /** Reads a context of the kubeconfig (`kubectl config view`), null: the current one. Asks no server. */
  context(name: string | null, callback: (answer: ContextAnswer) => void): Cancel;
  /** The remote port of a forward that names none: asks the server for the target. */
  remotePort(
    forward: Pick<ForwardSpec, 'context' | 'namespace' | 'target'>,
    callback: (answer: {readonly port: number | string} | {readonly failure: ForwardFailure}) => void,
  ): Cancel;
  /**
   * A pod behind a service, and its port: a start that names them costs three requests in place of four. null: none can be
   * told. Costs two requests.
   */
  podBehind(
    forward: Pick<ForwardSpec, 'context' | 'namespace' | 'target'>,
    remotePort: number | string,
    callback: (pod: PodPort | null) => void,
  ): Cancel;
  /**
   * Calls when a pod of this namespace becomes ready, until cancelled. `ended`: it can't be watched (any more), once.
   * Costs two requests and a process.
   */
  watchPods(
    where: {readonly context: string | null; readonly namespace: string | null},
    ready: (pod: string) => void,
    ended: () => void,
  ): Cancel;
}

export interface PodPort {
  /** `pod/web-0` */
  readonly target: string;
  readonly port: number;
}

export type ContextAnswer =
  | {
      readonly ok: true;
      readonly name: string;
      readonly namespace: string | null;
      /** Where kubectl connects to: the API server, or its proxy. */
      readonly server: ServerAddress;
      /** The address as the kubeconfig names it. */
      readonly url: string;
      readonly viaProxy: boolean;
    }
  | {readonly ok: false; readonly failure: ForwardFailure};

export interface Listener {
  readonly pid: number | null;
  /** null: unknown, another user's. */
  readonly command: string | null;
  readonly user: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  readonly cwd: string | null;
  readonly address: string;
  readonly inode: string | null;
}

export type PortState =
  | {readonly state: 'free' /** the port that was bound, when 0 was asked for */; readonly port?: number}
  | {readonly state: 'taken'; readonly code: 'EADDRINUSE'}
  | {
      readonly state: 'refused' /** EACCES, EADDRNOTAVAIL … */;
      readonly code: string /** the one that was refused */;
      readonly address?: string;
    };

export interface Ports {
  /** Binds for an instant, on exactly these addresses. Only for a port that is about to be given away. */
  tryBind(port: number, addresses: readonly string[], callback: (state: PortState) => void): void;
  /** Who listens there; empty: nobody; null: can't be found out on this machine. */
  owners(port: number, callback: (listeners: readonly Listener[] | null) => void): void;
  /**
   * Sockets that listen there, without their owners: for who looks again and again. May be as old as a tick, so that all
   * who ask in it share one read. null: can't be found out.
   */
  listening(port: number, callback: (sockets: readonly Pick<Listener, 'address' | 'inode'>[] | null) => void): void;
  /** How many connections to this port are established; null: can't be found out on this machine. */
  connections(port: number, callback: (count: number | null) => void): void;
  /**
   * Does the process tree/session/mark of `leader` hold the listener on this port? `unknown` where it can't be read or
   * is a known proxy.
   */
  holder(port: number, leader: ProcessIdentity, markPrefix: string, callback: (verdict: ListenerVerdict) => void): void;
}

export type ListenerVerdict =
  | {
      readonly verdict: 'own' /** identifies this listener; a change asks for a new look */;
      readonly inode: string | null;
    }
  | {readonly verdict: 'foreign'; readonly listener: Listener}
  | {readonly verdict: 'unknown'; readonly why: string};

/** The output of services: FIFOs, log files, rotation. */
export interface Outputs {
  /**
   * Makes the log file and FIFOs of these services ready. Called before the first spawn.
   * @param intoFile those of them that write into their log themselves
   */
  open(services: readonly string[], intoFile?: readonly string[]): void;
  /** A new incarnation begins: `tail` forgets what the ones before have said. */
  beginLife(service: string): void;
  /** Last lines this incarnation has written, newest last, control characters as they came. */
  tail(service: string, lines: number): readonly string[];
  /** Where the output of the present life stands in its log until now; null: not known. */
  lifePlace(service: string): LogPlace | null;
  /** Reads what is still in the pipe; called at an exit so that the last line is seen before the exit is judged. */
  drain(service: string): void;
  /** Calls for each line until cancelled; used by log-line readiness and by port conflict detection. */
  onLine(service: string, callback: (line: string) => void): Cancel;
  /** A line of ours between the service's own: `--- erp: backend exited with code 1 ---`. */
  mark(service: string, text: string): void;
  close(): void;
}

/** A part of a log, in bytes. A file that is shorter was rotated meanwhile: then all of it is meant. */
export interface LogPlace {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** Reads and looks in processes of its own: the rules take memory and time that the supervisor does not have. */
export interface Diagnoser {
  /**
   * Why a life ended, by what it has written. The callback comes exactly once unless cancelled; null: its output does
   * not tell, or it could not be looked at.
   */
  diagnose(question: DiagnosisQuestion, callback: (verdict: LifeVerdict | null) => void): Cancel;
  /** What a process that does not answer is doing; at the latest after `timeoutMs`. null: could not be seen in time. */
  lookAt(question: HangQuestion, timeoutMs: number, callback: (diagnosis: Diagnosis | null) => void): Cancel;
  /** Ends what is under way. */
  close(): void;
}

export interface DiagnosisQuestion {
  readonly service: string;
  readonly incarnation: number;
  readonly log: LogPlace;
  /** The log as it is shown. */
  readonly shownLog: string;
  /** Both null: it was ended for not answering. */
  readonly end: Exit;
  readonly cwd: string;
  readonly projectDir: string;
  /** First word of its command; null: a shell finds it. */
  readonly program: string | null;
  /** Of its environment what says where programs and modules are looked for. */
  readonly env: Readonly<Record<string, string>>;
  /** Files that settings of the service stand in. */
  readonly configuration: readonly string[];
  readonly port: number | null;
  /** Who of this project is where: to be named. */
  readonly places: readonly ServicePlace[];
  /** What it was doing when it did not answer. */
  readonly hang: Diagnosis | null;
}

export interface HangQuestion {
  readonly service: string;
  /** Leader of its group. */
  readonly pid: number;
  /** Its own port. */
  readonly port: number | null;
  /** What is known of the silence. */
  readonly known: Diagnosis;
  readonly places: readonly ServicePlace[];
}

export interface ServicePlace {
  readonly name: string;
  readonly port: number;
}

/** One append-only file per service; see core/supervision/journal.ts for the records. */
export interface Journal {
  /** The record is in the file when this returns, and so is everything that was noted before. */
  append(service: string, record: object): void;
  /** Less urgent: comes with the next `append`, at the latest when this turn of the event loop is over. */
  note(service: string, record: object): void;
  /** All records that could be read, and what was wrong with the rest. */
  read(service: string): {readonly records: readonly unknown[]; readonly problem: string | null};
  services(): readonly string[];
  compact(service: string, records: readonly object[]): void;
}
