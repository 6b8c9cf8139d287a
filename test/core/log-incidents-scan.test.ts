import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import {excess, heaviest, maximalStretches} from '../../src/lib/core/logs/incidents/scan-statistic.js';
import {expectLinear} from '../support/growth.js';

/** By the definition: the heaviest stretch, then the same left and right of it. */
function slowStretches(scores: readonly number[], from = 0, to = scores.length): {start: number; end: number}[] {
  let best = {start: 0, end: 0, score: 0};
  for (let start = from; start < to; start += 1) {
    let score = 0;
    for (let end = start; end < to; end += 1) {
      score += scores[end] ?? 0;
      const isBetter = score > best.score || (score === best.score && score > 0 && end - start < best.end - best.start);
      if (isBetter) best = {start, end, score};
    }
  }
  if (best.score <= 0) return [];
  return [
    ...slowStretches(scores, from, best.start),
    {start: best.start, end: best.end},
    ...slowStretches(scores, best.end + 1, to),
  ];
}

describe('stretches of maximal score', () => {
  it('are those of the definition', () => {
    fc.assert(
      // Prime steps keep sums from being equal by chance, where several answers are right.
      fc.property(fc.array(fc.integer({min: -50, max: 50}), {maxLength: 40}), (numbers) => {
        const scores = numbers.map((number, i) => number + (i * 0.000_137) / 7 + 0.000_01 * Math.sin(i));
        const fast = maximalStretches(Float64Array.from(scores)).map(({start, end}) => ({start, end}));
        expect(fast).toEqual(slowStretches(scores));
      }),
    );
  });

  it.each([
    ['a fall in the end', 1, -1.001],
    ['a rise in the end', 1.001, -1],
  ])('takes linear time for rises without end: %s', async (_, up, down) => {
    const scores = (length: number) => Float64Array.from({length}, (_, i) => (i % 2 === 0 ? up : down));
    await expectLinear(100_000, scores, maximalStretches);
  });

  it('the heaviest part of a stretch has the greatest sum', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({min: -9, max: 9}), {minLength: 1, maxLength: 30}), (numbers) => {
        const {start, end, score} = heaviest(Float64Array.from(numbers), 0, numbers.length - 1);
        expect(numbers.slice(start, end + 1).reduce((a, b) => a + b, 0)).toBe(score);
        for (let a = 0; a < numbers.length; a += 1) {
          for (let b = a; b < numbers.length; b += 1) {
            expect(numbers.slice(a, b + 1).reduce((x, y) => x + y, 0)).toBeLessThanOrEqual(score);
          }
        }
      }),
    );
  });
});

describe('the evidence of an excess', () => {
  it('is none where there is no more than expected, and grows with the count', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 10_000}), fc.double({min: 0.001, max: 0.99, noNaN: true}), (all, share) => {
        expect(excess(Math.floor(all * share), all, share)).toBe(0);
        let last = 0;
        for (let inside = Math.ceil(all * share); inside <= all; inside += Math.ceil(all / 20)) {
          const evidence = excess(inside, all, share);
          expect(evidence).toBeGreaterThanOrEqual(last - 1e-9);
          last = evidence;
        }
      }),
    );
  });
});
