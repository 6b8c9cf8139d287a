import {
  afterGap,
  answered,
  answersStill,
  hangAt,
  healthOf,
  isBare,
  isHung,
  isReady,
  newTracks,
} from '../probes/tracks.js';
import {formatDuration} from '../report/format.js';
import type {HealthName} from '../report/status.js';
import {unreachable} from '../unreachable.js';
import type {Answer, Effect, Event} from './events.js';
import {calmDown, judge, lastLook, launch, prepare} from './judgement.js';
import type {Life, LifeEnd, Memory, Service, State, StopGoal, Track} from './state.js';
import {type Context, report, type Step, step} from './step.js';
import {exitText} from './words.js';

/** A probe that fails later than it could have was not failed by the service. */
const lateNewsMs = 500;
/** After SIGKILL a process is gone at once, unless it hangs in the kernel. */
const killPatienceMs = 10_000;

/**
 * The life of a service: what happens next, and what is to be done about it. Pure; the picture of the states stands
 * above `State`. News of an incarnation that is over changes nothing.
 */
export function transition(service: Service, event: Event, ctx: Context): Step {
  const {state, memory} = service;
  if ('incarnation' in event && event.tag !== 'adopted' && event.incarnation !== memory.incarnation)
    return [service, []];
  switch (event.tag) {
    case 'start':
      return start(service, ctx);
    case 'resume':
      return state.tag === 'stopped' ? step({tag: 'waiting'}, {...memory, wanted: 'up'}) : [service, []];
    case 'go':
      return state.tag === 'waiting' ? go(service, ctx) : [service, []];
    case 'stop':
      return stop(service, event, ctx);
    case 'restart':
      return restart(service, event.why, ctx);
    case 'adopted':
      return adopt(service, event, ctx);
    case 'gap':
      return [{state: shifted(state, event.ms, ctx), memory}, hasProbes(state) ? [{tag: 'cancel-probes'}] : []];
    case 'tick':
      return tick({state, memory: calmDown(memory, ctx.now)}, ctx);
    case 'prepared':
      return state.tag === 'preparing' ? prepared(service, event, ctx) : [service, []];
    case 'prepare-failed':
      return state.tag === 'preparing' ? prepareFailed(service, event, ctx) : [service, []];
    case 'spawned':
      return spawned(service, event.pid, ctx);
    case 'spawn-failed':
      return spawnFailed(service, event, ctx);
    case 'exited':
      return exited(service, event, ctx);
    case 'group-gone':
      return groupGone(service, ctx);
    case 'swept':
      return afterSweep(service, ctx);
    case 'answer':
      return answer(service, event, ctx);
    case 'log-ready':
      if (state.tag !== 'starting') return [service, []];
      return becomeReadyIfSo({...state, life: {...state.life, logSeen: true}}, memory, [], ctx);
    case 'unblocked':
      if ((state.tag !== 'failed' && state.tag !== 'backing-off') || state.blockedOn === null) return [service, []];
      return withEffect(
        prepare(memory, ctx),
        report('INFO', 'unblocked', `${blockerText(state.blockedOn)}: tries again`),
      );
    default:
      return unreachable(event);
  }
}

function blockerText(blocker: NonNullable<Extract<State, {tag: 'failed'}>['blockedOn']>): string {
  return blocker.kind === 'port' ? `port ${blocker.port} is free again` : `${blocker.path} has changed`;
}

// ——— wishes of the operator ———

function start(service: Service, ctx: Context): Step {
  const {state} = service;
  const memory: Memory = {...service.memory, wanted: 'up'};
  switch (state.tag) {
    case 'stopped':
    case 'failed':
    case 'done':
      return step({tag: 'waiting'}, asked(memory));
    case 'backing-off':
      return prepare(asked(memory), ctx);
    case 'stopping':
      // It is still going down: come up again right behind it.
      return step(
        state.goal.then === 'stop' ? {...state, goal: {then: 'restart', why: 'operator'}} : state,
        asked(memory),
      );
    case 'waiting':
    case 'preparing':
    case 'starting':
    case 'ready':
    case 'clearing':
      return step(state, memory);
    default:
      return unreachable(state);
  }
}

/** Somebody asked for the next life: it starts from scratch. */
function asked(memory: Memory): Memory {
  return {...fullBudget(memory), freshStart: true};
}

function fullBudget(memory: Memory): Memory {
  return {...memory, restartsUsed: 0, failedSince: null};
}

