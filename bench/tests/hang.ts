import {constants} from 'node:os';
import {now} from '../commands.js';
import {allAnswer, answering, untilReplaced} from '../http.js';
import {signal} from '../processes.js';
import {spread} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {Hang} from '../types.js';
import {suits, type Test} from './test.js';

const reps = 8;
/** Peers that take long get fewer. */
const patienceMs = 45_000;
const watchedSeconds = 15;

/** b: SIGSTOP of a service; how long until another process answers. */
export const hang: Test<'b'> = {
  id: 'b',
  title: 'hang',
  rounds: 1,
  waits: true,
  limitSeconds: 240,
  applies: (candidate) => suits(candidate, 'b'),
  measure,
  brief: (result) => (result.noticed ? `median ${result.median} ms` : `not noticed in ${result.watchedSeconds} s`),
};

async function measure(trial: Trial): Promise<Hang> {
  const [web] = trial.services(1);
  if (web === undefined) throw new Error('no service');
  await trial.peer.start([web], {probed: true});
  if ((await allAnswer([web.port], 30_000, trial.aborted)) > 0) throw new Error('did not come up');
  await trial.daemons();
  const times: number[] = [];
  const until = now() + patienceMs;
  for (let rep = 0; rep < reps && now() < until; rep += 1) {
    // Anywhere between two of its probes.
    await trial.sleep(2500 + Math.random() * 1000);
    const pid = await answering(web.port, 2000);
    if (pid === null) throw new Error('does not answer');
    const target = {port: web.port, pid, signal: constants.signals.SIGSTOP};
    const ms = await untilReplaced(trial.svc, target, watchedSeconds * 1000);
    if (ms === null) {
      signal(pid, 'SIGCONT');
      return {noticed: false, watchedSeconds};
    }
    times.push(ms);
  }
  return {noticed: true, ...spread(times)};
}
