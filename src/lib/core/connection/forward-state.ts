import type {Report} from '../report/status.js';
import type {ConnectionSpec, ForwardSpec} from '../spec.js';
import {type ApiBudget, fullBudget} from './api-budget.js';
import type {ForwardFailure} from './forward-failure.js';

/**
 * The life of a port-forward. A kubectl that is alive proves nothing, nor does a connection to its port: only an answer
 * through it counts.
 *
 *             ┌─────────┐  start   ┌──────┐ services it needs are ready
 *      ╭─────►│ stopped ├─────────►│ held ├──────────╮
 *      │      └─────────┘          └──────┘          │
 *      │                                       ┌─────▼─────┐ gate down   ┌─────────┐
 *      │   ╭─── pause over, pod ready, ───────►│ preparing ├────────────►│ offline │◄─╮ gate down and no answer:
 *      │   │    network back                   └─────┬─────┘◄────────────┤         │  │ kubectl is kept as it is
 *      │   │                             local port  │       gate up     └────┬────┘  │
 *      │ ┌─┴───────┐   kubectl ends or         ┌─────▼─────┐                  │       │
 *      │ │ pausing │◄── hangs ─────────────────┤ launching │    gate up: it is asked  │
 *      │ └─▲───────┘                           └─────┬─────┘                  │       │
 *      │   │                            it listens   │                        │       │
 *      │   │           ┌─────────────────────────────▼────────────────────────▼───────┴─┐
 *      │   ╰── ends ───┤ up: awaited ──answer──► given ──miss, event──► doubted ──answer──► given
 *      │               │        ╰─no answer─► silent       nothing can prove it: impossible│
 *      │               └───────────────────────────────┬────────────────────────────────┘
 *      │                       stop, or to be replaced │
 *      │         ┌────────┐                            │
 *      ╰─ stop ──┤ ending │◄───────────────────────────╯
 *                └───┬────┘   TERM, after a moment KILL; replaced: preparing
 *
 * Drawn as `verified` is only up/given. `offline` is waiting-for-network, `pausing` is broken, needs-you or tool-missing.
 */
export type ForwardState =
  | {readonly tag: 'stopped'}
  /** Services that it needs are not ready. */
  | {readonly tag: 'held'}
  /** The API server is out of reach. Nothing is started; what runs is kept and asked when it is back. */
  | {readonly tag: 'offline'; readonly run: Run | null; readonly since: number}
  | {readonly tag: 'preparing'; readonly since: number}
  | {readonly tag: 'launching'; readonly pid: number | null; readonly port: number; readonly deadline: number}
  | {
      readonly tag: 'up';
      readonly run: Run;
      readonly proof: Proof;
      /** The question under way; null: none. */
      readonly ask: number | null;
      /** When the next question is due; infinity while one is under way. */
      readonly nextAskAt: number;
    }
  | {
      readonly tag: 'ending';
      readonly pid: number;
      readonly then: 'stop' | 'replace' | 'offline' | 'pause';
      readonly killAt: number;
      readonly killed: boolean;
    }
  | {readonly tag: 'pausing'; readonly failure: ForwardFailure; readonly until: number};

/** A kubectl that listens. */
export interface Run {
  readonly pid: number;
  readonly port: number;
}

export type Proof =
  /** Nothing has answered through this kubectl yet. */
  | {readonly tag: 'awaited'; readonly misses: number; readonly resets: number}
  | {readonly tag: 'given'}
  | {readonly tag: 'doubted'; readonly why: Doubt; readonly misses: number; readonly resets: number}
  /** It was replaced and still nothing answers: the app's fault, so kubectl is left alone. */
  | {readonly tag: 'silent'}
  /** It listens, and there is nothing to ask. */
  | {readonly tag: 'impossible'};

/** Why it is asked: its answer failed, or something has happened after which forwards are often half-dead. */
export type Doubt = 'missed' | 'half-dead' | 'adopted' | NetworkEvent;
export type NetworkEvent = 'address' | 'woke' | 'kubeconfig' | 'network-back';

/** As in metrics.md. */
export type LossReason = 'exit' | 'no-answer' | 'network' | 'port' | 'operator';

export interface ForwardMemory {
  readonly wanted: 'up' | 'down';
  /** Of kubectl: news of an earlier one changes nothing. */
  readonly incarnation: number;
  readonly askId: number;
  /** In the present incident. */
  readonly restarts: number;
  readonly totalRestarts: number;
  /** Tries in a row without an answer. */
  readonly failures: number;
  /** How often it was replaced only because nothing answered, since the last answer. */
  readonly silentRestarts: number;
  readonly budget: ApiBudget;
  /** Requests that the last start has cost. */
  readonly lastCost: number;
  readonly answeredAt: number | null;
  /** Since when it has answered each question. */
  readonly wellSince: number | null;
  readonly latencyMs: number | null;
  /** How long answers take here at most, so that a slow app is no dead forward. */
  readonly usualMs: number;
  readonly port: number | null;
  /** What is wrong now; null: nothing known. */
  readonly failure: ForwardFailure | null;
  /** Since when it has not answered; null: it does, or never did. */
  readonly loss: Loss | null;
  readonly lastLoss: (Loss & {readonly recoveryMs: number | null}) | null;
  /** When it was wanted, for "verified after 0.8s". */
  readonly beganAt: number | null;
  /** Cause that was told last in this incident. */
  readonly toldCause: string | null;
  readonly gaveUp: boolean;
  readonly watchesPods: boolean;
}

