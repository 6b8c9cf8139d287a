import type {Report} from '../report/status.js';
import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {Blocker, ExitStatus, ListenerBlocker, PlannedReason, PrimarySeen, ToldPorts} from './state.js';

/** What happened, as the runtime tells it. News that carries an incarnation is ignored when that one is over. */
export type Event =
  /** Wanted up from now on; waits for its dependencies. */
  | {readonly tag: 'start'}
  /** Wanted up since before the supervisor died: goes on where it was, with the budget that was left. */
  | {readonly tag: 'resume'}
  /** What it depends on is there. */
  | {readonly tag: 'go'}
  /** Wanted down. The order among services is kept by `settle`. */
  | {readonly tag: 'stop'; readonly now: boolean; readonly why: 'operator' | 'other-failed'}
  | {
      readonly tag: 'restart';
      readonly why: PlannedReason /** More about why, for people. */;
      readonly text?: string /** back to its primary port */;
      readonly primary?: boolean;
    }
  | {
      readonly tag: 'prepared';
      readonly incarnation: number;
      readonly port: number | null /** somebody else's instance is used */;
      readonly borrowed: boolean;
    }
  | {
      readonly tag: 'prepare-failed';
      readonly incarnation: number;
      readonly diagnosis: Diagnosis;
      readonly blockedOn: Blocker | null;
      readonly hopeless: boolean;
    }
  | {readonly tag: 'spawned'; readonly incarnation: number; readonly pid: number}
  | {
      readonly tag: 'spawn-failed';
      readonly incarnation: number;
      readonly diagnosis: Diagnosis;
      readonly blockedOn: Blocker | null;
    }
  | {
      readonly tag: 'exited';
      readonly incarnation: number;
      readonly exit: ExitStatus;
      readonly groupAlive: boolean;
      readonly diagnosis: Diagnosis;
      readonly blockedOn: Blocker | null;
      /** A restart can't mend it. */
      readonly hopeless?: boolean;
    }
  /** It has said that its port is taken, and lives on without it: some try again for ever, some take another one. */
  | {
      readonly tag: 'port-lost';
      readonly incarnation: number;
      readonly port: number;
      readonly diagnosis: Diagnosis;
    }
  | {readonly tag: 'group-gone'; readonly incarnation: number}
  | {readonly tag: 'swept'; readonly incarnation: number}
  | {
      readonly tag: 'answer';
      readonly incarnation: number;
      readonly track: number;
      readonly id: number;
      readonly answer: Answer;
    }
  | {readonly tag: 'log-ready'; readonly incarnation: number}
  /** More is known about why the last life ended by itself with 0, or found its port taken by what such a life left. */
  | {readonly tag: 'diagnosed'; readonly diagnosis: Diagnosis}
  /** What the output of a life that has ended tells. It comes after the restart: another life may be on by then. */
  | ({
      readonly tag: 'verdict';
      readonly life: number /** how it ended; null: not by itself */;
      readonly exit: ExitStatus | null;
    } & LifeVerdict)
  /** What a life that did not answer was doing just before it was ended. */
  | {readonly tag: 'seen-hanging'; readonly incarnation: number; readonly diagnosis: Diagnosis}
  | {readonly tag: 'unblocked'}
  /** A process that a former supervisor started. */
  | {
      readonly tag: 'adopted';
      readonly incarnation: number;
      readonly pid: number;
      readonly port: number | null;
      readonly logSeen: boolean;
      readonly wasReady: boolean;
      /** Down: the supervisor died while it was being stopped, and the stop goes on. */
      readonly wanted: 'up' | 'down';
      readonly spawnedAt: number;
      readonly told: ToldPorts | null;
    }
  /** A look at the primary port of a service that has another one. */
  | {
      readonly tag: 'primary-seen';
      readonly incarnation: number;
      readonly primary: PrimarySeen;
      /** Established connections to its present port; null: not looked at, or can't be told. */
      readonly connections: number | null;
    }
  /** An end that nobody has judged: the supervisor died with it, or before it. */
  | {
      readonly tag: 'ended-unjudged';
      readonly incarnation: number;
      readonly exit: ExitStatus;
      readonly diagnosis: Diagnosis;
    }
  /** Time has passed: look at the deadlines. */
  | {readonly tag: 'tick'}
  /** Time that nobody lived through (sleep, a starved loop): `ms` of it count for no deadline. */
  | {readonly tag: 'gap'; readonly ms: number};

/** Why a life ended, and whether another one can do better. */
export interface LifeVerdict {
  readonly diagnosis: Diagnosis;
  /** A restart can't mend it. */
  readonly isPermanent: boolean;
  /** What would mend it; null: nothing that can be watched. */
  readonly mendedBy: Blocker | null;
  /** What it needs accepts no connections, as somebody has seen who tried; null: it does, or it needs nothing. */
  readonly waitsFor: ListenerBlocker | null;
}

export type Answer =
  | {readonly tag: 'answered'; readonly health: 'healthy' | 'degraded' | 'unhealthy'; readonly detail: string | null}
  | {readonly tag: 'silent'; readonly reason: string; readonly detail: string};

/** What shall be done about it. */
export type Effect =
  /** Preconditions, port, and with `hooks` the preStart hook; answered by prepared or prepare-failed. */
  | {
      readonly tag: 'prepare';
      readonly incarnation: number;
      readonly hooks: boolean /** its primary port is asked for, not the last one */;
      readonly primary: boolean;
    }
  | {readonly tag: 'cancel-prepare'}
  | {
      readonly tag: 'spawn';
      readonly incarnation: number;
      readonly port: number | null;
      readonly told: ToldPorts;
    }
  | {
      readonly tag: 'probe';
      readonly incarnation: number;
      readonly track: number;
      readonly id: number;
      readonly timeoutMs: number;
    }
  | {readonly tag: 'cancel-probes'}
  /** Politely: stop command, HTTP, then the configured signal, to the whole group. */
  | {readonly tag: 'ask-to-stop'; readonly incarnation: number; readonly pid: number; readonly hung: boolean}
  | {readonly tag: 'kill'; readonly incarnation: number; readonly pid: number}
  /** Tell when the group led by `pid` is gone. */
  | {readonly tag: 'watch-group'; readonly incarnation: number; readonly pid: number}
  /** Look for what escaped from the group and end it; answered by `swept` when `incarnation` is over. */
  | {readonly tag: 'sweep'; readonly incarnation: number}
  | {readonly tag: 'post-stop'; readonly incarnation: number}
  /** It is ready on another port than `onPortMoved` was last told of. */
  | {readonly tag: 'announce-port'; readonly port: number; readonly oldPort: number}
  /** A service is down for good. */
  | Report;
