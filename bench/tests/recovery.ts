import {constants} from 'node:os';
import {now} from '../commands.js';
import {allAnswer, answering, untilReplaced} from '../http.js';
import {spread} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {Recovery} from '../types.js';
import {suits, type Test} from './test.js';

/** Peers that take seconds get fewer kills. */
const patienceMs = 25_000;

/** a: SIGKILL of a service; how long until another process answers. */
export const recovery: Test<'a'> = {
  id: 'a',
  title: 'crash recovery',
  rounds: 4,
  waits: false,
  limitSeconds: 240,
  applies: (candidate) => suits(candidate, 'a'),
  measure,
  brief: ({steady, atOnce}) => `median ${spread(steady).median} ms, again at once ${spread(atOnce).median} ms`,
};

async function measure(trial: Trial): Promise<Recovery> {
  const [web] = trial.services(1);
  if (web === undefined) throw new Error('no service');
  await trial.peer.start([web], {});
  if ((await allAnswer([web.port], 30_000, trial.aborted)) > 0) throw new Error('did not come up');
  await trial.daemons();
  const reps = Math.ceil(trial.settings.reps / trial.rounds);
  const steady: number[] = [];
  let until = now() + patienceMs;
  for (let rep = 0; rep < reps && now() < until; rep += 1) {
    // More than a second of life: runit and s6 make a shorter one wait. Not in step with anybody's timer.
    await trial.sleep(1050 + Math.random() * 200);
    const ms = await kill(trial, web.port, 15_000);
    if (ms === null) throw new Error(`did not come back after kill ${rep + 1}`);
    steady.push(ms);
  }
  const atOnce: number[] = [];
  let gaveUpAfter: number | null = null;
  until = now() + patienceMs / 2;
  for (let rep = 0; rep < reps && gaveUpAfter === null && now() < until; rep += 1) {
    const ms = await kill(trial, web.port, 8000);
    if (ms === null) gaveUpAfter = rep;
    else atOnce.push(ms);
  }
  return {steady, atOnce, gaveUpAfter};
}

export async function kill(trial: Trial, port: number, limitMs: number): Promise<number | null> {
  const pid = await answering(port, 2000);
  return pid === null ? null : untilReplaced(trial.svc, {port, pid, signal: constants.signals.SIGKILL}, limitMs);
}
