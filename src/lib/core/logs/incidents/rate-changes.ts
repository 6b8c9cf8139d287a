import type {Series} from '../analysis.js';
import {excess, heaviest, maximalStretches, type Stretch} from './scan-statistic.js';
import {type Axis, placeOf, type Traffic} from './traffic.js';

/** A stretch of time in which something came far more often than usual. */
export interface Rise {
  /** Places on the axis, both included. */
  readonly start: number;
  readonly end: number;
  readonly count: number;
  /** What its usual rate lets expect in that stretch. */
  readonly usual: number;
  /** Natural logarithm of how much likelier a change is than chance. */
  readonly evidence: number;
}

export interface Caution {
  /** Times the usual rate. */
  readonly ratio: number;
  readonly minCount: number;
  readonly minEvidence: number;
}

interface Sparse {
  readonly places: Int32Array;
  readonly counts: Float64Array;
  readonly total: number;
}

/** Events by traffic and by active bucket. Both have to be exceeded: what comes each minute is no news in a quiet night. */
interface Rates {
  readonly byEvent: number;
  readonly byPlace: number;
}

/**
 * Where a series leaves its usual rate upwards, strongest first.
 * @param doubt number of comparisons that are made in all: the more, the stronger the evidence has to be
 */
export function risesOf(series: Series, traffic: Traffic, axis: Axis, caution: Caution, doubt: number): Rise[] {
  const sparse = sparseOf(series, axis);
  if (sparse.total < caution.minCount) return [];
  const needed = Math.max(caution.minEvidence, Math.log(axis.size * Math.max(1, doubt)) + 7);
  const mean = ratesOf(sparse, traffic, []);
  let best = settle(sparse, traffic, mean, caution, needed);
  const quiet = quietRates(sparse, traffic);
  // A trouble that fills much of the log raises the mean, and hides behind it.
  if (quiet.byEvent < 0.7 * mean.byEvent) {
    const found = settle(sparse, traffic, quiet, caution, needed);
    if (weightOf(found) > weightOf(best)) best = found;
  }
  return best.sort((a, b) => b.evidence - a.evidence);
}

const weightOf = (rises: readonly Rise[]) => rises.reduce((sum, rise) => sum + rise.evidence, 0);

function sparseOf({buckets, counts}: Series, axis: Axis): Sparse {
  const places: number[] = [];
  const sums: number[] = [];
  let total = 0;
  buckets.forEach((bucket, i) => {
    const place = placeOf(axis, bucket);
    const count = counts[i] ?? 0;
    total += count;
    if (places.at(-1) === place) sums[sums.length - 1] = (sums.at(-1) ?? 0) + count;
    else {
      places.push(place);
      sums.push(count);
    }
  });
  return {places: Int32Array.from(places), counts: Float64Array.from(sums), total};
}

/** The usual rates are those outside of what stands out, so both are found in turn. */
function settle(sparse: Sparse, traffic: Traffic, initial: Rates, caution: Caution, needed: number): Rise[] {
  let rates = initial;
  let rises: Rise[] = [];
  for (let round = 0; round < 3; round += 1) {
    const found = search(sparse, traffic, rates, caution, needed);
    if (found.length === 0 && rises.length === 0 && round > 0) break;
    if (round > 0 && sameStretches(found, rises)) break;
    rises = found;
    rates = ratesOf(sparse, traffic, rises);
  }
  return rises;
}

const sameStretches = (a: readonly Rise[], b: readonly Rise[]) =>
  a.length === b.length &&
  String(a.map(({start, end}) => [start, end])) === String(b.map(({start, end}) => [start, end]));

function search(sparse: Sparse, traffic: Traffic, rates: Rates, caution: Caution, needed: number): Rise[] {
  const scores = scoresOf(sparse, traffic, rates, caution.ratio, 0, sparse.places.length);
  // Most series keep their rate; that they have no stretch at all is seen with far less work.
  if (heaviest(scores, 0, scores.length - 1).score <= needed / 3) return [];
  const wide = maximalStretches(scores).filter(({score}) => score > needed / 3);
  const found: Rise[] = [];
  const pieces = wide.flatMap((stretch) => unbridged(stretch, sparse, traffic));
  for (const stretch of pieces) {
    const rise = riseOf(sharpen(stretch, sparse, traffic, rates, caution.ratio), sparse, traffic, rates);
    if (rise.count >= caution.minCount && rise.evidence >= needed && rise.count >= caution.ratio * rise.usual)
      found.push(rise);
  }
  return found;
}

/**
 * Gaps and events in turn, for the places with events from `begin` up to `end`: score 2i is that of the stretch without
 * events before the i-th of them, 2i + 1 that of the place.
 * An event is worth log(ratio), what was expected costs ratio − 1: the likelihood ratio of the two rates.
 */
function scoresOf(
  sparse: Sparse,
  traffic: Traffic,
  rates: Rates,
  ratio: number,
  begin: number,
  end: number,
): Float64Array {
  const scores = new Float64Array((end - begin) * 2);
  const gain = Math.log(ratio);
  let from = begin === 0 ? 0 : (sparse.places[begin - 1] ?? 0) + 1;
  for (let i = begin; i < end; i += 1) {
    const place = sparse.places[i] ?? 0;
    const at = 2 * (i - begin);
    scores[at] = -(ratio - 1) * expected(traffic, rates, from, place);
    scores[at + 1] = (sparse.counts[i] ?? 0) * gain - (ratio - 1) * expected(traffic, rates, place, place + 1);
    from = place + 1;
  }
  return scores;
}

/**
 * Where next to nothing is usual, a pause of a day costs a stretch nothing. It is parted where its own rate would never
 * make such a pause: bursts each night are many, not one.
 */
