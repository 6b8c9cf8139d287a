import {unreachable} from '../unreachable.js';
import {watchFromOutside} from './coming-up.js';
import type {Event} from './events.js';
import {askToStop, killPatienceMs} from './going-down.js';
import {fullBudget, lastLook, prepare} from './judgement.js';
import type {Memory, Service, State} from './state.js';
import {type Context, report, step, type Step, withEffects} from './step.js';

/** Wanted up: waits for what it needs. */
export function start(service: Service, ctx: Context): Step {
  const {state} = service;
  const memory: Memory = {...service.memory, wanted: 'up'};
  switch (state.tag) {
    case 'stopped':
    case 'failed':
    case 'done':
      return step({tag: 'waiting'}, anew(memory));
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

/** It had given its port back: the next one is chosen from the beginning, its primary first. */
function anew(memory: Memory): Memory {
  return {...asked(memory), port: null};
}

/** What it needs is there. */
export function go({memory}: Service, ctx: Context): Step {
  if (ctx.spec.kind !== 'external') return prepare(memory, ctx);
  return watchFromOutside({...memory, incarnation: memory.incarnation + 1, port: ctx.spec.port?.primary ?? null}, ctx);
}

/** Wanted down. */
export function stop(service: Service, event: Extract<Event, {tag: 'stop'}>, ctx: Context): Step {
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

/** Planned: costs no budget. */
export function restart(service: Service, event: Extract<Event, {tag: 'restart'}>, ctx: Context): Step {
  const {state} = service;
  const {why} = event;
  // These replace a life that works; where there is none, something else has been decided already.
  if ((why === 'schedule' || why === 'memory' || why === 'port') && state.tag !== 'starting' && state.tag !== 'ready')
    return [service, []];
  const noted: Memory = {
    ...service.memory,
    lastRestart: {at: ctx.now, why, text: event.text ?? null},
    wantsPrimary: event.primary === true || service.memory.wantsPrimary,
    lostPorts: [],
  };
  // At its memory limit a service is down as if it had crashed: every second counts, and nobody waits for hooks.
  const memory = why === 'operator' ? asked({...noted, wanted: 'up'}) : {...noted, freshStart: why !== 'memory'};
  switch (state.tag) {
    case 'stopped':
    case 'failed':
    case 'done':
      return why === 'operator' ? step({tag: 'waiting'}, anew(memory)) : [service, []];
    case 'backing-off':
      return prepare(memory, ctx);
    case 'starting':
    case 'ready':
      if (why === 'port' && event.primary !== true && state.life.own)
        return withEffects(askToStop(state.life, {then: 'restart', why}, memory, ctx, false), [
          report('INFO', 'port-followed', `restarted: ${event.text ?? 'a port it was started with has changed'}`),
        ]);
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
