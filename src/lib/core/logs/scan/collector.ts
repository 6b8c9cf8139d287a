import type {Spot} from '../analysis.js';
import {Floats, Ints} from './grown.js';
import {histogramSize, type SegmentResult, type ShapeExample, unknownMinute} from './segment.js';

const mostSpots = 256;
const mostExamples = 20;
const mostGaps = 32;
/** Pairs of minute and count that are kept; beyond that time gets coarser: 40 MB at most, whatever the size of the log. */
const mostEntries = 2_500_000;
/** Kinds of messages that are told apart; what comes beyond is counted by its level. */
const mostShapes = 30_000;

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
  entries: Ints;
  measure: ShapeMeasure | null;
}

export interface ShapeMeasure {
  /** Bucket, count, as above; with each pair the sum of what was measured. */
  entries: Ints;
  sums: Floats;
  readonly histogram: Int32Array;
  max: number;
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

const otherMessages = '(messages of too many kinds)';

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
  readonly #most: {readonly shapes: number; readonly entries: number};
  #entries = 0;

  /** @param most kinds of messages that are told apart; pairs of time and count that are kept */
  constructor(most: {readonly shapes?: number; readonly entries?: number} = {}) {
    this.#most = {shapes: mostShapes, entries: mostEntries, ...most};
  }

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
    if (this.#entries > this.#most.entries * 2) this.compact();
  }