function go({memory}: Service, ctx: Context): Step {
  if (ctx.spec.kind !== 'external') return prepare(memory, ctx);
  return watchFromOutside({...memory, incarnation: memory.incarnation + 1, port: ctx.spec.port?.primary ?? null}, ctx);
}

/** Something that others run: probed and shown, never started or stopped. */
function watchFromOutside(memory: Memory, ctx: Context): Step {
  const life: Life = {
    incarnation: memory.incarnation,
    own: false,
    pid: null,
    spawnedAt: ctx.now,
    tracks: newTracks(ctx.spec, ctx.now),
    logSeen: true,
    lastWord: null,
  };
  return becomeReadyIfSo({tag: 'starting', life, deadline: null}, memory, [], ctx);
}

function stop(service: Service, event: Extract<Event, {tag: 'stop'}>, ctx: Context): Step {
  const {state} = service;
  const memory: Memory = {...service.memory, wanted: 'down'};
  const rest: State = {tag: 'stopped', why: event.why};
  switch (state.tag) {
    case 'stopped':
    case 'done':
      return step(state, memory);
    case 'failed':
    case 'waiting':
    case 'backing-off':
      return neverRan(state, memory)
        ? step(rest, memory, report('INFO', 'stopped', 'stopped before it was started'))
        : lastLook(memory, memory.lastEnd?.end.exit ?? null, ctx);
    case 'preparing': {
      const [next, effects] = neverRan(state, memory)
        ? step(rest, memory, report('INFO', 'stopped', 'stopped before it was started'))
        : lastLook(memory, memory.lastEnd?.end.exit ?? null, ctx);
      return [next, [{tag: 'cancel-prepare'}, ...effects]];
    }
    case 'starting':
    case 'ready':
      return state.life.own
        ? askToStop(state.life, {then: 'stop'}, memory, ctx, event.now)
        : step(rest, memory, {tag: 'cancel-probes'}, report('INFO', 'stopped', 'no longer watched'));
    case 'clearing':
      return step(
        {
          tag: 'stopping',
          incarnation: state.incarnation,
          pid: state.pid,
          goal: {then: 'stop'},
          since: ctx.now,
          killAt: event.now && state.phase === 'asked' ? ctx.now : state.killAt,
          phase: state.phase,
          exit: state.end.exit ?? {code: null, signal: null},
        },
        memory,
      );
    case 'stopping': {
      const next = {...state, goal: {then: 'stop'} as const};
      if (!event.now || state.phase !== 'asked') return step(next, memory);
      return step(
        {...next, phase: 'killed', killAt: ctx.now + killPatienceMs},
        memory,
        state.pid === null ? null : {tag: 'kill', incarnation: state.incarnation, pid: state.pid},
      );
    }
    default:
      return unreachable(state);
  }
}

/** Nothing of it can be left: no life has begun yet. */
function neverRan(state: State, memory: Memory): boolean {
  return memory.incarnation <= (state.tag === 'preparing' ? 1 : 0);
}

function restart(service: Service, why: Extract<Event, {tag: 'restart'}>['why'], ctx: Context): Step {
  const {state} = service;
  const memory = why === 'operator' ? asked({...service.memory, wanted: 'up'}) : {...service.memory, freshStart: true};
  switch (state.tag) {
    case 'stopped':
    case 'failed':
    case 'done':
      return why === 'operator' ? step({tag: 'waiting'}, memory) : [service, []];
    case 'backing-off':
      return prepare(memory, ctx);
    case 'starting':
    case 'ready':
      return state.life.own
        ? askToStop(state.life, {then: 'restart', why}, memory, ctx, false)
        : watchFromOutside({...memory, incarnation: memory.incarnation + 1}, ctx);
    case 'stopping':
      // A stop that was asked for is only taken back by somebody who asks.
      if (state.goal.then === 'stop' && why !== 'operator') return [service, []];
      return step({...state, goal: {then: 'restart', why}}, memory);
    case 'waiting':
    case 'preparing':
    case 'clearing':
      return step(state, memory);
    default:
      return unreachable(state);
  }
}

function askToStop(life: Life, goal: StopGoal, memory: Memory, ctx: Context, now: boolean): Step {
  const {policy} = ctx.spec;
  const hung = goal.then === 'judge' && goal.end.kind !== 'unhealthy';
  const grace = hung ? policy.hangGraceMs : policy.stopGraceMs;
  const state: State = {
    tag: 'stopping',
    incarnation: life.incarnation,
    pid: life.pid,
    goal,
    since: ctx.now,
    killAt: ctx.now + (now ? killPatienceMs : grace),
    phase: now ? 'killed' : 'asked',
    exit: null,
  };
  const why =
    goal.then === 'stop' ? 'stopping' : goal.then === 'restart' ? `stopping for a restart (${goal.why})` : null;
  return step(
    state,
    memory,
    {tag: 'cancel-probes'},
    life.pid === null
      ? null
      : now
        ? {tag: 'kill', incarnation: life.incarnation, pid: life.pid}
        : {tag: 'ask-to-stop', incarnation: life.incarnation, pid: life.pid, hung},
    why === null ? null : report('INFO', 'stopping', why),
  );
}

