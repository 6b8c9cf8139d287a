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
 *   ┌─────────┐ reached  ┌────────┐   a miss    ┌────────┐ another one  ┌─────────┐
 *   │ unknown ├─────────►│ online ├────────────►│ unsure ├─────────────►│ offline │
 *   └────┬────┘          └▲──▲──┬─┘◄── reached ─┴────────┘              └─┬─▲───▲─┘
 *        │                │  │  ╰── a miss that is certain, or shortly ───┼─╯   │
 *        │                │  │      after an event that explains it        │     │
 *        │                │  ╰────────────── reached ─────────────────────╯     │
 *        ╰── two misses, or one that is certain ───────────────────────────────╯
 */
export type ConnectivityState =
  | {readonly tag: 'unknown'; readonly dials: Dials; readonly misses: number}
  | {readonly tag: 'online'; readonly dials: Dials; readonly since: number; readonly lastOutage: Outage | null}
  | {
      readonly tag: 'unsure';
      readonly dials: Dials;
      /** Of the first miss. */
      readonly since: number;
      readonly onlineSince: number;
      readonly lastOutage: Outage | null;
    }
  | {
      readonly tag: 'offline';
      readonly dials: Dials;
      /** Of the first miss. */
      readonly since: number;
      readonly miss: DialMiss;
      readonly facts: NetworkFacts | null;
      readonly nextLookAt: number;
      /** What was told in this outage: servers and causes. */
      readonly told: readonly string[];
      readonly lastOutage: Outage | null;
      /** What was never within reach is not lost. */
      readonly wasOnline: boolean;
    };
type Offline = Extract<ConnectivityState, {tag: 'offline'}>;

export interface Outage {
  /** Monotonic milliseconds of its end. */
  readonly endedAt: number;
  readonly tookMs: number;
}

interface Dials {
  readonly lastId: number;
  readonly lastAt: number;
  /** Of an earlier dial nothing is to be learnt: another network, another server, or a later one was answered. */
  readonly countsFrom: number;
  readonly nextAt: number;
  /** When something happened that often ends a connection; -Infinity: nothing did. */
  readonly eventAt: number;
}

export type NetworkChange = 'address' | 'woke' | 'kubeconfig';

export type ConnectivityEvent =
  | {readonly tag: 'go'}
  | {readonly tag: 'dialled'; readonly id: number; readonly answer: DialAnswer}
  | {readonly tag: 'changed'; readonly what: NetworkChange}
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
  | {readonly tag: 'suspect'; readonly why: NetworkChange}
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
/** Twenty forwards that miss at once ask once. */
const doubtPauseMs = 200;

