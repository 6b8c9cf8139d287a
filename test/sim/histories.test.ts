import {describe, it} from '@jest/globals';
import {historyOf, live} from '../support/sim/histories.js';
import {overHistories, replaying} from '../support/sim/replay.js';

describe('histories', () => {
  const name = 'keeps every rule through crashes, hangs, thieves, gaps and its own death';
  it(name, () => {
    overHistories(name, historyOf, 10_000, (history) => {
      live(history, replaying);
    });
  });
});