// ——— coming up ———

function prepared(service: Service, event: Extract<Event, {tag: 'prepared'}>, ctx: Context): Step {
  const memory = {...service.memory, port: event.port, incarnation: event.incarnation - 1, freshStart: false};
  // What it needs has gone while hooks ran: it waits again.
  if (!event.borrowed && !ctx.mayStart) return step({tag: 'waiting'}, {...memory, incarnation: event.incarnation});
  if (event.borrowed)
    return withEffect(
      watchFromOutside({...memory, incarnation: event.incarnation}, ctx),
      report(
        'WARNING',
        'borrowed',
        `uses what already answers on port ${event.port ?? '?'}; erp neither started it nor stops it`,
      ),
    );
  return launch(memory, event.port, ctx);
}

function prepareFailed(service: Service, event: Extract<Event, {tag: 'prepare-failed'}>, ctx: Context): Step {
  const end: LifeEnd = {kind: 'prepare', exit: null, diagnosis: event.diagnosis, blockedOn: event.blockedOn};
  if (!event.hopeless) return judge(service, end, null, ctx);
  // A restart can't mend it: no budget is burnt; what would mend it is watched where that is possible.
  const final = ctx.spec.policy.afterBudget.then === 'fail';
  const memory = {
    ...service.memory,
    lastEnd: {at: ctx.now, end, lifeMs: null},
    incidentSince: service.memory.incidentSince ?? ctx.now,
    failedSince: service.memory.failedSince ?? ctx.now,
  };
  const blockedOn = final ? null : event.blockedOn;
  const then = blockedOn === null ? 'Your turn.' : 'Tries again as soon as that changes.';
  return step(
    {tag: 'failed', since: ctx.now, nextTryAt: null, blockedOn},
    memory,
    report(
      final ? 'CRITICAL' : 'ERROR',
      'failed',
      `failed: cannot start; a restart can't mend it. ${then}`,
      event.diagnosis,
      {final: blockedOn === null},
    ),
  );
}

function spawned({state, memory}: Service, pid: number, ctx: Context): Step {
  if (state.tag === 'starting') return becomeReadyIfSo({...state, life: {...state.life, pid}}, memory, [], ctx);
  if (state.tag !== 'stopping' || state.pid !== null) return [{state, memory}, []];
  // The stop overtook the spawn's answer: now there is somebody to ask.
  const effect: Effect =
    state.phase === 'asked'
      ? {tag: 'ask-to-stop', incarnation: state.incarnation, pid, hung: false}
      : {tag: 'kill', incarnation: state.incarnation, pid};
  return step({...state, pid}, memory, effect);
}

function spawnFailed(service: Service, event: Extract<Event, {tag: 'spawn-failed'}>, ctx: Context): Step {
  const {state} = service;
  if (state.tag === 'stopping') return nothingLeft(service, ctx);
  if (state.tag !== 'starting') return [service, []];
  return judge(service, {kind: 'spawn', exit: null, diagnosis: event.diagnosis, blockedOn: event.blockedOn}, null, ctx);
}

function adopt(service: Service, event: Extract<Event, {tag: 'adopted'}>, ctx: Context): Step {
  const {spec, now} = ctx;
  const tracks = newTracks(spec, now).map((track) => ({
    ...track,
    nextAt: now,
    lastAnswerAt: event.wasReady ? now : null,
    countsFrom: now,
    good: event.wasReady ? 1000 : 0,
    health: event.wasReady ? ('healthy' as const) : ('unknown' as const),
  }));
  const life: Life = {
    incarnation: event.incarnation,
    own: true,
    pid: event.pid,
    spawnedAt: event.spawnedAt,
    tracks,
    logSeen: event.logSeen || event.wasReady,
    lastWord: null,
  };
  const memory: Memory = {
    ...service.memory,
    wanted: event.wanted,
    incarnation: event.incarnation,
    port: event.port,
    everReady: event.wasReady,
    freshStart: false,
  };
  const told = report('INFO', 'adopted', `adopted (pid ${event.pid}), up ${formatDuration(now - event.spawnedAt)}`);
  if (!event.wasReady)
    return step(
      {tag: 'starting', life, deadline: spec.kind === 'job' ? null : now + spec.policy.startTimeoutMs},
      memory,
      told,
    );
  return step(
    {
      tag: 'ready',
      life,
      readyAt: now,
      health: healthOf(life, spec, 'healthy'),
      stableAt: now + spec.policy.stableAfterMs,
      unhealthySince: null,
    },
    memory,
    told,
  );
}

