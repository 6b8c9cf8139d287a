import {describe, it} from '@jest/globals';
import {deathlyHistoryOf, live} from '../support/sim/histories.js';
import {overHistories, replaying} from '../support/sim/replay.js';

describe('histories of supervisors that die', () => {
  const name = 'hands every service over, whenever it dies';
  it(name, () => {
    overHistories(name, deathlyHistoryOf, 10_000, (history) => {
      live(history, replaying);
    });
  });
});
