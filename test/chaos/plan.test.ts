import {describe, expect, it} from '@jest/globals';
import {habits, kinds, planOf, type Target} from '../support/chaos/plan.js';

const targets: readonly Target[] = [
  {name: 'web', port: true, counts: true},
  {name: 'family', port: false, counts: false},
];
const options = {rounds: 50, roundMs: 8000, actions: 12, kinds, targets};

describe('plan', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planOf({...options, seed: 4})).toEqual(planOf({...options, seed: 4}));
    expect(planOf({...options, seed: 5})).not.toEqual(planOf({...options, seed: 4}));
  });

  it('holds every kind, in order, against those who can be hit by it', () => {
    const rounds = planOf({...options, seed: 4});
    expect(new Set(rounds.flat().map(({kind}) => kind))).toEqual(new Set(kinds));
    for (const round of rounds)
      for (const [i, {atMs, kind, service, forMs}] of round.entries()) {
        expect(atMs).toBeGreaterThanOrEqual(round[i - 1]?.atMs ?? 0);
        const {hits, lasts} = habits[kind];
        const target = targets.find(({name}) => name === service);
        expect(hits === null ? service === null : target !== undefined && hits(target)).toBe(true);
        expect(forMs).toBeLessThanOrEqual(lasts?.[1] ?? 0);
      }
  });

  it('lets the supervisor live while it has to write its state again', () => {
    for (const round of planOf({...options, seed: 4, kinds: ['delete-state', 'kill-supervisor', 'kill']}))
      for (const {atMs} of round.filter(({kind}) => kind === 'delete-state'))
        expect(
          round.filter((one) => one.kind === 'kill-supervisor' && one.atMs > atMs && one.atMs < atMs + 5000),
        ).toEqual([]);
  });
});
