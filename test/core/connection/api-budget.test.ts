import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {affordableAt, fullBudget, nextPause, room, spend} from '../../../src/lib/core/connection/api-budget.js';

/** Starts of a forward that is broken for good, as early as it may. @returns times of its requests */
function requestsOf(tries: readonly {readonly expected: number; readonly cost: number; readonly takesMs: number}[]) {
  const times: number[] = [];
  let now = 0;
  let budget = fullBudget;
  for (const {expected, cost, takesMs} of tries) {
    now = affordableAt(budget, now, expected);
    for (let n = 0; n < cost; n += 1) times.push(now);
    now += takesMs;
    budget = spend(budget, now, cost);
  }
  return times;
}

const mostInAMinute = (times: readonly number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length));

describe('the API budget', () => {
  it('keeps below 30 requests in any minute, whatever a start was thought to cost and did cost', () => {
    const tries = fc.array(
      fc.record({
        expected: fc.integer({min: 1, max: 8}),
        cost: fc.integer({min: 0, max: 5}),
        takesMs: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(20_000)),
      }),
      {maxLength: 120},
    );
    fc.assert(
      fc.property(tries, (each) => {
        expect(mostInAMinute(requestsOf(each))).toBeLessThan(30);
      }),
    );
  });

  it.each([1, 2, 3, 4, 5])('does so in the long run of starts that cost %i', (cost) => {
    const tries = Array.from({length: 300}, () => ({expected: cost, cost, takesMs: 60}));
    const times = requestsOf(tries);
    expect(mostInAMinute(times)).toBeLessThan(30);
    // As early as it may is in bursts: nextPause spreads them.
    const [from = 0, to = 0] = [times.at(-2 * cost), times.at(-1)];
    expect(to - from).toBeLessThanOrEqual(60_000);
  });

  it('lets a fresh forward try several times at once, and leaves some for later where it is told to', () => {
    const budget = spend(spend(fullBudget, 60, 4), 120, 4);
    expect(affordableAt(budget, 120, room)).toBe(120);
    const most = spend(spend(budget, 130, 8), 140, 7);
    expect(affordableAt(most, 150, 4)).toBe(150);
    expect(affordableAt(most, 150, 4, 4)).toBe(60_060);
  });

  it('forgets what is a minute old', () => {
    const spent = spend(fullBudget, 0, 27);
    expect(affordableAt(spent, 1, 3)).toBe(60_000);
    expect(affordableAt(spent, 60_000, 3)).toBe(60_000);
    expect(spend(spent, 60_000, 1).spent).toEqual([{at: 60_000, requests: 1}]);
  });

  it('names a time at which it is affordable, and no earlier one', () => {
    fc.assert(
      fc.property(fc.nat(12), fc.nat(100_000), fc.integer({min: 1, max: 8}), (spent, later, requests) => {
        const budget = spend(fullBudget, 0, spent);
        const at = affordableAt(budget, later, requests);
        expect(at).toBeGreaterThanOrEqual(later);
        expect(affordableAt(budget, at, requests)).toBe(at);
        if (at > later) expect(affordableAt(budget, at - 1, requests)).toBe(at);
      }),
    );
  });
});

describe('the pause before the next try', () => {
  it('is none at first, then grows to some seconds', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => nextPause(failures, 0, 0.5))).toEqual([
      0, 300, 600, 1200, 2400, 2400, 2400, 2400, 2400,
    ]);
  });

  it('is longer the more a try costs, once the first ones have failed', () => {
    expect(nextPause(1, 4, 0.5)).toBe(300);
    expect(nextPause(2, 4, 0.5)).toBe(8400);
    expect(nextPause(6, 1, 0.5)).toBe(2400);
  });

  it('is spread by a fifth to either side', () => {
    expect(nextPause(6, 0, 0)).toBe(1920);
    expect(nextPause(6, 0, 0.999_999)).toBe(2880);
    fc.assert(
      fc.property(fc.nat(20), fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}), (failures, chance) => {
        const middle = nextPause(failures, 0, 0.5);
        expect(Math.abs(nextPause(failures, 0, chance) - middle)).toBeLessThanOrEqual(middle * 0.2 + 1);
      }),
    );
  });
});
