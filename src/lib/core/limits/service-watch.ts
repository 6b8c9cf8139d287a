import {formatDuration, formatShare, formatSize} from '../report/format.js';
import type {ServicePolicy} from '../spec.js';
import {calm, follow, type Reading, unknown, type Watched} from './episode.js';
import {forecast, forecastText} from './forecast.js';
import {emptySeries, minuteMs, record, type Series, steadyGrowth} from './trend.js';

/** Looks in a row above `maxMemory` until the service is restarted: 15 s with the usual sample interval. */
const looksToRestart = 4;
const looksToWarn = 3;
const hysteresis = 0.05;
/** What a service loads at its start is no leak. */
const warmUpMs = 10 * minuteMs;
/** Less growth in the window is the noise of an allocator. */
const leastGrowthBytes = 2 ** 20;
/** A restart that does not help is not repeated at once: pauses after the 1st, 2nd, … in a row that came right after a start. */
const earlyPausesMs = [0, 0, 5 * minuteMs, 15 * minuteMs, 60 * minuteMs] as const;
/** A restart that was refused is asked for again after this. */
const refusedPauseMs = 5 * minuteMs;
/** Answers that are compared with: before, "usually" would be a guess. */
const answersToKnow = 5;

export type Limit = 'memory' | 'memory-growth' | 'open-files' | 'slow';

/** What is watched of one service beside its life, and what was said about it. */
export interface ServiceWatch {
  readonly incarnation: number;
  /** Looks above `maxMemory` in a row. */
  readonly over: {readonly looks: number; readonly since: number} | null;
  /** Restarts for memory in a row that came within `stableAfter` of a start. */
  readonly early: number;
  /** No restart for memory before this. */
  readonly notBefore: number;
  /** The last growth that was warned of ended here: only what goes beyond is a new one. */
  readonly peakBytes: number;
  readonly memory: Series;
  readonly answers: {readonly count: number; readonly usualMs: number};
  readonly watched: Readonly<Record<Limit, Watched>>;
}

const nothingWatched: ServiceWatch['watched'] = {memory: calm, 'memory-growth': calm, 'open-files': calm, slow: calm};

export const freshServiceWatch: ServiceWatch = {
  incarnation: 0,
  over: null,
  early: 0,
  notBefore: 0,
  peakBytes: 0,
  memory: emptySeries,
  answers: {count: 0, usualMs: 0},
  watched: nothingWatched,
};

/** A living service as a sample shows it. */
export interface ServiceReading {
  readonly incarnation: number;
  readonly ageMs: number;
  /** Resident memory of all its processes added up. */
  readonly memoryBytes: number;
  /** What the machine has left; null: not known. */
  readonly availableBytes: number | null;
  /** Of its process that is nearest to its limit; null: not looked at this time, or not readable. */
  readonly openFiles: {readonly pid: number; readonly count: number; readonly limit: number} | null;
}

export interface LimitNews {
  readonly limit: Limit;
  readonly level: 'WARNING' | 'INFO';
  readonly text: string;
}

export interface Looked {
  readonly watch: ServiceWatch;
  readonly news: readonly LimitNews[];
  /** Why it shall be restarted now; null: it shall not. */
  readonly restart: string | null;
}

/** Looks at a sample of a service that starts or is up. */
export function lookAtSample(
  before: ServiceWatch,
  reading: ServiceReading,
  policy: ServicePolicy,
  now: number,
): Looked {
  const told = new Told(ofLife(before, reading.incarnation), now);
  const {memoryBytes} = reading;
  const {maxMemoryBytes: max} = policy;
  if (max !== null) told.follow('memory', memoryReading(memoryBytes, max, policy.memoryWarnRatio), looksToWarn);
  if (reading.openFiles !== null)
    told.follow('open-files', filesReading(reading.openFiles, policy.openFilesWarnRatio), 1);
  lookAtGrowth(told, reading, max, now);
  const restart = max === null ? null : lookAtLimit(told, reading, max, policy, now);
  return {watch: told.watch, news: told.news, restart};
}

/** Looks at how long an answer took, while the service is ready. */
export function lookAtAnswer(
  before: ServiceWatch,
  incarnation: number,
  latencyMs: number,
  {slowAfterMs}: ServicePolicy,
  now: number,
): Omit<Looked, 'restart'> {
  const told = new Told(ofLife(before, incarnation), now);
  const {count, usualMs} = told.watch.answers;
  const isSlow = slowAfterMs !== null && latencyMs > slowAfterMs;
  if (!isSlow) {
    const share = Math.max(0.1, 1 / (count + 1));
    told.watch = {...told.watch, answers: {count: count + 1, usualMs: usualMs + (latencyMs - usualMs) * share}};
  }
  if (slowAfterMs !== null) {
    const usually = count < answersToKnow ? '' : ` (usually ${latencyText(usualMs)})`;
    const text = isSlow
      ? `answers slowly: ${latencyText(latencyMs)}${usually}`
      : `answers in ${latencyText(latencyMs)}`;
    told.follow('slow', {bad: isSlow, good: latencyMs < slowAfterMs * 0.8, text}, looksToWarn, looksToWarn);
  }
  return {watch: told.watch, news: told.news};
}

/** The restart that was asked for could not be done: not asked again for a while. */
export function putOff(watch: ServiceWatch, now: number): ServiceWatch {
  return {...watch, notBefore: now + refusedPauseMs};
}

