import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import type {Analysis} from '../../src/lib/core/logs/analysis.js';
import {compare} from '../../src/lib/core/logs/compare.js';
import {chanceOf, corrected} from '../../src/lib/core/logs/significance.js';
import {simpleAnalysis} from '../support/logs/simple-analysis.js';

/** @param rates messages and how many of each there are in an hour; they come evenly */
function hours(count: number, rates: Readonly<Record<string, number>>): Analysis {
  const lines: string[] = [];
  for (let hour = 0; hour < count; hour += 1) {
    for (const [text, rate] of Object.entries(rates)) {
      for (let n = 0; n < rate; n += 1) {
        const second = hour * 3600 + Math.floor(((n + 0.5) * 3600) / rate);
        lines.push(`${new Date(Date.UTC(2025, 4, 1) + second * 1000).toISOString().slice(0, 19)} ${text}`);
      }
    }
  }
  return simpleAnalysis({name: 'app.log', text: lines.sort().join('\n')});
}

const usual = {
  'INFO order created': 60,
  'INFO order paid': 50,
  'INFO mail sent': 30,
  'DEBUG cache hit': 200,
  'DEBUG cache miss': 90,
  'WARNING slow query': 12,
};
const short = ({kind, text}: {kind: string; text: string}) => `${kind} ${text}`;

describe('comparing two logs', () => {
  it('finds nothing in two that differ in length only', () => {
    expect(compare(hours(24, usual), hours(5, usual)).changes).toEqual([]);
    expect(compare(hours(5, usual), hours(24, usual)).changes).toEqual([]);
  });

  it('tells what is new, gone, more and less, errors first', () => {
    const before = {...usual, 'INFO session opened': 40};
    const after = {...usual, 'WARNING slow query': 60, 'DEBUG cache hit': 50, 'ERROR no such column': 6};
    const {changes} = compare(hours(24, before), hours(6, after));
    expect(changes.map(short)).toEqual([
      'new no such column',
      'more slow query',
      expect.stringMatching(/cache hit|session opened/),
      expect.stringMatching(/cache hit|session opened/),
    ]);
    const [added, more] = changes;
    expect(added).toMatchObject({level: 'ERROR', countA: 0, countB: 36, expectedB: 0});
    expect(added?.example.text).toMatch(/no such column/);
    expect(more?.countB).toBe(360);
    expect(more?.expectedB).toBeCloseTo(72, 0);
    for (const {significance} of changes) expect(significance).toBeLessThan(0.05);
  });

  it('is not moved by a flood of one message', () => {
    const {changes} = compare(hours(6, usual), hours(6, {...usual, 'WARNING retry': 3000, 'DEBUG cache hit': 2000}));
    expect(changes.map(short).sort()).toEqual(['more cache hit', 'new retry']);
  });

  it('says nothing of one or two events', () => {
    const some = {...usual, 'ERROR once': 1};
    expect(compare(hours(2, usual), hours(2, some)).changes).toEqual([]);
    expect(compare(hours(2, some), hours(2, usual)).changes).toEqual([]);
  });

  it('holds nothing against a log without events or times', () => {
    expect(compare(hours(0, usual), hours(0, usual)).changes).toEqual([]);
    const text = 'hello\n'.repeat(30);
    const untimed = simpleAnalysis({name: 'a', text});
    expect(compare(untimed, untimed).changes).toEqual([]);
    expect(compare(hours(0, usual), untimed).changes.length).toBeLessThanOrEqual(1);
  });
});

describe('chance', () => {
  it('is a probability, and all of it where nothing differs', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.double({min: 0.01, max: 100, noNaN: true}), (a, b, scale) => {
        const chance = chanceOf(a, b, scale);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
      }),
    );
    expect(chanceOf(10, 10, 1)).toBe(1);
    expect(chanceOf(100_000, 100_000, 1)).toBeCloseTo(1, 6);
  });

  it('is the exact one for few events', () => {
    expect(chanceOf(0, 5, 1)).toBeCloseTo(2 / 32, 9);
    expect(chanceOf(0, 3, 2)).toBeCloseTo(2 * (2 / 3) ** 3, 9);
    expect(chanceOf(2, 8, 1)).toBeCloseTo((2 * (45 + 10 + 1)) / 1024, 9);
  });

  it('changes little from the exact test to the approximation', () => {
    for (const [a, b] of [
      [940, 1060],
      [900, 1100],
      [850, 1150],
    ] as const) {
      const [exact, near] = [chanceOf(a, b, 1), chanceOf(a + 1, b + 1, 1)];
      expect(Math.log(near) / Math.log(exact)).toBeCloseTo(1, 1);
    }
  });

  it('rarely alarms where both logs are of one kind', () => {
    // Counts of Poisson processes of one rate: at most one comparison in twenty may find something, with room for luck.
    let alarms = 0;
    let state = 12_345;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state + 0.5) / 4_294_967_296;
    };
    const poisson = (mean: number) => {
      let [product, count] = [random(), 0];
      for (const limit = Math.exp(-mean); product > limit; count += 1) product *= random();
      return count;
    };
    for (let round = 0; round < 100; round += 1) {
      const chances = Array.from({length: 40}, (_, i) => chanceOf(poisson(1 + i), poisson(1 + i), 1));
      if (corrected(chances).some((chance) => chance < 0.05)) alarms += 1;
    }
    expect(alarms).toBeLessThan(12);
  });
});

describe('the correction for many comparisons', () => {
  it('is that of Benjamini and Hochberg', () => {
    const expected = [0.04, 0.0533, 0.06, 0.5];
    corrected([0.01, 0.5, 0.045, 0.0266])
      .sort((x, y) => x - y)
      .forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? 0, 3));
  });

  it('never makes a change surer, and keeps the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({min: 0, max: 1, noNaN: true}), {maxLength: 50}), (chances) => {
        const result = corrected(chances);
        chances.forEach((chance, i) => {
          expect(result[i]).toBeGreaterThanOrEqual(chance - 1e-12);
          chances.forEach((other, j) => {
            if (chance < other) expect(result[i]).toBeLessThanOrEqual((result[j] ?? 1) + 1e-12);
          });
        });
      }),
    );
  });
});
