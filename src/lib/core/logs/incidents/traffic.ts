import {knownSpots} from './extent.js';
import type {Analysis, LogSource, LogTemplate, Series} from '../analysis.js';

/**
 * How much was written when: what a template's counts are compared with, so that a daily rhythm, a weekend or a file that
 * covers only a part of the time deceives nobody.
 */
export interface Traffic {
  /** Events before the n-th bucket of the axis. */
  readonly events: Float64Array;
  /** Buckets with events before the n-th one. */
  readonly active: Float64Array;
}

/** The dense time axis of an analysis. */
export interface Axis {
  /** Number of the first bucket of the series; bucket b of a series is place ⌊(b − first) / scale⌋ on the axis. */
  readonly first: number;
  readonly size: number;
  /** Buckets of the series in one place: above 1 only where a wrong date makes the span absurd. */
  readonly scale: number;
  /** Width of a place. */
  readonly placeMs: number;
}

const mostPlaces = 200_000;

export function axisOf(analysis: Analysis): Axis {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const {series} of analysis.templates) {
    first = Math.min(first, series.buckets[0] ?? first);
    last = Math.max(last, series.buckets.at(-1) ?? last);
  }
  if (!Number.isFinite(first)) return {first: 0, size: 0, scale: 1, placeMs: analysis.bucketMs};
  const scale = Math.ceil((last - first + 1) / mostPlaces);
  return {first, size: Math.ceil((last - first + 1) / scale), scale, placeMs: analysis.bucketMs * scale};
}

export const placeOf = (axis: Axis, bucket: number): number => Math.floor((bucket - axis.first) / axis.scale);
export const placeStart = (axis: Axis, place: number): number =>
  axis.first * (axis.placeMs / axis.scale) + place * axis.placeMs;
export const placeAt = (axis: Axis, time: number): number =>
  Math.min(axis.size - 1, Math.max(0, placeOf(axis, Math.floor((time * axis.scale) / axis.placeMs))));

/** What was written around each template: by its own sources, rotated files of one log counting as one. */
export class TrafficBook {
  readonly #counts = new Map<string, Float64Array>();
  readonly #made = new Map<string, Traffic>();
  readonly #family: readonly string[];
  readonly #axis: Axis;

  constructor(analysis: Analysis, axis: Axis) {
    this.#axis = axis;
    this.#family = analysis.sources.map(familyOf);
    const spans = this.#spans(analysis);
    for (const template of analysis.templates) {
      for (const family of this.#families(template))
        addSeries(this.#countsOf(family), axis, template.series, spans.get(family));
    }
  }

  /** From when to when each log reaches: of a template in several logs, what lies outside is another's. */
  #spans({templates}: Analysis): Map<string, {from: number; to: number}> {
    const spans = new Map<string, {from: number; to: number}>();
    for (const template of templates) {
      for (const {source, time} of knownSpots(template)) {
        if (time === null) continue;
        const place = placeAt(this.#axis, time);
        const family = this.#family[source] ?? '';
        const span = spans.get(family) ?? {from: place, to: place};
        spans.set(family, {from: Math.min(span.from, place), to: Math.max(span.to, place)});
      }
    }
    return spans;
  }

  around(template: Pick<LogTemplate, 'sources'>): Traffic {
    const families = this.#families(template);
    const key = families.join('\n');
    const made =
      this.#made.get(key) ??
      trafficOf(
        families.map((family) => this.#countsOf(family)),
        this.#axis.size,
      );
    this.#made.set(key, made);
    return made;
  }

  #families({sources}: Pick<LogTemplate, 'sources'>): string[] {
    return [...new Set(sources.map((source) => this.#family[source] ?? ''))].sort();
  }

  #countsOf(family: string): Float64Array {
    const counts = this.#counts.get(family) ?? new Float64Array(this.#axis.size);
    this.#counts.set(family, counts);
    return counts;
  }
}

/** Traffic of the given series alone, such as that of all requests. */
export function trafficOfSeries(series: readonly Series[], axis: Axis): Traffic {
  const counts = new Float64Array(axis.size);
  for (const one of series) addSeries(counts, axis, one);
  return trafficOf([counts], axis.size);
}

/** `app.log`, `app.log.1`, `app.log-20250522.gz` and `app.2.log` are one log. */
function familyOf({name, service}: LogSource): string {
  if (service !== null) return service;
  return name.replace(/\.(?:gz|zst|bz2|xz)$/i, '').replace(/[._-]?\d{1,4}(?:[-_.]?\d\d){0,5}(?=\.\w+$|$)/, '');
}

function addSeries(counts: Float64Array, axis: Axis, series: Series, span?: {from: number; to: number}): void {
  const {from, to} = span ?? {from: 0, to: counts.length - 1};
  for (let i = 0; i < series.buckets.length; i += 1) {
    const place = placeOf(axis, series.buckets[i] ?? 0);
    if (place >= from && place <= to) counts[place] = (counts[place] ?? 0) + (series.counts[i] ?? 0);
  }
}

function trafficOf(all: readonly Float64Array[], size: number): Traffic {
  const events = new Float64Array(size + 1);
  const active = new Float64Array(size + 1);
  for (let place = 0; place < size; place += 1) {
    let sum = 0;
    for (const counts of all) sum += counts[place] ?? 0;
    events[place + 1] = (events[place] ?? 0) + sum;
    active[place + 1] = (active[place] ?? 0) + (sum > 0 ? 1 : 0);
  }
  return {events, active};
}
