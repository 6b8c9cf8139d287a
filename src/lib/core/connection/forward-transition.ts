import {unreachable} from '../unreachable.js';
import {affordableAt, fullBudget, nextPause, room, spend} from './api-budget.js';
import {mayBeSilent} from './forward-question.js';
import {appSilent, hangingStart, noAnswer} from './forward-diagnosis.js';
import type {ForwardFailure} from './forward-failure.js';
import {lost, proven, replaced, wentBad} from './forward-news.js';
import type {
  Doubt,
  Forward,
  ForwardContext,
  ForwardEffect,
  ForwardEvent,
  ForwardMemory,
  ForwardState,
  LossReason,
  NetworkEvent,
  Proof,
  Run,
} from './forward-state.js';

export type ForwardStep = readonly [Forward, readonly ForwardEffect[]];

type Up = Extract<ForwardState, {tag: 'up'}>;
type Event<T extends ForwardEvent['tag']> = Extract<ForwardEvent, {tag: T}>;

/** After an event most forwards that do not answer at once never will. */
const urgentMs = 700;
/** kubectl that has closed a connection is about to end, and says why. */
const explainsWithinMs = 120;
/** Closing a half-open connection can block kubectl: it has no state that it could lose. */
const graceMs = 200;
const unkillableMs = 5000;
const provenForMs = 5000;
const calmAfterMs = 10_000;
/** So often it is replaced because nothing answers; then it is the app. */
const silentRestartsLimit = 1;
/** A slow app is no dead forward. */
const longestAskMs = 10_000;
/** What is only held open proves nothing: it is looked at now and then. */
const idleLookFactor = 5;
/** Kept for the moment when a pod is ready, where that is told. */
const reserve = 3;
/** What often ends when a pod becomes ready. */
const mayBePods: ReadonlySet<string> = new Set(['remote-refused', 'lost', 'other']);
const isAboutNetwork: ReadonlySet<string> = new Set(['network', 'lost']);
const needsYouPauseMs = 2500;
const hopelessPauseMs = 30_000;
const portPauseMs = 2000;
const networkPauseMs = 500;

const step = (state: ForwardState, memory: ForwardMemory, ...effects: readonly ForwardEffect[]): ForwardStep => [
  {state, memory},
  effects,
];
const before = (first: readonly ForwardEffect[], [forward, effects]: ForwardStep): ForwardStep => [
  forward,
  [...first, ...effects],
];

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

// ——— what is wanted ———

function start(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  if (memory.wanted === 'up' && state.tag !== 'stopped' && state.tag !== 'ending' && state.tag !== 'pausing')
    return [forward, []];
  const wanted: ForwardMemory = {...memory, ...fresh, wanted: 'up', beganAt: ctx.now};
  if (state.tag === 'ending') return step({...state, then: 'replace'}, wanted);
  return begin(wanted, ctx);
}

/** An incident that somebody has ended. */
const fresh = {
  restarts: 0,
  failures: 0,
  silentRestarts: 0,
  failure: null,
  toldCause: null,
  gaveUp: false,
  loss: null,
} as const satisfies Partial<ForwardMemory>;

