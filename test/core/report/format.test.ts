import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {parseDuration} from '../../../src/lib/core/config/durations.js';
import {parseSize} from '../../../src/lib/core/config/sizes.js';
import {formatDuration, formatShare, formatSize, formatTime, listOf} from '../../../src/lib/core/report/format.js';

describe('durations', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [Number.NaN, '0s'],
    [49, '0s'],
    [400, '0.4s'],
    [3400, '3.4s'],
    [5000, '5s'],
    [9999, '9.9s'],
    [12_000, '12s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [200_000, '3m20s'],
    [8_040_000, '2h14m'],
    [3_600_000, '1h'],
    [273_600_000, '3d4h'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('can be pasted into the configuration, and never say more than was', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 10 * 365 * 86_400_000 - 1}), (ms) => {
        const back = parseDuration(formatDuration(ms)) as number;
        expect(back).toBeLessThanOrEqual(ms);
        expect(back).toBeGreaterThanOrEqual(ms - Math.max(1000, ms * 0.05));
      }),
    );
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KiB'],
    [812 * 1024, '812 KiB'],
    [1_288_490_189, '1.2 GiB'],
    [184 * 1024 ** 2, '184 MiB'],
    [1023.7 * 1024 ** 2, '1.0 GiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

  it('have at most three digits and can be pasted into the configuration', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 2 ** 49}), (bytes) => {
        const text = formatSize(bytes);
        expect(text.replaceAll(/\D/g, '').length).toBeLessThanOrEqual(3);
        const back = parseSize(text);
        expect(Math.abs((back as number) - bytes)).toBeLessThanOrEqual(bytes * 0.06 + 1);
      }),
    );
  });
});

it.each([
  [0.004, '0.4%'],
  [0.031, '3.1%'],
  [0.71, '71%'],
  [12.5, '1250%'],
])('the share %d is %s', (ratio, text) => expect(formatShare(ratio)).toBe(text));

it('times of today have no date', () => {
  const now = new Date(2026, 4, 22, 12, 0, 0);
  expect(formatTime(new Date(2026, 4, 22, 9, 41, 7), now)).toBe('09:41:07');
  expect(formatTime(new Date(2026, 4, 21, 9, 41, 7), now)).toBe('2026-05-21 09:41:07');
});

it.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [[...'abcdefghijkl'], 'a, b, c, d, e, f, g and 5 more'],
])('the list %j is %j', (names, text) => expect(listOf(names)).toBe(text));
