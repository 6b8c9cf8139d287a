import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {emptySeries, record, type Series, steadyGrowth} from '../../../src/lib/core/limits/trend.js';

const mib = 2 ** 20;
const minute = 60_000;
const hour = 60 * minute;
const everyMs = 15_000;

/** What a sampler would have seen of a quantity. */
function seen(lengthMs: number, valueAt: (ms: number) => number): Series {
  let series = emptySeries;
  for (let at = 0; at <= lengthMs; at += everyMs) [series] = record(series, at, valueAt(at));
  return series;
}

/** Every verdict on the way, as a watch hears them. */
function verdicts(lengthMs: number, valueAt: (ms: number) => number): (number | null)[] {
  const all: (number | null)[] = [];
  let series = emptySeries;
  for (let at = 0; at <= lengthMs; at += everyMs) {
    const [next, isNew] = record(series, at, valueAt(at));
    series = next;
    if (isNew) all.push(steadyGrowth(series, mib));
  }
  return all;
}

const noise = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff - 0.5;
  };
};

describe('steady growth', () => {
  it('is found after half an hour, with its rate', () => {
    const leak = (ms: number) => 200 * mib + (40 * mib * ms) / hour;
    expect(steadyGrowth(seen(29 * minute, leak), mib)).toBeNull();
    const perHour = (steadyGrowth(seen(45 * minute, leak), mib) ?? 0) * hour;
    expect(perHour / mib).toBeGreaterThan(38);
    expect(perHour / mib).toBeLessThan(42);
  });

  it('is found under the teeth of a garbage collector and under noise', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 30, max: 2000}),
        fc.integer({min: 20, max: 240}),
        fc.integer({min: 0, max: 100}),
        fc.nat(),
        (perHour, toothSeconds, tooth, seed) => {
          const random = noise(seed);
          const leak = (ms: number) =>
            300 * mib +
            (perHour * mib * ms) / hour +
            (tooth * mib * (ms % (toothSeconds * 1000))) / (toothSeconds * 1000) +
            random() * 2 * mib;
          const found = (steadyGrowth(seen(2 * hour, leak), mib) ?? 0) * hour;
          expect(found / mib / perHour).toBeGreaterThan(0.5);
          expect(found / mib / perHour).toBeLessThan(1.3);
        },
      ),
      {seed: 20261122, numRuns: 50},
    );
  });

  it('is not seen in what stays as it is, however much it trembles', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 4000}), fc.integer({min: 0, max: 30}), fc.nat(), (base, percent, seed) => {
        const random = noise(seed);
        const constant = () => base * mib * (1 + (random() * percent) / 100);
        // Noise alone may look like a slope for a moment; then it is so small that no limit is near.
        const slopes = verdicts(4 * hour, constant).filter((slope) => slope !== null);
        for (const slope of slopes) expect((slope * 24 * hour) / mib).toBeLessThan(base * 0.5);
      }),
      {seed: 20261122, numRuns: 50},
    );
  });

  it('is not seen in a saw-tooth whose teeth are shorter than the parts that are looked at', () => {
    fc.assert(
      fc.property(fc.integer({min: 10, max: 280}), fc.integer({min: 1, max: 1000}), (toothSeconds, height) => {
        const teeth = (ms: number) => 100 * mib + (height * mib * (ms % (toothSeconds * 1000))) / (toothSeconds * 1000);
        expect(verdicts(4 * hour, teeth).filter((slope) => slope !== null)).toEqual([]);
      }),
      {seed: 20261122, numRuns: 50},
    );
  });

  it('is not seen in a warm-up that gets slower', () => {
    fc.assert(
      fc.property(fc.integer({min: 3, max: 40}), fc.integer({min: 10, max: 2000}), (tauMinutes, height) => {
        const warmUp = (ms: number) => 80 * mib + height * mib * (1 - Math.exp(-ms / (tauMinutes * minute)));
        expect(verdicts(5 * hour, warmUp).filter((slope) => slope !== null)).toEqual([]);
      }),
      {seed: 20261122, numRuns: 50},
    );
  });

  it('is not seen in a step, up or down', () => {
    const step = (ms: number) => (ms < hour ? 100 : 300) * mib;
    expect(verdicts(4 * hour, step).filter((slope) => slope !== null)).toEqual([]);
    const shrinking = (ms: number) => 500 * mib - (40 * mib * ms) / hour;
    expect(verdicts(4 * hour, shrinking).filter((slope) => slope !== null)).toEqual([]);
  });

  it('is not judged over a hole in what was seen', () => {
    let series = emptySeries;
    for (const at of [0, 1, 2, 3, 4, 300, 301, 302, 303, 304].map((minutes) => minutes * minute))
      [series] = record(series, at, 100 * mib + at);
    expect(steadyGrowth(series, 1)).toBeNull();
  });

  it('keeps two hours and no more', () => {
    const series = seen(100 * hour, (ms) => ms);
    expect(series.points).toHaveLength(120);
  });
});
