import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {allAnswer, answering} from '../http.js';
import {cpuOf, signal} from '../processes.js';
import {rounded} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {Storm} from '../types.js';
import {isFloor, type Test} from './test.js';

const stormSeconds = 30;
const goodSeconds = 20;

const both = {
  rounds: 1,
  waits: true,
  limitSeconds: 120,
  applies: (candidate: Parameters<Test['applies']>[0]) => !isFloor(candidate),
  brief: ({starts, cpuSeconds}: Storm) => `${starts} starts, ${cpuSeconds} s CPU`,
};

/** j: the service ends at once, every time; all options at their defaults. */
export const exitStorm: Test<'j'> = {...both, id: 'j', title: 'exit storm', measure: atOnce};

/** k: the same, but it had run well before. */
export const lateStorm: Test<'k'> = {
  ...both,
  id: 'k',
  title: 'exit storm after good service',
  measure: afterGoodService,
};

async function atOnce(trial: Trial): Promise<Storm> {
  const {peer} = trial;
  // The command may wait for what does not come; nobody waits for the command.
  const starting = peer.start([trial.service('bad', 'exit1', 0)], {defaults: true});
  await trial.until('first start', () => trial.starts('bad').length > 0, 30_000, 1);
  // What the supervisor's own start took is not the storm's.
  const storm = await watched(trial, 'bad', 0, async () => trial.sleep(stormSeconds * 1000));
  await peer.stop();
  await starting;
  return storm;
}

async function afterGoodService(trial: Trial): Promise<Storm> {
  const late = trial.service('late', 'late', trial.workplace.ports(1));
  await trial.peer.start([late], {defaults: true});
  if ((await allAnswer([late.port], 30_000, trial.aborted)) > 0) throw new Error('did not come up');
  await trial.sleep(goodSeconds * 1000);
  return watched(trial, 'late', trial.starts('late').length, async () => {
    writeFileSync(join(trial.dir, 'late.bad'), '');
    signal((await answering(late.port, 2000)) ?? 0, 'SIGKILL');
    await trial.sleep(stormSeconds * 1000);
  });
}

async function watched(trial: Trial, name: string, startsBefore: number, storm: () => Promise<void>): Promise<Storm> {
  const pids = await trial.daemons();
  const cpuBefore = cpuOf(pids);
  await storm();
  return {
    seconds: stormSeconds,
    cpuSeconds: rounded(cpuOf(pids) - cpuBefore, 3),
    starts: trial.starts(name).length - startsBefore,
    status: await trial.status(),
  };
}
