import {restartPause} from '../back-off/back-off.js';
import {newTracks} from '../probes/tracks.js';
import {roomText} from '../diagnosis/disk-full.js';
import {isFixed} from '../ports/choose-port.js';
import {formatDuration} from '../report/format.js';
import type {Effect} from './events.js';
import {keptRestarts} from './kept.js';
import {foreseen, isGivenUp} from './known-causes.js';
import type {DiskBlocker, ExitStatus, LifeEnd, Memory, Service} from './state.js';
import {type Context, report, type Step, step} from './step.js';
import {endText, pauseText} from './words.js';

const unstableWindowMs = 15 * 60_000;
const hourMs = 60 * 60_000;
const warnRestarts = 3;
const criticalRestarts = 5;
/** Ports of the system that may be lost in a row. */
const lostSystemPorts = 3;

/**
 * A life ended that nobody had asked to end: is there another, and when? The budget, the back-off, the policy and the
 * kind of end decide. Nothing of the old life may be left when this is called.
 */
export function judge(service: Service, end: LifeEnd, lifeMs: number | null, ctx: Context): Step {
  const {now, spec} = ctx;
  const {policy} = spec;
  const lastEnd = {incarnation: service.memory.incarnation, at: now, end, lifeMs};
  if (service.memory.wanted === 'down') return lastLook({...service.memory, lastEnd}, end.exit, ctx);
  const clean = end.kind === 'exit' && end.exit?.code === 0;
  if (spec.kind === 'job' && clean) {
    const memory = {...service.memory, incidentSince: null, failedSince: null, lastEnd};
    return step(
      {tag: 'done', at: now},
      memory,
      report('INFO', 'done', `done${lifeMs === null ? '' : ` after ${formatDuration(lifeMs)}`}`),
    );
  }
  const memory: Memory = {
    ...service.memory,
    lastEnd,
    incidentSince: service.memory.incidentSince ?? now,
    failedSince: service.memory.failedSince ?? now,
    lostPorts: lostPort(end) === null ? [] : service.memory.lostPorts,
  };
  if (spec.kind === 'job' && end.kind === 'exit' && end.exit?.code == null && end.exit?.signal == null)
    return withReport(
      prepare(memory, ctx),
      report(
        'WARNING',
        'job-end-unseen',
        'ended while nobody watched, so its exit code is not known: it runs again',
        end.diagnosis,
      ),
    );
  if (end.hopeless === true) return cannotStart(service.memory, end, lifeMs, ctx);
  const what = endText(end, spec, lifeMs);
  const lost = lostPort(end);
  if (lost !== null && mayMoveOn(memory, lost, ctx))
    return withReport(
      prepare({...memory, lostPorts: [...memory.lostPorts, lost]}, ctx),
      report('WARNING', 'port-lost', `${what}; port ${lost} was taken: looks for one`, end.diagnosis, {port: lost}),
    );
  if (policy.restart === 'no' || (policy.restart === 'on-failure' && clean)) {
    if (clean)
      return step(
        {tag: 'stopped', why: 'ended'},
        {...memory, incidentSince: null, failedSince: null},
        report('INFO', 'ended', `${what}; restart is ${policy.restart}`),
      );
    return step(
      {tag: 'failed', since: now, nextTryAt: null, blockedOn: null},
      memory,
      report('ERROR', 'failed', `failed: ${what}; restart is ${policy.restart}. Your turn.`, end.diagnosis),
    );
  }
  if (end.blockedOn?.kind === 'disk' && !isGivenUp(memory, ctx))
    return waitForSpace(memory, end, what, end.blockedOn, ctx);
  const known = foreseen(memory, end, what, ctx);
  if (known !== null) return known;
  if (memory.restartsUsed >= policy.maxRestarts) return spent({state: service.state, memory}, end, what, ctx);
  const attempt = memory.restartsUsed + 1;
  const pause = restartPause(policy.backOffMs, attempt, policy.backOffJitter, ctx.chance);
  const [counted, alarm] = countRestart({...memory, restartsUsed: attempt}, ctx);
  const told = report(
    'WARNING',
    'restarting',
    `${what}; restart ${attempt} of ${policy.maxRestarts}, ${pauseText(pause)}`,
    end.diagnosis,
    {kind: end.kind, code: end.exit?.code ?? null, signal: end.exit?.signal ?? null, restart: attempt, pauseMs: pause},
  );
  // Nothing is looked up between an exit and the spawn: a look at the port costs more than the whole recovery.
  const direct =
    pause === 0 &&
    end.blockedOn === null &&
    ctx.mayStart &&
    !spec.hooksOnCrash &&
    !counted.freshStart &&
    end.kind !== 'prepare' &&
    end.kind !== 'spawn';
  if (direct) {
    const [next, effects] = launch(counted, counted.port, ctx);
    return [next, [...effects, told, ...alarm]];
  }
  return step({tag: 'backing-off', until: now + pause, since: now, blockedOn: end.blockedOn}, counted, told, ...alarm);
}