function unbridged(stretch: Stretch, sparse: Sparse, traffic: Traffic): Stretch[] {
  const [from, to] = [Math.floor(stretch.start / 2), Math.floor(stretch.end / 2)];
  const [begin, end] = [sparse.places[from] ?? 0, (sparse.places[to] ?? 0) + 1];
  let count = 0;
  for (let i = from; i <= to; i += 1) count += sparse.counts[i] ?? 0;
  const share = (sums: Float64Array, a: number, b: number) =>
    between(sums, a, b) / Math.max(1, between(sums, begin, end));
  let [widest, at] = [0, -1];
  for (let i = from + 1; i <= to; i += 1) {
    const [a, b] = [(sparse.places[i - 1] ?? 0) + 1, sparse.places[i] ?? 0];
    const missed = count * Math.min(share(traffic.events, a, b), share(traffic.active, a, b));
    if (missed > widest) [widest, at] = [missed, i];
  }
  if (widest < 9 + Math.log(count)) return [stretch];
  return [
    ...unbridged({...stretch, end: 2 * at - 1}, sparse, traffic),
    ...unbridged({...stretch, start: 2 * at + 1}, sparse, traffic),
  ];
}

/** The limits under the rate that the stretch itself shows: a chance event shortly before it is left out. */
function sharpen(wide: Stretch, sparse: Sparse, traffic: Traffic, rates: Rates, least: number): Stretch {
  let stretch = wide;
  const begin = Math.floor(wide.start / 2);
  for (let round = 0; round < 2; round += 1) {
    const {count, usual} = riseOf(stretch, sparse, traffic, rates);
    const ratio = Math.max(least, count / Math.max(usual, 1e-9));
    const scores = scoresOf(sparse, traffic, rates, ratio, begin, Math.floor(wide.end / 2) + 1);
    const inner = heaviest(scores, wide.start - 2 * begin, wide.end - 2 * begin);
    const next = {start: inner.start + 2 * begin, end: inner.end + 2 * begin, score: inner.score};
    if (next.start === stretch.start && next.end === stretch.end) break;
    stretch = next;
  }
  return withoutStrays(stretch, sparse);
}

/**
 * Something rare may by chance have come a while before the trouble, so near that the likelihood does not mind. What is
 * alone at an edge, by four times the mean distance, is left out; unless all there ever was lies in here.
 */
function withoutStrays({start, end, score}: Stretch, {places, counts, total}: Sparse): Stretch {
  let [from, to] = [Math.floor(start / 2), Math.floor(end / 2)];
  let count = 0;
  for (let i = from; i <= to; i += 1) count += counts[i] ?? 0;
  if (count >= total) return {start, end, score};
  const place = (i: number) => places[i] ?? 0;
  const isStray = (gap: number) => to - from >= 3 && gap > 2 && gap * count > 4 * (place(to) - place(from) + 1);
  while (isStray(place(from + 1) - place(from))) {
    count -= counts[from] ?? 0;
    from += 1;
  }
  while (isStray(place(to) - place(to - 1))) {
    count -= counts[to] ?? 0;
    to -= 1;
  }
  return {start: 2 * from + 1, end: 2 * to + 1, score};
}

function riseOf({start, end}: Stretch, sparse: Sparse, traffic: Traffic, rates: Rates): Rise {
  const [from, to] = [Math.floor(start / 2), Math.floor(end / 2)];
  const [first, last] = [sparse.places[from] ?? 0, sparse.places[to] ?? 0];
  let count = 0;
  for (let i = from; i <= to; i += 1) count += sparse.counts[i] ?? 0;
  return {
    start: first,
    end: last,
    count,
    usual: expected(traffic, rates, first, last + 1),
    evidence: excess(count, sparse.total, shareOf(traffic, first, last + 1)),
  };
}

const between = (sums: Float64Array, from: number, to: number) => (sums[to] ?? 0) - (sums[from] ?? 0);

const expected = (traffic: Traffic, rates: Rates, from: number, to: number) =>
  Math.max(rates.byEvent * between(traffic.events, from, to), rates.byPlace * between(traffic.active, from, to));

const shareOf = ({events, active}: Traffic, from: number, to: number) =>
  Math.max(
    between(events, from, to) / Math.max(1, events.at(-1) ?? 0),
    between(active, from, to) / Math.max(1, active.at(-1) ?? 0),
  );

/** Rates outside of the given stretches. Half an event more than there were: never seen is not impossible. */
function ratesOf(sparse: Sparse, traffic: Traffic, without: readonly Rise[]): Rates {
  let count = sparse.total;
  let events = traffic.events.at(-1) ?? 0;
  let places = traffic.active.at(-1) ?? 0;
  for (const rise of without) {
    count -= rise.count;
    events -= between(traffic.events, rise.start, rise.end + 1);
    places -= between(traffic.active, rise.start, rise.end + 1);
  }
  return {byEvent: (count + 0.5) / Math.max(1, events), byPlace: (count + 0.5) / Math.max(1, places)};
}

/** The rates of quiet stretches, should much of the log be loud: the lowest eighth of 64 parts of equal traffic. */
function quietRates(sparse: Sparse, traffic: Traffic): Rates {
  const events = traffic.events.at(-1) ?? 0;
  const blocks = new Float64Array(64);
  for (let i = 0; i < sparse.places.length; i += 1) {
    const at = Math.floor((64 * (traffic.events[sparse.places[i] ?? 0] ?? 0)) / Math.max(1, events));
    blocks[at] = (blocks[at] ?? 0) + (sparse.counts[i] ?? 0);
  }
  const quiet = (blocks.sort()[8] ?? 0) * 64;
  const places = traffic.active.at(-1) ?? 0;
  return {byEvent: (quiet + 0.5) / Math.max(1, events), byPlace: (quiet + 0.5) / Math.max(1, places)};
}
