import {now} from '../commands.js';
import {allAnswer} from '../http.js';
import {cpuOf, memoryOf} from '../processes.js';
import {rounded} from '../statistics.js';
import {measure as trialOf, type Trial} from '../trial.js';
import type {Footprint, Idle, Memory} from '../types.js';
import {suits, type Test} from './test.js';

const probing = ['erp', 'monit'];

/** c: memory at one and at a hundred services, CPU while nothing happens. */
export const footprint: Test<'c'> = {
  id: 'c',
  title: 'memory and idle CPU',
  rounds: 1,
  waits: false,
  limitSeconds: 400,
  applies: (candidate) => suits(candidate, 'c'),
  measure,
  brief: ({one, idle}) => `${rounded(one.rssKiB / 1024)} MiB, ${idle.cpuSecondsPerMinute} s CPU a minute`,
};

async function measure(trial: Trial): Promise<Footprint> {
  const silent = await at(trial, false);
  return {...silent, probed: probing.includes(trial.candidate.id) ? await at(trial, true) : null};
}

async function at(trial: Trial, probed: boolean): Promise<{one: Memory; hundred: Memory; idle: Idle}> {
  const {memory: one} = await look(trial, 1, probed, 0);
  const {memory: hundred, idle} = await look(trial, 100, probed, trial.settings.idleSeconds);
  return {one, hundred, idle};
}

/** A peer of its own, and none of the work of its start in the figures. */
async function look(
  outer: Trial,
  count: number,
  probed: boolean,
  idleSeconds: number,
): Promise<{memory: Memory; idle: Idle}> {
  return trialOf(outer, async (trial) => {
    const services = trial.services(count);
    await trial.peer.start(services, {probed});
    const missing = await allAnswer(
      services.map(({port}) => port),
      120_000,
      trial.aborted,
    );
    if (missing > 0) throw new Error(`${missing} of ${count} services did not come up`);
    await trial.sleep(3000);
    const pids = await trial.daemons();
    const memory = memoryOf(pids);
    const before = cpuOf(pids);
    const since = now();
    await trial.sleep(idleSeconds * 1000);
    const seconds = (now() - since) / 1000;
    const used = cpuOf(pids) - before;
    return {
      memory,
      idle: {seconds: rounded(seconds), cpuSecondsPerMinute: rounded((used * 60) / seconds, 3)},
    };
  });
}
