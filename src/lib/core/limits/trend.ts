/** A quantity over the last hours, minute by minute: what comes and goes within a minute is no trend. */
export interface Series {
  readonly points: readonly Minute[];
  /** The minute that is not over yet. */
  readonly open: (Minute & {readonly from: number}) | null;
}

interface Point {
  /** When it was lowest. */
  readonly at: number;
  readonly value: number;
}

interface Minute extends Point {
  readonly highest: number;
}

export const emptySeries: Series = {points: [], open: null};

export const minuteMs = 60_000;
/** Bounds the memory; longer looks back find nothing that is urgent. */
const mostPoints = 120;
/** Growth over a shorter time is a warm-up more often than a leak. */
const leastSpanMs = 30 * minuteMs;
/** The window falls into this many parts; the lowest value of each is what the fit sees. */
const parts = 6;
/** Share of the variance that a straight line has to explain. */
const leastR2 = 0.9;
/** Growth as a share of how much the quantity swings: less may be the beat of two rhythms, theirs and ours. */
const leastShareOfSwing = 0.2;
/** Slope of the second half over that of the first: what flattens is a warm-up or a cache that fills. */
const leastPersistence = 0.7;

/**
 * Takes a value in.
 * @param at monotonic ms
 * @returns whether a minute has been completed, i.e. there is something new to look at
 */
export function record(series: Series, at: number, value: number): readonly [Series, boolean] {
  const {open, points} = series;
  const fresh = {from: at, at, value, highest: value};
  if (open === null) return [{points, open: fresh}, false];
  if (at - open.from < minuteMs) {
    const lowest = value < open.value ? {at, value} : {};
    return [{points, open: {...open, ...lowest, highest: Math.max(open.highest, value)}}, false];
  }
  const {from: _from, ...minute} = open;
  return [{points: [...points, minute].slice(-mostPoints), open: fresh}, true];
}

/**
 * How fast it grows, if it grows steadily: over half an hour or more, nearly on a straight line, no slower at the end than
 * at the beginning. The line goes through the lowest values of six parts of the window: the teeth of a garbage collector
 * lie above it.
 * @param leastRise growth over the window that counts at all
 * @returns units per ms; null: no steady growth, or not enough seen
 */
export function steadyGrowth({points}: Series, leastRise: number): number | null {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const span = last.at - first.at;
  // Gaps (sleep, no supervisor) leave too little to judge.
  if (span < leastSpanMs || points.length < (span / minuteMs) * 0.8) return null;
  const lows = lowsOf(points, first.at, span);
  if (lows === null || lows.some(({value}, i) => i > 0 && value <= (lows[i - 1]?.value ?? 0))) return null;
  const {slope, r2} = fit(lows);
  const swing = Math.max(...points.map(({highest}) => highest)) - Math.min(...points.map(({value}) => value));
  if (slope * span < Math.max(leastRise, swing * leastShareOfSwing) || r2 < leastR2) return null;
  const half = parts / 2;
  const early = fit(lows.slice(0, half)).slope;
  const late = fit(lows.slice(half)).slope;
  return late < early * leastPersistence ? null : Math.min(slope, late);
}

function lowsOf(points: readonly Point[], from: number, span: number): readonly Point[] | null {
  const lows: (Point | null)[] = Array.from({length: parts}, () => null);
  for (const point of points) {
    const part = Math.min(parts - 1, Math.floor(((point.at - from) / span) * parts));
    const low = lows[part];
    if (low == null || point.value < low.value) lows[part] = point;
  }
  return lows.every((low) => low !== null) ? lows : null;
}

/** Least squares; times relative to the first, so that no digits are lost. */
function fit(points: readonly Point[]): {readonly slope: number; readonly r2: number} {
  const origin = points[0]?.at ?? 0;
  const n = points.length;
  const meanX = points.reduce((sum, {at}) => sum + (at - origin), 0) / n;
  const meanY = points.reduce((sum, {value}) => sum + value, 0) / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const {at, value} of points) {
    const x = at - origin - meanX;
    const y = value - meanY;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  if (xx === 0 || yy === 0) return {slope: 0, r2: 0};
  return {slope: xy / xx, r2: (xy * xy) / (xx * yy)};
}
