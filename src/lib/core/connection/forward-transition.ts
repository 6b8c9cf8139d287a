import {unreachable} from '../unreachable.js';
import {hangingStart} from './forward-diagnosis.js';
import type {ForwardFailure} from './forward-failure.js';
import {wentBad} from './forward-news.js';
import {
  answered,
  ask,
  doubt,
  doubted,
  halfDead,
  listening,
  longestAskMs,
  missed,
  open,
  patience,
  upAwaited,
  urgentMs,
} from './forward-proof.js';
import type {
  Forward,
  ForwardContext,
  ForwardEffect,
  ForwardEvent,
  ForwardMemory,
  ForwardState,
  NetworkEvent,
} from './forward-state.js';
import {before, counted, end, fresh, openLoss, spent, step, unkillableMs, type ForwardStep} from './forward-step.js';
import {again, begin, ended, exited, fail, isAboutNetwork, isAboutSetUp, poke} from './forward-tries.js';

/** What happens next, and what is to be done about it. Pure; the picture stands above `ForwardState`. */
export function forwardStep(forward: Forward, event: ForwardEvent, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  if ('incarnation' in event && event.tag !== 'adopted' && event.incarnation !== memory.incarnation)
    return [forward, []];
  if ((event.tag === 'answered' || event.tag === 'missed') && !(state.tag === 'up' && state.ask === event.id))
    return [forward, []];
  switch (event.tag) {
    case 'start':
      return start(forward, ctx);
    case 'stop':
      return stop(forward, event.now, ctx);
    case 'restart':
      return restart(forward, ctx);
    case 'look':
      return look(forward, ctx);
    case 'suspect':
      return suspect(forward, event.why, ctx);
    case 'poke':
      return poke(forward, ctx);
    case 'go-back':
      if (state.tag !== 'up' || state.proof.tag !== 'given' || state.run.port === ctx.spec.primary)
        return [forward, []];
      return end(state.run.pid, 'replace', memory, ctx, [
        {
          tag: 'report',
          level: 'INFO',
          type: 'forward-returns',
          text: `goes back to ${event.port}, which is free again`,
        },
      ]);
    case 'prepared':
      if (state.tag !== 'preparing') return [forward, []];
      return step(
        {tag: 'launching', pid: null, port: event.port, deadline: ctx.now + ctx.connection.startTimeoutMs},
        event.cost === 0 ? memory : {...spent(memory, event.cost, ctx), lastCost: memory.lastCost},
        {tag: 'spawn', incarnation: memory.incarnation, port: event.port},
      );
    case 'prepare-failed':
      return state.tag === 'preparing' ? fail(memory, event.failure, event.cost, ctx) : [forward, []];
    case 'spawned':
      if (state.tag === 'ending') return step({...state, pid: event.pid}, memory);
      return state.tag === 'launching' ? step({...state, pid: event.pid}, memory) : [forward, []];
    case 'spawn-failed':
      return state.tag === 'launching' ? fail(memory, event.failure, 0, ctx) : [forward, []];
    case 'listening':
      return listening(forward, event, ctx);
    case 'half-dead':
      return halfDead(forward, ctx);
    case 'exited':
      return exited(forward, event, ctx);
    case 'answered':
      return state.tag === 'up' ? answered(state, memory, event, ctx) : [forward, []];
    case 'missed':
      return state.tag === 'up' ? missed(state, memory, event, ctx) : [forward, []];
    case 'adopted': {
      const run = {pid: event.pid, port: event.port};
      const up = upAwaited(run, ctx);
      const known = {...memory, wanted: 'up' as const, incarnation: event.incarnation, port: event.port};
      if (up.proof.tag === 'impossible') return open(up, known, ctx);
      return ask({...up, proof: doubted('adopted')}, known, urgentMs, ctx);
    }
    case 'gap':
      return [{state: shifted(state, event.ms), memory}, []];
    case 'tick':
      return tick(forward, ctx);
    default:
      return unreachable(event);
  }
}

function start(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  if (memory.wanted === 'up' && state.tag !== 'stopped' && state.tag !== 'ending' && state.tag !== 'pausing')
    return [forward, []];
  const wanted: ForwardMemory = {...memory, ...fresh, wanted: 'up', beganAt: ctx.now};
  if (state.tag === 'ending') return step({...state, then: 'replace'}, wanted);
  return begin(wanted, ctx);
}

export function stop({state, memory}: Forward, now: boolean, ctx: ForwardContext): ForwardStep {
  const down: ForwardMemory = {...memory, ...fresh, wanted: 'down', watchesPods: false, beganAt: null};
  const calm: readonly ForwardEffect[] = memory.watchesPods ? [{tag: 'watch-pods', on: false}] : [];
  switch (state.tag) {
    case 'preparing':
      return step({tag: 'stopped'}, {...down, port: null}, {tag: 'cancel-prepare'}, ...calm);
    case 'launching':
      // What is spawned in this very moment ends itself as soon as it has a number.
      return before(calm, end(state.pid ?? 0, 'stop', down, ctx, [], now));
    case 'up':
      return before(calm, end(state.run.pid, 'stop', down, ctx, [], now));
    case 'offline':
      if (state.run !== null) return before(calm, end(state.run.pid, 'stop', down, ctx, [], now));
      return step({tag: 'stopped'}, {...down, port: null}, ...calm);
    case 'ending':
      if (!now || state.killed) return step({...state, then: 'stop'}, down, ...calm);
      return step({...state, then: 'stop', killed: true, killAt: ctx.now + unkillableMs}, down, ...calm, {
        tag: 'signal',
        pid: state.pid,
        signal: 'SIGKILL',
      });
    case 'stopped':
    case 'held':
    case 'pausing':
      return step({tag: 'stopped'}, {...down, port: null}, ...calm);
    default:
      return unreachable(state);
  }
}

