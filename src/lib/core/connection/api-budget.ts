/**
 * Requests that one forward may still make, as a bucket that fills up by and by: a broken one stays below 30 in any
 * minute, and yet a fresh one may try quickly.
 */
export interface ApiBudget {
  readonly tokens: number;
  /** Monotonic milliseconds: when `tokens` was right. */
  readonly at: number;
}

const most = 8;
const perMs = 20 / 60_000;

export const fullBudget = (now: number): ApiBudget => ({tokens: most, at: now});

export function spend(budget: ApiBudget, now: number, requests: number): ApiBudget {
  return {tokens: tokensAt(budget, now) - requests, at: now};
}

/** @returns monotonic milliseconds, not before `now`, at which so many requests may be made */
export function affordableAt(budget: ApiBudget, now: number, requests: number): number {
  const lacking = Math.min(requests, most) - tokensAt(budget, now);
  return lacking <= 0 ? now : now + Math.ceil(lacking / perMs);
}

const tokensAt = ({tokens, at}: ApiBudget, now: number): number =>
  Math.min(most, tokens + Math.max(0, now - at) * perMs);

const pausesMs = [0, 300, 600, 1200, 2400, 4000, 5000];
const spread = 0.2;

/**
 * Pause before the next try.
 * @param failures tries in a row that have failed before this one
 * @param chance   in [0, 1)
 * @returns milliseconds
 */
export function nextPause(failures: number, chance: number): number {
  const pause = pausesMs[Math.min(failures, pausesMs.length - 1)] ?? 5000;
  return Math.round(pause * (1 - spread + 2 * spread * chance));
}
