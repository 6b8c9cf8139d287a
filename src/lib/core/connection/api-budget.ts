/**
 * Requests that one forward has made within the last minute: a broken one stays below 30 in any minute, and yet a fresh
 * one may try quickly.
 */
export interface ApiBudget {
  /** Oldest first; `at` in monotonic milliseconds. */
  readonly spent: readonly {readonly at: number; readonly requests: number}[];
}

const windowMs = 60_000;
/** What a start costs is known when it has ended: at most two more than it was thought to. */
const most = 27;
/** So many are expected at least of a start whose end is not known. */
export const room = 3;
/** Spread over the minute: who has spent all at its beginning waits for its end. */
const msPerRequest = 2100;

export const fullBudget: ApiBudget = {spent: []};

export function spend({spent}: ApiBudget, now: number, requests: number): ApiBudget {
  const recent = spent.filter(({at}) => at > now - windowMs);
  return {spent: requests === 0 ? recent : [...recent, {at: now, requests}]};
}

/**
 * @param left requests that are to be left for later
 * @returns monotonic milliseconds, not before `now`, at which a start that costs so many requests may be made
 */
export function affordableAt({spent}: ApiBudget, now: number, requests: number, left = 0): number {
  const needed = Math.max(requests, room);
  let sum = spent.reduce((all, each) => all + (each.at > now - windowMs ? each.requests : 0), 0);
  let from = now;
  for (const {at, requests: gone} of spent) {
    if (sum + needed <= most - left) break;
    if (at <= now - windowMs) continue;
    sum -= gone;
    from = at + windowMs;
  }
  return from;
}

const pausesMs = [0, 300, 600, 1200, 2400];
const spread = 0.2;
/** Until then it is quick. */
const quickTries = 2;

/**
 * Pause before the next try.
 * @param failures tries in a row that have failed before this one
 * @param cost     requests that the last one has cost
 * @param chance   in [0, 1)
 * @returns milliseconds
 */
export function nextPause(failures: number, cost: number, chance: number): number {
  const pause = pausesMs[Math.min(failures, pausesMs.length - 1)] ?? 2400;
  const spreadOut = Math.round(pause * (1 - spread + 2 * spread * chance));
  return failures < quickTries ? spreadOut : Math.max(spreadOut, cost * msPerRequest);
}
