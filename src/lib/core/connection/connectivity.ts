import type {Diagnosis} from '../diagnosis/diagnosis.js';
import {formatDuration} from '../report/format.js';
import type {LogLevel} from '../spec.js';
import {unreachable} from '../unreachable.js';
import {
  type DialAnswer,
  type DialMiss,
  type GateAbout,
  type NetworkFacts,
  offlineDiagnosis,
  serverText,
} from './offline-cause.js';

/**
 * Is the API server of a context within reach? Not the internet: offices, VPNs and proxies make the two differ in both
 * directions.
 *
 *   ┌─────────┐ reached  ┌────────┐   a miss    ┌────────┐  second miss, or one that is certain  ┌─────────┐
 *   │ unknown ├─────────►│ online ├────────────►│ unsure ├──────────────────────────────────────►│ offline │
 *   └────┬────┘          └───▲──▲─┘◄── reached ─┴────────┘                                        └─┬────▲──┘
 *        │                   │  ╰──────────────────────── reached: everybody is asked now ──────────╯    │
 *        ╰── two misses ─────┼───────────────────────────────────────────────────────────────────────────╯
 */
export type ConnectivityState =
  | {readonly tag: 'unknown'; readonly dials: Dials; readonly misses: number}
  | {readonly tag: 'online'; readonly dials: Dials; readonly since: number; readonly lastOutage: Outage | null}
  | {
      readonly tag: 'unsure';
      readonly dials: Dials;
      readonly since: number;
      readonly miss: DialMiss;
      readonly lastOutage: Outage | null;
    }
  | {
      readonly tag: 'offline';
      readonly dials: Dials;
      readonly since: number;
      readonly miss: DialMiss;
      readonly facts: NetworkFacts | null;
      readonly nextLookAt: number;
      readonly toldCause: string | null;
      readonly lastOutage: Outage | null;
      /** Nobody has been told: what was never within reach is not lost. */
      readonly wasOnline: boolean;
    };

export interface Outage {
  /** Monotonic milliseconds of its end. */
  readonly endedAt: number;
  readonly tookMs: number;
}

interface Dials {
  readonly lastId: number;
  readonly nextAt: number;
  /** An event that often means a change happened then; -Infinity: none. */
  readonly eventAt: number;
}

export type ConnectivityEvent =
  | {readonly tag: 'go'}
  | {readonly tag: 'dialled'; readonly id: number; readonly answer: DialAnswer}
  | {readonly tag: 'changed'; readonly what: 'address' | 'woke' | 'kubeconfig'}
  /** A forward got no answer: is it the network? */
  | {readonly tag: 'doubt'}
  | {readonly tag: 'looked'; readonly facts: NetworkFacts}
  | {readonly tag: 'gap'; readonly ms: number}
  | {readonly tag: 'tick'};

export type ConnectivityEffect =
  | {readonly tag: 'dial'; readonly id: number; readonly timeoutMs: number}
  | {readonly tag: 'look-around'}
  /** It is back: who uses it proves or replaces itself now. */
  | {readonly tag: 'up'; readonly awayMs: number}
  | {readonly tag: 'down'}
  | {readonly tag: 'suspect'; readonly why: 'address' | 'woke' | 'kubeconfig'}
  | {readonly tag: 'tell'; readonly level: LogLevel; readonly text: string; readonly diagnosis?: Diagnosis};

export type ConnectivityStep = readonly [ConnectivityState, readonly ConnectivityEffect[]];

/** So that twenty forwards cost an API server nothing: what they ask proves more. */
const onlineEveryMs = 5000;
const againAfterMs = 500;
/** Launched one after the other without waiting: a SYN that was lost just before the end costs no second. */
const offlineEveryMs = 500;
const dialTimeoutMs = 1000;
const lookEveryMs = 10_000;
const eventCountsMs = 3000;
/** Two questions at once say no more than one. */
const doubtPauseMs = 200;

export const initialConnectivity: ConnectivityState = {
  tag: 'unknown',
  dials: {lastId: 0, nextAt: Number.POSITIVE_INFINITY, eventAt: Number.NEGATIVE_INFINITY},
  misses: 0,
};

interface Context {
  readonly now: number;
  readonly about: GateAbout;
}

export function connectivityStep(state: ConnectivityState, event: ConnectivityEvent, ctx: Context): ConnectivityStep {
  const {now} = ctx;
  switch (event.tag) {
    case 'go':
      return dial(state, now, againAfterMs * 2);
    case 'tick':
      return tick(state, now);
    case 'doubt':
      // One under way, or a moment ago, answers as well.
      if (state.tag !== 'online' || state.dials.nextAt - now > onlineEveryMs - doubtPauseMs) return [state, []];
      return dial(state, now, onlineEveryMs);
    case 'changed': {
      const marked = {...state, dials: {...state.dials, eventAt: now}};
      const [next, effects] = dial(marked, now, state.tag === 'online' ? onlineEveryMs : offlineEveryMs);
      return [next, state.tag === 'offline' ? effects : [...effects, {tag: 'suspect', why: event.what}]];
    }
    case 'dialled':
      return event.answer.tag === 'reached' ? reached(state, now) : missed(state, event.answer, ctx);
    case 'looked':
      return looked(state, event.facts, ctx);
    case 'gap':
      return [shifted(state, event.ms), []];
    default:
      return unreachable(event);
  }
}

