import {now} from '../commands.js';
import {allAnswer} from '../http.js';
import {cpuOf} from '../processes.js';
import {rounded, spread} from '../statistics.js';
import {measure as trialOf, type Trial} from '../trial.js';
import type {Crowd, Many} from '../types.js';
import {kill} from './recovery.js';
import type {Test} from './test.js';

const few = 10;
const many = 300;
const kills = 40;
const pauseMs = 50;

/** l: the kill of one service among ten and among three hundred, for the supervisor and for whoever waits. */
export const crowds: Test<'l'> = {
  id: 'l',
  title: `one among ${few}, one among ${many}`,
  rounds: 1,
  waits: false,
  limitSeconds: 240,
  applies: (candidate) => candidate.id === 'erp' || candidate.floorFor?.includes('l') === true,
  measure,
  brief: (result) =>
    [result.few, result.many]
      .map(({services, recovery, cpuMsPerKill}) => `${services}: ${recovery.median} ms, ${cpuMsPerKill} ms CPU`)
      .join('; '),
};

async function measure(outer: Trial): Promise<Many> {
  const at = (count: number) => trialOf(outer, (trial) => crowd(trial, count));
  return {few: await at(few), many: await at(many)};
}

async function crowd(trial: Trial, count: number): Promise<Crowd> {
  const services = trial.services(count);
  await trial.peer.start(services, {});
  const missing = await allAnswer(
    services.map(({port}) => port),
    120_000,
    trial.aborted,
  );
  if (missing > 0) throw new Error(`${missing} of ${count} services did not come up`);
  await trial.sleep(5000);
  const pids = await trial.daemons();
  const idleRate = await cpuDuring(pids, () => trial.sleep(4000));
  const times: number[] = [];
  const busy = await cpuDuring(pids, async () => {
    for (let n = 0; n < kills; n += 1) {
      const port = services[(n * 7) % count]?.port ?? 0;
      const ms = await kill(trial, port, 15_000);
      if (ms === null) throw new Error(`did not come back after kill ${n + 1}`);
      times.push(ms);
      await trial.sleep(pauseMs);
    }
    // What it does about a crash once the service is back is part of its cost.
    await trial.sleep(2000);
  });
  const extra = busy.cpu - (idleRate.cpu / idleRate.ms) * busy.ms;
  return {services: count, recovery: spread(times), cpuMsPerKill: rounded((extra * 1000) / kills, 2)};
}

async function cpuDuring(pids: readonly number[], work: () => Promise<void>): Promise<{cpu: number; ms: number}> {
  const before = cpuOf(pids);
  const since = now();
  await work();
  return {cpu: cpuOf(pids) - before, ms: now() - since};
}
