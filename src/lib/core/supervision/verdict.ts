import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {Effect, Event} from './events.js';
import {mayMoveOn, prepare} from './judgement.js';
import {isGivenUp, isHopeless, isSameExit, stopForGood, waitForListener} from './known-causes.js';
import type {Memory, Service, State, Verdict} from './state.js';
import {type Context, report, step, type Step, withEffects} from './step.js';
import {endText} from './words.js';

type VerdictEvent = Extract<Event, {tag: 'verdict'}>;

/**
 * What the output of a life has told, after it was restarted or not. A life that is on is never ended for what an earlier
 * one has said; a pause, or a failure that is final, may turn out to be the wrong answer.
 */
export function verdict(service: Service, event: VerdictEvent, ctx: Context): Step {
  const {memory} = service;
  if (event.life > memory.incarnation || event.life <= (memory.verdict?.life ?? 0)) return [service, []];
  const {lastEnd} = memory;
  const isLast = lastEnd?.incarnation === event.life;
  const before = lastEnd?.end.diagnosis.cause;
  const isAgain = !isLast && endedAlike(memory, event);
  const known = isLast || isAgain ? explained(service, event.diagnosis) : service;
  // A later life has been well: whatever this one said is over.
  if (memory.readyLife > event.life) return [known, []];
  const next = {...known, memory: {...known.memory, verdict: verdictOf(memory, event, isAgain)}};
  const after = decided(next, memory, event, ctx);
  const restartsGivenBack = memory.restartsUsed - after[0].memory.restartsUsed;
  // Its last words have said as much already; or another life has ended since, for whatever reason.
  const isNews = (isLast || isAgain) && event.diagnosis.cause !== before;
  return withEffects(after, [toldOf(event.diagnosis, isNews, restartsGivenBack)]);
}

function toldOf(diagnosis: Diagnosis, isNews: boolean, restartsGivenBack: number): Effect {
  const why = diagnosis.explanation ?? diagnosis.cause;
  return report(isNews ? 'WARNING' : 'DEBUG', 'diagnosed', `why it ended: ${why}`, diagnosis, {restartsGivenBack});
}

/** The same words stand wherever the end of this life is told from now on. */
function explained({state, memory}: Service, diagnosis: Diagnosis): Service {
  const {lastEnd} = memory;
  return {
    state: state.tag === 'clearing' ? {...state, end: {...state.end, diagnosis}} : state,
    memory: lastEnd === null ? memory : {...memory, lastEnd: {...lastEnd, end: {...lastEnd.end, diagnosis}}},
  };
}

/** Another life has ended meanwhile, in the same way and for what is likely to happen again. */
function endedAlike({lastEnd}: Memory, {life, exit, isPermanent, waitsFor}: VerdictEvent): boolean {
  if (lastEnd === null || lastEnd.incarnation < life || lastEnd.end.kind !== 'exit') return false;
  return (isPermanent || waitsFor !== null) && isSameExit(lastEnd.end.exit, exit);
}

function verdictOf(memory: Memory, {life, exit, diagnosis, ...event}: VerdictEvent, presumed: boolean): Verdict {
  const before = memory.verdict;
  const wasReady = memory.readyLife === life;
  const isAgain = before !== null && isSameCause(before.diagnosis, diagnosis);
  return {
    life,
    exit,
    diagnosis,
    kind: event.isPermanent ? 'permanent' : event.waitsFor === null ? 'passing' : 'dependency',
    times: wasReady ? 0 : isAgain ? before.times + 1 : 1,
    mendedBy: event.waitsFor ?? event.mendedBy,
    usedBefore: isAgain ? before.usedBefore : Math.max(0, memory.restartsUsed - endsSince(memory, life)),
    presumed,
  };
}

/** Lives that have ended since this one, itself included: each has used a restart. */
const endsSince = ({lastEnd}: Memory, life: number): number => Math.max(1, (lastEnd?.incarnation ?? life) - life + 1);

const isSameCause = (a: Diagnosis, b: Diagnosis): boolean => a.cause === b.cause && a.subject === b.subject;