/** @returns monotonic milliseconds, or infinity */
export function nextConnectivityDeadline(state: ConnectivityState): number {
  return state.tag === 'offline' ? Math.min(state.dials.nextAt, state.nextLookAt) : state.dials.nextAt;
}

function dial<S extends ConnectivityState>(state: S, now: number, everyMs: number): readonly [S, ConnectivityEffect[]] {
  const id = state.dials.lastId + 1;
  return [
    {...state, dials: {...state.dials, lastId: id, nextAt: now + everyMs}},
    [{tag: 'dial', id, timeoutMs: dialTimeoutMs}],
  ];
}

function tick(state: ConnectivityState, now: number): ConnectivityStep {
  if (state.tag !== 'offline')
    return now < state.dials.nextAt
      ? [state, []]
      : dial(state, now, state.tag === 'online' ? onlineEveryMs : dialTimeoutMs);
  const [dialled, dials] = now < state.dials.nextAt ? [state, []] : dial(state, now, offlineEveryMs);
  if (now < dialled.nextLookAt) return [dialled, dials];
  return [{...dialled, nextLookAt: now + lookEveryMs}, [...dials, {tag: 'look-around'}]];
}

function reached(state: ConnectivityState, now: number): ConnectivityStep {
  const dials = {...state.dials, nextAt: now + onlineEveryMs};
  switch (state.tag) {
    case 'online':
      return [state, []];
    case 'unknown':
      return [{tag: 'online', dials, since: now, lastOutage: null}, []];
    case 'unsure':
      return [{tag: 'online', dials, since: state.since, lastOutage: state.lastOutage}, []];
    case 'offline': {
      const tookMs = now - state.since;
      const lastOutage = {endedAt: now, tookMs};
      const text = state.wasOnline ? `is back after ${formatDuration(tookMs)}` : 'is within reach';
      return [
        {tag: 'online', dials, since: now, lastOutage},
        [
          {tag: 'tell', level: 'INFO', text},
          {tag: 'up', awayMs: tookMs},
        ],
      ];
    }
    default:
      return unreachable(state);
  }
}

function missed(state: ConnectivityState, miss: DialMiss, ctx: Context): ConnectivityStep {
  const {now} = ctx;
  const again = {...state.dials, nextAt: now + againAfterMs};
  // The system itself says so: there is nothing to wait for.
  const isCertain = miss.tag === 'unreachable';
  const hasEvent = now - state.dials.eventAt <= eventCountsMs;
  switch (state.tag) {
    case 'unknown':
      if (state.misses === 0 && !isCertain) return [{...state, dials: again, misses: 1}, []];
      return goOffline(state, miss, null, false, ctx);
    case 'online':
      if (isCertain || hasEvent) return goOffline(state, miss, state.lastOutage, true, ctx);
      return [{tag: 'unsure', dials: again, since: state.since, miss, lastOutage: state.lastOutage}, []];
    case 'unsure':
      return goOffline(state, miss, state.lastOutage, true, ctx);
    case 'offline': {
      if (miss.tag === state.miss.tag) return [{...state, miss}, []];
      return retold({...state, miss}, ctx);
    }
    default:
      return unreachable(state);
  }
}

function goOffline(
  {dials}: ConnectivityState,
  miss: DialMiss,
  lastOutage: Outage | null,
  wasOnline: boolean,
  {now}: Context,
): ConnectivityStep {
  return [
    {
      tag: 'offline',
      dials: {...dials, nextAt: now + offlineEveryMs},
      since: now,
      miss,
      facts: null,
      nextLookAt: now + lookEveryMs,
      toldCause: null,
      lastOutage,
      wasOnline,
    },
    [{tag: 'down'}, {tag: 'look-around'}],
  ];
}

function looked(state: ConnectivityState, facts: NetworkFacts, ctx: Context): ConnectivityStep {
  return state.tag === 'offline' ? retold({...state, facts}, ctx) : [state, []];
}

/** Told when it is known what lies behind it, and again when that changes. */
function retold(state: Extract<ConnectivityState, {tag: 'offline'}>, {about}: Context): ConnectivityStep {
  if (state.facts === null) return [state, []];
  const diagnosis = offlineDiagnosis(state.miss, state.facts, about);
  if (diagnosis.cause === state.toldCause) return [state, []];
  const text = `context ${about.context}, ${serverText(about.server)}: ${diagnosis.evidence[0] ?? 'out of reach'}`;
  return [{...state, toldCause: diagnosis.cause}, [{tag: 'tell', level: 'WARNING', text, diagnosis}]];
}

function shifted(state: ConnectivityState, ms: number): ConnectivityState {
  const dials = {...state.dials, nextAt: state.dials.nextAt + ms};
  return state.tag === 'offline' ? {...state, dials, nextLookAt: state.nextLookAt + ms} : {...state, dials};
}
