/**
 * Pause before the next restart.
 * @param pauses   milliseconds before the 1st, 2nd, … restart; the last one repeats
 * @param attempt  1 for the first restart since the budget was full
 * @param jitter   spread, 0.2 = ±20 %, so that services that fell together do not come back together
 * @param chance   in [0, 1); passed in, since the core draws no random numbers
 * @returns milliseconds, a whole number
 */
export function restartPause(pauses: readonly number[], attempt: number, jitter: number, chance: number): number {
  const pause = pauses[Math.min(attempt, pauses.length) - 1] ?? 0;
  return Math.round(pause * (1 + jitter * (2 * chance - 1)));
}
