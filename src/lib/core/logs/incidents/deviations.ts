import type {Analysis, Spot} from '../analysis.js';
import {knownSpots} from './extent.js';
import {type Finding, kindOf, unknownSpot} from './finding.js';
import {type Caution, type Rise, risesOf} from './rate-changes.js';
import type {Reading} from './reading.js';
import {type Axis, placeAt, placeStart, type TrafficBook, trafficOfSeries} from './traffic.js';

const forErrors: Caution = {ratio: 4, minCount: 8, minEvidence: 18};
/** `connection refused`, a lack of memory: fewer are enough. */
const forCauses: Caution = {ratio: 4, minCount: 5, minEvidence: 14};

/** Messages of trouble that came far more often than usual. */
export function deviations(analysis: Analysis, readings: readonly Reading[], axis: Axis, book: TrafficBook): Finding[] {
  const suspects = readings.filter(
    ({isBad, template}) => (isBad || template.level === 'WARNING') && template.count >= forCauses.minCount,
  );
  return suspects.flatMap((reading) => {
    const {template} = reading;
    const caution = isHard(reading) ? forCauses : forErrors;
    const rises = risesOf(template.series, book.around(template), axis, caution, suspects.length);
    return withoutHabits(reading, rises, axis)
      .filter((rise) => isHard(reading) || rise.end - rise.start >= 2 || rise.count >= 20)
      .map((rise) => findingOf(reading, rise, axis, analysis));
  });
}

/** Requests that failed, all addresses together. */
export function failedRequests(analysis: Analysis, readings: readonly Reading[], axis: Axis): Finding[] {
  const {endpoints} = analysis;
  if (!endpoints.some(({failed}) => failed > 0)) return [];
  const traffic = trafficOfSeries(
    endpoints.map(({series}) => series),
    axis,
  );
  const reading = readings.find(({meanings}) => meanings.has('failed-request')) ?? null;
  return unhabitual(risesOf(sumOf(endpoints.map(({failedSeries}) => failedSeries)), traffic, axis, forErrors, 1), axis)
    .filter(({start, end, count}) => end - start >= 2 || count >= 20)
    .map((rise): Finding => {
      const from = placeStart(axis, rise.start);
      const spot: Spot = {source: 0, line: 0, time: from};
      return {
        kind: 'errors',
        from,
        to: placeStart(axis, rise.end + 1),
        first: reading === null ? spot : spotIn(reading, rise, axis, 'first'),
        last: reading === null ? spot : spotIn(reading, rise, axis, 'last'),
        reading: null,
        count: rise.count,
        usual: rise.usual,
        evidence: rise.evidence,
        isSeed: true,
        isSharp: false,
        others: [],
        name: null,
        title: `${rise.count} requests failed (status 500 and above)`,
      };
    });
}

/** The sum of several series. */
export function sumOf(all: readonly Analysis['templates'][number]['series'][]): {buckets: number[]; counts: number[]} {
  const sums = new Map<number, number>();
  for (const {buckets, counts} of all) {
    for (let i = 0; i < buckets.length; i += 1)
      sums.set(buckets[i] ?? 0, (sums.get(buckets[i] ?? 0) ?? 0) + (counts[i] ?? 0));
  }
  const buckets = [...sums.keys()].sort((a, b) => a - b);
  return {buckets, counts: buckets.map((bucket) => sums.get(bucket) ?? 0)};
}

const isHard = ({meanings, isBad}: Reading): boolean =>
  isBad &&
  (
    ['out-of-memory', 'memory-limit', 'refused', 'exhausted', 'exit', 'health-failed', 'offline', 'disk-full'] as const
  ).some((one) => meanings.has(one));

/** An outage of a database that lasts is none by being punctual; a refused connection while something restarts may be. */
function withoutHabits(reading: Reading, rises: readonly Rise[], axis: Axis): Rise[] {
  const isLong = ({start, end}: Rise) => isHard(reading) && (end - start + 1) * axis.placeMs >= lastingMs;
  const kept = new Set(unhabitual(rises, axis));
  return rises.filter((rise) => kept.has(rise) || isLong(rise));
}

const lastingMs = 5 * 60_000;

/**
 * Without what comes again and again: the nightly job that always complains is no incident. Kept is what is far larger
 * than its fellows.
 */
export function unhabitual(rises: readonly Rise[], axis: Axis): Rise[] {
  const starts = rises.map(({start}) => start * axis.placeMs).sort((a, b) => a - b);
  const steps = starts.slice(1).map((start, i) => start - (starts[i] ?? 0));
  if (!isHabit(steps, axis)) return [...rises];
  const sizes = rises.map(({count}) => count).sort((a, b) => a - b);
  const usual = sizes[Math.floor(sizes.length / 2)] ?? 0;
  return rises.filter(({count}) => count > 4 * usual);
}

/** All through the log: a dozen times, or at even distances, or twice at the same time of day. */
function isHabit(steps: readonly number[], {placeMs, size}: Axis): boolean {
  const span = steps.reduce((sum, step) => sum + step, 0);
  if (steps.length === 0 || span < 0.4 * size * placeMs) return false;
  if (steps.length >= 11 || steps.every((step) => isMultiple(step, dayMs, placeMs))) return true;
  const middle = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return steps.length >= 3 && steps.filter((step) => isMultiple(step, middle, placeMs)).length >= 0.7 * steps.length;
}

const dayMs = 24 * 60 * 60_000;

function isMultiple(step: number, of: number, placeMs: number): boolean {
  const times = Math.max(1, Math.round(step / of));
  return Math.abs(step - times * of) <= Math.max(2 * placeMs, Math.min(0.03 * of, 5 * 60_000));
}

function findingOf(reading: Reading, rise: Rise, axis: Axis, analysis: Analysis): Finding {
  const first = spotIn(reading, rise, axis, 'first');
  const last = spotIn(reading, rise, axis, 'last');
  const rateBefore = rise.usual / (rise.end - rise.start + 1);
  return {
    kind: kindOf(reading),
    from: Math.max(first.time ?? 0, analysis.from ?? 0),
    to: last.time,
    first,
    last,
    reading,
    count: rise.count,
    usual: rise.count >= reading.template.count ? 0 : rise.usual,
    evidence: rise.evidence,
    isSeed: reading.isBad,
    isSharp: 3 * rateBefore < 0.1 || rise.count > 20 * rise.usual,
    others: [],
    name: reading.names.length === 1 ? (reading.names[0] ?? null) : null,
    title: null,
  };
}

/** The first or last event in a stretch: exact where events are known one by one, else the edge of its bucket. */
function spotIn({template}: Reading, rise: Rise, axis: Axis, which: 'first' | 'last'): Spot {
  const place = which === 'first' ? rise.start : rise.end;
  const inPlace = (spot: Spot) => spot.time !== null && placeAt(axis, spot.time) === place;
  const all = knownSpots(template)
    .filter(inPlace)
    .sort((a, b) => (a.time ?? 0) - (b.time ?? 0));
  const isWhole = template.count <= template.spots.length;
  const exact = which === 'first' ? all[0] : all.at(-1);
  const time = which === 'first' ? placeStart(axis, place) : placeStart(axis, place + 1) - 1;
  if (exact === undefined) return unknownSpot(template, time);
  const sure = isWhole || exact === (which === 'first' ? template.first : template.last) || which === 'first';
  return sure ? exact : {...exact, time};
}
