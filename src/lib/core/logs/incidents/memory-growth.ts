import {formatDuration, formatSize} from '../../report/format.js';
import type {Analysis, Measure} from '../analysis.js';
import type {Finding} from './finding.js';
import {whole} from './life-findings.js';
import type {Reading} from './reading.js';

/** A leak is judged by this many equal parts of the time. */
const parts = 24;
/** Less than this, and warming up, caches and luck explain it. */
const leastFactor = 2;
const leastMs = 60 * 60_000;

/** Programs whose memory grew all the time and was still growing at the end of the log. */
export function memoryGrowth(readings: readonly Reading[], analysis: Analysis): Finding[] {
  return readings.flatMap((reading) => {
    // A mixture of several programs' memory has no trend of its own.
    if (reading.names.length > 1) return [];
    return reading.template.measures.flatMap((measure) => growthOf(reading, measure, analysis));
  });
}

function growthOf(reading: Reading, measure: Measure, analysis: Analysis): Finding[] {
  const {buckets} = measure.series;
  const span = ((buckets.at(-1) ?? 0) - (buckets[0] ?? 0) + 1) * analysis.bucketMs;
  if (measure.kind !== 'memory' || span < leastMs || buckets.length < 2 * parts) return [];
  const means = partMeans(measure);
  const [first, last] = [means[0] ?? 0, means.at(-1) ?? 0];
  if (means.length < 0.8 * parts || first <= 0 || last < leastFactor * first) return [];
  const before = means[Math.floor(means.length * 0.7)] ?? 0;
  if (risingPairs(means) < 0.9 || last < 1.1 * before) return [];
  const name = reading.names[0] ?? 'a program';
  const grown = `from ${formatSize(first)} to ${formatSize(last)} in ${formatDuration(span)}`;
  return [whole(reading, 'memory-growth', `${name}: memory grew ${grown}, without end`)];
}

/** Means of equal parts of the time; parts without a sample are left out. */
function partMeans({series: {buckets, counts}}: Measure): number[] {
  const first = buckets[0] ?? 0;
  const width = ((buckets.at(-1) ?? 0) - first + 1) / parts;
  const sums = Array.from({length: parts}, () => ({sum: 0, count: 0}));
  buckets.forEach((bucket, i) => {
    const part = sums[Math.min(parts - 1, Math.floor((bucket - first) / width))];
    if (part === undefined) return;
    part.sum += counts[i] ?? 0;
    part.count += 1;
  });
  return sums.flatMap(({sum, count}) => (count === 0 ? [] : [sum / count]));
}

/** Share of the pairs of which the later is the larger one: 1 for a steady rise, a half for noise (Kendall). */
function risingPairs(values: readonly number[]): number {
  let rising = 0;
  let all = 0;
  values.forEach((value, i) => {
    for (const later of values.slice(i + 1)) {
      all += 1;
      if (later > value) rising += 1;
    }
  });
  return all === 0 ? 0 : rising / all;
}
