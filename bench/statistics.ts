import type {Spread} from './types.js';

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Of an even number of values the median is the mean of the two in the middle; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (share === 0.5 && Number.isInteger(middle)) return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function spread(values: readonly number[]): Spread {
  return {
    n: values.length,
    median: rounded(median(values), 2),
    p95: rounded(quantile(values, 0.95), 2),
    min: rounded(Math.min(...values), 2),
    max: rounded(Math.max(...values), 2),
  };
}

export function rounded(value: number, digits = 1): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