function becomeReadyIfSo(
  state: Extract<State, {tag: 'starting'}>,
  memory: Memory,
  effects: readonly Effect[],
  ctx: Context,
): Step {
  const {spec, now} = ctx;
  if (spec.kind === 'job' || !isReady(state.life, spec, now)) return step(state, memory, ...effects);
  const health = spec.probes.some((probe) => probe.purposes.includes('readiness'))
    ? healthOf(state.life, spec, 'healthy')
    : 'unknown';
  const awayMs = memory.everReady && memory.incidentSince !== null ? now - memory.incidentSince : null;
  const where = memory.port === null ? '' : ` on ${memory.port}`;
  const who = state.life.pid === null ? '' : ` (pid ${state.life.pid})`;
  const text = `ready${where} after ${formatDuration(now - state.life.spawnedAt)}${who}${awayMs === null ? '' : `, away ${formatDuration(awayMs)}`}`;
  return step(
    {
      tag: 'ready',
      life: {...state.life, tracks: state.life.tracks.map((track) => countFrom(track, now))},
      readyAt: now,
      health,
      stableAt: now + spec.policy.stableAfterMs,
      unhealthySince: null,
    },
    {
      ...memory,
      everReady: true,
      incidentSince: null,
      restartedForHealth: false,
      lastAwayMs: awayMs ?? memory.lastAwayMs,
    },
    ...effects,
    report('INFO', 'ready', text, undefined, {
      port: memory.port,
      pid: state.life.pid,
      afterMs: now - state.life.spawnedAt,
      awayMs,
    }),
    health === 'degraded'
      ? report('WARNING', 'health-changed', `degraded${state.life.lastWord === null ? '' : `: ${state.life.lastWord}`}`)
      : null,
  );
}

// ——— being up ———

function answer(service: Service, event: Extract<Event, {tag: 'answer'}>, ctx: Context): Step {
  const {state, memory} = service;
  if (state.tag !== 'starting' && state.tag !== 'ready') return [service, []];
  const {spec, now} = ctx;
  const track = state.life.tracks[event.track];
  const probe = spec.probes[event.track];
  if (track === undefined || probe === undefined || track.inFlight?.id !== event.id) return [service, []];
  if (event.answer.tag === 'silent' && now - track.inFlight.dueAt > lateNewsMs) {
    // We slept or starved while it was asked: its answer may lie unread. Asked again before it is judged.
    const fresh = afterGap(track, probe, spec, 0, now);
    return tick({state: withTrack(state, event.track, fresh), memory}, ctx);
  }
  const heard = answered(track, probe, spec, event.answer, now, state.tag, now - state.life.spawnedAt);
  const next =
    state.tag === 'starting' ? lastProbeAtDeadline(heard, track.inFlight.startedAt, state.deadline, now) : heard;
  const said = event.answer.tag === 'silent' ? `${event.answer.reason}: ${event.answer.detail}` : event.answer.detail;
  const life: Life = {
    ...state.life,
    tracks: state.life.tracks.map((old, i) => (i === event.track ? next : old)),
    lastWord: said,
  };
  const effects =
    event.answer.tag === 'silent' && state.tag === 'ready'
      ? missReports(next.misses, said ?? '', event.track, life, ctx)
      : [];
  if (state.tag === 'starting') {
    const [after, told] = becomeReadyIfSo({...state, life}, memory, effects, ctx);
    if (after.state.tag === 'ready') return [after, told];
    const [ticked, more] = tick(after, ctx);
    return [ticked, [...told, ...more]];
  }
  const health = healthOf(life, spec, state.health);
  const [healed, words] = healthChange(state.health, health, event.answer, memory, ctx);
  const unhealthySince = health === 'unhealthy' ? (state.unhealthySince ?? now) : null;
  const [after, more] = tick({state: {...state, life, health, unhealthySince}, memory: healed}, ctx);
  return [after, [...effects, ...words, ...more]];
}

function withTrack<S extends Extract<State, {tag: 'starting' | 'ready'}>>(state: S, index: number, track: Track): S {
  return {...state, life: {...state.life, tracks: state.life.tracks.map((old, i) => (i === index ? track : old))}};
}