/** A restart can't mend it: no budget is burnt; what would mend it is watched where that is possible. */
export function cannotStart(before: Memory, end: LifeEnd, lifeMs: number | null, ctx: Context): Step {
  const {now} = ctx;
  const final = ctx.spec.policy.afterBudget.then === 'fail';
  const memory: Memory = {
    ...before,
    lastEnd: {incarnation: before.incarnation, at: now, end, lifeMs},
    incidentSince: before.incidentSince ?? now,
    failedSince: before.failedSince ?? now,
    lostPorts: [],
  };
  const blockedOn = final ? null : end.blockedOn;
  const then = blockedOn === null ? 'Your turn.' : 'Tries again as soon as that changes.';
  return step(
    {tag: 'failed', since: now, nextTryAt: null, blockedOn},
    memory,
    report(
      final ? 'CRITICAL' : 'ERROR',
      'failed',
      `failed: cannot start; a restart can't mend it. ${then}`,
      end.diagnosis,
      {final: blockedOn === null},
    ),
  );
}

/** The port that somebody else took before the life that has ended could; null: that was not its end. */
function lostPort({kind, blockedOn}: LifeEnd): number | null {
  return (kind === 'exit' || kind === 'port') && blockedOn?.kind === 'port' ? blockedOn.port : null;
}

/**
 * A lost race is looked at and moved on from without a cost: once on the same port, which what escaped from the last life
 * may have held; with alternatives twice, then the port is passed. After that it counts, or two who want the same port
 * would do nothing else.
 */
export function mayMoveOn({lostPorts}: Memory, lost: number, {spec}: Context): boolean {
  if (spec.port === null || spec.kind !== 'service') return false;
  const times = lostPorts.filter((port) => port === lost).length;
  const most = 2 * (1 + spec.port.alternatives.length) + lostSystemPorts;
  return times < (isFixed(spec.port) ? 1 : 2) && lostPorts.length < most;
}

/** Should nobody see that there is room again, it is tried now and then. */
const spaceRetryMs = 5 * 60_000;

/** No restart can mend a full disk, so none is counted. */
function waitForSpace(memory: Memory, end: LifeEnd, what: string, blocker: DiskBlocker, {now}: Context): Step {
  return step(
    {tag: 'backing-off', until: now + spaceRetryMs, since: now, blockedOn: blocker},
    memory,
    report(
      'ERROR',
      'blocked',
      `${what}; blocked: disk full (${roomText(blocker.path, blocker)}), waits for space; that costs no restart`,
      end.diagnosis,
    ),
  );
}

/** Starts the next incarnation at once, on this port. */
export function launch(memory: Memory, port: number | null, ctx: Context): Step {
  const {now, spec} = ctx;
  const incarnation = memory.incarnation + 1;
  const told = ctx.tellPorts();
  return step(
    {
      tag: 'starting',
      life: {
        incarnation,
        own: true,
        pid: null,
        spawnedAt: now,
        tracks: newTracks(spec, now),
        logSeen: false,
        lastWord: null,
        told,
      },
      deadline: spec.kind === 'job' ? null : now + spec.policy.startTimeoutMs,
    },
    {...memory, incarnation, port},
    {tag: 'spawn', incarnation, port, told},
  );
}

