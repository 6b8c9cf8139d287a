import {afterGap, answered, answersStill, hangAt, healthOf, isBare, isHung, periodOf} from '../probes/tracks.js';
import {formatDuration} from '../report/format.js';
import type {HealthName} from '../report/status.js';
import type {ProbeSpec, ServiceSpec} from '../spec.js';
import {unreachable} from '../unreachable.js';
import {becomeReadyIfSo, countFrom} from './coming-up.js';
import type {Answer, Effect, Event} from './events.js';
import {askToStop, killPatienceMs, stopOverdue, unkillable} from './going-down.js';
import {fullBudget, prepare} from './judgement.js';
import type {Life, LifeEnd, Memory, Service, State, Track} from './state.js';
import {type Context, report, step, type Step, withEffect, withEffects} from './step.js';
import {listenerText} from './words.js';

/** How much sooner than due a probe may come; the runtime looks ahead by as much. */
export const mostEarlyMs = 50;
/** A probe that fails later than it could have was not failed by the service. */
const lateNewsMs = 500;

/** What a probe said, while the service comes up or is up. */
export function answer(service: Service, event: Extract<Event, {tag: 'answer'}>, ctx: Context): Step {
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

/** Time has passed: what is due? */
export function tick(service: Service, ctx: Context): Step {
  const {state, memory} = service;
  const {now} = ctx;
  switch (state.tag) {
    case 'backing-off':
      return now >= state.until ? afterPause(state, memory, ctx) : [service, []];
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

function afterPause({blockedOn}: Extract<State, {tag: 'backing-off'}>, memory: Memory, ctx: Context): Step {
  const next = prepare(memory, ctx);
  return blockedOn?.kind === 'listener'
    ? withEffect(
        next,
        report('DEBUG', 'retrying', `tries again, though ${listenerText(blockedOn)} was not seen to come`),
      )
    : next;
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

/** So much sooner a probe of somebody who answers may come, to go along with that of another service. */
function earliness(track: Track, probe: ProbeSpec, spec: ServiceSpec): number {
  return track.misses > 0 || track.lastAnswerAt === null ? 0 : Math.min(mostEarlyMs, periodOf(probe, spec) / 20);
}

function startProbes(life: Life, memory: Memory, {now, spec}: Context): readonly [Life, Memory, readonly Effect[]] {
  if (life.own && life.pid === null) return [life, memory, []];
  let {probeId} = memory;
  const effects: Effect[] = [];
  const tracks = life.tracks.map((track, index) => {
    const probe = spec.probes[index];
    if (probe === undefined || track.inFlight !== null || now < track.nextAt - earliness(track, probe, spec))
      return track;
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

/** It lives without its port: whoever answers there is somebody else, so waiting for it makes no sense. */
export function portLost(service: Service, event: Extract<Event, {tag: 'port-lost'}>, ctx: Context): Step {
  const {state, memory} = service;
  if (state.tag !== 'starting' || !state.life.own) return [service, []];
  const {port, diagnosis} = event;
  const end: LifeEnd = {kind: 'port', exit: null, diagnosis, blockedOn: {kind: 'port', port}};
  return askToStop(state.life, {then: 'judge', end}, memory, ctx, false);
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
