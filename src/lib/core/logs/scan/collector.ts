import type {Spot} from '../analysis.js';
import {histogramSize, type SegmentResult, type ShapeExample, unknownMinute} from './segment.js';

const mostSpots = 256;
const mostExamples = 20;
const mostGaps = 32;
/** Pairs of minute and count that are kept; beyond that time gets coarser: 40 MB whatever the size of the log. */
const mostEntries = 2_500_000;

/** All that is known of messages that differ only in their numbers. */
export interface Shape {
  readonly key: number;
  count: number;
  first: Spot;
  last: Spot;
  readonly sources: number[];
  readonly spots: Spot[];
  readonly examples: {
    readonly source: number;
    readonly line: number;
    readonly time: number | null;
    readonly of: ShapeExample;
  }[];
  /** Bucket, count, bucket, count …: in the order of the input until compacted. */
  entries: number[];
  measure: {
    readonly sums: Map<number, {count: number; sum: number}>;
    readonly histogram: Int32Array;
    max: number;
  } | null;
}

export interface CollectedSource {
  lines: number;
  events: number;
  untimed: number;
  readonly formats: number[];
  invalidUtf8: boolean;
  lastTime: number | null;
  lastTimeLine: number;
  /** The shape of each line, when asked for: index into `Collector.shapes`, -1: none. */
  readonly labels: Int32Array[];
}

/** Puts segments together again, in their order; the result does not depend on where they were cut. */
export class Collector {
  readonly shapes: Shape[] = [];
  readonly sources: CollectedSource[] = [];
  gaps: {readonly after: Spot; readonly before: Spot; readonly ms: number}[] = [];
  from: number | null = null;
  to: number | null = null;
  /** Minutes in a bucket. */
  scale = 1;
  readonly #byKey = new Map<number, number>();
  #entries = 0;

  begin(): number {
    this.sources.push({
      lines: 0,
      events: 0,
      untimed: 0,
      formats: [],
      invalidUtf8: false,
      lastTime: null,
      lastTimeLine: 0,
      labels: [],
    });
    return this.sources.length - 1;
  }

  /** Segments of a source have to come in their order; those of several sources one source after the other. */
  add(source: number, segment: SegmentResult): void {
    const into = this.sources[source] as CollectedSource;
    const base = into.lines;
    const before = into.lastTime;
    const slots = this.#slots(segment, source, base, before);
    this.#addMinutes(segment, slots, before);
    this.#addSpots(segment, slots, source, base, before);
    this.#addExamples(segment, source, base, before);
    this.#addMeasures(segment, slots, before);
    this.#addGaps(segment, source, base, into);
    if (segment.lineSlots !== null)
      into.labels.push(segment.lineSlots.map((slot) => (slot < 0 ? -1 : (slots[slot] as number))));
    into.lines += segment.lines;
    into.events += segment.events;
    into.untimed += segment.untimed;
    into.invalidUtf8 ||= segment.invalidUtf8;
    for (const [code, count] of segment.formats.entries()) into.formats[code] = (into.formats[code] ?? 0) + count;
    if (!Number.isNaN(segment.from)) {
      this.from = this.from === null ? segment.from : Math.min(this.from, segment.from);
      this.to = this.to === null ? segment.to : Math.max(this.to, segment.to);
      into.lastTime = segment.lastTime;
      into.lastTimeLine = base + segment.lastTimeLine;
    }
    if (this.#entries > mostEntries * 2) this.compact();
  }

  /** Sorts and sums what was counted; makes time coarser where it is too much. */
  compact(): void {
    for (;;) {
      this.#entries = 0;
      for (const shape of this.shapes) {
        shape.entries = summed(shape.entries);
        this.#entries += shape.entries.length / 2;
      }
      if (this.#entries <= mostEntries) return;
      this.scale *= 2;
      for (const shape of this.shapes) {
        const {entries} = shape;
        for (let i = 0; i < entries.length; i += 2) entries[i] = Math.floor((entries[i] as number) / 2);
        if (shape.measure !== null) coarser(shape.measure.sums);
      }
    }
  }

  #slots(segment: SegmentResult, source: number, base: number, before: number | null): Int32Array {
    const {keys, counts, firstLines, lastLines, firstTimes, lastTimes} = segment.shapes;
    const slots = new Int32Array(keys.length);
    for (let slot = 0; slot < keys.length; slot += 1) {
      const key = keys[slot] as number;
      const last = {source, line: base + (lastLines[slot] as number), time: timeOf(lastTimes[slot], before)};
      let index = this.#byKey.get(key);
      if (index === undefined) {
        index = this.shapes.length;
        this.#byKey.set(key, index);
        const first = {source, line: base + (firstLines[slot] as number), time: timeOf(firstTimes[slot], before)};
        this.shapes.push({
          key,
          count: 0,
          first,
          last,
          sources: [],
          spots: [],
          examples: [],
          entries: [],
          measure: null,
        });
      }
      const shape = this.shapes[index] as Shape;
      shape.count += counts[slot] as number;
      shape.last = last;
      if (shape.sources.at(-1) !== source) shape.sources.push(source);
      slots[slot] = index;
    }
    return slots;
  }

  #addMinutes({minutes}: SegmentResult, slots: Int32Array, before: number | null): void {
    for (let i = 0; i < minutes.length; i += 3) {
      const minute = minuteOf(minutes[i + 1] as number, before);
      if (minute === null) continue;
      const bucket = Math.floor(minute / this.scale);
      const {entries} = this.shapes[slots[minutes[i] as number] as number] as Shape;
      const at = entries.length;
      if (at > 0 && entries[at - 2] === bucket)
        entries[at - 1] = (entries[at - 1] as number) + (minutes[i + 2] as number);
      else {
        entries.push(bucket, minutes[i + 2] as number);
        this.#entries += 1;
      }
    }
  }

