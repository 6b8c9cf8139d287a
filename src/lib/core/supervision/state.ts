import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {HealthName} from '../report/status.js';

/** How a process ended; both null: unknown (it was adopted, or its end was not seen). */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** One probe's schedule and what it has said in this incarnation. All times are monotonic milliseconds. */
export interface Track {
  readonly nextAt: number;
  readonly inFlight: {readonly id: number; readonly startedAt: number; readonly dueAt: number} | null;
  readonly lastAnswerAt: number | null;
  /** When silence began to count; null: it does not yet. */
  readonly countsFrom: number | null;
  /** Silent probes in a row. */
  readonly misses: number;
  /** Answers in a row that were good enough for readiness, and that were not. */
  readonly good: number;
  readonly bad: number;
  readonly health: HealthName;
}

/** What a service lives as between spawn and exit. */
export interface Life {
  readonly incarnation: number;
  /** false: nothing of ours to signal (external, or borrowed from somebody else). */
  readonly own: boolean;
  /** null: not ours, or the spawn's answer is still on its way. */
  readonly pid: number | null;
  readonly spawnedAt: number;
  readonly tracks: readonly Track[];
  readonly logSeen: boolean;
  /** Last thing a probe said, for people: "503 Service Unavailable". */
  readonly lastWord: string | null;
  /** Ports of others that it was started with, by name; null: not known (found without a journal). */
  readonly told: ToldPorts | null;
}

export type ToldPorts = Readonly<Record<string, number>>;

/** Why a service is being stopped, and what comes then. */
export type StopGoal =
  | {readonly then: 'stop'}
  /** Planned: costs no budget. */
  | {readonly then: 'restart'; readonly why: PlannedReason}
  /** A hang, a start that took too long: an unplanned end, judged as a crash is. */
  | {readonly then: 'judge'; readonly end: LifeEnd};

export type PlannedReason = 'operator' | 'dependency' | 'port' | 'schedule' | 'memory' | 'reload';

/** How a life ended unplanned. */
export interface LifeEnd {
  /** `port`: it lives, but does not get its port. */
  readonly kind: 'exit' | 'port' | 'hang' | 'start-timeout' | 'spawn' | 'prepare' | 'unhealthy' | 'reboot';
  readonly exit: ExitStatus | null;
  readonly diagnosis: Diagnosis;
  /** A restart cannot mend it before something outside changes. */
  readonly blockedOn: Blocker | null;
  /** Nor can it mend it afterwards: nobody but its owner can. */
  readonly hopeless?: boolean;
}

/** What the runtime watches so that a blocked service gets its try as soon as it can succeed. */
export type Blocker =
  | {readonly kind: 'port'; readonly port: number}
  | {readonly kind: 'file'; readonly path: string}
  /** Any of these; `what` they are, for people: `its configuration`. */
  | {readonly kind: 'files'; readonly paths: readonly string[]; readonly what: string}
  | ListenerBlocker
  | DiskBlocker;

/** Nobody accepts connections there; a service of ours by its name. */
export interface ListenerBlocker {
  readonly kind: 'listener';
  readonly host: string;
  readonly port: number;
  readonly service: string | null;
}

/** No room on the file system of this path; what was free when it was seen. */
export interface DiskBlocker {
  readonly kind: 'disk';
  readonly path: string;
  readonly freeBytes: number;
  readonly freeFiles: number | null;
}

