/**
 * Stretches in which something comes more often than its usual rate lets expect. Candidates are the stretches of maximal
 * likelihood ratio; whether chance makes one is Kulldorff's spatial scan statistic, which needs no knowledge of the rate.
 * @see Ruzzo and Tompa, "A linear time algorithm for finding all maximal scoring subsequences", 1999
 * @see Kulldorff, "A spatial scan statistic", 1997
 */

/** Both ends included, as indices into the scores. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

interface Open {
  readonly start: number;
  readonly end: number;
  /** Sum of all scores before it, and up to its end. */
  readonly before: number;
  readonly through: number;
  /** Nearest open stretch to the left with a smaller `before`, -1: none. All between have a greater one: a shortcut. */
  readonly lower: number;
}

/** All disjoint stretches whose sum can't be raised by growing or shrinking them; in the order of the scores. */
export function maximalStretches(scores: Readonly<Float64Array>): Stretch[] {
  const open: Open[] = [];
  let total = 0;
  for (let i = 0; i < scores.length; i += 1) {
    const score = scores[i] ?? 0;
    const before = total;
    total += score;
    if (score > 0) append(open, {start: i, end: i, before, through: total});
  }
  return open.map(({start, end, before, through}) => ({start, end, score: through - before}));
}

function append(open: Open[], added: Omit<Open, 'lower'>): void {
  let piece = added;
  for (;;) {
    let j = open.length - 1;
    for (let at = open[j]; at !== undefined && at.before >= piece.before; at = open[j]) j = at.lower;
    const left = open[j];
    if (left === undefined || left.through >= piece.through) {
      open.push({...piece, lower: j});
      return;
    }
    piece = {start: left.start, end: piece.end, before: left.before, through: piece.through};
    open.length = j;
  }
}

/**
 * Logarithm of how much likelier `inside` of `all` events are with a rate of their own in a stretch that should hold the
 * share `share` of them; 0 where there are no more than expected.
 */
export function excess(inside: number, all: number, share: number): number {
  if (all <= 0 || share <= 0 || share >= 1 || inside / all <= share) return 0;
  const outside = all - inside;
  const rest = outside === 0 ? 0 : outside * Math.log(outside / (all * (1 - share)));
  return inside * Math.log(inside / (all * share)) + rest;
}

/** The part of `scores[start..end]` with the greatest sum. */
export function heaviest(scores: Readonly<Float64Array>, start: number, end: number): Stretch {
  let [bestStart, bestEnd, bestScore] = [start, end, Number.NEGATIVE_INFINITY];
  let sum = 0;
  let from = start;
  for (let i = start; i <= end; i += 1) {
    if (sum <= 0) {
      sum = 0;
      from = i;
    }
    sum += scores[i] ?? 0;
    if (sum > bestScore) [bestStart, bestEnd, bestScore] = [from, i, sum];
  }
  return {start: bestStart, end: bestEnd, score: bestScore};
}