  #addSpots(segment: SegmentResult, slots: Int32Array, source: number, base: number, before: number | null): void {
    const {spots, spotTimes} = segment;
    for (let i = 0; i < spotTimes.length; i += 1) {
      const shape = this.shapes[slots[spots[i * 2] as number] as number] as Shape;
      if (shape.spots.length >= mostSpots) continue;
      shape.spots.push({source, line: base + (spots[i * 2 + 1] as number), time: timeOf(spotTimes[i], before)});
    }
  }

  #addExamples({examples}: SegmentResult, source: number, base: number, before: number | null): void {
    for (const of of examples) {
      const shape = this.shapes[this.#byKey.get(of.key) as number] as Shape;
      if (shape.examples.length < mostExamples)
        shape.examples.push({source, line: base + of.line, time: timeOf(of.time, before), of});
    }
  }

  #addMeasures(segment: SegmentResult, slots: Int32Array, before: number | null): void {
    const {measures, measureSums, histograms} = segment;
    for (const {slot, buckets, max} of histograms) {
      const shape = this.shapes[slots[slot] as number] as Shape;
      shape.measure ??= {sums: new Map(), histogram: new Int32Array(histogramSize), max: 0};
      const {histogram} = shape.measure;
      for (let i = 0; i < histogramSize; i += 1) histogram[i] = (histogram[i] as number) + (buckets[i] as number);
      shape.measure.max = Math.max(shape.measure.max, max);
    }
    for (let i = 0; i < measures.length; i += 3) {
      const minute = minuteOf(measures[i + 1] as number, before);
      const sums = (this.shapes[slots[measures[i] as number] as number] as Shape).measure?.sums;
      if (minute === null || sums === undefined) continue;
      const bucket = Math.floor(minute / this.scale);
      const there = sums.get(bucket);
      const count = measures[i + 2] as number;
      const sum = measureSums[i / 3] as number;
      if (there === undefined) sums.set(bucket, {count, sum});
      else {
        there.count += count;
        there.sum += sum;
      }
    }
  }

  #addGaps(segment: SegmentResult, source: number, base: number, into: CollectedSource): void {
    const gaps = [...segment.gaps];
    if (into.lastTime !== null && segment.firstTime > into.lastTime)
      gaps.push({
        after: into.lastTimeLine - base,
        before: segment.firstTimeLine,
        from: into.lastTime,
        to: segment.firstTime,
      });
    if (gaps.length === 0) return;
    for (const {after, before, from, to} of gaps)
      this.gaps.push({
        after: {source, line: base + after, time: from},
        before: {source, line: base + before, time: to},
        ms: to - from,
      });
    if (this.gaps.length > mostGaps * 8) this.#trimGaps();
  }

  #trimGaps(): void {
    this.gaps.sort((a, b) => b.ms - a.ms || a.after.source - b.after.source || a.after.line - b.after.line);
    this.gaps.length = Math.min(this.gaps.length, mostGaps);
  }

  /** The longest silences, the longest first. */
  longestGaps(): readonly {readonly after: Spot; readonly before: Spot; readonly ms: number}[] {
    this.#trimGaps();
    return this.gaps;
  }
}

const timeOf = (time: number | undefined, before: number | null): number | null =>
  time === undefined || Number.isNaN(time) ? before : time;

const minuteOf = (minute: number, before: number | null): number | null =>
  minute !== unknownMinute ? minute : before === null ? null : Math.floor(before / 60_000);

/** Pairs in ascending order, each bucket once. */
function summed(entries: number[]): number[] {
  let isSorted = true;
  for (let i = 2; i < entries.length && isSorted; i += 2)
    isSorted = (entries[i] as number) > (entries[i - 2] as number);
  if (isSorted) return entries;
  const pairs: [number, number][] = [];
  for (let i = 0; i < entries.length; i += 2) pairs.push([entries[i] as number, entries[i + 1] as number]);
  pairs.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [bucket, count] of pairs) {
    const at = result.length;
    if (at > 0 && result[at - 2] === bucket) result[at - 1] = (result[at - 1] as number) + count;
    else result.push(bucket, count);
  }
  return result;
}

function coarser(sums: Map<number, {count: number; sum: number}>): void {
  const old = [...sums];
  sums.clear();
  for (const [bucket, {count, sum}] of old) {
    const there = sums.get(Math.floor(bucket / 2));
    if (there === undefined) sums.set(Math.floor(bucket / 2), {count, sum});
    else {
      there.count += count;
      there.sum += sum;
    }
  }
}
