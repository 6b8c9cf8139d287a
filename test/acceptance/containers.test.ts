// As the first process of a pid namespace, which is what a container is: the dead are buried, signals and exit codes pass.
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {erpBinary, isAlive, kill, program, type Rig, rootFile, type Run, until} from '../support/rig.js';
import {itNeeds, namespaces} from '../support/tools.js';

const init = rootFile('bin', 'init.sh');
const erp: readonly [string, string] = [process.execPath, erpBinary];

const shop = (rig: Rig): void =>
  rig.config({
    store: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon \\d+'}},
    shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, dependsOn: ['store']},
  });

/** Runs a command as pid 1. */
const contained = (rig: Rig, ...argv: string[]): Run =>
  rig.spawn(['unshare', '--kill-child', '-p', '-f', '--mount-proc', ...argv]);

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g)?.map(Number) ?? [];

/** Its pid out here. */
const firstProcess = ({pid}: Run): number => childrenOf(pid)[0] ?? 0;

const zombies = (run: Run): number[] => childrenOf(firstProcess(run)).filter((pid) => !isAlive(pid));

itNeeds([namespaces], 'erp-init buries orphans, passes SIGTERM on and ends with the exit code', async (rig) => {
  shop(rig);
  const run = contained(rig, init, ...erp, 'start');
  await run.says(/healthy after/);
  const daemon = rig.having('sleep 1002')[0]?.pid ?? 0;
  expect(childrenOf(firstProcess(run))).toContain(daemon);
  kill(daemon);
  await until('it is buried', () => !childrenOf(firstProcess(run)).includes(daemon));
  // A crash leaves three more.
  kill(rig.having('leaves-children.sh')[0]?.pid ?? 0);
  await rig.logged(/store ready .* away/);
  await until('the old family has gone', () => rig.having('sleep 100').length === 4);
  await until('nobody is left unburied', () => zombies(run).length === 0);
  kill(firstProcess(run), 'SIGTERM');
  expect((await run.end()).code).toBe(0);
  expect(rig.ownLog()).toMatch(/shop stopped[^]*store stopped/);
  await rig.nothingLeft();
});

itNeeds([namespaces], 'erp-init ends with what erp ended with', async (rig) => {
  rig.config({core: {command: 'exit 3', critical: true, maxRestarts: 0, afterBudget: 'fail'}});
  expect((await contained(rig, init, ...erp, 'start').end()).code).toBe(4);
  rig.write('erp.config.json', '{"services": 1}');
  expect((await contained(rig, init, ...erp, 'start').end()).code).toBe(3);
  expect((await contained(rig, init, 'sh', '-c', 'kill -9 $$').end()).code).toBe(137);
  const {code, stderr} = await contained(rig, init).end();
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^usage: erp-init/)]);
});

itNeeds(
  [namespaces],
  'erp itself as the first process: works, and becomes erp-init or says how to start it',
  async (rig) => {
    shop(rig);
    const run = contained(rig, ...erp, 'start');
    await run.says(/healthy after/);
    const command = readFileSync(`/proc/${firstProcess(run)}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if ('execve' in process) expect(command).toContain('init.sh');
    else expect(run.stderr).toMatch(/erp-init.*docker run --init/);
    kill(firstProcess(run), 'SIGTERM');
    expect((await run.end()).code).toBe(0);
    expect(rig.ownLog()).toMatch(/shop stopped[^]*store stopped/);
    await rig.nothingLeft();
  },
);

itNeeds([namespaces], 'erp start --detach as the first process is refused: it would end the container', async (rig) => {
  shop(rig);
  const {code, stderr} = await contained(rig, ...erp, 'start', '--detach').end();
  if ('execve' in process) return; // It is erp-init's child then.
  expect(code).toBe(2);
  expect(stderr).toMatch(/first process of this container/);
  expect(stderr).toMatch(/remedy: leave out --detach/);
});

itNeeds(
  [namespaces],
  'a read-only root, no home, no runtime folder: a writable project and /tmp are enough',
  async (rig) => {
    shop(rig);
    mkdirSync(join(rig.dir, 'tmp'));
    const script = `mount --bind "$RIG" "$RIG" && mount -o remount,bind,ro / && cd "$RIG/shop" || exit 70
if touch /is-it-read-only 2>/dev/null; then exit 71; fi
exec env -u HOME -u XDG_RUNTIME_DIR TMPDIR="$RIG/tmp" "$@"`;
    const run = contained(rig, '-m', 'sh', '-c', script, 'sh', init, ...erp, 'start');
    await run.says(/healthy after/);
    kill(firstProcess(run), 'SIGTERM');
    expect((await run.end()).code).toBe(0);
    await rig.nothingLeft();
  },
);

itNeeds([namespaces], 'the container is killed: nothing is left outside of it', async (rig) => {
  shop(rig);
  const run = contained(rig, init, ...erp, 'start');
  await run.says(/healthy after/);
  kill(firstProcess(run));
  await run.end();
  await rig.nothingLeft();
});
