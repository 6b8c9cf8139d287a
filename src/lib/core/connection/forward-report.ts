import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {Calendar} from '../report/build-status.js';
import {formatDuration, isoWithOffset} from '../report/format.js';
import type {ForwardStateName, ForwardStatus, Mark} from '../report/status.js';
import type {ForwardSpec} from '../spec.js';
import type {Forward, ForwardState} from './forward-state.js';
import {pidOf} from './forward-state.js';

/** What the runtime knows about a forward besides its state. */
export interface ForwardObservation {
  readonly spawnedAtWall: number | null;
  readonly remotePort: number | string | null;
  readonly portNote: string | null;
  /** Services that it waits for. */
  readonly missing: readonly string[];
  /** Name of the context that it really uses; null: not known. */
  readonly context: string | null;
  /** It has been asked whether the API server is there. */
  readonly isGateKnown: boolean;
}

export function forwardStatus(
  spec: ForwardSpec,
  forward: Forward,
  seen: ForwardObservation,
  calendar: Calendar,
): ForwardStatus {
  const {state, memory} = forward;
  const {now} = calendar;
  const name = forwardStateName(forward, seen.isGateKnown);
  const mark = markOf(forward, name);
  const running = pidOf(forward) !== null;
  const port = running ? portOf(state, memory.port) : null;
  const until = state.tag === 'pausing' && Number.isFinite(state.until) ? state.until : null;
  const {answeredAt, loss} = memory;
  const last = loss === null ? memory.lastLoss : {...loss, recoveryMs: null};
  return {
    name: spec.name,
    state: name,
    mark,
    turn: mark === 'failed' ? 'you' : mark === 'acting' || mark === 'moving' ? 'erp' : null,
    wanted: memory.wanted,
    context: spec.context ?? seen.context,
    namespace: spec.namespace,
    target: spec.target,
    remotePort: spec.remotePort ?? seen.remotePort,
    port,
    primaryPort: spec.primary,
    portNote: port !== null && port !== spec.primary ? (seen.portNote ?? 'taken when it started') : null,
    pid: pidOf(forward),
    startedAt: running && seen.spawnedAtWall !== null ? isoWithOffset(new Date(seen.spawnedAtWall)) : null,
    answeredAt: answeredAt === null ? null : calendar.iso(answeredAt),
    answeredAgoMs: answeredAt === null ? null : Math.max(0, Math.round(now - answeredAt)),
    latencyMs: memory.latencyMs === null ? null : Math.round(memory.latencyMs * 10) / 10,
    restarts: memory.restarts,
    totalRestarts: memory.totalRestarts,
    note: noteOf(forward, seen, now),
    diagnosis: diagnosisOf(forward),
    nextTryAt: until === null ? null : calendar.iso(until),
    nextTryInMs: until === null ? null : Math.max(0, Math.round(until - now)),
    lastLoss: last === null ? null : {...last, at: calendar.iso(last.at)},
  };
}

export function forwardStateName({state, memory}: Forward, isGateKnown = true): ForwardStateName {
  switch (state.tag) {
    case 'stopped':
    case 'held':
      return 'stopped';
    case 'offline':
      return isGateKnown || state.run !== null ? 'waiting-for-network' : 'starting';
    case 'preparing':
    case 'launching':
    case 'ending':
      // Between two tries it is not called starting: the reader would think that all is well.
      return memory.failure === null || memory.wanted === 'down' ? 'starting' : nameOfFailure(memory.failure.kind);
    case 'up':
      switch (state.proof.tag) {
        case 'given':
          return 'verified';
        case 'awaited':
          return memory.failure === null || memory.restarts < 2 ? 'starting' : 'broken';
        case 'silent':
          return 'broken';
        case 'doubted':
        case 'impossible':
          return 'suspect';
      }
      break;
    case 'pausing':
      return nameOfFailure(state.failure.kind);
  }
  return 'broken';
}

function nameOfFailure(kind: string): ForwardStateName {
  return kind === 'tool-missing' || kind === 'needs-you' ? kind : 'broken';
}

function markOf({state, memory}: Forward, name: ForwardStateName): Mark {
  switch (name) {
    case 'stopped':
      return 'stopped';
    case 'verified':
      return 'good';
    case 'starting':
      return 'moving';
    case 'suspect':
      return state.tag === 'up' && state.proof.tag === 'impossible' ? 'unknown' : 'degraded';
    case 'waiting-for-network':
      return 'acting';
    case 'broken':
      return state.tag === 'pausing' && state.until === Number.POSITIVE_INFINITY ? 'failed' : 'acting';
    case 'needs-you':
    case 'tool-missing':
      return memory.wanted === 'up' ? 'failed' : 'stopped';
  }
}

function portOf(state: ForwardState, known: number | null): number | null {
  if (state.tag === 'up') return state.run.port;
  if (state.tag === 'offline') return state.run?.port ?? null;
  return state.tag === 'launching' ? state.port : known;
}

function diagnosisOf({state, memory}: Forward): Diagnosis | null {
  if (state.tag === 'pausing') return state.failure.diagnosis;
  if (memory.wanted === 'down' || (state.tag === 'up' && state.proof.tag === 'given')) return null;
  return memory.failure?.diagnosis ?? null;
}

function noteOf({state, memory}: Forward, seen: ForwardObservation, now: number): string | null {
  switch (state.tag) {
    case 'held':
      return `waits for ${seen.missing.join(', ')}`;
    case 'preparing':
      return 'looks for its ports';
    case 'launching':
      return 'kubectl starts';
    case 'ending':
      return memory.wanted === 'down' ? 'stopping' : 'kubectl is replaced';
    case 'offline':
      if (!seen.isGateKnown && state.run === null) return 'asks for the API server';
      return state.run === null
        ? 'starts when the API server answers'
        : 'kubectl is kept and asked when the API server answers';
    case 'up':
      switch (state.proof.tag) {
        case 'awaited':
          return 'awaits the first answer';
        case 'doubted':
          return `${doubts[state.proof.why]}${memory.answeredAt === null ? '' : `, answered ${formatDuration(now - memory.answeredAt)} ago`}`;
        case 'silent':
          return 'asks on; kubectl is left alone';
        case 'impossible':
          return 'not verified: it listens, and nothing is known that it would answer to (probe)';
        case 'given':
          return null;
      }
      break;
    case 'pausing':
      return memory.watchesPods ? 'tries at once when a pod becomes ready' : null;
    case 'stopped':
      return null;
  }
  return null;
}

const doubts = {
  missed: 'no answer to the last question',
  'half-dead': 'kubectl says that nothing comes through',
  adopted: 'found running, is being asked',
  address: 'the network address has changed, is being asked',
  woke: 'the machine slept, is being asked',
  kubeconfig: 'the kubeconfig has changed, is being asked',
  'network-back': 'the network is back, is being asked',
} as const;