/**
 * The last probe of a start begins at its deadline: who gets ready in time is seen in time. After it there is none, or
 * two probes that take turns would put the verdict off for ever.
 */
function lastProbeAtDeadline(track: Track, startedAt: number, deadline: number | null, now: number): Track {
  if (deadline === null) return track;
  if (startedAt >= deadline) return {...track, nextAt: Number.POSITIVE_INFINITY};
  return {...track, nextAt: Math.min(track.nextAt, Math.max(deadline, now))};
}

/** One miss is noise, the second is news. */
function missReports(misses: number, said: string, index: number, life: Life, {spec, now}: Context): readonly Effect[] {
  const track = life.tracks[index];
  const since = track?.lastAnswerAt ?? null;
  const left = since === null ? null : Math.max(0, since + spec.policy.timeoutThresholdMs - now);
  const then = !life.own ? '' : left === null ? '' : `; restart in ${formatDuration(left)} unless it answers`;
  const text = `no answer (${said})${then}`;
  return [report(misses === 2 ? 'WARNING' : 'DEBUG', 'no-answer', text)];
}

function healthChange(
  before: HealthName,
  after: HealthName,
  heard: Answer,
  memory: Memory,
  {now}: Context,
): readonly [Memory, readonly Effect[]] {
  if (before === after) return [memory, []];
  const because = heard.detail === null ? '' : `: ${heard.detail}`;
  if (after === 'unhealthy') {
    const next = {...memory, incidentSince: memory.incidentSince ?? now};
    // Silence has words of its own.
    return [
      next,
      heard.tag === 'silent'
        ? []
        : [report('ERROR', 'health-changed', `unhealthy${because}. It answers, so it is not restarted`)],
    ];
  }
  const away = memory.incidentSince === null ? '' : ` after ${formatDuration(now - memory.incidentSince)}`;
  const calm = {...memory, incidentSince: null, restartedForHealth: false};
  if (after === 'degraded') return [calm, [report('WARNING', 'health-changed', `degraded${because}`)]];
  return [calm, before === 'unknown' ? [] : [report('INFO', 'health-changed', `healthy again${away}`)]];
}

// ——— time ———

function tick(service: Service, ctx: Context): Step {
  const {state, memory} = service;
  const {now} = ctx;
  switch (state.tag) {
    case 'backing-off':
      return now >= state.until ? prepare(memory, ctx) : [service, []];
    case 'failed':
      return state.nextTryAt !== null && now >= state.nextTryAt
        ? withEffect(
            prepare({...memory, totalRestarts: memory.totalRestarts + 1}, ctx),
            report('INFO', 'retrying', 'the pause after the failure is over: tries again'),
          )
        : [service, []];
    case 'stopping':
      return now >= state.killAt ? stopOverdue(service, state, ctx) : [service, []];
    case 'clearing':
      if (now < state.killAt) return [service, []];
      if (state.phase === 'asked')
        return step({...state, phase: 'killed', killAt: now + killPatienceMs}, memory, {
          tag: 'kill',
          incarnation: state.incarnation,
          pid: state.pid,
        });
      return unkillable(state.pid, memory, ctx);
    case 'starting':
      return startingTick(service, state, ctx);
    case 'ready':
      return readyTick(service, state, ctx);
    case 'stopped':
    case 'waiting':
    case 'preparing':
    case 'done':
      return [service, []];
    default:
      return unreachable(state);
  }
}

function startingTick(service: Service, state: Extract<State, {tag: 'starting'}>, ctx: Context): Step {
  const {now, spec} = ctx;
  if (isBare(spec) && state.life.pid !== null) return becomeReadyIfSo(state, service.memory, [], ctx);
  const [life, memory, probes] = startProbes(state.life, service.memory, ctx);
  const next = {...state, life};
  const asking = life.tracks.some((track) => track.inFlight !== null);
  if (state.deadline !== null && now >= state.deadline && !asking) {
    if (answersStill(life, spec, now)) {
      // It answers, so it lives: a database that restores must not be killed for it. From here on silence decides.
      const text = `not ready within ${formatDuration(spec.policy.startTimeoutMs)}, but it answers (${life.lastWord ?? 'unhealthy'}): waits on`;
      return step(
        {...next, life: {...life, tracks: life.tracks.map((track) => countFrom(track, now))}, deadline: null},
        {...memory, incidentSince: memory.incidentSince ?? now},
        ...probes,
        report('ERROR', 'start-overdue', text),
      );
    }
    return withEffects(endLife(life, 'start-timeout', memory, ctx), probes);
  }
  if (state.deadline === null && spec.kind === 'service') {
    // Without a liveness probe nothing else would ever end it.
    const silent = !asking && !answersStill(life, spec, now) && now - life.spawnedAt >= spec.policy.timeoutThresholdMs;
    if (life.own && (hasHung(life, ctx) || silent)) return withEffects(endLife(life, 'hang', memory, ctx), probes);
    if (!life.own && silent) return lostOutside(life, memory, probes, ctx);
  }
  return step(next, memory, ...probes);
}

