import {formatDuration} from '../report/format.js';
import {unreachable} from '../unreachable.js';
import {affordableAt, nextPause, room, spend} from './api-budget.js';
import {noAnswer} from './forward-diagnosis.js';
import type {ForwardFailure} from './forward-failure.js';
import {wentBad} from './forward-news.js';
import type {Forward, ForwardContext, ForwardEffect, ForwardMemory, ForwardState, LossReason} from './forward-state.js';
import {before, counted, openLoss, spent, step, type Event, type ForwardStep} from './forward-step.js';

/** Kept for the moment when a pod is ready, where that is told. */
const reserve = 4;
/** A list and the watch itself. */
const watchCost = 2;
/** What often ends when a pod becomes ready. */
const mayBePods: ReadonlySet<string> = new Set(['remote-refused', 'lost', 'other']);
export const isAboutNetwork: ReadonlySet<string> = new Set(['network', 'lost']);
const hopelessPauseMs = 30_000;
const portPauseMs = 2000;
const networkPauseMs = 500;

/** How a try begins, how it fails, and when the next one comes. */

/** As soon as nothing is in the way. */
export function begin(memory: ForwardMemory, ctx: ForwardContext): ForwardStep {
  if (ctx.missing.length > 0) return step({tag: 'held'}, memory);
  if (ctx.hindrance !== null) return fail(memory, ctx.hindrance, 0, ctx);
  if (ctx.isOnline !== true) return step({tag: 'offline', run: null, since: ctx.now}, {...memory, port: null});
  const incarnation = memory.incarnation + 1;
  // What refuses is behind the service: to ask one of its pods by name costs less than to look it up each time.
  const {kind, diagnosis} = memory.failure ?? {};
  const isDirect = kind === 'remote-refused' || diagnosis?.cause === 'kubelet-unreachable';
  return step({tag: 'preparing', since: ctx.now}, {...memory, incarnation}, {tag: 'prepare', incarnation, isDirect});
}

export const isAboutSetUp = ({kind, diagnosis}: ForwardFailure): boolean =>
  kind === 'tool-missing' ||
  /^(kubeconfig|kube-context-unknown|kubectl-(no-answer|garbage|killed|not-started|wrapper-failed))/.test(
    diagnosis.cause,
  );

const isGivenUp = ({memory}: Forward, {connection}: ForwardContext): boolean =>
  memory.gaveUp && !connection.autoRestart;

/** Something has changed: now, if the API server can bear it. */
export function poke(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  if (state.tag !== 'pausing' || isGivenUp(forward, ctx)) return [forward, []];
  const at = affordableAt(memory.budget, ctx.now, room);
  if (at > ctx.now) return step({...state, until: Math.min(state.until, at)}, memory);
  return begin(memory, ctx);
}

/** An outage is over: that comes seldom enough to try at once, whatever was tried before. */
export function again(forward: Forward, ctx: ForwardContext): ForwardStep {
  return isGivenUp(forward, ctx) ? [forward, []] : begin(forward.memory, ctx);
}

/** A try has failed. */
export function fail(memory: ForwardMemory, failure: ForwardFailure, cost: number, ctx: ForwardContext): ForwardStep {
  const bad: ForwardMemory = {
    ...spent(memory, cost, ctx),
    failures: memory.failures + 1,
    failure,
    port: null,
  };
  const counts = isAboutSetUp(failure) ? bad : counted(bad);
  const marked: ForwardMemory = {...counts, toldCause: failure.diagnosis.cause};
  const news = wentBad(counts, failure, ctx);
  if (ctx.isOnline === false) return before(news, step({tag: 'offline', run: null, since: ctx.now}, marked));
  return before(news, pause(marked, failure, ctx));
}