export function restart(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  const again: ForwardMemory = {...memory, ...fresh, wanted: 'up', beganAt: ctx.now};
  if (state.tag === 'ending') return step({...state, then: 'replace'}, again);
  if (state.tag === 'up') {
    const counted = openLoss(
      {...again, totalRestarts: memory.totalRestarts + 1},
      'operator',
      'restarted by request',
      ctx,
    );
    return end(state.run.pid, 'replace', counted, ctx);
  }
  if (state.tag === 'launching' && state.pid !== null) return end(state.pid, 'replace', again, ctx);
  if (state.tag === 'offline' || state.tag === 'preparing' || state.tag === 'launching') return [forward, []];
  return begin(again, ctx);
}

export function look(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  switch (state.tag) {
    case 'held':
      return ctx.missing.length === 0 ? begin(memory, ctx) : [forward, []];
    case 'offline':
      if (state.run === null)
        return ctx.isOnline === true || ctx.hindrance !== null ? begin(memory, ctx) : [forward, []];
      if (ctx.isOnline !== true) return [forward, []];
      return ask({...upAwaited(state.run, ctx), proof: doubted('network-back')}, memory, urgentMs, ctx);
    case 'preparing':
      if (ctx.isOnline === true) return [forward, []];
      return before([{tag: 'cancel-prepare'}], begin(memory, ctx));
    case 'launching':
      // A start that was caught in the outage hangs for half a minute.
      return ctx.isOnline === false && state.pid !== null ? end(state.pid, 'offline', memory, ctx) : [forward, []];
    case 'up':
      return ctx.isOnline === false && state.proof.tag !== 'impossible' && state.proof.tag !== 'silent'
        ? doubt(state, memory, 'network-back', ctx)
        : [forward, []];
    case 'pausing':
      // The gate has just come to another opinion.
      if (isAboutNetwork.has(state.failure.kind) && ctx.isOnline === true && !ctx.isUnsure) return again(forward, ctx);
      return isSameHindrance(state.failure, ctx.hindrance) ? [forward, []] : poke(forward, ctx);
    case 'stopped':
    case 'ending':
      return [forward, []];
    default:
      return unreachable(state);
  }
}

/** Is what hinders it still the same? A failure of another kind has nothing to do with it. */
const isSameHindrance = (failure: ForwardFailure, hindrance: ForwardFailure | null): boolean =>
  hindrance === null ? !isAboutSetUp(failure) : hindrance.diagnosis.cause === failure.diagnosis.cause;

function suspect(forward: Forward, why: NetworkEvent, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  if (state.tag === 'up') return doubt(state, memory, why, ctx);
  // A start that was under way when the network changed may hang for ever.
  if (state.tag === 'launching' && state.pid !== null && why !== 'kubeconfig')
    return end(state.pid, 'replace', memory, ctx);
  if (state.tag !== 'pausing') return [forward, []];
  return why === 'network-back' ? again(forward, ctx) : poke(forward, ctx);
}

function tick(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  const {now} = ctx;
  switch (state.tag) {
    case 'launching':
      if (now < state.deadline) return [forward, []];
      return hung(state, memory, ctx);
    case 'up':
      if (state.ask !== null && now >= state.nextAskAt)
        return step({...state, proof: doubted('missed'), nextAskAt: Number.POSITIVE_INFINITY}, memory);
      return now < state.nextAskAt
        ? [forward, []]
        : ask(state, memory, state.proof.tag === 'silent' ? longestAskMs : patience(memory, ctx), ctx);
    case 'ending':
      if (now < state.killAt) return [forward, []];
      if (state.killed) return ended(state, memory, ctx);
      return step({...state, killed: true, killAt: now + unkillableMs}, memory, {
        tag: 'signal',
        pid: state.pid,
        signal: 'SIGKILL',
      });
    case 'pausing':
      return now < state.until ? [forward, []] : begin(memory, ctx);
    default:
      return [forward, []];
  }
}

/** kubectl has no time-out of its own. */
function hung(
  state: Extract<ForwardState, {tag: 'launching'}>,
  memory: ForwardMemory,
  ctx: ForwardContext,
): ForwardStep {
  const failure = hangingStart(ctx.spec, ctx.connection.startTimeoutMs);
  const bad = counted({...spent(memory, 4, ctx), failures: memory.failures + 1, failure});
  const told = {...bad, toldCause: failure.diagnosis.cause};
  return end(state.pid ?? 0, 'pause', told, ctx, [{tag: 'doubt-gate'}, ...wentBad(bad, failure, ctx)]);
}

/** Nobody lived through that time. */
function shifted(state: ForwardState, ms: number): ForwardState {
  switch (state.tag) {
    case 'launching':
      return {...state, deadline: state.deadline + ms};
    case 'up':
      return {...state, nextAskAt: state.nextAskAt + ms};
    case 'ending':
      return {...state, killAt: state.killAt + ms};
    case 'pausing':
      return {...state, until: state.until + ms};
    default:
      return state;
  }
}
