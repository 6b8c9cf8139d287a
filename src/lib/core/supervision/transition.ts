import type {Diagnosis} from '../diagnosis/diagnosis.js';
import {unreachable} from '../unreachable.js';
import {answer, portLost, tick} from './being-up.js';
import {adopt, becomeReadyIfSo, endedUnjudged, prepared, prepareFailed, spawned, spawnFailed} from './coming-up.js';
import type {Event} from './events.js';
import {shifted} from './gaps.js';
import {afterSweep, exited, groupGone, hasProbesIn} from './going-down.js';
import {calmDown, prepare} from './judgement.js';
import {primarySeen} from './moved.js';
import type {Memory, Service, State} from './state.js';
import {type Context, report, step, type Step, withEffect} from './step.js';
import {seenHanging, verdict} from './verdict.js';
import {listenerText} from './words.js';
import {go, restart, start, stop} from './wishes.js';

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
      return restart(service, event, ctx);
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
    case 'ended-unjudged':
      return endedUnjudged(service, event, ctx);
    case 'port-lost':
      return portLost(service, event, ctx);
    case 'group-gone':
      return groupGone(service, ctx);
    case 'swept':
      return afterSweep(service, ctx);
    case 'answer':
      return answer(service, event, ctx);
    case 'log-ready':
      if (state.tag !== 'starting') return [service, []];
      return becomeReadyIfSo({...state, life: {...state.life, logSeen: true}}, memory, [], ctx);
    case 'diagnosed':
      return [{state, memory: withDiagnosis(memory, event.diagnosis)}, []];
    case 'verdict':
      return verdict(service, event, ctx);
    case 'seen-hanging':
      return seenHanging(service, event);
    case 'primary-seen':
      return primarySeen(service, event, ctx);
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
  switch (blocker.kind) {
    case 'port':
      return `port ${blocker.port} is free again`;
    case 'file':
      return `${blocker.path} has changed`;
    case 'files':
      return `${blocker.what} has changed`;
    case 'listener':
      return `${listenerText(blocker)} accepts connections`;
    case 'disk':
      return `there is space on ${blocker.path} again`;
    default:
      return unreachable(blocker);
  }
}

function hasProbes(state: State): boolean {
  return (state.tag === 'starting' || state.tag === 'ready') && hasProbesIn(state.life);
}

function withDiagnosis(memory: Memory, diagnosis: Diagnosis): Memory {
  const {lastEnd} = memory;
  if (lastEnd === null || lastEnd.end.kind !== 'exit') return memory;
  // The next life of what went into the background finds its port taken, by the one that is there.
  if (lastEnd.end.exit?.code !== 0 && lastEnd.end.blockedOn?.kind !== 'port') return memory;
  return {...memory, lastEnd: {...lastEnd, end: {...lastEnd.end, diagnosis}}};
}
