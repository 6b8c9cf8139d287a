import {join} from 'node:path';
import {now} from '../commands.js';
import {allAnswer, answering} from '../http.js';
import {isAlive, read, signal} from '../processes.js';
import {rounded} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {Leftovers} from '../types.js';
import {suits, type Test} from './test.js';

/** g: a service with a child, a child in a session of its own and a double-forked daemon; what lives afterwards. */
export const leftovers: Test<'g'> = {
  id: 'g',
  title: 'what is left over',
  rounds: 1,
  waits: true,
  limitSeconds: 90,
  applies: (candidate) => suits(candidate, 'g'),
  measure,
  brief: ({afterCrash, afterStop, afterShutdown}) =>
    `crash: ${words(afterCrash)}; stop: ${words(afterStop)}; shutdown: ${words(afterShutdown)}`,
};

const words = (list: readonly string[]) => list.join(', ') || 'nothing';

interface Relative {
  readonly kind: string;
  readonly pid: number;
}

async function measure(trial: Trial): Promise<Leftovers> {
  const {peer} = trial;
  const tree = trial.service('tree', 'tree', trial.workplace.ports(1));
  await peer.start([tree], {});
  if ((await allAnswer([tree.port], 30_000, trial.aborted)) > 0) throw new Error('did not come up');
  await trial.until('three descendants of the service', () => relatives(trial).length >= 3, 10_000);
  await trial.sleep(1500);
  await trial.daemons();
  const first = relatives(trial);
  const before = await answering(tree.port, 2000);
  if (before === null) throw new Error('the service does not answer');
  signal(before, 'SIGKILL');
  await trial.sleep(3500);
  const afterCrash = alive(first);
  for (const {pid} of first) signal(pid, 'SIGKILL');
  const after = await answering(tree.port, 2000);
  const second = relatives(trial).slice(first.length);
  const since = now();
  await (peer.stopService?.('tree') ?? peer.stop());
  const stopMs = rounded(now() - since);
  await trial.sleep(2500);
  const afterStop = [...(isAlive(after) ? ['service'] : []), ...alive(second)];
  await peer.stop();
  await trial.sleep(1000);
  return {afterCrash, afterStop, afterShutdown: alive(second), stopMs};
}

const alive = (list: readonly Relative[]) => list.filter(({pid}) => isAlive(pid)).map(({kind}) => kind);

function relatives(trial: Trial): Relative[] {
  const lines = read(join(trial.dir, 'tree.tree')).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => line.split(' '))
    .map(([kind = '', pid]) => ({kind, pid: Number(pid)}));
}