/** @param before what was remembered until now */
function decided(service: Service, before: Memory, event: VerdictEvent, ctx: Context): Step {
  const {state, memory} = service;
  if (memory.wanted === 'down' || ctx.spec.policy.restart === 'no') return [service, []];
  // Somebody has asked for the next life: that one is tried.
  if (state.tag === 'preparing' && memory.freshStart) return [service, []];
  const {verdict} = memory;
  if (verdict === null) return [service, []];
  if (verdict.kind === 'permanent') {
    const spared = {...service, memory: isHopeless(memory, ctx) ? refunded(memory, 1) : memory};
    if (isPausing(state) && isHopeless(memory, ctx)) return cancelling(state, stopForGood(spared.memory, ctx));
    return armed(service);
  }
  if (verdict.kind === 'dependency') {
    if (verdict.mendedBy?.kind !== 'listener' || isGivenUp(memory, ctx)) return [service, []];
    const isCooling = state.tag === 'failed' && state.nextTryAt !== null;
    if (state.tag !== 'starting' && !isPausing(state) && !isCooling) return [service, []];
    const spared = refunded(memory, memory.restartsUsed - verdict.usedBefore);
    if (state.tag === 'starting') return [{state, memory: spared}, []];
    if (state.tag === 'backing-off' && isWaitingFor(state, verdict)) return [{state, memory: spared}, []];
    return cancelling(state, waitForListener(spared, whatOf(memory, ctx), verdict.mendedBy, ctx));
  }
  const port = event.mendedBy?.kind === 'port' ? event.mendedBy.port : null;
  if (port !== null && port === memory.port && isPausing(state) && mayMoveOn(memory, port, ctx)) {
    const moving = prepare({...refunded(memory, 1), lostPorts: [...memory.lostPorts, port]}, ctx);
    const told = report('WARNING', 'port-lost', `port ${port} was taken: looks for one`, event.diagnosis, {port});
    return cancelling(state, withEffects(moving, [told]));
  }
  // It was taken for what ended the life before, and is not: it gets the restart that it would have had.
  if (before.verdict?.presumed === true && isPaused(state)) {
    const told = report('INFO', 'unblocked', 'this time it ended for another cause: tries again', event.diagnosis);
    return withEffects(prepare(memory, ctx), [told]);
  }
  return [service, []];
}

type Pausing = Extract<State, {tag: 'backing-off' | 'preparing'}>;

/** No life is on, and the next one has been decided. */
const isPausing = (state: State): state is Pausing => state.tag === 'backing-off' || state.tag === 'preparing';

const isPaused = (state: State): boolean =>
  state.tag === 'failed' || (state.tag === 'backing-off' && state.blockedOn !== null);

const isWaitingFor = ({blockedOn}: Extract<State, {tag: 'backing-off'}>, {mendedBy}: Verdict): boolean =>
  blockedOn?.kind === 'listener' &&
  mendedBy?.kind === 'listener' &&
  blockedOn.port === mendedBy.port &&
  blockedOn.host === mendedBy.host;

function cancelling(state: State, next: Step): Step {
  return state.tag === 'preparing' ? withEffects(next, [{tag: 'cancel-prepare'}]) : next;
}

/** It has failed and cools down: now it is known what its next try is worth waiting for. */
function armed({state, memory}: Service): Step {
  const blockedOn = memory.verdict?.mendedBy ?? null;
  if (state.tag !== 'failed' || state.nextTryAt === null || state.blockedOn !== null || blockedOn === null)
    return [{state, memory}, []];
  return step({...state, blockedOn}, memory);
}

/** Restarts that could not help are given back. */
function refunded(memory: Memory, lives: number): Memory {
  const back = Math.min(lives, memory.restartsUsed);
  return back <= 0
    ? memory
    : {
        ...memory,
        restartsUsed: memory.restartsUsed - back,
        restartTimes: memory.restartTimes.slice(0, Math.max(0, memory.restartTimes.length - back)),
      };
}

const whatOf = ({lastEnd}: Memory, {spec}: Context): string =>
  lastEnd === null ? 'ended' : endText(lastEnd.end, spec, lastEnd.lifeMs);

/** What it was doing when it did not answer: told when its end is judged. */
export function seenHanging({state, memory}: Service, {diagnosis}: Extract<Event, {tag: 'seen-hanging'}>): Step {
  if (state.tag !== 'stopping' || state.goal.then !== 'judge') return [{state, memory}, []];
  const goal = {...state.goal, end: {...state.goal.end, diagnosis}};
  return step(
    {...state, goal},
    memory,
    report('WARNING', 'hang-seen', diagnosis.evidence[0] ?? diagnosis.cause, diagnosis),
  );
}
