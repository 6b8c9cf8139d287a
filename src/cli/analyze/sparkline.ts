import type {Series} from '../../lib/core/logs/analysis.js';

const bars = '▁▂▃▄▅▆▇█';
const ascii = '.:-=+*#@';

/** Counts by time in so many columns; a column without events stays blank. */
export function sparkline(series: Series, from: number, to: number, columns: number, isUtf8: boolean): string {
  const sums = inColumns(series, from, to, columns);
  const most = Math.max(...sums);
  const glyphs = isUtf8 ? bars : ascii;
  return sums
    .map((sum) => (sum === 0 ? ' ' : glyphs[Math.min(glyphs.length - 1, Math.ceil((sum / most) * glyphs.length) - 1)]))
    .join('');
}

/** @param from bucket, @param to bucket, both included */
export function inColumns({buckets, counts}: Series, from: number, to: number, columns: number): number[] {
  const sums = Array.from({length: columns}, () => 0);
  const width = (to - from + 1) / columns;
  for (const [index, bucket] of buckets.entries()) {
    const column = Math.min(columns - 1, Math.max(0, Math.floor((bucket - from) / width)));
    sums[column] = (sums[column] as number) + (counts[index] as number);
  }
  return sums;
}
