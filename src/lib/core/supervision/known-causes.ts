import {formatDuration} from '../report/format.js';
import type {Blocker, ExitStatus, LifeEnd, ListenerBlocker, Memory} from './state.js';
import {type Context, report, type Step, step} from './step.js';
import {listenerText} from './words.js';

/** Should nobody see that it is there again, it is tried now and then. */
const dependencyRetryMs = 60_000;
/** So many lives may fail for the same cause before the restarts end. */
const enough = 2;

export function isGivenUp({failedSince}: Memory, {now, spec}: Context): boolean {
  const {giveUpAfterMs} = spec.policy;
  return giveUpAfterMs !== null && now - (failedSince ?? now) >= giveUpAfterMs;
}

/** Has it been told often enough that another restart is of no use? */
export function isHopeless({verdict}: Memory, {spec}: Context): boolean {
  return verdict?.kind === 'permanent' && verdict.times >= enough && spec.policy.onPermanent === 'stop';
}

/**
 * A life that ended as the one before it, whose output has told why: taken for the same without another look, once. Its
 * own output has the last word when it has been read.
 * @param what how it ended, for people
 * @returns null: nothing is known of it
 */
export function foreseen(memory: Memory, end: LifeEnd, what: string, ctx: Context): Step | null {
  const {verdict} = memory;
  if (verdict === null || verdict.presumed || end.kind !== 'exit' || !isSameExit(verdict.exit, end.exit)) return null;
  const {diagnosis} = verdict;
  const {lastEnd} = memory;
  const presumed: Memory = {
    ...memory,
    verdict: {...verdict, presumed: true},
    lastEnd: lastEnd === null ? null : {...lastEnd, end: {...lastEnd.end, diagnosis}},
  };
  if (isHopeless(memory, ctx)) return stopForGood(presumed, ctx);
  if (verdict.mendedBy?.kind !== 'listener' || verdict.kind !== 'dependency' || isGivenUp(memory, ctx)) return null;
  return waitForListener(presumed, what, verdict.mendedBy, ctx);
}

/**
 * No restart can mend it: it comes back when what would mend it has changed. That may happen where nobody looks (another
 * folder, the other side of a connection), so the usual try after the cool-down stays.
 */
export function stopForGood(memory: Memory, ctx: Context): Step {
  const {now, spec} = ctx;
  const {afterBudget} = spec.policy;
  const pauseMs = afterBudget.then === 'fail' || isGivenUp(memory, ctx) ? null : afterBudget.pauseMs;
  const isFinal = pauseMs === null;
  const blockedOn = isFinal ? null : (memory.verdict?.mendedBy ?? null);
  return step(
    {tag: 'failed', since: now, nextTryAt: isFinal ? null : now + pauseMs, blockedOn},
    memory,
    report(
      isFinal ? 'CRITICAL' : 'ERROR',
      'failed',
      `failed: the same cause twice; a restart can't mend it. ${mendText(blockedOn, pauseMs)}`,
      memory.verdict?.diagnosis,
      {final: isFinal, ...(pauseMs === null ? {} : {nextTryInMs: pauseMs})},
    ),
  );
}

function mendText(blocker: Blocker | null, pauseMs: number | null): string {
  switch (blocker?.kind) {
    case undefined:
      return pauseMs === null ? 'Your turn.' : `Next try in ${formatDuration(pauseMs)}.`;
    case 'file':
      return `Tries again as soon as ${blocker.path} changes.`;
    case 'files':
      return `Tries again as soon as ${blocker.what} changes.`;
    case 'listener':
      return `Tries again as soon as ${listenerText(blocker)} accepts connections.`;
    default:
      return 'Tries again as soon as that changes.';
  }
}

/** What it needs is not there. It is looked for, and that costs no restart. */
export function waitForListener(memory: Memory, what: string, blocker: ListenerBlocker, {now}: Context): Step {
  return step(
    {tag: 'backing-off', until: now + dependencyRetryMs, since: now, blockedOn: blocker},
    memory,
    report(
      'WARNING',
      'blocked',
      `${what}; waiting for ${listenerText(blocker)}; that costs no restart`,
      memory.verdict?.diagnosis,
    ),
  );
}

/** Both are known, and the same. */
export const isSameExit = (a: ExitStatus | null, b: ExitStatus | null): boolean =>
  a !== null && b !== null && (a.code !== null || a.signal !== null) && a.code === b.code && a.signal === b.signal;