export function pause(memory: ForwardMemory, failure: ForwardFailure, ctx: ForwardContext): ForwardStep {
  const until = Math.max(ctx.now + pauseOf(memory, failure, ctx), affordable(memory, ctx));
  const isFinal = tooOften(memory, ctx);
  const effects: ForwardEffect[] = [];
  if (isAboutNetwork.has(failure.kind)) effects.push({tag: 'doubt-gate'});
  if (isFinal && !memory.gaveUp) {
    const then = ctx.connection.autoRestart
      ? `one try every ${formatDuration(ctx.connection.slowRetryMs)} and at each event`
      : `autoRestart is off: erp restart ${ctx.spec.name}`;
    effects.push({
      tag: 'report',
      level: 'CRITICAL',
      type: 'forward-given-up',
      text: `broken: ${memory.restarts} restarts in this incident; ${then}`,
      diagnosis: failure.diagnosis,
    });
  }
  const isAwaited = failure.kind === 'pods' || (memory.failures > 1 && mayBePods.has(failure.kind));
  const watches = isAwaited && ctx.connection.autoRestart;
  const state: ForwardState = {tag: 'pausing', failure, until};
  const isNewWatch = watches && !memory.watchesPods;
  if (isNewWatch) effects.push({tag: 'watch-pods', on: true});
  const kept = {
    ...memory,
    budget: isNewWatch ? spend(memory.budget, ctx.now, watchCost) : memory.budget,
    gaveUp: memory.gaveUp || isFinal,
    watchesPods: memory.watchesPods || watches,
  };
  // No pause at all, the usual case after a loss: not even for a moment is it shown as broken.
  return until <= ctx.now && ctx.hindrance === null ? before(effects, begin(kept, ctx)) : step(state, kept, ...effects);
}

function affordable(memory: ForwardMemory, ctx: ForwardContext): number {
  const usual = memory.failures > 1 ? memory.lastCost : room;
  return affordableAt(memory.budget, ctx.now, usual, memory.failure?.kind === 'pods' ? reserve : 0);
}

export function tooOften({restarts, failures}: ForwardMemory, {connection}: ForwardContext): boolean {
  if (!connection.autoRestart) return restarts > 0 || failures > 0;
  return connection.maxRestarts !== null && restarts > connection.maxRestarts;
}

function pauseOf(memory: ForwardMemory, {kind, diagnosis}: ForwardFailure, ctx: ForwardContext): number {
  if (!ctx.connection.autoRestart) return Number.POSITIVE_INFINITY;
  if (tooOften(memory, ctx)) return ctx.connection.slowRetryMs;
  const usual = nextPause(Math.max(0, memory.failures - 1), memory.lastCost, ctx.chance);
  switch (kind) {
    case 'tool-missing':
      return Number.POSITIVE_INFINITY;
    case 'needs-you':
      return isAboutSetUp({kind, diagnosis}) ? hopelessPauseMs : usual;
    case 'network':
      return Math.max(networkPauseMs, usual);
    case 'port':
      // Lost to somebody else just now: there is another one. None at all: it costs the API server nothing to ask again.
      return diagnosis.cause === 'local-port-taken' && memory.failures < 4 ? 0 : portPauseMs;
    default:
      return usual;
  }
}

export function exited({state, memory}: Forward, {failure, cost}: Event<'exited'>, ctx: ForwardContext): ForwardStep {
  switch (state.tag) {
    case 'ending':
      return ended(state, memory, ctx);
    case 'launching':
      return fail(memory, failure, cost, ctx);
    case 'up': {
      const reason: LossReason = failure.kind === 'port' ? 'port' : 'exit';
      const marked = openLoss(memory, reason, failure.diagnosis.evidence[0] ?? failure.diagnosis.cause, ctx);
      return before(state.ask === null ? [] : [{tag: 'cancel-ask'}], fail(marked, failure, 0, ctx));
    }
    case 'offline':
      return step({...state, run: null}, {...memory, port: null});
    default:
      return step(state, memory);
  }
}

export function ended(
  {then}: Extract<ForwardState, {tag: 'ending'}>,
  memory: ForwardMemory,
  ctx: ForwardContext,
): ForwardStep {
  const free = {...memory, port: null};
  switch (then) {
    case 'stop':
      return step({tag: 'stopped'}, free, {tag: 'report', level: 'INFO', type: 'forward-stopped', text: 'stopped'});
    case 'replace':
    case 'offline':
      return begin(free, ctx);
    case 'pause':
      return pause(free, memory.failure ?? noAnswer(ctx.spec, 'no answer'), ctx);
    default:
      return unreachable(then);
  }
}