export const initialConnectivity: ConnectivityState = {
  tag: 'unknown',
  dials: {
    lastId: 0,
    lastAt: Number.NEGATIVE_INFINITY,
    countsFrom: 1,
    nextAt: Number.POSITIVE_INFINITY,
    eventAt: Number.NEGATIVE_INFINITY,
  },
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
      return dial(state, now);
    case 'tick':
      return tick(state, now);
    case 'doubt':
      return doubt(state, now);
    case 'changed':
      return changed(state, event.what, now);
    case 'dialled':
      if (event.id < state.dials.countsFrom) return [state, []];
      return event.answer.tag === 'reached' ? reached(state, event.id, ctx) : missed(state, event.answer, ctx);
    case 'looked':
      return state.tag === 'offline' ? retold({...state, facts: event.facts}, ctx) : [state, []];
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

const everyMs: Readonly<Record<ConnectivityState['tag'], number>> = {
  unknown: dialTimeoutMs,
  online: onlineEveryMs,
  unsure: dialTimeoutMs,
  offline: offlineEveryMs,
};

function dial<S extends ConnectivityState>(state: S, now: number): readonly [S, ConnectivityEffect[]] {
  const id = state.dials.lastId + 1;
  return [
    {...state, dials: {...state.dials, lastId: id, lastAt: now, nextAt: now + everyMs[state.tag]}},
    [{tag: 'dial', id, timeoutMs: dialTimeoutMs}],
  ];
}

function tick(state: ConnectivityState, now: number): ConnectivityStep {
  const [dialled, effects] = now < state.dials.nextAt ? [state, []] : dial(state, now);
  if (dialled.tag !== 'offline' || now < dialled.nextLookAt) return [dialled, effects];
  return [{...dialled, nextLookAt: now + lookEveryMs}, [...effects, {tag: 'look-around'}]];
}

function doubt(state: ConnectivityState, now: number): ConnectivityStep {
  // The others ask often enough.
  if (state.tag !== 'online') return [state, []];
  const at = state.dials.lastAt + doubtPauseMs;
  if (now >= at) return dial(state, now);
  return [{...state, dials: {...state.dials, nextAt: Math.min(state.dials.nextAt, at)}}, []];
}

function changed(state: ConnectivityState, what: NetworkChange, now: number): ConnectivityStep {
  const {dials} = state;
  const afresh = {...state, dials: {...dials, eventAt: now, countsFrom: dials.lastId + 1}};
  const [next, effects] = dial(afresh, now);
  if (next.tag !== 'offline') return [next, [...effects, {tag: 'suspect', why: what}]];
  if (what !== 'kubeconfig') return [next, effects];
  // It may be another server, with which something else is wrong.
  return [{...next, facts: null, nextLookAt: now + lookEveryMs}, [...effects, {tag: 'look-around'}]];
}

function reached(state: ConnectivityState, id: number, ctx: Context): ConnectivityStep {
  const {now} = ctx;
  // Misses of dials before this one, still to come, tell of a time that is over.
  const dials = {...state.dials, countsFrom: id + 1};
  const calm = {...dials, nextAt: now + onlineEveryMs};
  switch (state.tag) {
    case 'online':
      return [{...state, dials}, []];
    case 'unknown':
      return [{tag: 'online', dials: calm, since: now, lastOutage: null}, []];
    case 'unsure':
      return [{tag: 'online', dials: calm, since: state.onlineSince, lastOutage: state.lastOutage}, []];
    case 'offline': {
      const tookMs = now - state.since;
      const lastOutage = state.wasOnline ? {endedAt: now, tookMs} : state.lastOutage;
      return [
        {tag: 'online', dials: calm, since: now, lastOutage},
        [
          {tag: 'tell', level: 'INFO', text: backText(state, tookMs, ctx)},
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
  const again = {...state.dials, nextAt: Math.min(state.dials.nextAt, now + againAfterMs)};
  // The system itself says so: there is nothing to wait for.
  const isCertain = miss.tag === 'unreachable';
  const isExplained = now - state.dials.eventAt <= eventCountsMs;
  switch (state.tag) {
    case 'unknown':
      if (state.misses === 0 && !isCertain) return [{...state, dials: again, misses: 1}, []];
      return goOffline(state.dials, miss, {since: now, lastOutage: null, wasOnline: false}, now);
    case 'online': {
      const {since: onlineSince, lastOutage} = state;
      if (isCertain || isExplained) return goOffline(state.dials, miss, {since: now, lastOutage, wasOnline: true}, now);
      return [{tag: 'unsure', dials: again, since: now, onlineSince, lastOutage}, []];
    }
    case 'unsure': {
      const {since, lastOutage} = state;
      return goOffline(state.dials, miss, {since, lastOutage, wasOnline: true}, now);
    }
    case 'offline':
      return retold({...state, miss}, ctx);
    default:
      return unreachable(state);
  }
}

function goOffline(
  dials: Dials,
  miss: DialMiss,
  outage: Pick<Offline, 'since' | 'lastOutage' | 'wasOnline'>,
  now: number,
): ConnectivityStep {
  return [
    {
      tag: 'offline',
      dials: {...dials, nextAt: Math.min(dials.nextAt, now + offlineEveryMs)},
      ...outage,
      miss,
      facts: null,
      nextLookAt: now + lookEveryMs,
      told: [],
    },
    [{tag: 'down'}, {tag: 'look-around'}],
  ];
}

/** Told when it is known what lies behind it, and again when that is something else: each once in an outage. */
function retold(state: Offline, {about}: Context): ConnectivityStep {
  if (state.facts === null) return [state, []];
  const diagnosis = offlineDiagnosis(state.miss, state.facts, about);
  const fact = `${serverText(about.server)} ${diagnosis.cause}`;
  if (state.told.includes(fact)) return [state, []];
  const text = `context ${about.context} is out of reach: ${diagnosis.evidence.join(', ')}`;
  return [{...state, told: [...state.told, fact]}, [{tag: 'tell', level: 'WARNING', text, diagnosis}]];
}

function backText({told, wasOnline}: Offline, tookMs: number, {about}: Context): string {
  const name = `context ${about.context}`;
  if (!wasOnline) return `${name} is within reach`;
  const took = formatDuration(tookMs);
  return told.length > 0 ? `${name} is back after ${took}` : `${name} was out of reach for ${took}`;
}

function shifted(state: ConnectivityState, ms: number): ConnectivityState {
  const dials = {
    ...state.dials,
    lastAt: state.dials.lastAt + ms,
    nextAt: state.dials.nextAt + ms,
    eventAt: state.dials.eventAt + ms,
  };
  return state.tag === 'offline' ? {...state, dials, nextLookAt: state.nextLookAt + ms} : {...state, dials};
}
