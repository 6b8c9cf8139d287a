import {describe, it} from '@jest/globals';
import {overHistories} from '../support/sim/replay.js';

const patienceMs = 600_000;

describe('histories', () => {
  const name = 'keep every rule through crashes, hangs, thieves, gaps and the death of the supervisor';
  it(name, () => overHistories(name, 'any', 10_000), patienceMs);
});
