/**
 * Requests that one forward may still make, as a bucket that fills up by and by: a broken one stays below 30 in any
 * minute, and yet a fresh one may try quickly.
 */
export interface ApiBudget {
  /** Monotonic milliseconds: when it is, or was, as full as it gets. */
  readonly fullAt: number;
}

/** With what comes in during a minute, one start that costs more than expected, and a watch of pods: below 30. */
const most = 6;
const msPerRequest = 2800;
/** What a start costs is known when it has ended: room for most of one, or the bucket would be overdrawn. */
export const room = 3;

export const fullBudget = (now: number): ApiBudget => ({fullAt: now});

export function spend({fullAt}: ApiBudget, now: number, requests: number): ApiBudget {
  return {fullAt: Math.max(fullAt, now) + requests * msPerRequest};
}

/** @returns monotonic milliseconds, not before `now`, at which a start that costs so many requests may be made */
export function affordableAt({fullAt}: ApiBudget, now: number, requests: number): number {
  const needed = Math.min(Math.max(requests, room), most);
  return Math.max(now, fullAt - (most - needed) * msPerRequest);
}

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
