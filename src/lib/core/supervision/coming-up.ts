import {healthOf, isBare, isReady, newTracks} from '../probes/tracks.js';
import {formatDuration} from '../report/format.js';
import type {HealthName} from '../report/status.js';
import type {Effect, Event} from './events.js';
import {nothingLeft} from './going-down.js';
import {cannotStart, judge, launch} from './judgement.js';
import {announcement, insteadOf, onPort} from './moved.js';
import {type Life, type LifeEnd, type Memory, type Service, startsKept, type State, type Track} from './state.js';
import {type Context, report, step, type Step, withEffect} from './step.js';

/** Something that others run: probed and shown, never started or stopped. */
export function watchFromOutside(memory: Memory, ctx: Context): Step {
  const life: Life = {
    incarnation: memory.incarnation,
    own: false,
    pid: null,
    spawnedAt: ctx.now,
    tracks: newTracks(ctx.spec, ctx.now),
    logSeen: true,
    lastWord: null,
    told: {},
  };
  return becomeReadyIfSo({tag: 'starting', life, deadline: null}, memory, [], ctx);
}

/** Preconditions, hook and port are settled: the next incarnation begins. */
export function prepared(service: Service, event: Extract<Event, {tag: 'prepared'}>, ctx: Context): Step {
  const memory = {
    ...onPort(service.memory, event.port),
    incarnation: event.incarnation - 1,
    freshStart: false,
    wantsPrimary: false,
  };
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

/** It cannot start now; what would mend it is watched where that is possible. */
export function prepareFailed(service: Service, event: Extract<Event, {tag: 'prepare-failed'}>, ctx: Context): Step {
  const end: LifeEnd = {kind: 'prepare', exit: null, diagnosis: event.diagnosis, blockedOn: event.blockedOn};
  const memory = {...service.memory, incarnation: event.incarnation};
  return event.hopeless ? cannotStart(memory, end, null, ctx) : judge(service, end, null, ctx);
}

/** The process runs. */
export function spawned({state, memory}: Service, pid: number, ctx: Context): Step {
  if (state.tag === 'starting') return becomeReadyIfSo({...state, life: {...state.life, pid}}, memory, [], ctx);
  if (state.tag !== 'stopping' || state.pid !== null) return [{state, memory}, []];
  // The stop overtook the spawn's answer: now there is somebody to ask.
  const effect: Effect =
    state.phase === 'asked'
      ? {tag: 'ask-to-stop', incarnation: state.incarnation, pid, hung: false}
      : {tag: 'kill', incarnation: state.incarnation, pid};
  return step({...state, pid}, memory, effect);
}

/** The system refused to start the process. */
export function spawnFailed(service: Service, event: Extract<Event, {tag: 'spawn-failed'}>, ctx: Context): Step {
  const {state} = service;
  if (state.tag === 'stopping') return nothingLeft(service, ctx);
  if (state.tag !== 'starting') return [service, []];
  return judge(service, {kind: 'spawn', exit: null, diagnosis: event.diagnosis, blockedOn: event.blockedOn}, null, ctx);
}

/** A process that a former supervisor started is supervised on. */
export function adopt(service: Service, event: Extract<Event, {tag: 'adopted'}>, ctx: Context): Step {
  const {spec, now} = ctx;
  // An incident of a life that was ready is one of its health; the next good answer ends it.
  const health: HealthName = !event.wasReady
    ? 'unknown'
    : service.memory.incidentSince === null
      ? 'healthy'
      : 'unhealthy';
  const tracks = newTracks(spec, now).map((track) => ({
    ...track,
    nextAt: now,
    lastAnswerAt: event.wasReady ? now : null,
    countsFrom: now,
    good: event.wasReady ? 1000 : 0,
    health,
  }));
  const life: Life = {
    incarnation: event.incarnation,
    own: true,
    pid: event.pid,
    spawnedAt: event.spawnedAt,
    tracks,
    logSeen: event.logSeen || event.wasReady,
    lastWord: null,
    told: event.told,
  };
  const memory: Memory = {
    ...onPort(service.memory, event.port),
    wanted: event.wanted,
    incarnation: event.incarnation,
    everReady: service.memory.everReady || event.wasReady,
    readyLife: event.wasReady ? event.incarnation : 0,
    freshStart: false,
  };
  const told = report('INFO', 'adopted', `adopted (pid ${event.pid}), up ${formatDuration(now - event.spawnedAt)}`);
  if (!event.wasReady)
    return becomeReadyIfSo(
      {tag: 'starting', life, deadline: spec.kind === 'job' ? null : now + spec.policy.startTimeoutMs},
      memory,
      [told],
      ctx,
    );
  const shown = healthOf(life, spec, health);
  return step(
    {
      tag: 'ready',
      life,
      readyAt: now,
      health: shown,
      stableAt: now + spec.policy.stableAfterMs,
      unhealthySince: null,
    },
    shown === 'unhealthy' ? memory : {...memory, incidentSince: null},
    told,
  );
}

/**
 * A life ended and the supervisor with it, or before it. Judged like any end, but never answered at once: what is left of
 * it has to be looked for first.
 */
export function endedUnjudged(
  {memory}: Service,
  {exit, diagnosis}: Extract<Event, {tag: 'ended-unjudged'}>,
  ctx: Context,
): Step {
  const end: LifeEnd = {kind: 'exit', exit, diagnosis, blockedOn: null};
  const service: Service = {state: {tag: 'stopped', why: 'ended'}, memory: {...memory, wanted: 'up'}};
  return judge(service, end, null, {...ctx, mayStart: false});
}

/** Ready, if everything that readiness waits for is there; otherwise it goes on starting. */
export function becomeReadyIfSo(
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
  const where = memory.port === null ? '' : ` on ${memory.port}${insteadOf(spec, memory.port)}`;
  const announced = state.life.own ? announcement(spec, memory) : null;
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
      // Without a probe it only lives: whether that is well shows when it is stable.
      ...(isBare(spec) ? {} : {readyLife: memory.incarnation, verdict: null}),
      incidentSince: null,
      restartedForHealth: false,
      startsMs: withStart(memory.startsMs, state.life, ctx),
      announcedPort: announced?.port ?? memory.announcedPort,
      lastAwayMs: awayMs ?? memory.lastAwayMs,
    },
    ...effects,
    report('INFO', 'ready', text, undefined, {
      port: memory.port,
      pid: state.life.pid,
      afterMs: now - state.life.spawnedAt,
      awayMs,
    }),
    announced,
    health === 'degraded'
      ? report('WARNING', 'health-changed', `degraded${state.life.lastWord === null ? '' : `: ${state.life.lastWord}`}`)
      : null,
  );
}

/** A start that slept or waited for a database tells nothing about the usual ones. */
function withStart(startsMs: Memory['startsMs'], life: Life, {now, spec}: Context): Memory['startsMs'] {
  const tookMs = now - life.spawnedAt;
  return life.own && tookMs <= spec.policy.startTimeoutMs ? [...startsMs, tookMs].slice(-startsKept) : startsMs;
}

/** What was missed before does not count: silence counts from here, and whoever never answered has to from now on. */
export function countFrom(track: Track, now: number): Track {
  return {
    ...track,
    misses: 0,
    countsFrom: now,
    nextAt: Number.isFinite(track.nextAt) ? track.nextAt : now,
  };
}