function stop({state, memory}: Forward, now: boolean, ctx: ForwardContext): ForwardStep {
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

function restart(forward: Forward, ctx: ForwardContext): ForwardStep {
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

/** As soon as nothing is in the way. */
function begin(memory: ForwardMemory, ctx: ForwardContext): ForwardStep {
  if (ctx.missing.length > 0) return step({tag: 'held'}, memory);
  if (ctx.hindrance !== null) return fail(memory, ctx.hindrance, 0, ctx);
  if (ctx.isOnline !== true) return step({tag: 'offline', run: null, since: ctx.now}, {...memory, port: null});
  const incarnation = memory.incarnation + 1;
  // Its pods refuse: to ask one of them by name costs less than to look it up each time.
  const isDirect = memory.failure?.kind === 'remote-refused';
  return step({tag: 'preparing', since: ctx.now}, {...memory, incarnation}, {tag: 'prepare', incarnation, isDirect});
}

function look(forward: Forward, ctx: ForwardContext): ForwardStep {
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

const isAboutSetUp = ({kind, diagnosis}: ForwardFailure): boolean =>
  kind === 'tool-missing' ||
  /^(kubeconfig|kube-context-unknown|kubectl-(no-answer|garbage|killed|not-started|wrapper-failed))/.test(
    diagnosis.cause,
  );

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

/** An outage is over: that comes seldom enough to try at once, whatever was tried before. */
function again(forward: Forward, ctx: ForwardContext): ForwardStep {
  return isGivenUp(forward, ctx) ? [forward, []] : begin(forward.memory, ctx);
}

const isGivenUp = ({memory}: Forward, {connection}: ForwardContext): boolean =>
  memory.gaveUp && !connection.autoRestart;

/** Something has changed: now, if the API server can bear it. */
function poke(forward: Forward, ctx: ForwardContext): ForwardStep {
  const {state, memory} = forward;
  if (state.tag !== 'pausing' || isGivenUp(forward, ctx)) return [forward, []];
  const at = affordableAt(memory.budget ?? fullBudget(ctx.now), ctx.now, room);
  if (at > ctx.now) return step({...state, until: Math.min(state.until, at)}, memory);
  return begin(memory, ctx);
}

// ——— proof ———

const doubted = (why: Doubt): Proof => ({tag: 'doubted', why, misses: 0, resets: 0});

function upAwaited(run: Run, ctx: ForwardContext): Up {
  const proof: Proof = ctx.spec.probe.type === 'none' ? {tag: 'impossible'} : {tag: 'awaited', misses: 0, resets: 0};
  return {tag: 'up', run, proof, ask: null, nextAskAt: ctx.now};
}

function ask(state: Up, memory: ForwardMemory, timeoutMs: number, ctx: ForwardContext): ForwardStep {
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

function listening({state, memory}: Forward, {port, cost}: Event<'listening'>, ctx: ForwardContext): ForwardStep {
  if (state.tag !== 'launching' || state.pid === null) return step(state, memory);
  const up = upAwaited({pid: state.pid, port}, ctx);
  const paid = {...spent(memory, cost, ctx), port};
  if (up.proof.tag !== 'impossible') return ask(up, paid, patience(memory, ctx), ctx);
  return open(up, paid, ctx);
}

/** Nothing can prove it: that it listens is all there is to say. */
function open(state: Up, memory: ForwardMemory, ctx: ForwardContext): ForwardStep {
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

function patience({usualMs}: ForwardMemory, {connection}: ForwardContext): number {
  return Math.min(Math.max(connection.probeTimeoutMs, usualMs * 2 + 500), longestAskMs);
}

function answered(
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
  const isNews = memory.beganAt !== null || memory.answeredAt === null || !isNoise;
  const [well, calm] = becomeWell(isNoise ? {...memory, loss: null} : memory, ctx);
  return step(
    {...state, proof: {tag: 'given'}, ask: null, nextAskAt: ctx.now + ctx.connection.probeIntervalMs},
    {
      ...well,
      answeredAt: ctx.now,
      wellSince,
      // The load counts while it is broken, not what the last incident has cost.
      budget: ctx.now - wellSince >= calmAfterMs || memory.answeredAt === null ? null : memory.budget,
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

function missed(state: Up, memory: ForwardMemory, event: Event<'missed'>, ctx: ForwardContext): ForwardStep {
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

function doubt(state: Up, memory: ForwardMemory, why: Doubt, ctx: ForwardContext): ForwardStep {
  const {proof} = state;
  // A restart costs 0.3 s, and nothing else would ever tell.
  if (proof.tag === 'impossible')
    return why === 'kubeconfig' ? step(state, memory) : replace(state, memory, 'after a change of the network', ctx);
  // It is being asked in earnest already.
  if (proof.tag === 'doubted' && proof.why !== 'missed' && state.ask !== null) return step(state, memory);
  return ask({...state, proof: doubted(why)}, memory, Math.max(urgentMs, memory.usualMs * 2), ctx);
}

function halfDead({state, memory}: Forward, ctx: ForwardContext): ForwardStep {
  if (state.tag !== 'up') return step(state, memory);
  // It may be about a client that asked in an outage that is over.
  return doubt(state, memory, 'half-dead', ctx);
}

// ——— how it ends ———

function end(
  pid: number,
  then: Extract<ForwardState, {tag: 'ending'}>['then'],
  memory: ForwardMemory,
  ctx: ForwardContext,
  news: readonly ForwardEffect[] = [],
  now = false,
): ForwardStep {
  return step(
    {tag: 'ending', pid, then, killed: now, killAt: ctx.now + (now ? unkillableMs : graceMs)},
    memory,
    {tag: 'cancel-ask'},
    ...news,
    {tag: 'signal', pid, signal: now ? 'SIGKILL' : 'SIGTERM'},
  );
}

/** A kubectl that carries nothing any more makes room for another one. */
function replace(state: Up, memory: ForwardMemory, detail: string, ctx: ForwardContext): ForwardStep {
  const failure = noAnswer(ctx.spec, detail);
  const marked = counted({...openLoss(memory, 'no-answer', detail, ctx), failure});
  return end(state.run.pid, tooOften(marked, ctx) ? 'pause' : 'replace', marked, ctx, replaced(memory, failure, ctx));
}

function openLoss(memory: ForwardMemory, reason: LossReason, text: string, ctx: ForwardContext): ForwardMemory {
  return memory.loss !== null || memory.answeredAt === null ? memory : {...memory, loss: {at: ctx.now, reason, text}};
}

const counted = (memory: ForwardMemory): ForwardMemory => ({
  ...memory,
  restarts: memory.restarts + 1,
  totalRestarts: memory.totalRestarts + 1,
});

function spent(memory: ForwardMemory, cost: number, {now}: ForwardContext): ForwardMemory {
  return {
    ...memory,
    budget: spend(memory.budget ?? fullBudget(now), now, cost),
    lastCost: cost === 0 ? memory.lastCost : cost,
  };
}

function exited({state, memory}: Forward, {failure, cost}: Event<'exited'>, ctx: ForwardContext): ForwardStep {
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

function ended(
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

/** A try has failed. */
function fail(memory: ForwardMemory, failure: ForwardFailure, cost: number, ctx: ForwardContext): ForwardStep {
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

function pause(memory: ForwardMemory, failure: ForwardFailure, ctx: ForwardContext): ForwardStep {
  const until = Math.max(ctx.now + pauseOf(memory, failure, ctx), affordable(memory, ctx));
  const isFinal = tooOften(memory, ctx);
  const effects: ForwardEffect[] = [];
  if (isAboutNetwork.has(failure.kind)) effects.push({tag: 'doubt-gate'});
  if (isFinal && !memory.gaveUp) {
    const then = ctx.connection.autoRestart
      ? 'one try every 5 minutes and at each event'
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
  if (watches && !memory.watchesPods) effects.push({tag: 'watch-pods', on: true});
  const state: ForwardState = {tag: 'pausing', failure, until};
  const kept = {...memory, gaveUp: memory.gaveUp || isFinal, watchesPods: memory.watchesPods || watches};
  // No pause at all, the usual case after a loss: not even for a moment is it shown as broken.
  return until <= ctx.now && ctx.hindrance === null ? before(effects, begin(kept, ctx)) : step(state, kept, ...effects);
}

function affordable(memory: ForwardMemory, ctx: ForwardContext): number {
  const usual = memory.failures > 1 ? memory.lastCost : room;
  const needed = memory.failure?.kind === 'pods' ? usual + reserve : usual;
  return affordableAt(memory.budget ?? fullBudget(ctx.now), ctx.now, needed);
}

function tooOften({restarts, failures}: ForwardMemory, {connection}: ForwardContext): boolean {
  if (!connection.autoRestart) return restarts > 0 || failures > 0;
  return connection.maxRestarts !== null && restarts > connection.maxRestarts;
}

function pauseOf(memory: ForwardMemory, {kind, diagnosis}: ForwardFailure, ctx: ForwardContext): number {
  if (!ctx.connection.autoRestart) return Number.POSITIVE_INFINITY;
  if (tooOften(memory, ctx)) return ctx.connection.slowRetryMs;
  const usual = nextPause(Math.max(0, memory.failures - 1), ctx.chance);
  switch (kind) {
    case 'tool-missing':
      return Number.POSITIVE_INFINITY;
    case 'needs-you':
      return isAboutSetUp({kind, diagnosis}) ? hopelessPauseMs : needsYouPauseMs;
    case 'network':
      return Math.max(networkPauseMs, usual);
    case 'port':
      // Lost to somebody else just now: there is another one. None at all: it costs the API server nothing to ask again.
      return diagnosis.cause === 'local-port-taken' && memory.failures < 4 ? 0 : portPauseMs;
    default:
      return usual;
  }
}

// ——— time ———

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
