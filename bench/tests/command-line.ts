import {now, run} from '../commands.js';
import {allAnswer} from '../http.js';
import {Erp} from '../peers/erp.js';
import {spread} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {Command, CommandLine} from '../types.js';
import {isFloor, type Test} from './test.js';

const reps = 20;

/** h: what a command costs, in turns with a Node that does nothing. */
export const commandLine: Test<'h'> = {
  id: 'h',
  title: 'command line',
  rounds: 1,
  waits: false,
  limitSeconds: 120,
  applies: (candidate) => !isFloor(candidate),
  measure,
  brief: ({node, status}) => `status ${status.median} ms, node -e 0 ${node.median} ms`,
};

async function measure(trial: Trial): Promise<CommandLine> {
  const {peer} = trial;
  const [web] = trial.services(1);
  if (web === undefined) throw new Error('no service');
  await peer.start([web], {});
  if ((await allAnswer([web.port], 30_000, trial.aborted)) > 0) throw new Error('did not come up');
  await trial.sleep(1500);
  await trial.daemons();
  const status = peer.statusCommand();
  if (status === null) throw new Error('it has no status command');
  const version = peer instanceof Erp ? peer.versionCommand() : null;
  const node = {argv: [process.execPath, '-e', '0'], env: {}};
  const times = new Map<Command, number[]>([node, status, ...(version === null ? [] : [version])].map((c) => [c, []]));
  for (let rep = -2; rep < reps; rep += 1) {
    for (const [command, list] of times) {
      const since = now();
      await run(command.argv, {env: command.env, cwd: trial.dir});
      // The first ones fill the caches.
      if (rep >= 0) list.push(now() - since);
    }
    await trial.sleep(0);
  }
  const of = (command: Command) => spread(times.get(command) ?? []);
  return {node: of(node), status: of(status), version: version && of(version)};
}