export interface Loss {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly reason: LossReason;
  readonly text: string;
}

export interface Forward {
  readonly state: ForwardState;
  readonly memory: ForwardMemory;
}

export type ForwardEvent =
  | {readonly tag: 'start'}
  | {readonly tag: 'stop'; readonly now: boolean}
  | {readonly tag: 'restart'}
  /** What it needs, or the gate of its context, has changed: see the context. */
  | {readonly tag: 'look'}
  | {readonly tag: 'suspect'; readonly why: NetworkEvent}
  /** A reason to try now: a pod is ready, kubectl is there, its port is free. */
  | {readonly tag: 'poke'; readonly why: string}
  /** Its primary port is free and nobody is connected. */
  | {readonly tag: 'go-back'; readonly port: number}
  | {
      readonly tag: 'prepared';
      readonly incarnation: number;
      readonly port: number /** Requests for what had to be looked up. */;
      readonly cost: number;
    }
  | {
      readonly tag: 'prepare-failed';
      readonly incarnation: number;
      readonly failure: ForwardFailure;
      readonly cost: number;
    }
  | {readonly tag: 'spawned'; readonly incarnation: number; readonly pid: number}
  | {readonly tag: 'spawn-failed'; readonly incarnation: number; readonly failure: ForwardFailure}
  | {
      readonly tag: 'listening';
      readonly incarnation: number;
      readonly port: number /** Requests that this start has cost. */;
      readonly cost: number;
    }
  /** kubectl itself says that nothing comes through. */
  | {readonly tag: 'half-dead'; readonly incarnation: number}
  | {
      readonly tag: 'exited';
      readonly incarnation: number;
      readonly failure: ForwardFailure;
      /** Requests that a start with this end costs. */
      readonly cost: number;
    }
  | {readonly tag: 'answered'; readonly id: number; readonly latencyMs: number; readonly isProof: boolean}
  | {
      readonly tag: 'missed';
      readonly id: number;
      /** The connection was ended or refused: then kubectl is about to say why. */
      readonly isReset: boolean;
      readonly detail: string;
    }
  | {readonly tag: 'adopted'; readonly incarnation: number; readonly pid: number; readonly port: number}
  | {readonly tag: 'gap'; readonly ms: number}
  | {readonly tag: 'tick'};

export type ForwardEffect =
  /** Find the remote port where none is named, and a local one. */
  | {
      readonly tag: 'prepare';
      readonly incarnation: number /** Past the service, to one of its pods. */;
      readonly isDirect: boolean;
    }
  | {readonly tag: 'cancel-prepare'}
  | {readonly tag: 'spawn'; readonly incarnation: number; readonly port: number}
  | {readonly tag: 'signal'; readonly pid: number; readonly signal: 'SIGTERM' | 'SIGKILL'}
  | {
      readonly tag: 'ask';
      readonly id: number;
      readonly port: number;
      readonly timeoutMs: number /** Only whether the connection is held. */;
      readonly isIdle: boolean;
    }
  | {readonly tag: 'cancel-ask'}
  /** The gate is to look now. */
  | {readonly tag: 'doubt-gate'}
  | {readonly tag: 'watch-pods'; readonly on: boolean}
  | Report;

/** What a decision may look at besides state and event. */
export interface ForwardContext {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** In [0, 1). */
  readonly chance: number;
  readonly spec: ForwardSpec;
  readonly connection: ConnectionSpec;
  /** The API server of its context is within reach; null: not known yet. */
  readonly isOnline: boolean | null;
  /** It did not answer once, and is being asked again. */
  readonly isUnsure: boolean;
  /** Its context can't be asked at all: no kubectl, no such context, a bad kubeconfig. */
  readonly hindrance: ForwardFailure | null;
  /** Services that it waits for. */
  readonly missing: readonly string[];
}

export const initialForward: Forward = {
  state: {tag: 'stopped'},
  memory: {
    wanted: 'down',
    incarnation: 0,
    askId: 0,
    restarts: 0,
    totalRestarts: 0,
    failures: 0,
    silentRestarts: 0,
    budget: fullBudget,
    lastCost: 4,
    answeredAt: null,
    wellSince: null,
    latencyMs: null,
    usualMs: 0,
    port: null,
    failure: null,
    loss: null,
    lastLoss: null,
    beganAt: null,
    toldCause: null,
    gaveUp: false,
    watchesPods: false,
  },
};

/** Services may count on it: it has answered, or nothing could ever prove it. */
export const isUp = ({state}: Forward): boolean =>
  state.tag === 'up' &&
  (state.proof.tag === 'given' || state.proof.tag === 'doubted' || state.proof.tag === 'impossible');

/** kubectl may be running. */
export function pidOf({state}: Forward): number | null {
  switch (state.tag) {
    case 'launching':
    case 'ending':
      return state.pid;
    case 'up':
      return state.run.pid;
    case 'offline':
      return state.run?.pid ?? null;
    default:
      return null;
  }
}

/** When this forward next wants a tick. @returns monotonic milliseconds, or infinity */
export function nextForwardDeadline({state}: Forward): number {
  switch (state.tag) {
    case 'launching':
      return state.deadline;
    case 'up':
      return state.nextAskAt;
    case 'ending':
      return state.killAt;
    case 'pausing':
      return state.until;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
