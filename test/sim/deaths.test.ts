import {describe, it} from '@jest/globals';
import {overHistories} from '../support/sim/replay.js';

const patienceMs = 600_000;

describe('histories of supervisors that die', () => {
  const name = 'hand every service over, at whatever spawn or record it happens';
  it(name, () => overHistories(name, 'deathly', 10_000), patienceMs);
});
