/** What one look says about a quantity. Neither bad nor good: nothing is known, or it lies between the two. */
export interface Reading {
  readonly bad: boolean;
  readonly good: boolean;
  /** For people, without a full stop. */
  readonly text: string;
}

/** What was not measured is neither bad nor good: a standing warning stands on. */
export const unknown: Reading = {bad: false, good: false, text: ''};

/** A quantity over time: how long it has been bad, and whether that was said. */
export interface Watched {
  /** Bad looks in a row. */
  readonly bad: number;
  /** Good looks in a row while it is warned of. */
  readonly good: number;
  /** Monotonic ms since when it has been warned of; null: not warned. */
  readonly since: number | null;
  /** What the last look said while it is warned of. */
  readonly text: string;
}

export const calm: Watched = {bad: 0, good: 0, since: null, text: ''};

export type Turn = 'begins' | 'ends' | null;

/**
 * One warning an episode: it begins after `looksToWarn` bad looks in a row and stands until `looksToEnd` good ones. What
 * lies between bad and good changes nothing, so that nobody hears of a value that swings around its threshold.
 */
export function follow(
  before: Watched,
  {bad, good, text}: Reading,
  now: number,
  looksToWarn: number,
  looksToEnd = 1,
): readonly [Watched, Turn] {
  if (before.since !== null) {
    const looks = good ? before.good + 1 : 0;
    if (looks >= looksToEnd) return [calm, 'ends'];
    return [{...before, good: looks, text: text === '' || good ? before.text : text}, null];
  }
  const looks = bad ? before.bad + 1 : 0;
  if (looks < looksToWarn) return [{...calm, bad: looks}, null];
  return [{bad: looks, good: 0, since: now, text}, 'begins'];
}
