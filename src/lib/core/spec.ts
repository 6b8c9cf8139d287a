import type {PortEntry} from './ports/choose-port.js';
import type {Schedule} from './schedule/cron.js';

/**
 * The resolved specification: all that a supervisor needs to know, and nothing it would have to look up. The CLI makes
 * it from configuration, environment and flags (`core/config`); the supervisor takes it as JSON and never reads a
 * configuration file itself. All paths are absolute, all durations are milliseconds, every default is filled in.
 */
export interface ProjectSpec {
  readonly schema: 1;
  readonly name: string;
  /** Folder of the project, symlinks resolved. */
  readonly projectDir: string;
  /** Configuration file that was used, for messages and to tell two configurations apart. */
  readonly configFile: string | null;
  /** `watchdog -- COMMAND` has a state of its own beside the project's. */
  readonly instance: string | null;
  /** Journal, events, history. */
  readonly stateDir: string;
  /** `<service>.log` */
  readonly logDir: string;
  /** `watchdog_YYYYMMDD.log`, the supervisor's own log. */
  readonly ownLogDir: string;
  /** Socket, lock, FIFOs; owner only, short enough for a socket path. */
  readonly runtimeDir: string;
  readonly mode: 'start' | 'watchdog';
  /** In the order of the configuration. */
  readonly services: readonly ServiceSpec[];
  /** In the order of the configuration. No service has the same name. */
  readonly portForwards: readonly ForwardSpec[];
  readonly connection: ConnectionSpec;
  /** Environment of every service, before its own `env`; without `npm_*`. */
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly logging: LoggingSpec;
  readonly machine: MachineSpec;
  /** What happens to the services when the terminal that started them goes away. */
  readonly tie: 'none' | 'terminal';
  /** Hash over everything that changes what runs (not over run-time choices like `tie`); see `specHash`. */
  readonly hash: string;
}

/** A `kubectl port-forward` that is kept alive. Its `addresses` are where it listens. */
export interface ForwardSpec extends PortEntry {
  /** null: the current context of the kubeconfig. */
  readonly context: string | null;
  /** null: that of the context. */
  readonly namespace: string | null;
  /** `svc/grafana`, `pod/web-0`, `deploy/api`, `statefulset/db` */
  readonly target: string;
  /** null: the only port of the target, or of several the one named http. */
  readonly remotePort: number | string | null;
  readonly probe: ForwardProbe;
  /** Services that are ready first. */
  readonly dependsOn: readonly Dependency[];
  /** Not started by `erp start` without names. */
  readonly autoStart: boolean;
  /** `idle`: goes back to its primary port by itself when that is free and nobody is connected. */
  readonly returnToPrimary: 'idle' | 'never';
  readonly returnAfterMs: number;
}

export type ForwardProbe =
  /** By what the remote port usually speaks: postgres, redis, mysql, else HEAD / */
  | {readonly type: 'auto'}
  | {
      readonly type: 'http';
      readonly path: string;
      readonly expect: readonly HealthExpectation[];
      readonly headers: Readonly<Record<string, string>>;
    }
  /** `protocol` null: not known. Silence proves nothing then, an end of the connection does. */
  | {readonly type: 'tcp'; readonly protocol: WireProtocol | null}
  | {readonly type: 'none'};
export type WireProtocol = 'postgres' | 'redis' | 'mysql';

