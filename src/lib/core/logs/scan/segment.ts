/** What the scanner tells of one stretch of a log. Plain data and typed arrays: it comes from a worker. */
export interface SegmentResult {
  readonly lines: number;
  readonly events: number;
  readonly untimed: number;
  /** Events by format code. */
  readonly formats: readonly number[];
  readonly invalidUtf8: boolean;
  /** Slots of events; -1: a blank line or one that goes on. Only when asked for. */
  readonly lineSlots: Int32Array | null;
  readonly shapes: SegmentShapes;
  /** slot, minute, count. */
  readonly minutes: Int32Array;
  /** slot, line within the segment. With it in `spotTimes` ms, NaN for none. */
  readonly spots: Int32Array;
  readonly spotTimes: Float64Array;
  readonly examples: readonly ShapeExample[];
  /** slot, minute, count; sums beside them. */
  readonly measures: Int32Array;
  readonly measureSums: Float64Array;
  /** slot, bucket, count: only what is not zero. */
  readonly histogram: Int32Array;
  /** slot, the greatest that was measured: once for each slot in `histogram`. */
  readonly maxima: Float64Array;
  readonly gaps: readonly {
    readonly after: number;
    readonly before: number;
    readonly from: number;
    readonly to: number;
  }[];
  /** First and last time of the segment in the order of lines; NaN: none. */
  readonly firstTime: number;
  readonly firstTimeLine: number;
  readonly lastTime: number;
  readonly lastTimeLine: number;
  readonly from: number;
  readonly to: number;
}

/** Column by column; the index is the slot. */
export interface SegmentShapes {
  readonly keys: Float64Array;
  /** Kind and level: kind × 8 + level. */
  readonly kinds: Int32Array;
  readonly counts: Int32Array;
  readonly firstLines: Int32Array;
  readonly lastLines: Int32Array;
  readonly firstTimes: Float64Array;
  readonly lastTimes: Float64Array;
}

export const shapeKind = {message: 0, access: 1, endpoint: 2} as const;
export type ShapeKind = (typeof shapeKind)[keyof typeof shapeKind];

/** One event of a shape, in words. */
export interface ShapeExample {
  readonly key: number;
  readonly line: number;
  readonly time: number;
  readonly kind: ShapeKind;
  readonly level: number;
  readonly format: number;
  /** The whole event without escape sequences, cut. */
  readonly text: string;
  /** What is to be clustered: the first line's message. */
  readonly message: string;
  /** What stood before the message in its line. */
  readonly header: string;
  /** The line of a traceback that names the error. */
  readonly detail: string | null;
}

/** Minute of what has no time yet, until the segment before it is known. */
export const unknownMinute = -1;

/** For durations and sizes: eight buckets in each power of two, so a percentile is off by 5 % at most. */
export const histogramSize = 400;
export const bucketOf = (value: number): number =>
  value <= 0.0625 ? 0 : Math.min(histogramSize - 1, Math.floor((Math.log2(value) + 4) * 8));
export const bucketValue = (bucket: number): number => (bucket === 0 ? 0 : 2 ** ((bucket + 0.5) / 8 - 4));
