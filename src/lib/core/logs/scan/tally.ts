import {Floats, Ints} from './grown.js';
import {KeyTable} from './hash.js';
import {type MeasurePlan, measurePlan} from './measure-plan.js';
import {bucketOf, histogramSize, type SegmentResult, type ShapeExample, unknownMinute} from './segment.js';

const mostSpots = 256;
const mostExamples = 20;
const mostGaps = 16;
const leastGapMs = 1000;
/** A log without two equal messages must not fill the memory. */
const mostRemembered = 200_000;

/** What one worker remembers from segment to segment of the same run. */
export class ScanMemory {
  /** Examples sent of a shape. Whoever merges keeps the first of all workers. */
  readonly sent = new Map<number, number>();
  /** Spots sent of a shape, likewise. */
  readonly spotted = new Map<number, number>();
  readonly plans = new Map<number, MeasurePlan | null>();

  forget(): void {
    for (const map of [this.sent, this.spotted, this.plans]) map.clear();
  }
}

/** Counts of one segment. */
export class Tally {
  readonly #memory: ScanMemory;
  readonly #table = new KeyTable();
  readonly #keys = new Floats();
  readonly #kinds = new Ints();
  readonly #counts = new Ints();
  readonly #firstLines = new Ints();
  readonly #lastLines = new Ints();
  readonly #firstTimes = new Floats();
  readonly #lastTimes = new Floats();
  readonly #wanted = new Ints();
  readonly #spotsLeft = new Ints();
  readonly #plans: (MeasurePlan | null | undefined)[] = [];
  /** Index of the present minute in #minutes. */
  readonly #minuteAt = new Ints();
  readonly #minutes = new Ints();
  readonly #spots = new Ints();
  readonly #spotTimes = new Floats();
  #examples: ShapeExample[] = [];
  readonly #measureAt = new Ints();
  readonly #measures = new Ints();
  readonly #measureSums = new Floats();
  /** Where the buckets of a slot begin in #buckets, in histograms; -1: nothing was measured. */
  readonly #histogramAt = new Ints();
  #buckets = new Int32Array(16 * histogramSize);
  readonly #measured = new Ints(16);
  readonly #maxima = new Floats(16);
  #gaps: {after: number; before: number; from: number; to: number}[] = [];
  #smallestGap = leastGapMs;
  #firstTime = Number.NaN;
  #firstTimeLine = 0;
  #lastTime = Number.NaN;
  #lastTimeLine = 0;
  #from = Number.NaN;
  #to = Number.NaN;

  constructor(memory: ScanMemory) {
    this.#memory = memory;
  }

