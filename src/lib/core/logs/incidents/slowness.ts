import type {Analysis, Measure} from '../analysis.js';
import type {Finding} from './finding.js';
import type {Reading} from './reading.js';
import {excess, maximalStretches, type Stretch} from './scan-statistic.js';
import {type Axis, placeOf, placeStart} from './traffic.js';

/** Means of one named duration by place on the axis, as multiples of what is usual. */
interface Pace {
  readonly places: readonly number[];
  readonly ratios: readonly number[];
  readonly weights: readonly number[];
}

/** A single slow minute proves nothing, and one huge value is no trend: more than this counts as this. */
const mostRatio = 4;

/**
 * Stretches in which things took at least twice as long as usual. Each template is compared with itself, so a change of
 * the mixture deceives nobody; those that measure the same (`duration_ms`) are judged together.
 */
export function slowness(readings: readonly Reading[], axis: Axis, analysis: Analysis): Finding[] {
  const byName = new Map<string, {reading: Reading; measure: Measure}[]>();
  for (const reading of readings) {
    for (const measure of reading.template.measures) {
      if (measure.kind !== 'duration' || measure.count < 30) continue;
      const all = byName.get(measure.name) ?? [];
      all.push({reading, measure});
      byName.set(measure.name, all);
    }
  }
  return [...byName].flatMap(([name, all]) => {
    const pace = paceOf(all, axis);
    return slowStretches(pace).map((stretch) => findingOf(name, all, pace, stretch, axis, analysis));
  });
}

function paceOf(all: readonly {reading: Reading; measure: Measure}[], axis: Axis): Pace {
  const sums = new Map<number, {weight: number; ratio: number}>();
  for (const {reading, measure} of all) {
    const usual = middle(measure.series.counts);
    if (usual <= 0) continue;
    const events = new Map(
      reading.template.series.buckets.map((bucket, i) => [bucket, reading.template.series.counts[i] ?? 0]),
    );
    measure.series.buckets.forEach((bucket, i) => {
      const weight = events.get(bucket) ?? 1;
      const place = placeOf(axis, bucket);
      const at = sums.get(place) ?? {weight: 0, ratio: 0};
      sums.set(place, {
        weight: at.weight + weight,
        ratio: at.ratio + (weight * (measure.series.counts[i] ?? 0)) / usual,
      });
    });
  }
  const places = [...sums.keys()].sort((a, b) => a - b);
  const weights = places.map((place) => sums.get(place)?.weight ?? 0);
  return {places, weights, ratios: places.map((place, i) => (sums.get(place)?.ratio ?? 0) / (weights[i] || 1))};
}

/**
 * Means of few values vary wildly, and by no law that is known. So only whether a mean lies above the fence of all of them
 * counts, and how many do so in a row.
 */
function slowStretches({places, ratios, weights}: Pace): Stretch[] {
  if (places.length < 20) return [];
  const fence = fenceOf(ratios);
  const high = Float64Array.from(ratios, (ratio) => (ratio > fence ? 1 : 0));
  const all = high.reduce((sum, one) => sum + one, 0);
  const share = Math.max(0.01, all / places.length);
  // What is slow a third of the time is its nature.
  if (share > 0.33) return [];
  const [gain, loss] = [Math.log(0.8 / share), Math.log(0.2 / (1 - share))];
  const scores = high.map((one) => (one === 1 ? gain : loss));
  const centre = middle(ratios);
  const needed = Math.log(places.length) + 12;
  const found = maximalStretches(scores).filter(({start, end, score}) => {
    const inside = high.slice(start, end + 1).reduce((sum, one) => sum + one, 0);
    const isSure = score > needed && excess(inside, all, (end - start + 1) / places.length) > needed;
    return isSure && isSlow({start, end, score}, ratios, weights, centre);
  });
  return found.length > 6 ? [] : found;
}

/** Tukey's: what lies above it is an outlier of its kind. */
function fenceOf(ratios: readonly number[]): number {
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0;
  return Math.max(1.5 * at(0.5), at(0.75) + 1.5 * (at(0.75) - at(0.25)));
}

function isSlow({start, end}: Stretch, ratios: readonly number[], weights: readonly number[], centre: number): boolean {
  let events = 0;
  let sum = 0;
  let slow = 0;
  for (let i = start; i <= end; i += 1) {
    events += weights[i] ?? 0;
    sum += (weights[i] ?? 0) * Math.min(mostRatio, (ratios[i] ?? 0) / centre);
    if ((ratios[i] ?? 0) > 1.5 * centre) slow += 1;
  }
  const buckets = end - start + 1;
  return buckets >= 4 && events >= 20 && sum / events >= 2 && slow >= 0.7 * buckets;
}

function findingOf(
  name: string,
  all: readonly {reading: Reading; measure: Measure}[],
  pace: Pace,
  {start, end, score}: Stretch,
  axis: Axis,
  analysis: Analysis,
): Finding {
  const from = Math.max(placeStart(axis, pace.places[start] ?? 0), analysis.from ?? 0);
  const to = Math.min(placeStart(axis, (pace.places[end] ?? 0) + 1), analysis.to ?? Number.POSITIVE_INFINITY);
  const ratio = pace.ratios.slice(start, end + 1).reduce((sum, one) => sum + one, 0) / (end - start + 1);
  const reading = all.toSorted((a, b) => b.measure.count - a.measure.count)[0]?.reading ?? null;
  const spot = reading?.template.spots.find(({time}) => time !== null && time >= from && time <= to);
  const unknown = {source: reading?.template.sources[0] ?? 0, line: 0, time: from};
  return {
    kind: 'slow',
    from,
    to,
    first: spot ?? unknown,
    last: spot ?? {...unknown, time: to},
    reading: null,
    count: pace.weights.slice(start, end + 1).reduce((sum, one) => sum + one, 0),
    usual: 0,
    evidence: score,
    isSeed: true,
    isSharp: false,
    others: [],
    name: null,
    title: `${name} ${ratio.toFixed(1)} times as long as usual`,
  };
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