/**
 * What a service is doing. Each state carries what exists in it, and nothing else.
 *
 * ```
 *  ╭──── stop, or exit under policy `no` ────┬─────────────┬──────────────┬──────────────╮
 *  ▼                                         │             │              │              │
 * stopped ──start──► waiting ──go──► preparing ──prepared──► starting ──ready──► ready   │
 *  ▲  ▲                                ▲  │                  │  ▲ │              │  │    │
 *  │  │                     due,       │  ╰─ fails ─╮        │  │ exit          │  exit │
 *  │  │                     unblocked  │            │        │  │ │              │  │    │
 *  │  │                  backing-off ──╯            │        │  │ ▼   group      ▼  ▼    │
 *  │  │                     ▲                       │        │  │ clearing ◄─ alive?     │
 *  │  │                     │ yes                   ▼        │  │ │ group gone   │ no    │
 *  │  │                     │              ╔════════════════╗ │  │ ▼              ▼       │
 *  │  │                     ╰──────────────╢ restarts left? ║◄┼──┼─ judged ◄──────╯       │
 *  │  │           failed ◄── no ───────────╚════════════════╝ │  ╰ at once (first pause 0)│
 *  │  │            │ cool-down over, unblocked: preparing     │ hang, start-timeout,      │
 *  │  ╰── stop ────╯                                          │ restart, stop             │
 *  ╰───────────────── exit, goal stop ── stopping ◄────────────┴───────────────────────────╯
 *                                          │ exit, goal restart: preparing; goal judge: judged
 *                                          ╰ grace over: SIGKILL, stay; still there 10 s later: failed (unkillable)
 * done: a job that ended with 0.  External and borrowed services have no process: silence brings them back to starting.
 * ```
 */
export type State =
  | {readonly tag: 'stopped'; readonly why: 'never-started' | 'operator' | 'ended' | 'other-failed'}
  | {readonly tag: 'waiting'}
  | {readonly tag: 'preparing'; readonly incarnation: number; readonly since: number}
  | {
      readonly tag: 'starting';
      readonly life: Life;
      /** null: over, but it answers, so it lives; or nothing of ours to give up on. */
      readonly deadline: number | null;
    }
  | {
      readonly tag: 'ready';
      readonly life: Life;
      readonly readyAt: number;
      readonly health: HealthName;
      /** When it has been ready long enough to get its budget back; null: it has it. */
      readonly stableAt: number | null;
      readonly unhealthySince: number | null;
    }
  | {
      readonly tag: 'stopping';
      readonly incarnation: number;
      readonly pid: number | null;
      readonly goal: StopGoal;
      readonly since: number;
      /** When the next stronger measure is due. */
      readonly killAt: number;
      readonly phase: 'asked' | 'killed' | 'sweeping';
      readonly exit: ExitStatus | null;
    }
  | {
      readonly tag: 'clearing';
      readonly incarnation: number;
      readonly pid: number;
      readonly end: LifeEnd;
      readonly killAt: number;
      readonly phase: 'asked' | 'killed';
    }
  | {readonly tag: 'backing-off'; readonly until: number; readonly since: number; readonly blockedOn: Blocker | null}
  | {
      readonly tag: 'failed';
      readonly since: number;
      readonly nextTryAt: number | null;
      readonly blockedOn: Blocker | null;
    }
  | {readonly tag: 'done'; readonly at: number};

/** What the output of a life has told about its end, beyond its last words. */
export interface Verdict {
  /** The life that it is about. */
  readonly life: number;
  readonly exit: ExitStatus | null;
  readonly diagnosis: Diagnosis;
  /** `permanent`: a restart can't mend it; `dependency`: nobody accepts connections where it wants to connect. */
  readonly kind: 'permanent' | 'dependency' | 'passing';
  /** Lives in a row that never got ready and ended for this. */
  readonly times: number;
  /** What would mend it, as far as that can be watched. */
  readonly mendedBy: Blocker | null;
  /** Restarts that had been used before the first of these lives ended. */
  readonly usedBefore: number;
  /** A later life was judged by it, before its own output was looked at: that is done once. */
  readonly presumed: boolean;
}

