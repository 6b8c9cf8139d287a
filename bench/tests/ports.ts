import {join} from 'node:path';
import {type CommandOptions, background, now, run} from '../commands.js';
import {allAnswer} from '../http.js';
import {Erp} from '../peers/erp.js';
import {finderCommand, finders, type Finder, versionOf} from '../peers/port-finders.js';
import {programPath} from '../peers/installed.js';
import {read} from '../processes.js';
import {spread} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {PortFinder, PortSearch, PortTimes} from '../types.js';
import {root} from '../workplace.js';
import type {Test} from './test.js';

const count = 35;
const reps = 20;
const finderReps = 5;
/** Each has two ends on this machine. */
const connections = 5000;

/** n: who holds the ports of running services, in turns with what is the least for it. */
export const portSearch: Test<'n'> = {
  id: 'n',
  title: `who holds ${count} ports`,
  rounds: 1,
  waits: false,
  limitSeconds: 300,
  applies: ({id}) => id === 'erp',
  measure,
  brief: ({calm, crowded}) =>
    [calm, crowded]
      .map(
        ({node, ss, scan, command}) =>
          `survey ${scan.median} ms, ss ${ss?.median ?? '–'} ms, erp ports ${command?.median ?? '–'} ms, node -e 0 ${node.median} ms`,
      )
      .join('; crowded: '),
};

async function measure(trial: Trial): Promise<PortSearch> {
  const services = trial.services(count);
  const ports = services.map(({port}) => port);
  await trial.peer.start(services, {});
  const missing = await allAnswer(ports, 60_000, trial.aborted);
  if (missing > 0) throw new Error(`${missing} of ${count} services did not come up`);
  await trial.sleep(3000);
  await trial.daemons();
  const calm = await inTurns(trial, ports);
  const beside: PortFinder[] = [];
  for (const finder of finders) beside.push(await timesOf(trial, finder, ports));
  await crowd(trial);
  return {ports: count, calm, crowded: {...(await inTurns(trial, ports)), sockets: 2 * connections}, finders: beside};
}

type Timed = () => Promise<number>;

async function inTurns(trial: Trial, ports: readonly number[]): Promise<PortTimes> {
  const {peer, dir} = trial;
  const ss = programPath('ss');
  const command = peer instanceof Erp ? peer.portsCommand() : null;
  const hasCommand = command !== null && (await run(command.argv, {env: command.env, cwd: dir})).code === 0;
  const ways: Readonly<Record<'node' | 'ss' | 'scan' | 'command', Timed | null>> = {
    node: whole([process.execPath, '-e', '0'], {cwd: dir}),
    ss: ss === null ? null : whole([ss, '-ltnp'], {cwd: dir}),
    scan: () => told([process.execPath, join(root, 'bench', 'results', 'survey.mjs'), ...ports.map(String)], count),
    command: hasCommand ? whole(command.argv, {env: command.env, cwd: dir}) : null,
  };
  const times = {node: [] as number[], ss: [] as number[], scan: [] as number[], command: [] as number[]};
  const names = ['node', 'ss', 'scan', 'command'] as const;
  // The first ones fill the caches.
  for (let rep = -2; rep < reps; rep += 1) {
    for (const name of names) {
      const ms = await ways[name]?.();
      if (ms !== undefined && rep >= 0) times[name].push(ms);
    }
    await trial.sleep(0);
  }
  return {
    node: spread(times.node),
    scan: spread(times.scan),
    ss: ways.ss && spread(times.ss),
    command: ways.command && spread(times.command),
  };
}

const whole =
  (argv: readonly string[], options: CommandOptions): Timed =>
  async () => {
    const since = now();
    const {code, output} = await run(argv, options);
    if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code}: ${output.slice(0, 300)}`);
    return now() - since;
  };

/** A program that takes its own time and says how many holders it found: a quick wrong answer is none. */
async function told(argv: readonly string[], expected: number): Promise<number> {
  const {output} = await run(argv);
  const [ms, found] = output.trim().split(' ').map(Number);
  if (found !== expected || ms === undefined) throw new Error(`${found} of ${expected} found: ${output.slice(0, 300)}`);
  return ms;
}

async function timesOf(trial: Trial, finder: Finder, ports: readonly number[]): Promise<PortFinder> {
  const {name, what} = finder;
  const version = versionOf(finder);
  if (version === null) return {name, version, what, times: null};
  const times: number[] = [];
  for (let rep = -1; rep < finderReps; rep += 1) {
    const wanted = finder.kills ? [await victim(trial)] : ports;
    const ms = await told(finderCommand(finder, wanted), wanted.length);
    if (rep >= 0) times.push(ms);
    await trial.sleep(0);
  }
  return {name, version, what, times: spread(times)};
}

async function victim(trial: Trial): Promise<number> {
  const [{argv, env, port} = {argv: [], env: {}, port: 0}] = trial.services(1);
  background(argv, {env: {...env, SVC_NAME: 'victim'}, cwd: trial.dir});
  if ((await allAnswer([port], 10_000, trial.aborted)) > 0) throw new Error('the victim did not come up');
  return port;
}

/** Connections within one process, which ends with the trial. */
async function crowd(trial: Trial): Promise<void> {
  const log = join(trial.dir, 'crowd.log');
  const program = `
    const {connect, createServer} = require('node:net');
    const sockets = [];
    let left = ${connections};
    const server = createServer((socket) => {
      sockets.push(socket);
      if (--left === 0) console.log('ready');
    });
    server.listen({port: ${trial.workplace.ports(1)}, host: '127.0.0.1', backlog: 512}, () => {
      let begun = 0;
      const next = () => {
        if (begun++ < ${connections}) sockets.push(connect(server.address().port, '127.0.0.1', next));
      };
      for (let n = 0; n < 50; n++) next();
    });`;
  background([process.execPath, '-e', program], {cwd: trial.dir, log});
  await trial.until(`${connections} connections`, () => read(log).includes('ready'), 60_000);
}
