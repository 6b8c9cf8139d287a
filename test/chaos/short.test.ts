// The short form of `npm run chaos`; CONTRIBUTING.md says how to run the long one, and how to replay a seed.
import {expect} from '@jest/globals';
import {rootFile, type Rig} from '../support/rig.js';
import {itErp} from '../support/tools.js';

const main = rootFile('build', 'test', 'support', 'chaos', 'main.js');
const limitMs = 120_000;
const seed = process.env['ERP_CHAOS_SEED'] ?? '7';

async function chaos(rig: Rig, ...flags: string[]): Promise<string> {
  const run = rig.spawn([process.execPath, main, '--seed', seed, ...flags], {env: {TMPDIR: process.env['TMPDIR']}});
  try {
    const {code} = await run.end(limitMs);
    expect({code, said: run.all}).toMatchObject({code: 0, said: expect.stringContaining('no violation')});
  } finally {
    // It ends its fleet before it goes.
    run.signal('SIGTERM');
    await run.exited;
  }
  return run.all;
}

const options = {concurrent: true, timeoutMs: 150_000};

// What waits for a threshold or a disk to empty belongs into the long form.
itErp(
  'a storm: every line once and in order, no second copy, nothing left, all well again',
  async (rig) => {
    const without = 'freeze,freeze-supervisor,steal-port,delete-state,fill-disk';
    await chaos(rig, '--rounds', '1', '--round-seconds', '4', '--actions', '9', '--without', without);
  },
  options,
);

itErp(
  'crashes only: starts by the books of the services are incarnations, and 1 + restarts told',
  async (rig) => {
    await chaos(rig, '--rounds', '1', '--round-seconds', '3', '--only', 'kill,kill-twice,term,flood');
  },
  options,
);

itErp(
  'fifteen supervisors killed in a row: fifteen adoptions of each service, same processes',
  async (rig) => {
    const said = await chaos(rig, '--supervisor-kills', '15');
    expect(said).toMatch(/15 kills, 75 adoptions of 5 services|15 kills, 60 adoptions of 4 services/);
  },
  options,
);