/** Warnings that stand now. */
export function standing({watched}: ServiceWatch): readonly {limit: Limit; since: number; text: string}[] {
  return (Object.entries(watched) as [Limit, Watched][]).flatMap(([limit, {since, text}]) =>
    since === null ? [] : [{limit, since, text}],
  );
}

/** A new life begins without warnings; how it answers and how often it was restarted is known from the ones before. */
function ofLife(watch: ServiceWatch, incarnation: number): ServiceWatch {
  if (watch.incarnation === incarnation) return watch;
  return {...watch, incarnation, over: null, peakBytes: 0, memory: emptySeries, watched: nothingWatched};
}

/** A watch while it is looked at, with the news that come of it. */
class Told {
  watch: ServiceWatch;
  readonly news: LimitNews[] = [];
  readonly #now: number;

  constructor(watch: ServiceWatch, now: number) {
    this.watch = watch;
    this.#now = now;
  }

  follow(limit: Limit, reading: Reading, looks: number, looksToEnd = 1): void {
    const {watched} = this.watch;
    const before = watched[limit];
    const [after, turn] = follow(before, reading, this.#now, looks, looksToEnd);
    this.watch = {...this.watch, watched: {...watched, [limit]: after}};
    if (turn === 'begins') this.news.push({limit, level: 'WARNING', text: reading.text});
    if (turn === 'ends') {
      const lasted = formatDuration(this.#now - (before.since ?? this.#now));
      this.news.push({limit, level: 'INFO', text: `${reading.text}: well again after ${lasted}`});
    }
  }
}

function memoryReading(bytes: number, max: number, warnRatio: number): Reading {
  const share = bytes / max;
  return {
    bad: share > warnRatio,
    good: share < warnRatio - hysteresis,
    text: `memory ${formatSize(bytes)}, ${formatShare(share)} of maxMemory ${formatSize(max)}`,
  };
}

function filesReading({pid, count, limit}: NonNullable<ServiceReading['openFiles']>, warnRatio: number): Reading {
  const share = count / limit;
  return {
    bad: share > warnRatio,
    good: share < warnRatio - hysteresis,
    text: `${count} open files of ${limit} (ulimit -n, pid ${pid})`,
  };
}

function lookAtGrowth(told: Told, reading: ServiceReading, max: number | null, now: number): void {
  if (reading.ageMs < warmUpMs) return;
  const {memoryBytes} = reading;
  const [memory, isNew] = record(told.watch.memory, now, memoryBytes);
  told.watch = {...told.watch, memory};
  if (!isNew) return;
  const before = told.watch.watched['memory-growth'];
  told.follow('memory-growth', growthReading(told.watch, reading, max), 1, looksToWarn);
  const ended = before.since !== null && told.watch.watched['memory-growth'].since === null;
  if (ended) told.watch = {...told.watch, peakBytes: Math.max(...memory.points.map(({value}) => value), memoryBytes)};
}

function growthReading({memory, peakBytes}: ServiceWatch, reading: ServiceReading, max: number | null): Reading {
  const {memoryBytes, availableBytes} = reading;
  const flat = {bad: false, good: true, text: `memory ${formatSize(memoryBytes)} grows no longer`};
  const limit = max ?? (availableBytes === null ? null : memoryBytes + availableBytes);
  if (limit === null) return unknown;
  const perMs = steadyGrowth(memory, Math.max(leastGrowthBytes, memoryBytes * 0.01));
  if (perMs === null || memoryBytes <= peakBytes) return flat;
  const coming = forecast(limit - memoryBytes, perMs);
  if (coming === null) return flat;
  const what = max === null ? "the machine's memory is used up" : `reaches maxMemory ${formatSize(max)}`;
  return {
    bad: coming.isNear,
    good: false,
    text: `memory ${formatSize(memoryBytes)} grows by ${formatSize(coming.perHour)} an hour: ${what} in ${forecastText(coming)}`,
  };
}

function lookAtLimit(
  told: Told,
  {memoryBytes, ageMs}: ServiceReading,
  max: number,
  policy: ServicePolicy,
  now: number,
): string | null {
  const {watch} = told;
  // Written so that a specification without the key, by an earlier version, has no limit.
  if (!(memoryBytes > max)) {
    // A life that stayed below its limit for long enough has shown that the limit is right.
    told.watch = {...watch, over: null, early: ageMs >= policy.stableAfterMs ? 0 : watch.early};
    return null;
  }
  const since = watch.over?.since ?? now;
  const looks = (watch.over?.looks ?? 0) + 1;
  told.watch = {...watch, over: {looks, since}};
  if (looks < looksToRestart || now < watch.notBefore) return null;
  const early = ageMs - (now - since) < policy.stableAfterMs ? watch.early + 1 : 0;
  const pause = earlyPausesMs[Math.min(early, earlyPausesMs.length - 1)] ?? 0;
  told.watch = {...watch, over: null, early, notBefore: now + pause};
  if (pause > 0) {
    const text = `above maxMemory ${formatSize(max)} right after its start, ${early} times in a row: raise maxMemory. The next such restart comes in ${formatDuration(pause)} at the earliest`;
    told.news.push({limit: 'memory', level: 'WARNING', text});
  }
  return `memory ${formatSize(memoryBytes)} above maxMemory ${formatSize(max)} for ${formatDuration(now - since)}`;
}

/** `80ms`, `2.4s` */
function latencyText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : formatDuration(ms);
}