  /** Sorts and sums what was counted; makes time coarser where it is too much. */
  compact(): void {
    for (;;) {
      this.#entries = 0;
      for (const shape of this.shapes) {
        sumUp(shape.entries, null);
        if (shape.measure !== null) sumUp(shape.measure.entries, shape.measure.sums);
        this.#entries += shape.entries.length / 2;
      }
      if (this.#entries <= this.#most.entries) return;
      this.scale *= 2;
      for (const {entries, measure} of this.shapes) {
        halve(entries);
        if (measure !== null) halve(measure.entries);
      }
    }
  }

  #slots(segment: SegmentResult, source: number, base: number, before: number | null): Int32Array {
    const {keys, kinds, counts, firstLines, lastLines, firstTimes, lastTimes} = segment.shapes;
    const slots = new Int32Array(keys.length);
    for (let slot = 0; slot < keys.length; slot += 1) {
      const key = keys[slot] as number;
      const last = {source, line: base + (lastLines[slot] as number), time: timeOf(lastTimes[slot], before)};
      let index = this.#byKey.get(key) ?? this.#beyond(key, kinds[slot] as number);
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
          entries: new Ints(8),
          measure: null,
        });
      }
      const shape = this.shapes[index] as Shape;
      shape.count += counts[slot] as number;
      if (shape.last.source < source || shape.last.line < last.line) shape.last = last;
      if (shape.sources.at(-1) !== source) shape.sources.push(source);
      slots[slot] = index;
    }
    return slots;
  }

  /** Of a log with too many kinds of messages the later ones are one kind for each level. */
  #beyond(key: number, kind: number): number | undefined {
    if (this.shapes.length < this.#most.shapes) return undefined;
    const beyond = this.#byKey.get(-1 - kind);
    if (beyond !== undefined) return beyond;
    const index = this.shapes.length;
    this.#byKey.set(-1 - kind, index);
    const nowhere: Spot = {source: this.sources.length - 1, line: 0, time: null};
    const of: ShapeExample = {
      key,
      line: 0,
      time: Number.NaN,
      kind: (kind >> 3) as ShapeExample['kind'],
      level: kind & 7,
      format: 0,
      text: otherMessages,
      message: otherMessages,
      header: '',
      detail: null,
    };
    this.shapes.push({
      key: -1 - kind,
      count: 0,
      first: nowhere,
      last: nowhere,
      sources: [],
      spots: [],
      examples: [{source: nowhere.source, line: 0, time: null, of}],
      entries: new Ints(8),
      measure: null,
    });
    return index;
  }

  #addMinutes({minutes}: SegmentResult, slots: Int32Array, before: number | null): void {
    for (let i = 0; i < minutes.length; i += 3) {
      const minute = minuteOf(minutes[i + 1] as number, before);
      if (minute === null) continue;
      const bucket = Math.floor(minute / this.scale);
      const {entries} = this.shapes[slots[minutes[i] as number] as number] as Shape;
      if (!addTo(entries, bucket, minutes[i + 2] as number)) this.#entries += 1;
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
      // Of a kind beyond those that are told apart nothing is kept.
      const shape = this.shapes[this.#byKey.get(of.key) ?? -1];
      if (shape !== undefined && shape.examples.length < mostExamples)
        shape.examples.push({source, line: base + of.line, time: timeOf(of.time, before), of});
    }
  }

  #addMeasures(segment: SegmentResult, slots: Int32Array, before: number | null): void {
    const {measures, measureSums, histogram, maxima} = segment;
    for (let i = 0; i < maxima.length; i += 2) {
      const shape = this.shapes[slots[maxima[i] as number] as number] as Shape;
      shape.measure ??= {entries: new Ints(8), sums: new Floats(4), histogram: new Int32Array(histogramSize), max: 0};
      shape.measure.max = Math.max(shape.measure.max, maxima[i + 1] as number);
    }
    for (let i = 0; i < histogram.length; i += 3) {
      const total = this.shapes[slots[histogram[i] as number] as number]?.measure?.histogram as Int32Array;
      const bucket = histogram[i + 1] as number;
      total[bucket] = (total[bucket] as number) + (histogram[i + 2] as number);
    }
    for (let i = 0; i < measures.length; i += 3) {
      const minute = minuteOf(measures[i + 1] as number, before);
      const measure = (this.shapes[slots[measures[i] as number] as number] as Shape).measure;
      if (minute === null || measure === null) continue;
      const sum = measureSums[i / 3] as number;
      const last = measure.sums.length - 1;
      if (addTo(measure.entries, Math.floor(minute / this.scale), measures[i + 1 + 1] as number))
        measure.sums.set(last, measure.sums.at(last) + sum);
      else measure.sums.push(sum);
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

/** @returns whether the last pair was of this bucket, too */
function addTo(entries: Ints, bucket: number, count: number): boolean {
  const at = entries.length;
  if (at > 0 && entries.at(at - 2) === bucket) {
    entries.add(at - 1, count);
    return true;
  }
  entries.push2(bucket, count);
  return false;
}

/** Makes it pairs in ascending order, each bucket once. */
function sumUp(entries: Ints, sums: Floats | null): void {
  if (!isInOrder(entries)) sort(entries, sums);
  let last = 0;
  for (let i = 1; i < entries.length / 2; i += 1) {
    if (entries.at(i * 2) === entries.at(last * 2)) {
      entries.add(last * 2 + 1, entries.at(i * 2 + 1));
      sums?.set(last, sums.at(last) + sums.at(i));
      continue;
    }
    last += 1;
    entries.set(last * 2, entries.at(i * 2));
    entries.set(last * 2 + 1, entries.at(i * 2 + 1));
    sums?.set(last, sums.at(i));
  }
  if (entries.length === 0) return;
  entries.length = (last + 1) * 2;
  if (sums !== null) sums.length = last + 1;
}

function isInOrder(entries: Ints): boolean {
  for (let i = 2; i < entries.length; i += 2) if (entries.at(i) < entries.at(i - 2)) return false;
  return true;
}

/** Of millions of pairs: bucket and place are one number, which sorts without objects and keeps equals in their order. */
function sort(entries: Ints, sums: Floats | null): void {
  const size = entries.length / 2;
  const order = Float64Array.from({length: size}, (_, i) => entries.at(i * 2) * size + i).sort();
  const before = entries.taken();
  const sumsBefore = sums?.taken();
  for (const [to, key] of order.entries()) {
    const from = ((key % size) + size) % size;
    entries.set(to * 2, before[from * 2] as number);
    entries.set(to * 2 + 1, before[from * 2 + 1] as number);
    sums?.set(to, sumsBefore?.[from] as number);
  }
}

function halve(entries: Ints): void {
  for (let i = 0; i < entries.length; i += 2) entries.set(i, Math.floor(entries.at(i) / 2));
}
