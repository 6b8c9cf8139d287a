import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {restartPause} from '../../../src/lib/core/back-off/back-off.js';
import {defaultPolicy} from '../../support/sim/specs.js';

const {backOffMs, backOffJitter} = defaultPolicy;
const chance = fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true});

describe('the pause before a restart', () => {
  it('lies within its spread and is a whole number', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 1000}), chance, (attempt, drawn) => {
        const pause = restartPause(backOffMs, attempt, backOffJitter, drawn);
        const middle = backOffMs[Math.min(attempt, backOffMs.length) - 1] as number;
        expect(Number.isInteger(pause)).toBe(true);
        expect(pause).toBeGreaterThanOrEqual(Math.floor(middle * 0.8));
        expect(pause).toBeLessThanOrEqual(Math.ceil(middle * 1.2));
      }),
    );
  });

  it('never shrinks from one attempt to the next, for the same draw', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 50}), chance, (attempt, drawn) => {
        const pause = (n: number): number => restartPause(backOffMs, n, backOffJitter, drawn);
        expect(pause(attempt + 1)).toBeGreaterThanOrEqual(pause(attempt));
      }),
    );
  });

  it('is 0 for the first restart, whatever is drawn, and where none is configured', () => {
    fc.assert(
      fc.property(chance, fc.integer({min: 1, max: 9}), (drawn, attempt) => {
        expect(restartPause(backOffMs, 1, backOffJitter, drawn)).toBe(0);
        expect(restartPause([], attempt, backOffJitter, drawn)).toBe(0);
      }),
    );
  });

  it('lets five restarts take 32 s or more even with the shortest draws', () => {
    const all = [1, 2, 3, 4, 5].map((attempt) => restartPause(backOffMs, attempt, backOffJitter, 0));
    expect(all).toEqual([0, 200, 1600, 6400, 24_000]);
  });
});