/** What all port-forwards share. */
export interface ConnectionSpec {
  /** `['kubectl']`, `['minikube', 'kubectl', '--']`; the first may be a path. */
  readonly kubectl: readonly [string, ...string[]];
  /** Value of KUBECONFIG for kubectl; null: that of the environment, or ~/.kube/config. */
  readonly kubeconfig: string | null;
  /** `host:port`, asked at once to tell "no internet" from "internet, but no cluster"; empty: not asked. */
  readonly publicTargets: readonly string[];
  /** Must answer exactly 204, anything else is a captive portal; null: not asked. */
  readonly portalUrl: string | null;
  /** Between two probes of a verified forward. */
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** How long kubectl may take until it listens. */
  readonly startTimeoutMs: number;
  /** How often a healthy state is written into the log; null: never. */
  readonly logIntervalMs: number | null;
  /** After so many restarts in one incident there is one try every `slowRetryMs`, and at each event; null: no limit. */
  readonly maxRestarts: number | null;
  readonly slowRetryMs: number;
  /** false: a broken forward stays as it is, until somebody starts it again. */
  readonly autoRestart: boolean;
}

/** Where there is nothing to forward: it asks nobody and starts nothing. */
export const nothingForwarded: ConnectionSpec = {
  kubectl: ['kubectl'],
  kubeconfig: null,
  publicTargets: [],
  portalUrl: null,
  probeIntervalMs: 2000,
  probeTimeoutMs: 2000,
  startTimeoutMs: 20_000,
  logIntervalMs: null,
  maxRestarts: null,
  slowRetryMs: 300_000,
  autoRestart: true,
};

export interface LoggingSpec {
  readonly maxFileBytes: number;
  /** A log that holds older lines is rotated even when it is small; null: never. */
  readonly rotateEveryMs: number | null;
  readonly maxFiles: number | null;
  readonly maxAgeDays: number;
  readonly maxTotalBytes: number;
  readonly gzip: boolean;
  readonly ownLevel: LogLevel;
  readonly ownMaxAgeDays: number;
}

export interface MachineSpec {
  readonly sampleIntervalMs: number;
  /** Warnings above these shares, 0..1. */
  readonly cpuWarnRatio: number;
  readonly memoryWarnRatio: number;
  /** Low disk: less free bytes than this, or than `minFreeRatio` of the disk, whichever is smaller. */
  readonly minFreeBytes: number;
  readonly minFreeRatio: number;
}

export const logLevels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface ServiceSpec {
  readonly name: string;
  readonly kind: 'service' | 'job' | 'external';
  readonly role: 'backend' | 'frontend' | null;
  /** Not started by `erp start` without names. */
  readonly autoStart: boolean;
  /** When it has failed for good, everything else stops and erp exits with 4. */
  readonly critical: boolean;
  /** null for external and for observed services. May hold `{port}` and `{services.NAME.port}`. */
  readonly command: CommandSpec | null;
  readonly cwd: string;
  /** On top of `baseEnv`; values may hold placeholders. */
  readonly env: Readonly<Record<string, string>>;
  /** Files that must exist before a start, checked first because their absence explains itself badly later. */
  readonly requiredFiles: readonly string[];
  readonly port: PortSpec | null;
  /**
   * Clients outside of the configuration use its primary port, so that another one is no repair for them: told, and shown
   * as degraded.
   */
  readonly isPublic: boolean;
  /** What `erp url` prints, with placeholders; null: made from port and probe. */
  readonly url: string | null;
  /** At most one per purpose; one probe may serve both. Empty: ready as soon as it runs. */
  readonly probes: readonly ProbeSpec[];
  /** Regular expression on an output line: ready when it appears. */
  readonly readyLog: string | null;
  readonly policy: ServicePolicy;
  /** Restarted (planned) at these times; null: never. */
  readonly schedule: Schedule | null;
  readonly dependsOn: readonly Dependency[];
  /** Restarted (planned) when one of these has been restarted. */
  readonly restartWith: readonly string[];
  readonly listener: 'own' | 'any';
  readonly hooks: {
    readonly preStart: CommandSpec | null;
    readonly preCheck: CommandSpec | null;
    readonly postStop: CommandSpec | null;
    /** When it is ready on another port than the last time, its primary at first. */
    readonly onPortMoved: CommandSpec | null;
  };
  readonly hooksOnCrash: boolean;
  readonly hookTimeoutMs: number;
  readonly stop: StopSpec;
  readonly stdin: 'open' | 'null';
  readonly output: 'pipe' | 'file';
  /** Observed because the configuration names no command: why, and the lines to add. */
  readonly observed: string | null;
}

