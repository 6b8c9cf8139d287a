import {symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {background, now} from '../commands.js';
import {allAnswer, answering} from '../http.js';
import {cpuOf, isAlive, signal} from '../processes.js';
import {rounded} from '../statistics.js';
import {measure as trialOf, type Trial} from '../trial.js';
import type {Cause, Causes, Service} from '../types.js';
import {isFloor, type Test} from './test.js';

const seconds = 15;

/** i: a stranger holds the port, the program is missing; then the port is free, the file is there. */
export const causes: Test<'i'> = {
  id: 'i',
  title: 'a cause that goes away',
  rounds: 1,
  waits: true,
  limitSeconds: 150,
  applies: (candidate) => !isFloor(candidate),
  measure,
  brief: ({port, file}) => `port: ${words(port)}; file: ${words(file)}`,
};

const words = ({starts, backMs}: Cause) =>
  `${starts} starts, ${backMs === null ? 'does not come back' : `back in ${backMs} ms`}`;

async function measure(trial: Trial): Promise<Causes> {
  return {port: await trialOf(trial, portHeld), file: await trialOf(trial, programMissing)};
}

async function portHeld(trial: Trial): Promise<Cause> {
  const [web] = trial.services(1);
  if (web === undefined) throw new Error('no service');
  // Of another folder's mark: it is nobody's service.
  const stranger = background([trial.svc, 'serve', String(web.port)], {env: {SVC_DIR: trial.dir}}).pid ?? 0;
  await allAnswer([web.port], 5000, trial.aborted);
  return during(trial, web, async () => {
    signal(stranger, 'SIGKILL');
    await trial.until('end of the stranger', () => !isAlive(stranger), 5000, 1);
  });
}

async function programMissing(trial: Trial): Promise<Cause> {
  const [web] = trial.services(1);
  if (web === undefined) throw new Error('no service');
  const program = join(trial.dir, 'late-program');
  const service = {...web, argv: [program, ...web.argv.slice(1)]};
  return during(trial, service, async () => symlinkSync(trial.svc, program));
}

async function during(trial: Trial, service: Service, putRight: () => Promise<void>): Promise<Cause> {
  const {peer} = trial;
  // The command may wait for what does not come; nobody waits for the command.
  const starting = peer.start([service], {defaults: true, probed: true});
  await trial.sleep(2000);
  const pids = await trial.daemons();
  const cpuBefore = cpuOf(pids);
  await trial.sleep((seconds - 2) * 1000);
  const cpuSeconds = rounded(cpuOf(pids) - cpuBefore, 3);
  const starts = trial.starts(service.name).length;
  const status = await trial.status();
  await putRight();
  const since = now();
  const until = since + 10_000;
  let back = false;
  while (!back && now() < until) {
    back = (await answering(service.port)) !== null;
    if (!back) await trial.sleep(5);
  }
  const backMs = back ? rounded(now() - since) : null;
  await peer.stop();
  await starting;
  return {seconds, starts, cpuSeconds, status, backMs};
}
