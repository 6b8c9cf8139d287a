import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {LogLevel} from '../spec.js';

/** Who did it: shown in events ("stopped by ops2 from 10.0.0.7"). */
export interface Actor {
  readonly user: string;
  readonly tty: string | null;
  /** Address of the ssh client, if any. */
  readonly from: string | null;
  readonly commandLine: string;
}

/** One thing that happened. `text` alone is a whole sentence for people; the rest is for programs. */
export interface ErpEvent {
  readonly seq: number;
  /** ISO 8601 with offset. */
  readonly at: string;
  readonly level: LogLevel;
  readonly service: string | null;
  /** Kebab-case: `spawned ready exited hang restarting backing-off failed stopping stopped waiting port-moved dependency-lost
   * port-outside primary-free port-followed returns-to-primary return-refused
   * health-changed limit-warning memory-limit schedule unstable gap machine-warning operator supervisor-started supervisor-stopping adopted straggler …` */
  readonly type: string;
  readonly text: string;
  readonly diagnosis?: Diagnosis;
  readonly actor?: Actor;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** As an effect of a state machine: who it is about and when is known by whoever carries it out. */
export interface Report extends Omit<ErpEvent, 'seq' | 'at' | 'service' | 'actor'> {
  readonly tag: 'report';
}

/** As in metrics.md, plus `waiting` (for dependencies) and `done` (a job). */
export type ServiceStateName =
  | 'waiting'
  | 'starting'
  | 'ready'
  | 'backing-off'
  | 'stopping'
  | 'stopped'
  | 'failed'
  | 'done';
export type HealthName = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
/** The seven marks of ux.md, by meaning. */
export type Mark = 'good' | 'moving' | 'degraded' | 'acting' | 'failed' | 'stopped' | 'unknown';

export interface ServiceStatus {
  readonly name: string;
  readonly kind: 'service' | 'job' | 'external';
  readonly role: 'backend' | 'frontend' | null;
  readonly state: ServiceStateName;
  readonly health: HealthName;
  readonly mark: Mark;
  /** Whose turn it is when it is not well; null: all well. */
  readonly turn: 'erp' | 'you' | null;
  readonly wanted: 'up' | 'down';
  readonly pid: number | null;
  readonly port: number | null;
  readonly primaryPort: number | null;
  /** "held by python3 (pid 812, ops1)": why the port is not the primary; null otherwise. */
  readonly portNote: string | null;
  /** It runs on another port than its primary; null: it does not; absent: a supervisor that does not tell. */
  readonly moved?: MovedPort | null;
  /** Where it is reached; null: it has no address, or no port yet. */
  readonly url?: string | null;
  /** ISO 8601 of the present incarnation's spawn. */
  readonly startedAt: string | null;
  readonly uptimeMs: number | null;
  readonly incarnation: number;
  /** Of the budget. */
  readonly restartsUsed: number;
  readonly maxRestarts: number;
  readonly totalRestarts: number;
  /** Share of one core, 0.031 = 3.1 %; null: not sampled. */
  readonly cpuRatio: number | null;
  readonly memoryBytes: number | null;
  readonly lastExit: {
    readonly at: string;
    readonly code: number | null;
    readonly signal: string | null;
    readonly text: string;
    readonly awayMs: number | null;
  } | null;
  readonly lastErrorLine: string | null;
  /** ISO 8601 of the next thing erp does: restart, try after cool-down. */
  readonly nextTryAt: string | null;
  readonly nextTryInMs: number | null;
  /** One short phrase: "awaits log line …", "waits for redis", "no answer for 12s, restart in 33s unless it answers". */
  readonly note: string | null;
  /** Present while it is not well. */
  readonly diagnosis: Diagnosis | null;
  readonly waitsFor: readonly string[];
  readonly listener: 'own' | 'foreign' | 'not-verified' | null;
  /** ISO 8601 of the last answer to a probe; null: never or no probe. */
  readonly answeredAt: string | null;
  readonly critical: boolean;
  readonly observed: string | null;
  /** It ran before erp came and is only used (`ifRunning: use`): watched, never signalled. */
  readonly borrowed: boolean;
  readonly unstable: boolean;
  /** What is warned of now; absent: a supervisor that does not watch it. */
  readonly warnings?: readonly Warning[];
  /** Above it the service is restarted; null: no limit. */
  readonly maxMemoryBytes?: number | null;
  /** The last planned restart; `reason` as in metrics.md: `operator dependency schedule memory port`. */
  readonly lastRestart?: {readonly at: string; readonly reason: string; readonly text: string | null} | null;
  /** Planned restarts: the expression of the configuration, and when the next one is due. */
  readonly schedule?: {
    readonly expression: string;
    readonly timezone: string | null;
    readonly nextAt: string | null;
  } | null;
  /** How long its last starts took, shortest and longest; null: not enough seen. */
  readonly usualStartMs?: {readonly least: number; readonly most: number} | null;
  /** As it was started, placeholders filled in, secrets masked; absent or null: not known. */
  readonly command?: string | null;
  readonly folder?: string | null;
}

/** A service on another port than its primary: in the status, and as `facts.moved` of the events about it. */
export interface MovedPort {
  readonly port: number;
  readonly primary: number;
  readonly primaryState: 'taken' | 'free' | 'unknown';
  /** Who holds the primary; null: nobody, or it can't be told. */
  readonly holder: {
    readonly pid: number | null;
    /** The program, without its folder. */
    readonly name: string | null;
    readonly user: string | null;
    readonly command: string | null;
    /** ISO 8601 */
    readonly startedAt: string | null;
    /** One of this project; null: a stranger. */
    readonly service: string | null;
  } | null;
  /** Clients outside of the configuration use the primary: another port is no repair for them. */
  readonly public: boolean;
  /** A whole sentence; with the name of the service where clients outside are left behind. */
  readonly text: string;
  readonly remedy: string | null;
}

/** The seven of metrics.md, and `stopped`. */
export type ForwardStateName =
  | 'stopped'
  | 'waiting-for-network'
  | 'starting'
  /** The right app has answered within the last seconds. */
  | 'verified'
  /** It was, or it can't be proven. */
  | 'suspect'
  | 'broken'
  | 'needs-you'
  | 'tool-missing';

export interface ForwardStatus {
  readonly name: string;
  readonly state: ForwardStateName;
  readonly mark: Mark;
  readonly turn: 'erp' | 'you' | null;
  readonly wanted: 'up' | 'down';
  /** As configured; null: the current one. */
  readonly context: string | null;
  readonly namespace: string | null;
  readonly target: string;
  readonly remotePort: number | string | null;
  /** The local port it has now; null: none. */
  readonly port: number | null;
  readonly primaryPort: number;
  /** Why it has another port than its primary; null otherwise. */
  readonly portNote: string | null;
  readonly pid: number | null;
  /** ISO 8601 of the present kubectl's spawn. */
  readonly startedAt: string | null;
  /** ISO 8601 of the last answer of the right app; null: never. */
  readonly answeredAt: string | null;
  readonly answeredAgoMs: number | null;
  readonly latencyMs: number | null;
  /** Restarts in the present incident. */
  readonly restarts: number;
  readonly totalRestarts: number;
  readonly note: string | null;
  /** Present while it is not well. */
  readonly diagnosis: Diagnosis | null;
  readonly nextTryAt: string | null;
  readonly nextTryInMs: number | null;
  /** The last time it was lost: `recoveryMs` from its first bad sign to the next good answer, null: not yet. */
  readonly lastLoss: {
    readonly at: string;
    /** As in metrics.md: `exit no-answer network port operator` */
    readonly reason: string;
    readonly text: string;
    readonly recoveryMs: number | null;
  } | null;
}

/** The API server of a context: what decides whether port-forwards are started. */
export interface ContextStatus {
  /** As kubectl calls it; null: the current one, not read yet. */
  readonly name: string | null;
  /** `10.8.0.1:6443`; null: not known. */
  readonly server: string | null;
  readonly state: 'unknown' | 'online' | 'unsure' | 'offline';
  readonly mark: Mark;
  /** ISO 8601 of the change to this state. */
  readonly since: string | null;
  /** "silent for 41s. Internet is there: VPN?"; null: all well */
  readonly note: string | null;
  readonly diagnosis: Diagnosis | null;
  readonly lastOutage: {readonly at: string; readonly tookMs: number} | null;
}

export interface StatusDocument {
  readonly schema: 1;
  readonly project: {
    readonly name: string;
    readonly dir: string;
    readonly configFile: string | null;
    readonly instance: string | null;
  };
  readonly supervisor: {
    readonly pid: number;
    readonly version: string;
    readonly startedAt: string;
    readonly uptimeMs: number;
    readonly specHash: string;
    readonly user: string;
    /** How often it came back after an abnormal end, within the last hour; absent: a supervisor that does not count. */
    readonly returns?: number;
  } | null;
  readonly overall: 'healthy' | 'degraded' | 'unhealthy' | 'starting' | 'stopping' | 'stopped' | 'no-supervisor';
  readonly mark: Mark;
  readonly sampledAt: string | null;
  readonly services: readonly ServiceStatus[];
  /** Absent: a supervisor that runs none. */
  readonly forwards?: readonly ForwardStatus[];
  /** One for each context that a wanted forward uses. */
  readonly contexts?: readonly ContextStatus[];
  readonly machine: MachineStatus | null;
  /** ISO 8601 with offset: when this document was made. */
  readonly at: string;
}

export interface MachineStatus {
  /** Of all processors, 0..1; null: not measured yet. */
  readonly cpuRatio: number | null;
  readonly memoryAvailableBytes: number;
  readonly memorySizeBytes: number;
  /** Of the disk with the state folder; null: the system does not tell. */
  readonly diskFreeBytes: number | null;
  readonly diskSizeBytes: number | null;
  /** Every disk that holds something of the project, each once. */
  readonly disks?: readonly DiskStatus[];
  /** What is warned of now: limits `cpu memory disk disk-forecast`. */
  readonly warnings?: readonly Warning[];
}

export interface DiskStatus {
  /** `project`, `state`, `logs` */
  readonly places: readonly string[];
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** Something that was warned of and is not over. */
export interface Warning {
  /** Kebab-case: `memory memory-growth open-files slow`, of the machine `cpu memory disk disk-forecast`. */
  readonly limit: string;
  /** ISO 8601 */
  readonly since: string;
  /** As of the last look: "memory 430 MiB, 84% of maxMemory 512 MiB". */
  readonly text: string;
}