/**
 * Looks at preconditions, hooks and ports before the next incarnation. What it needs comes first: without it the new
 * life would only fail again.
 */
export function prepare(memory: Memory, ctx: Context): Step {
  if (!ctx.mayStart) return step({tag: 'waiting'}, memory);
  const incarnation = memory.incarnation + 1;
  return step(
    {tag: 'preparing', incarnation, since: ctx.now},
    {...memory, incarnation},
    {
      tag: 'prepare',
      incarnation,
      hooks: memory.freshStart || ctx.spec.hooksOnCrash,
      primary: memory.wantsPrimary,
    },
  );
}

/** How long the search for what escaped may take; the stop goes on without it then. */
const sweepPatienceMs = 10_000;

/** Nobody leads any more: before it counts as stopped, what is left of it is looked for and ended. */
export function lastLook(memory: Memory, exit: ExitStatus | null, {now}: Context): Step {
  const {incarnation} = memory;
  return step(
    {
      tag: 'stopping',
      incarnation,
      pid: null,
      goal: {then: 'stop'},
      since: now,
      killAt: now + sweepPatienceMs,
      phase: 'sweeping',
      exit: exit ?? {code: null, signal: null},
    },
    memory,
    {tag: 'sweep', incarnation},
  );
}

function withReport([next, effects]: Step, told: Effect): Step {
  return [next, [...effects, told]];
}

function spent(service: Service, end: LifeEnd, what: string, ctx: Context): Step {
  const {now, spec} = ctx;
  const {policy} = spec;
  const since = service.memory.failedSince ?? now;
  const used =
    policy.maxRestarts === 0
      ? 'no restarts allowed'
      : `${policy.maxRestarts} of ${policy.maxRestarts} restarts used in ${formatDuration(now - since)}`;
  if (policy.afterBudget.then === 'fail' || isGivenUp(service.memory, ctx)) {
    return step(
      {tag: 'failed', since: now, nextTryAt: null, blockedOn: null},
      service.memory,
      report('CRITICAL', 'failed', `failed: ${what}; ${used}. Your turn.`, end.diagnosis, {final: true}),
    );
  }
  const nextTryAt = now + policy.afterBudget.pauseMs;
  return step(
    {tag: 'failed', since: now, nextTryAt, blockedOn: end.blockedOn},
    service.memory,
    report(
      'CRITICAL',
      'failed',
      `failed: ${what}; ${used}. Next try in ${formatDuration(policy.afterBudget.pauseMs)}.`,
      end.diagnosis,
      {final: false, nextTryInMs: policy.afterBudget.pauseMs},
    ),
  );
}

/** Many restarts in a short time are a fault of their own, even if each gets the budget back. */
function countRestart(memory: Memory, {now}: Context): readonly [Memory, readonly Effect[]] {
  const times = [...memory.restartTimes.filter((at) => now - at < hourMs), now].slice(-keptRestarts);
  const recent = times.filter((at) => now - at < unstableWindowMs).length;
  const next = {...memory, restartTimes: times, totalRestarts: memory.totalRestarts + 1};
  if (recent >= criticalRestarts && memory.unstable !== 'critical') {
    return [{...next, unstable: 'critical'}, [report('CRITICAL', 'unstable', `unstable: ${recent} restarts in 15m`)]];
  }
  if (recent >= warnRestarts && memory.unstable === 'no') {
    return [{...next, unstable: 'warned'}, [report('WARNING', 'unstable', `unstable: ${recent} restarts in 15m`)]];
  }
  return [next, []];
}

/** The mark "unstable" stays until an hour was quiet. */
export function calmDown(memory: Memory, now: number): Memory {
  const last = memory.restartTimes.at(-1);
  return memory.unstable !== 'no' && (last === undefined || now - last >= hourMs)
    ? {...memory, unstable: 'no', restartTimes: []}
    : memory;
}

export function fullBudget(memory: Memory): Memory {
  return {...memory, restartsUsed: 0, failedSince: null, lostPorts: [], verdict: null};
}
