import {unreachable} from '../unreachable.js';
import {fullBudget} from './api-budget.js';
import {appSilent, noAnswer} from './forward-diagnosis.js';
import {lost, proven, replaced, wentBad} from './forward-news.js';
import {mayBeSilent} from './forward-question.js';
import type {Doubt, Forward, ForwardContext, ForwardEffect, ForwardMemory, Proof, Run} from './forward-state.js';
import {
  before,
  counted,
  end,
  fresh,
  openLoss,
  spent,
  step,
  type Event,
  type ForwardStep,
  type Up,
} from './forward-step.js';
import {tooOften} from './forward-tries.js';

/** After an event most forwards that do not answer at once never will. */
export const urgentMs = 700;
/** kubectl that has closed a connection is about to end, and says why. */
const explainsWithinMs = 120;
const provenForMs = 5000;
const calmAfterMs = 10_000;
/** So often it is replaced because nothing answers; then it is the app. */
const silentRestartsLimit = 1;
/** A slow app is no dead forward. */
export const longestAskMs = 10_000;
/** What is only held open proves nothing: it is looked at now and then. */
const idleLookFactor = 5;

/** What is asked through a forward, and what follows from answers and from silence. */

export const doubted = (why: Doubt): Proof => ({tag: 'doubted', why, misses: 0, resets: 0});

export function upAwaited(run: Run, ctx: ForwardContext): Up {
  const proof: Proof = ctx.spec.probe.type === 'none' ? {tag: 'impossible'} : {tag: 'awaited', misses: 0, resets: 0};
  return {tag: 'up', run, proof, ask: null, nextAskAt: ctx.now};
}

export function ask(state: Up, memory: ForwardMemory, timeoutMs: number, ctx: ForwardContext): ForwardStep {
  if (ctx.spec.probe.type === 'none') return step({...state, ask: null, nextAskAt: Number.POSITIVE_INFINITY}, memory);
  const id = memory.askId + 1;
  return step(
    {...state, ask: id, nextAskAt: staleAt(state, memory, ctx)},
    {...memory, askId: id},
    ...(state.ask === null ? [] : [{tag: 'cancel-ask'} as const]),
    {tag: 'ask', id, port: state.run.port, timeoutMs, isIdle: state.proof.tag === 'impossible'},
  );
}

/** An answer is proof for so long, and no longer: a slow app is not shown as verified meanwhile. */
function staleAt({proof}: Up, {answeredAt}: ForwardMemory, {now, connection}: ForwardContext): number {
  if (proof.tag !== 'given' || answeredAt === null) return Number.POSITIVE_INFINITY;
  return Math.max(now, answeredAt + Math.max(provenForMs, connection.probeIntervalMs + provenForMs / 2));
}

export function listening(
  {state, memory}: Forward,
  {port, cost}: Event<'listening'>,
  ctx: ForwardContext,
): ForwardStep {
  if (state.tag !== 'launching' || state.pid === null) return step(state, memory);
  const up = upAwaited({pid: state.pid, port}, ctx);
  const paid = {...spent(memory, cost, ctx), port};
  if (up.proof.tag !== 'impossible') return ask(up, paid, patience(memory, ctx), ctx);
  return open(up, paid, ctx);
}

/** Nothing can prove it: that it listens is all there is to say. */
export function open(state: Up, memory: ForwardMemory, ctx: ForwardContext): ForwardStep {
  const isNews = state.proof.tag !== 'impossible' || memory.failures > 0 || memory.loss !== null;
  const nextAskAt =
    ctx.spec.probe.type === 'none'
      ? Number.POSITIVE_INFINITY
      : ctx.now + ctx.connection.probeIntervalMs * idleLookFactor;
  const [well, calm] = becomeWell(memory, ctx);
  const news = isNews || memory.toldCause !== 'open' ? proven(memory, state.run.port, false, ctx) : [];
  return step(
    {...state, proof: {tag: 'impossible'}, ask: null, nextAskAt},
    {...well, toldCause: 'open'},
    ...calm,
    ...news,
  );
}

export function patience({usualMs}: ForwardMemory, {connection}: ForwardContext): number {
  return Math.min(Math.max(connection.probeTimeoutMs, usualMs * 2 + 500), longestAskMs);
}

export function answered(
  state: Up,
  memory: ForwardMemory,
  {latencyMs, isProof}: Event<'answered'>,
  ctx: ForwardContext,
): ForwardStep {
  if (!isProof) return open(state, memory, ctx);
  const {proof} = state;
  // One answer that came late is no incident.
  const isNoise =
    proof.tag === 'given' || (proof.tag === 'doubted' && memory.toldCause === null && memory.restarts === 0);
  const wellSince = proof.tag === 'given' && memory.wellSince !== null ? memory.wellSince : ctx.now;
  const isFirst = memory.answeredAt === null && memory.failures === 0;
  const isNews = memory.beganAt !== null || memory.answeredAt === null || !isNoise;
  const [well, calm] = becomeWell(isNoise ? {...memory, loss: null} : memory, ctx);
  return step(
    {...state, proof: {tag: 'given'}, ask: null, nextAskAt: ctx.now + ctx.connection.probeIntervalMs},
    {
      ...well,
      answeredAt: ctx.now,
      wellSince,
      // The load counts while it is broken, not what the last incident has cost.
      budget: ctx.now - wellSince >= calmAfterMs || isFirst ? fullBudget : memory.budget,
      latencyMs,
      // Forgotten slowly: one slow answer in a busy hour says that others will come.
      usualMs: Math.max(latencyMs, memory.usualMs * 0.98),
    },
    ...calm,
    ...(isNews ? proven(memory, state.run.port, true, ctx) : []),
  );
}