/** What was missed before does not count: silence counts from here, and whoever never answered has to from now on. */
function countFrom(track: Track, now: number): Track {
  return {
    ...track,
    misses: 0,
    countsFrom: now,
    nextAt: Number.isFinite(track.nextAt) ? track.nextAt : now,
  };
}

function readyTick(service: Service, state: Extract<State, {tag: 'ready'}>, ctx: Context): Step {
  const {now, spec} = ctx;
  let memory = service.memory;
  let next = state;
  const effects: Effect[] = [];
  if (state.stableAt !== null && now >= state.stableAt) {
    if (memory.restartsUsed > 0)
      effects.push(
        report(
          'DEBUG',
          'stable',
          `ready for ${formatDuration(spec.policy.stableAfterMs)}: the restart budget is full again`,
        ),
      );
    memory = fullBudget(memory);
    next = {...next, stableAt: null};
  }
  if (hasHung(next.life, ctx)) {
    if (next.life.own) return withEffects(endLife(next.life, 'hang', memory, ctx), effects);
    return lostOutside(next.life, memory, effects, ctx);
  }
  const patience = spec.policy.unhealthyForMs;
  if (
    patience !== null &&
    next.unhealthySince !== null &&
    now - next.unhealthySince >= patience &&
    ctx.dependenciesUp &&
    !memory.restartedForHealth &&
    next.life.own
  ) {
    return withEffects(endLife(next.life, 'unhealthy', {...memory, restartedForHealth: true}, ctx), effects);
  }
  const [life, counted, probes] = startProbes(next.life, memory, ctx);
  return step({...next, life}, counted, ...effects, ...probes);
}

function hasHung(life: Life, {spec, now}: Context): boolean {
  return life.tracks.some((track, i) => {
    const probe = spec.probes[i];
    return probe !== undefined && isHung(track, probe, spec, now);
  });
}

function startProbes(life: Life, memory: Memory, {now, spec}: Context): readonly [Life, Memory, readonly Effect[]] {
  if (life.own && life.pid === null) return [life, memory, []];
  let {probeId} = memory;
  const effects: Effect[] = [];
  const tracks = life.tracks.map((track, index) => {
    const probe = spec.probes[index];
    if (probe === undefined || track.inFlight !== null || now < track.nextAt) return track;
    probeId += 1;
    const hang = hangAt(track, probe, spec);
    // A probe in flight is cut at the threshold. The first one after an answer is in time for it, unless we are late:
    // then, as behind the threshold, it gets its whole time.
    const isCut = hang !== null && hang > now && track.misses > 0;
    const timeoutMs = isCut ? Math.min(probe.timeoutMs, hang - now) : probe.timeoutMs;
    effects.push({tag: 'probe', incarnation: life.incarnation, track: index, id: probeId, timeoutMs});
    return {...track, inFlight: {id: probeId, startedAt: now, dueAt: now + timeoutMs}};
  });
  return effects.length === 0 ? [life, memory, []] : [{...life, tracks}, {...memory, probeId}, effects];
}

/** Ends a life that does not answer (or answers too badly for too long); judged when it is gone. */
function endLife(life: Life, kind: 'hang' | 'start-timeout' | 'unhealthy', memory: Memory, ctx: Context): Step {
  const {spec, now} = ctx;
  const last = Math.max(...life.tracks.map((track) => track.lastAnswerAt ?? Number.NEGATIVE_INFINITY));
  const said =
    life.lastWord ?? (spec.readyLog === null ? 'it never answered' : `its output never matched /${spec.readyLog}/`);
  const evidence =
    kind === 'start-timeout'
      ? `${formatDuration(now - life.spawnedAt)} after its start: ${said}`
      : kind === 'hang'
        ? `last answer ${Number.isFinite(last) ? `${formatDuration(now - last)} ago` : 'never'}; ${said}`
        : said;
  const end: LifeEnd = {
    kind,
    exit: null,
    blockedOn: null,
    diagnosis: {
      cause: kind,
      confidence: kind === 'hang' ? 0.9 : 0.6,
      subject: null,
      evidence: [evidence],
      remedy: `look at its last lines: erp logs ${spec.name} -n 60`,
    },
  };
  return askToStop(
    life,
    {then: 'judge', end},
    {...memory, incidentSince: memory.incidentSince ?? (Number.isFinite(last) ? last : now)},
    ctx,
    false,
  );
}

