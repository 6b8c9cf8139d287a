import {formatDuration} from '../report/format.js';
import {unreachable} from '../unreachable.js';
import type {Event} from './events.js';
import {judge, lastLook, prepare} from './judgement.js';
import type {Life, LifeEnd, Memory, Service, State, StopGoal} from './state.js';
import {type Context, report, step, type Step, withEffect, withEffects} from './step.js';
import {exitText} from './words.js';

/** After SIGKILL a process is gone at once, unless it hangs in the kernel. */
export const killPatienceMs = 10_000;
/** How long a process that does not answer is looked at before it is asked to end. */
export const hangLookMs = 500;

/** Asks a life to end, and sets the moment of the next stronger measure. */
export function askToStop(life: Life, goal: StopGoal, memory: Memory, ctx: Context, now: boolean): Step {
  const {policy} = ctx.spec;
  const hung = goal.then === 'judge' && goal.end.kind !== 'unhealthy';
  const grace = hung ? hangLookMs + policy.hangGraceMs : policy.stopGraceMs;
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

/** The leader is gone; others of its group may live on. */
export function exited(service: Service, event: Extract<Event, {tag: 'exited'}>, ctx: Context): Step {
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
  const end: LifeEnd = {
    kind: 'exit',
    exit: event.exit,
    diagnosis: event.diagnosis,
    blockedOn: event.blockedOn,
    ...(event.hopeless === true ? {hopeless: true} : {}),
  };
  if (!event.groupAlive || state.life.pid === null) return ended(state.life, end, memory, ctx);
  const {incarnation, pid} = state.life;
  return step(
    {tag: 'clearing', incarnation, pid, end, killAt: ctx.now + ctx.spec.policy.crashGraceMs, phase: 'asked'},
    {
      ...memory,
      incidentSince: memory.incidentSince ?? ctx.now,
      lastEnd: {incarnation, at: ctx.now, end, lifeMs: ctx.now - state.life.spawnedAt},
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

/** Nobody of the group is left. */
export function groupGone(service: Service, ctx: Context): Step {
  const {state, memory} = service;
  if (state.tag === 'stopping' && state.exit !== null && state.phase !== 'sweeping') return nothingLeft(service, ctx);
  if (state.tag !== 'clearing') return [service, []];
  const lifeMs = memory.lastEnd?.lifeMs ?? null;
  return thenSweep(judge({state, memory}, state.end, lifeMs, ctx), state.incarnation);
}

/** Leader and group are gone: what was this for? */
export function nothingLeft({state, memory}: Service, ctx: Context): Step {
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

/** What had escaped is gone: the stop is complete. */
export function afterSweep(service: Service, ctx: Context): Step {
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
    {...memory, incidentSince: null, failedSince: null, restartsUsed: 0, moved: null},
    {tag: 'post-stop', incarnation: memory.incarnation},
    report('INFO', 'stopped', `stopped${how}`),
  );
}

/** The grace is over. */
export function stopOverdue(service: Service, state: Extract<State, {tag: 'stopping'}>, ctx: Context): Step {
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

/** SIGKILL did not help: nothing more can be done from here. */
export function unkillable(pid: number | null, memory: Memory, ctx: Context): Step {
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
    {
      ...memory,
      lastEnd: {
        incarnation: memory.incarnation,
        at: ctx.now,
        end: {kind: 'exit', exit: null, diagnosis, blockedOn: null},
        lifeMs: null,
      },
    },
    report('CRITICAL', 'failed', 'failed: it cannot be ended. Tries again when it has gone.', diagnosis, {final: true}),
  );
}

export function hasProbesIn(life: Life): boolean {
  return life.tracks.length > 0;
}