/** The incident is over. */
function becomeWell(memory: ForwardMemory, ctx: ForwardContext): readonly [ForwardMemory, readonly ForwardEffect[]] {
  const {loss} = memory;
  return [
    {
      ...memory,
      ...fresh,
      lastLoss: loss === null ? memory.lastLoss : {...loss, recoveryMs: Math.round(ctx.now - loss.at)},
      beganAt: null,
      watchesPods: false,
    },
    memory.watchesPods ? [{tag: 'watch-pods', on: false}] : [],
  ];
}

export function missed(state: Up, memory: ForwardMemory, event: Event<'missed'>, ctx: ForwardContext): ForwardStep {
  const {proof} = state;
  const {isReset, detail} = event;
  const soon = (next: Proof): ForwardStep =>
    step({...state, proof: next, ask: null, nextAskAt: ctx.now + explainsWithinMs}, memory, {tag: 'doubt-gate'});
  switch (proof.tag) {
    case 'given': {
      const next = {...doubted('missed'), misses: isReset ? 0 : 1, resets: isReset ? 1 : 0} as Proof;
      const marked = openLoss(memory, isReset ? 'exit' : 'no-answer', detail, ctx);
      if (isReset)
        return step({...state, proof: next, ask: null, nextAskAt: ctx.now + explainsWithinMs}, marked, {
          tag: 'doubt-gate',
        });
      return before(
        [{tag: 'doubt-gate'}],
        ask({...state, proof: next, ask: null}, marked, secondAskMs(memory, ctx), ctx),
      );
    }
    case 'awaited':
    case 'doubted': {
      const misses = proof.misses + (isReset ? 0 : 1);
      const resets = proof.resets + (isReset ? 1 : 0);
      // It has never answered, and may be well: what is spoken there is not known.
      if (memory.answeredAt === null && (resets > 1 || misses > 1) && mayBeSilent(ctx.spec))
        return open(state, memory, ctx);
      if (resets > 2) return replace(state, memory, detail, ctx);
      if (isReset) return soon({...proof, resets});
      const isEvent = proof.tag === 'doubted' && proof.why !== 'missed';
      if (isEvent || misses > 1) return noProof(state, {...proof, misses}, memory, detail, ctx);
      return before(
        [{tag: 'doubt-gate'}],
        ask({...state, proof: {...proof, misses}, ask: null}, memory, patience(memory, ctx), ctx),
      );
    }
    case 'silent':
      return step({...state, ask: null, nextAskAt: ctx.now + ctx.connection.probeIntervalMs}, memory);
    case 'impossible':
      if (isReset) return replace(state, memory, detail, ctx);
      return step({...state, ask: null, nextAskAt: ctx.now + ctx.connection.probeIntervalMs}, memory);
    default:
      return unreachable(proof);
  }
}

/** A little longer than the gate takes for its answer to the same doubt. */
const secondAskMs = (memory: ForwardMemory, ctx: ForwardContext): number =>
  Math.max(1200, (patience(memory, ctx) * 3) / 5);

/** Nothing answers. Whose fault? */
function noProof(
  state: Up,
  proof: Extract<Proof, {tag: 'awaited' | 'doubted'}>,
  memory: ForwardMemory,
  detail: string,
  ctx: ForwardContext,
): ForwardStep {
  const marked = openLoss(memory, ctx.isOnline === true ? 'no-answer' : 'network', detail, ctx);
  // Killing it would not help, and it often heals by itself.
  if (ctx.isOnline !== true)
    return before(
      lost(marked, null, ctx),
      step({tag: 'offline', run: state.run, since: ctx.now}, {...marked, toldCause: marked.toldCause ?? 'network'}),
    );
  // Is it the network? That is known in a moment.
  if (ctx.isUnsure) return ask({...state, proof, ask: null}, marked, secondAskMs(memory, ctx), ctx);
  const isEvent = proof.tag === 'doubted' && proof.why !== 'missed';
  if (isEvent || memory.silentRestarts < silentRestartsLimit)
    return replace(state, {...marked, silentRestarts: memory.silentRestarts + 1}, detail, ctx);
  const failure = appSilent(ctx.spec, detail);
  return before(
    wentBad(marked, failure, ctx),
    step(
      {...state, proof: {tag: 'silent'}, ask: null, nextAskAt: ctx.now + ctx.connection.probeIntervalMs},
      {...marked, failure, toldCause: failure.diagnosis.cause},
    ),
  );
}

export function doubt(state: Up, memory: ForwardMemory, why: Doubt, ctx: ForwardContext): ForwardStep {
  const {proof} = state;
  // A restart costs 0.3 s, and nothing else would ever tell.
  if (proof.tag === 'impossible')
    return why === 'kubeconfig' ? step(state, memory) : replace(state, memory, 'after a change of the network', ctx);
  // It is being asked in earnest already.
  if (proof.tag === 'doubted' && proof.why !== 'missed' && state.ask !== null) return step(state, memory);
  return ask({...state, proof: doubted(why)}, memory, Math.max(urgentMs, memory.usualMs * 2), ctx);
}

export function halfDead({state, memory}: Forward, ctx: ForwardContext): ForwardStep {
  if (state.tag !== 'up') return step(state, memory);
  // It may be about a client that asked in an outage that is over.
  return doubt(state, memory, 'half-dead', ctx);
}

/** A kubectl that carries nothing any more makes room for another one. */
export function replace(state: Up, memory: ForwardMemory, detail: string, ctx: ForwardContext): ForwardStep {
  const failure = noAnswer(ctx.spec, detail);
  const marked = counted({...openLoss(memory, 'no-answer', detail, ctx), failure});
  return end(state.run.pid, tooOften(marked, ctx) ? 'pause' : 'replace', marked, ctx, replaced(memory, failure, ctx));
}