  /** Time of what stands at this line, if it has its own. */
  time(time: number, line: number): void {
    const last = this.#lastTime;
    if (last !== last) {
      this.#firstTime = this.#from = this.#to = time;
      this.#firstTimeLine = line;
    } else {
      if (time - last >= this.#smallestGap) this.#gap(last, time, line);
      if (time < this.#from) this.#from = time;
      if (time > this.#to) this.#to = time;
    }
    this.#lastTime = time;
    this.#lastTimeLine = line;
  }

  get lastTime(): number {
    return this.#lastTime;
  }

  /**
   * @param kind of the shape, and its level: kind × 8 + level
   * @returns its slot
   */
  count(key: number, kind: number, line: number, time: number): number {
    let slot = this.#table.slot(key);
    if (slot < 0) {
      slot = ~slot;
      this.#begin(key, kind, line, time);
    }
    this.#counts.add(slot, 1);
    this.#lastLines.set(slot, line);
    this.#lastTimes.set(slot, time);
    if (this.#spotsLeft.at(slot) > 0) {
      this.#spotsLeft.add(slot, -1);
      this.#spots.push2(slot, line);
      this.#spotTimes.push(time);
    }
    const minute = time === time ? Math.floor(time / 60_000) : unknownMinute;
    const at = this.#minuteAt.at(slot);
    if (at >= 0 && this.#minutes.at(at + 1) === minute) this.#minutes.add(at + 2, 1);
    else {
      this.#minuteAt.set(slot, this.#minutes.length);
      this.#minutes.push2(slot, minute);
      this.#minutes.push(1);
    }
    return slot;
  }

  wantsExample(slot: number): boolean {
    return this.#wanted.at(slot) > 0;
  }

  example(slot: number, example: ShapeExample): void {
    this.#wanted.add(slot, -1);
    this.#examples.push(example);
    this.#memory.sent.set(example.key, (this.#memory.sent.get(example.key) ?? 0) + 1);
  }

  /** undefined: nobody has looked yet. */
  plan(slot: number): MeasurePlan | null | undefined {
    return this.#plans[slot];
  }

  findPlan(slot: number, key: number, message: string): MeasurePlan | null {
    const plan = measurePlan(message);
    this.#memory.plans.set(key, plan);
    this.#plans[slot] = plan;
    return plan;
  }

  measure(slot: number, time: number, value: number): void {
    if (!(value >= 0)) return;
    const minute = time === time ? Math.floor(time / 60_000) : unknownMinute;
    const at = this.#measureAt.at(slot);
    if (at >= 0 && this.#measures.at(at + 1) === minute) {
      this.#measures.add(at + 2, 1);
      this.#measureSums.set(at / 3, this.#measureSums.at(at / 3) + value);
    } else {
      this.#measureAt.set(slot, this.#measures.length);
      this.#measures.push(slot);
      this.#measures.push(minute);
      this.#measures.push(1);
      this.#measureSums.push(value);
    }
    let histogram = this.#histogramAt.at(slot);
    if (histogram < 0) histogram = this.#beginHistogram(slot);
    const bucket = histogram * histogramSize + bucketOf(value);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    if (value > this.#maxima.at(histogram)) this.#maxima.set(histogram, value);
  }

  /** What is told of the segment; the tally begins anew after it. */
  result(
    of: Pick<SegmentResult, 'lines' | 'events' | 'untimed' | 'formats' | 'invalidUtf8' | 'lineSlots'>,
  ): SegmentResult {
    // Whoever forgets sends again what is not wanted any more: that does no harm.
    if (this.#memory.spotted.size > mostRemembered) this.#memory.forget();
    for (let slot = 0; slot < this.#keys.length; slot += 1)
      this.#memory.spotted.set(this.#keys.at(slot), mostSpots - this.#spotsLeft.at(slot));
    const result: SegmentResult = {
      ...of,
      shapes: {
        keys: this.#keys.taken(),
        kinds: this.#kinds.taken(),
        counts: this.#counts.taken(),
        firstLines: this.#firstLines.taken(),
        lastLines: this.#lastLines.taken(),
        firstTimes: this.#firstTimes.taken(),
        lastTimes: this.#lastTimes.taken(),
      },
      minutes: this.#minutes.taken(),
      spots: this.#spots.taken(),
      spotTimes: this.#spotTimes.taken(),
      examples: this.#examples,
      measures: this.#measures.taken(),
      measureSums: this.#measureSums.taken(),
      ...this.#histograms(),
      gaps: this.#gaps,
      firstTime: this.#firstTime,
      firstTimeLine: this.#firstTimeLine,
      lastTime: this.#lastTime,
      lastTimeLine: this.#lastTimeLine,
      from: this.#from,
      to: this.#to,
    };
    this.#clear();
    return result;
  }

  #clear(): void {
    this.#buckets.fill(0, 0, this.#measured.length * histogramSize);
    this.#table.clear();
    for (const column of [
      this.#kinds,
      this.#counts,
      this.#firstLines,
      this.#lastLines,
      this.#wanted,
      this.#spotsLeft,
      this.#minuteAt,
      this.#minutes,
      this.#spots,
      this.#measureAt,
      this.#measures,
      this.#histogramAt,
      this.#measured,
    ])
      column.length = 0;
    for (const column of [
      this.#keys,
      this.#firstTimes,
      this.#lastTimes,
      this.#spotTimes,
      this.#measureSums,
      this.#maxima,
    ])
      column.length = 0;
    this.#plans.length = 0;
    this.#examples = [];
    this.#gaps = [];
    this.#smallestGap = leastGapMs;
    this.#firstTime = this.#lastTime = this.#from = this.#to = Number.NaN;
    this.#firstTimeLine = this.#lastTimeLine = 0;
  }

  #begin(key: number, kind: number, line: number, time: number): void {
    this.#keys.push(key);
    this.#kinds.push(kind);
    this.#counts.push(0);
    this.#firstLines.push(line);
    this.#lastLines.push(line);
    this.#firstTimes.push(time);
    this.#lastTimes.push(time);
    this.#spotsLeft.push(mostSpots - (this.#memory.spotted.get(key) ?? 0));
    this.#wanted.push(mostExamples - (this.#memory.sent.get(key) ?? 0));
    this.#minuteAt.push(-1);
    this.#measureAt.push(-1);
    this.#histogramAt.push(-1);
    this.#plans.push(this.#memory.plans.get(key));
  }

  #beginHistogram(slot: number): number {
    const at = this.#measured.length;
    this.#histogramAt.set(slot, at);
    this.#measured.push(slot);
    this.#maxima.push(0);
    if (this.#measured.length * histogramSize > this.#buckets.length) {
      const next = new Int32Array(this.#buckets.length * 2);
      next.set(this.#buckets);
      this.#buckets = next;
    }
    return at;
  }

  #histograms(): Pick<SegmentResult, 'histogram' | 'maxima'> {
    const histogram = new Ints();
    const maxima = new Floats(this.#measured.length * 2 || 1);
    for (let at = 0; at < this.#measured.length; at += 1) {
      const slot = this.#measured.at(at);
      maxima.push(slot);
      maxima.push(this.#maxima.at(at));
      for (let bucket = 0; bucket < histogramSize; bucket += 1) {
        const count = this.#buckets[at * histogramSize + bucket] as number;
        if (count === 0) continue;
        histogram.push2(slot, bucket);
        histogram.push(count);
      }
    }
    return {histogram: histogram.taken(), maxima: maxima.taken()};
  }

  #gap(from: number, to: number, line: number): void {
    this.#gaps.push({after: this.#lastTimeLine, before: line, from, to});
    if (this.#gaps.length < mostGaps * 4) return;
    this.#gaps.sort((a, b) => b.to - b.from - (a.to - a.from) || a.before - b.before);
    this.#gaps.length = mostGaps;
    const last = this.#gaps[mostGaps - 1];
    if (last !== undefined) this.#smallestGap = last.to - last.from;
  }
}
