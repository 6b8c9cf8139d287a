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
  if (verdict === null || verdict.presumed || end.kind !== 'exit' || !isSame(verdict.exit, end.exit)) return null;
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

/** No restart can mend it: it comes back when what would mend it has changed. */
export function stopForGood(memory: Memory, {now, spec}: Context): Step {
  const isFinal = spec.policy.afterBudget.then === 'fail';
  const blockedOn = isFinal ? null : (memory.verdict?.mendedBy ?? null);
  return step(
    {tag: 'failed', since: now, nextTryAt: null, blockedOn},
    memory,
    report(
      isFinal ? 'CRITICAL' : 'ERROR',
      'failed',
      `failed: the same cause twice; a restart can't mend it. ${mendText(blockedOn)}`,
      memory.verdict?.diagnosis,
      {final: blockedOn === null},
    ),
  );
}

function mendText(blocker: Blocker | null): string {
  switch (blocker?.kind) {
    case undefined:
      return 'Your turn.';
    case 'file':
      return `Tries again as soon as ${blocker.path} changes.`;
    case 'configuration':
      return 'Tries again as soon as its configuration changes.';
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

const isSame = (a: ExitStatus | null, b: ExitStatus | null): boolean =>
  a !== null && b !== null && a.code === b.code && a.signal === b.signal;