/** What is remembered over incarnations. */
export interface Memory {
  readonly wanted: 'up' | 'down';
  /** Number of the last incarnation; late news of earlier ones is recognised by it. */
  readonly incarnation: number;
  readonly restartsUsed: number;
  readonly totalRestarts: number;
  /** Unplanned restarts of the last hour. */
  readonly restartTimes: readonly number[];
  readonly unstable: 'no' | 'warned' | 'critical';
  readonly lastEnd: {
    readonly incarnation: number;
    readonly at: number;
    readonly end: LifeEnd;
    readonly lifeMs: number | null;
  } | null;
  /** The port given to the present or last incarnation. */
  readonly port: number | null;
  /** Ports that somebody took between our test and its use, one for each time since it last went well. */
  readonly lostPorts: readonly number[];
  /** The last one since it was last ready. */
  readonly verdict: Verdict | null;
  /** The last incarnation that got ready; 0: none that we know of. */
  readonly readyLife: number;
  /** First bad sign of the present incident. */
  readonly incidentSince: number | null;
  readonly lastAwayMs: number | null;
  /** Since when it has been failing without a stable life between; for `giveUpAfter`. */
  readonly failedSince: number | null;
  readonly everReady: boolean;
  /** The next life was asked for: with hooks, and only when all that it needs is well. False: it follows a crash. */
  readonly freshStart: boolean;
  /** `restartOn: unhealthy` acts once in an incident. */
  readonly restartedForHealth: boolean;
  /** The last planned restart, for people who wonder about a new pid. */
  readonly lastRestart: {readonly at: number; readonly why: PlannedReason; readonly text: string | null} | null;
  /** How long the last starts took until ready, oldest first; at most `startsKept`. */
  readonly startsMs: readonly number[];
  readonly probeId: number;
  /** The next life is to have the primary port, whatever the last one had. */
  readonly wantsPrimary: boolean;
  /** What `onPortMoved` was last told of; null: never, so its primary. */
  readonly announcedPort: number | null;
  /** While it has another port than its primary; null: it has that, or nobody has looked yet. */
  readonly moved: Moved | null;
}

/** What became of the primary port since the service has another one. */
export interface Moved {
  /** null: not looked at since this supervisor began. */
  readonly primary: PrimarySeen | null;
  /** Monotonic milliseconds; null: taken. */
  readonly freeSince: number | null;
  /** Since when nobody was connected to the present port; null: somebody is, or it is not looked at. */
  readonly quietSince: number | null;
  /** Told that clients outside are left behind. */
  readonly warned: boolean;
  /** Told that the primary is free; over when it is taken again. */
  readonly toldFree: boolean;
}

export type PrimarySeen =
  | {readonly state: 'free'}
  | {readonly state: 'taken'; readonly holder: PortHolder | null /** its owner can't be told */};

/** Who holds a port, as it is shown everywhere. */
export interface PortHolder {
  readonly pid: number | null;
  /** The program, without its folder. */
  readonly name: string | null;
  readonly user: string | null;
  readonly command: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  /** One of this project; null: a stranger. */
  readonly service: string | null;
}

/** What "usually" is taken from. */
export const startsKept = 5;

export interface Service {
  readonly state: State;
  readonly memory: Memory;
}

export const initialService: Service = {
  state: {tag: 'stopped', why: 'never-started'},
  memory: {
    wanted: 'down',
    incarnation: 0,
    restartsUsed: 0,
    totalRestarts: 0,
    restartTimes: [],
    unstable: 'no',
    lastEnd: null,
    port: null,
    lostPorts: [],
    verdict: null,
    readyLife: 0,
    incidentSince: null,
    lastAwayMs: null,
    failedSince: null,
    everReady: false,
    freshStart: true,
    restartedForHealth: false,
    lastRestart: null,
    startsMs: [],
    probeId: 0,
    wantsPrimary: false,
    announcedPort: null,
    moved: null,
  },
};

/** Is there, or may there be, a process of this service? */
export function mayRun(state: State): boolean {
  return (
    state.tag === 'starting' ||
    state.tag === 'ready' ||
    state.tag === 'stopping' ||
    state.tag === 'clearing' ||
    state.tag === 'preparing'
  );
}

/** Nothing runs and nothing will happen by itself. */
export function isAtRest(state: State): boolean {
  return (
    state.tag === 'stopped' ||
    state.tag === 'done' ||
    (state.tag === 'failed' && state.nextTryAt === null && state.blockedOn === null)
  );
}
