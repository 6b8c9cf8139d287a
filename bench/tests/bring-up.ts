import {now} from '../commands.js';
import {allAnswer} from '../http.js';
import {Erp} from '../peers/erp.js';
import {isAlive} from '../processes.js';
import {rounded} from '../statistics.js';
import {measure as trialOf, type Trial} from '../trial.js';
import type {BringUp, Service} from '../types.js';
import {suits, type Test} from './test.js';

const count = 100;

/** d: a hundred services come up and are stopped. */
export const bringUp: Test<'d'> = {
  id: 'd',
  title: 'bring-up and stop of 100',
  rounds: 3,
  waits: false,
  limitSeconds: 240,
  applies: (candidate) => suits(candidate, 'd'),
  measure,
  brief: ({answering, stopped, request}) =>
    `up ${answering} ms, stopped ${stopped} ms${request === null ? '' : `; by request ${request.answering} ms`}`,
};

async function measure(trial: Trial): Promise<BringUp> {
  const services = trial.services(count);
  const asked = now();
  const started = trial.peer.start(services, {});
  const up = await untilUp(trial, services, asked);
  await started;
  await trial.daemons();
  const askedToStop = now();
  const stopping = trial.peer.stop().then(() => rounded(now() - askedToStop));
  const [stopped, gone] = await Promise.all([untilDead(trial, services, askedToStop), stopping]);
  const request = trial.peer instanceof Erp ? await byRequest(trial) : null;
  return {services: count, ...up, stopped, gone, request};
}

async function untilUp(trial: Trial, services: readonly Service[], asked: number) {
  const missing = await allAnswer(
    services.map(({port}) => port),
    120_000,
    trial.aborted,
  );
  const end = now();
  const first = services.map(({name}) => trial.starts(name)[0]?.ms).filter((ms) => ms !== undefined);
  return {
    lastExec: rounded(Math.max(...first) - asked),
    answering: rounded(end - asked),
    answeringSinceFirst: rounded(end - Math.min(...first)),
    missing,
  };
}

async function untilDead(trial: Trial, services: readonly Service[], asked: number): Promise<number> {
  const pids = services.flatMap(({name}) => trial.starts(name).map(({pid}) => pid));
  await trial.until('all services dead', () => !pids.some(isAlive), 120_000, 2);
  return rounded(now() - asked);
}

/**
 * What is the supervisor's own share: it runs already, with one service more, and is asked for the hundred over its
 * socket. The clock starts before the request is written, so it shows at least what the supervisor takes.
 */
async function byRequest(outer: Trial): Promise<BringUp['request']> {
  return trialOf(outer, async (trial) => {
    const {peer, workplace} = trial;
    if (!(peer instanceof Erp)) throw new Error('only erp is asked over a socket');
    const services = trial.services(count);
    const names = services.map(({name}) => name);
    peer.configure([trial.service('resident', 'serve', workplace.ports(1)), ...services], {}, names);
    await peer.restartDaemon();
    await trial.daemons();
    const asked = now();
    const answer = peer.ask('POST', '/v1/start', {services: names, spec: null});
    const {lastExec, answering, missing} = await untilUp(trial, services, asked);
    await answer;
    if (missing > 0) throw new Error(`${missing} services did not come up by request`);
    const askedToStop = now();
    const stopping = peer.ask('POST', '/v1/stop', {services: names, now: false, dependents: false});
    const stopped = await untilDead(trial, services, askedToStop);
    await stopping;
    return {lastExec, answering, stopped};
  });
}