/** A list runs without a shell, a string with one. */
export type CommandSpec = {readonly argv: readonly [string, ...string[]]} | {readonly shell: string};

export interface PortSpec {
  readonly primary: number;
  readonly alternatives: readonly number[];
  /** Last resort: one that the system gives. */
  readonly any: boolean;
  /** Addresses the service will listen on, as it is tested before a start. */
  readonly addresses: readonly string[];
  readonly ifRunning: 'fail' | 'use' | 'move';
}

export interface Dependency {
  readonly name: string;
}

export interface StopSpec {
  readonly signal: StopSignal;
  readonly command: CommandSpec | null;
  /** POSTed before the signal. */
  readonly http: string | null;
}
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2' | 'SIGKILL';

export type ProbePurpose = 'liveness' | 'readiness';

export interface ProbeSpec {
  readonly purposes: readonly ProbePurpose[];
  readonly check: ProbeCheck;
  readonly initialDelayMs: number;
  /** Once ready; null: the service's check interval. */
  readonly periodMs: number | null;
  readonly timeoutMs: number;
  /** Consecutive good answers until it counts as ready. */
  readonly successThreshold: number;
  /** Consecutive bad answers until it counts as unhealthy; for liveness misses until it is hung, null: by time. */
  readonly failureThreshold: number | null;
}

export type ProbeCheck =
  | {
      readonly type: 'http';
      readonly url: string;
      readonly expect: readonly HealthExpectation[];
      readonly headers: Readonly<Record<string, string>>;
    }
  | {readonly type: 'tcp'; readonly host: string /** number or `{port}` */; readonly port: string}
  | {readonly type: 'command'; readonly command: CommandSpec};

/** `status=healthy`: a field of the JSON answer (dots for nesting) that must have this value for readiness. */
export interface HealthExpectation {
  readonly field: string;
  readonly value: string;
}

export interface ServicePolicy {
  readonly restart: 'always' | 'on-failure' | 'no';
  /** When its output has told the same cause twice that a restart can't mend. */
  readonly onPermanent: 'stop' | 'retry';
  readonly startTimeoutMs: number;
  readonly checkIntervalMs: number;
  readonly timeoutThresholdMs: number;
  readonly maxRestarts: number;
  /** Pauses before the 1st, 2nd, … restart; the last one repeats. */
  readonly backOffMs: readonly number[];
  /** Spread of each pause, 0.2 = ±20 %. */
  readonly backOffJitter: number;
  readonly stableAfterMs: number;
  readonly stopGraceMs: number;
  readonly hangGraceMs: number;
  readonly crashGraceMs: number;
  readonly afterBudget: {readonly then: 'fail'} | {readonly then: 'cooldown'; readonly pauseMs: number};
  /** After this long in failure a service with a cool-down is given up; null: never. */
  readonly giveUpAfterMs: number | null;
  /** Restart a service that has said "unhealthy" for this long; null: never. */
  readonly unhealthyForMs: number | null;
  /** Restart (planned) a service whose processes together take more; null: never. */
  readonly maxMemoryBytes: number | null;
  /** Warn above this share of `maxMemoryBytes`, 0..1. */
  readonly memoryWarnRatio: number;
  /** Warn when answers to probes take longer; null: never. */
  readonly slowAfterMs: number | null;
  /** Warn when a process has more of the files open that it may have, 0..1. */
  readonly openFilesWarnRatio: number;
  /** When the port of a service has changed with which this one was started. */
  readonly onPortChange: 'restart' | 'ignore';
  /** `idle`: goes back to its primary by itself. */
  readonly returnToPrimary: 'idle' | 'never';
  /** So long the primary is free and nobody connected before it goes back. */
  readonly returnAfterMs: number;
}