function lostOutside(life: Life, memory: Memory, effects: readonly Effect[], ctx: Context): Step {
  const told = report(
    'ERROR',
    'lost',
    `no answer any more (${life.lastWord ?? 'silent'}); erp did not start it and waits for it`,
  );
  const lost = {...memory, incidentSince: memory.incidentSince ?? ctx.now};
  // Somebody else's instance is gone: now there is room for our own.
  if (ctx.spec.kind !== 'external') return withEffects(prepare(lost, ctx), [...effects, {tag: 'cancel-probes'}, told]);
  const fresh = {
    ...life,
    tracks: life.tracks.map((track) => ({...track, good: 0, misses: 0, lastAnswerAt: null, countsFrom: null})),
  };
  return step({tag: 'starting', life: fresh, deadline: null}, lost, ...effects, told);
}

// ——— going down ———

function exited(service: Service, event: Extract<Event, {tag: 'exited'}>, ctx: Context): Step {
  const {state, memory} = service;
  if (state.tag === 'stopping') {
    const told = {...state, exit: event.exit};
    if (!event.groupAlive || state.pid === null) return nothingLeft({state: told, memory}, ctx);
    return step(told, memory, {tag: 'watch-group', incarnation: state.incarnation, pid: state.pid});
  }
  if (state.tag === 'failed' && memory.lastEnd?.end.diagnosis.cause === 'unkillable' && memory.wanted === 'up')
    return withEffect(
      prepare(memory, ctx),
      report('INFO', 'unblocked', 'what could not be ended has gone: tries again'),
    );
  if (state.tag !== 'starting' && state.tag !== 'ready') return [service, []];
  const end: LifeEnd = {kind: 'exit', exit: event.exit, diagnosis: event.diagnosis, blockedOn: event.blockedOn};
  if (!event.groupAlive || state.life.pid === null) return ended(state.life, end, memory, ctx);
  const {incarnation, pid} = state.life;
  return step(
    {tag: 'clearing', incarnation, pid, end, killAt: ctx.now + ctx.spec.policy.crashGraceMs, phase: 'asked'},
    {
      ...memory,
      incidentSince: memory.incidentSince ?? ctx.now,
      lastEnd: {at: ctx.now, end, lifeMs: ctx.now - state.life.spawnedAt},
    },
    {tag: 'cancel-probes'},
    {tag: 'ask-to-stop', incarnation, pid, hung: true},
    {tag: 'watch-group', incarnation, pid},
    report(
      'DEBUG',
      'survivors',
      `${exitText(event.exit)}, but processes of its group live on: ended before the restart`,
    ),
  );
}

function ended(life: Life, end: LifeEnd, memory: Memory, ctx: Context): Step {
  const judged = judge({state: {tag: 'stopped', why: 'ended'}, memory}, end, ctx.now - life.spawnedAt, ctx);
  return withEffects(thenSweep(judged, life.incarnation), hasProbesIn(life) ? [{tag: 'cancel-probes'}] : []);
}

/** What escaped from the group is looked for after the next spawn, never before it. */
function thenSweep([next, effects]: Step, incarnation: number): Step {
  return next.state.tag === 'stopping' ? [next, effects] : [next, [...effects, {tag: 'sweep', incarnation}]];
}

function groupGone(service: Service, ctx: Context): Step {
  const {state, memory} = service;
  if (state.tag === 'stopping' && state.exit !== null && state.phase !== 'sweeping') return nothingLeft(service, ctx);
  if (state.tag !== 'clearing') return [service, []];
  const lifeMs = memory.lastEnd?.lifeMs ?? null;
  return thenSweep(judge({state, memory}, state.end, lifeMs, ctx), state.incarnation);
}

/** Leader and group are gone: what was this for? */
function nothingLeft({state, memory}: Service, ctx: Context): Step {
  if (state.tag !== 'stopping') return [{state, memory}, []];
  const {goal, incarnation, exit} = state;
  switch (goal.then) {
    case 'stop':
      return lastLook(memory, exit, ctx);
    case 'restart':
      return withEffect(prepare({...memory, incidentSince: null}, ctx), {tag: 'sweep', incarnation});
    case 'judge':
      return thenSweep(judge({state, memory}, {...goal.end, exit}, null, ctx), incarnation);
    default:
      return unreachable(goal);
  }
}

