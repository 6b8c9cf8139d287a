// With a control group of its own (cgroup v2) a project knows everybody it ever started, whatever they wiped.
import {existsSync, readFileSync} from 'node:fs';
import {expect} from '@jest/globals';
import {erpBinary, kill, program, type Rig, until} from '../support/rig.js';
import {controlGroups, itNeeds, redis} from '../support/tools.js';

const shop = (...shape: string[]): object => ({
  command: ['sh', program('family.sh'), ...shape],
  readiness: {log: 'ready \\d+'},
  backOff: [0],
});

const wiped = (rig: Rig): number[] => rig.having('sleep 20006').map(({pid}) => pid);
const isThere = (rig: Rig): Promise<void> => until('the daemon is there', () => wiped(rig).length === 1);
const groupOf = (pid: number): string => /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';

/** Its folder is somewhere among these mounts. */
const foldersOf = (group: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - cgroup2 '))
    .map((line) => `${line.split(' ')[4] ?? ''}${group}`);

itNeeds(
  [controlGroups],
  'a daemon without a trace is ended with its service, and the group is removed',
  async (rig) => {
    rig.config({shop: shop('wiped')});
    await rig.expectErp(0, ['start', '--detach']);
    await isThere(rig);
    const group = groupOf(wiped(rig)[0] ?? 0);
    expect(group).toMatch(/\/erp-[0-9a-f]+$/);
    await rig.stop();
    await until('the group is gone', () => !foldersOf(group).some((folder) => existsSync(folder)));
  },
);

itNeeds([controlGroups], 'a crash and a restart leave one copy of it', async (rig) => {
  rig.config({shop: shop('wiped')});
  await rig.expectErp(0, ['start', '--detach']);
  for (const how of ['crash', 'restart']) {
    await isThere(rig);
    const [former] = wiped(rig);
    if (how === 'crash') kill((await rig.service('shop')).pid ?? 0);
    else await rig.expectErp(0, ['restart', 'shop']);
    await until(
      `a new copy after the ${how}, and no old one`,
      () => wiped(rig).length === 1 && wiped(rig)[0] !== former,
    );
  }
  await rig.stop();
});

itNeeds(
  [controlGroups],
  'supervisor and guardian are killed: the next one knows the daemon by the group',
  async (rig) => {
    rig.config({shop: shop('wiped')});
    await rig.expectErp(0, ['start', '--detach']);
    await isThere(rig);
    for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
    await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
    await rig.stop();
  },
);

itNeeds([controlGroups], 'of two services nobody can be blamed: it stays until everything stops', async (rig) => {
  rig.config({desk: shop('child'), shop: {...shop('wiped'), dependsOn: ['desk']}});
  await rig.expectErp(0, ['start', '--detach']);
  await isThere(rig);
  const [daemon] = wiped(rig);
  await rig.expectErp(0, ['restart', 'desk']);
  expect(wiped(rig)).toEqual([daemon]);
  await rig.stop();
  expect(rig.events().find(({type}) => type === 'straggler')?.text).toMatch(/^a service had left sleep 20006/);
});

itNeeds([controlGroups, redis], 'redis-server beside the service, without a port', async (rig) => {
  rig.config({
    shop: shop('runs', 'redis-server', '--daemonize', 'yes', '--port', '0', '--unixsocket', `${rig.dir}/redis.sock`),
  });
  await rig.expectErp(0, ['start', '--detach']);
  await until('redis is there', () => rig.having('redis-server unixsocket').length === 1);
  await rig.stop();
});

itNeeds([controlGroups], 'another project that a service of ours has started is left alone', async (rig) => {
  const inner = `${rig.dir}/inner`;
  rig.write('../inner/erp.config.json', {services: {desk: shop('child')}});
  rig.config({shop: shop('runs', process.execPath, erpBinary, '-C', inner, 'start', '--detach')});
  await rig.expectErp(0, ['start', '--detach']);
  const pid = (await rig.service('desk', {cwd: inner})).pid ?? 0;
  expect(groupOf(pid)).toMatch(/erp-[0-9a-f]+\/erp-[0-9a-f]+$/);
  await rig.expectErp(0, ['stop']);
  expect((await rig.service('desk', {cwd: inner})).pid).toBe(pid);
  expect(rig.supervisors()).toHaveLength(1);
  await rig.stop({cwd: inner});
});