function afterSweep(service: Service, ctx: Context): Step {
  const {state, memory} = service;
  if (state.tag !== 'stopping' || state.phase !== 'sweeping') return [service, []];
  // A start may have been asked for meanwhile.
  return state.goal.then === 'stop' ? stopped(service) : prepare({...memory, incidentSince: null}, ctx);
}

function stopped({state, memory}: Service): Step {
  const exit = state.tag === 'stopping' ? state.exit : null;
  const how = exit === null || (exit.code === null && exit.signal === null) ? '' : ` (${exitText(exit)})`;
  return step(
    {tag: 'stopped', why: 'operator'},
    {...memory, incidentSince: null, failedSince: null, restartsUsed: 0},
    {tag: 'post-stop', incarnation: memory.incarnation},
    report('INFO', 'stopped', `stopped${how}`),
  );
}

function stopOverdue(service: Service, state: Extract<State, {tag: 'stopping'}>, ctx: Context): Step {
  const {memory} = service;
  if (state.phase === 'sweeping') return afterSweep(service, ctx);
  if (state.phase === 'asked') {
    const grace = formatDuration(ctx.now - state.since);
    return step(
      {...state, phase: 'killed', killAt: ctx.now + killPatienceMs},
      memory,
      state.pid === null ? null : {tag: 'kill', incarnation: state.incarnation, pid: state.pid},
      report(state.goal.then === 'judge' ? 'DEBUG' : 'WARNING', 'killed', `did not stop within ${grace}: killed`),
    );
  }
  return unkillable(state.pid, memory, ctx);
}

function unkillable(pid: number | null, memory: Memory, ctx: Context): Step {
  const diagnosis = {
    cause: 'unkillable',
    confidence: 0.9,
    subject: pid === null ? null : `pid ${pid}`,
    evidence: [
      `lives ${formatDuration(killPatienceMs)} after SIGKILL: it hangs in the kernel (disk, network file system) or belongs to another user`,
    ],
    remedy: pid === null ? null : `see what it waits for: ps -o pid,stat,wchan:30,cmd -p ${pid}`,
  };
  return step(
    {tag: 'failed', since: ctx.now, nextTryAt: null, blockedOn: null},
    {...memory, lastEnd: {at: ctx.now, end: {kind: 'exit', exit: null, diagnosis, blockedOn: null}, lifeMs: null}},
    report('CRITICAL', 'failed', 'failed: it cannot be ended. Tries again when it has gone.', diagnosis, {final: true}),
  );
}

// ——— gaps ———

/** Every deadline moves by the time that nobody lived through, and everything is asked once before it is judged. */
function shifted(state: State, ms: number, {now, spec}: Context): State {
  switch (state.tag) {
    case 'starting':
      return {
        ...state,
        life: gapLife(state.life, ms, now, spec),
        deadline: state.deadline === null ? null : Math.max(state.deadline + ms, now),
      };
    case 'ready':
      return {
        ...state,
        life: gapLife(state.life, ms, now, spec),
        stableAt: state.stableAt === null ? null : state.stableAt + ms,
        unhealthySince: state.unhealthySince === null ? null : state.unhealthySince + ms,
      };
    case 'stopping':
    case 'clearing':
      return {...state, killAt: state.killAt + ms};
    case 'backing-off':
      return {...state, until: state.until + ms};
    case 'failed':
      return {...state, nextTryAt: state.nextTryAt === null ? null : state.nextTryAt + ms};
    case 'stopped':
    case 'waiting':
    case 'preparing':
    case 'done':
      return state;
    default:
      return unreachable(state);
  }
}

function gapLife(life: Life, ms: number, now: number, spec: Context['spec']): Life {
  return {
    ...life,
    tracks: life.tracks.map((track, i) => {
      const probe = spec.probes[i];
      return probe === undefined ? track : afterGap(track, probe, spec, ms, now);
    }),
  };
}

function hasProbes(state: State): boolean {
  return (state.tag === 'starting' || state.tag === 'ready') && hasProbesIn(state.life);
}

function hasProbesIn(life: Life): boolean {
  return life.tracks.length > 0;
}

function withEffect([service, effects]: Step, effect: Effect): Step {
  return [service, [...effects, effect]];
}

function withEffects([service, effects]: Step, first: readonly Effect[]): Step {
  return [service, [...first, ...effects]];
}
