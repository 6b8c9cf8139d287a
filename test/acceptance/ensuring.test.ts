import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {kill, program, type Rig, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

const service = {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}};

function shop(rig: Rig): void {
  rig.config({shop: service, worker: service, spare: {...service, autoStart: false}});
}

/** Silent, whatever it did. */
async function ensure(rig: Rig, ...more: string[]): Promise<void> {
  const {stdout, stderr} = await rig.expectErp(0, ['start', '--ensure', ...more]);
  expect(stdout + stderr).toBe('');
}

const wantedUp = async (rig: Rig) =>
  (await rig.status()).services.filter(({wanted}) => wanted === 'up').map(({name}) => name);

async function loseSupervisor(rig: Rig): Promise<void> {
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('the supervisor is gone', () => rig.supervisors().length === 0);
}

/** The journals are those of another boot, and nothing runs any more. */
async function reboot(rig: Rig): Promise<void> {
  await loseSupervisor(rig);
  for (const {pid} of rig.processes()) kill(pid);
  await rig.nothingLeft();
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const folder = join(rig.project, '.erp', 'journal');
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.jsonl'))) {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(boot, '00000000-0000-0000-0000-000000000000'));
  }
}

itErp('the first --ensure ever starts everything; after a stop of everything it does nothing', async (rig) => {
  shop(rig);
  await ensure(rig);
  expect(await wantedUp(rig)).toEqual(['shop', 'worker']);
  await rig.stop();
  await ensure(rig);
  expect(rig.processes()).toEqual([]);
});

itErp('--ensure of a name that was never wanted before starts it, beside what runs', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach', 'shop']);
  await ensure(rig, 'worker');
  expect(await wantedUp(rig)).toEqual(['shop', 'worker']);
  await rig.expectErp(0, ['stop', 'worker']);
  await ensure(rig, 'worker');
  expect(await wantedUp(rig)).toEqual(['shop']);
  await rig.stop();
});

itErp('--ensure keeps a stopped service down, whatever happens to the supervisor and the machine', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['start', '--detach', 'spare']);
  await rig.expectErp(0, ['stop', 'worker']);
  await ensure(rig);
  expect(await wantedUp(rig)).toEqual(['shop', 'spare']);
  const {pid} = await rig.service('shop');
  await loseSupervisor(rig);
  await ensure(rig);
  expect(await wantedUp(rig)).toEqual(['shop', 'spare']);
  expect((await rig.service('shop')).pid).toBe(pid);
  await reboot(rig);
  await ensure(rig);
  expect(await wantedUp(rig)).toEqual(['shop', 'spare']);
  expect((await rig.service('worker')).state).toBe('stopped');
  expect((await rig.service('shop')).state).toBe('ready');
  await rig.stop();
  await reboot(rig);
  await ensure(rig);
  expect(rig.processes()).toEqual([]);
});

itErp('two --ensure at once: one supervisor, one copy of each service', async (rig) => {
  shop(rig);
  for (let round = 0; round < 2; round += 1) {
    await Promise.all([ensure(rig), ensure(rig)]);
    // The one that came second may still be on its way out: it steps back when it sees the lock.
    await until('one supervisor', () => rig.supervisors().length === 1);
    expect(rig.having('sleep 100000')).toHaveLength(2);
    await reboot(rig);
  }
  await rig.expectErp(0, ['stop']);
});

itErp(
  'a supervisor that is silent for 10 s is replaced, by two schedulers at once; services do not notice',
  async (rig) => {
    shop(rig);
    await rig.expectErp(0, ['start', '--detach']);
    const before = (await rig.status()).services.map(({pid}) => pid);
    const stuck = rig.supervisors()[0]?.pid ?? 0;
    kill(stuck, 'SIGSTOP');
    const begunAt = performance.now();
    await Promise.all([ensure(rig), ensure(rig)]);
    expect(performance.now() - begunAt).toBeGreaterThan(9000);
    await until('one supervisor, another one', () => {
      const [now, more] = rig.supervisors();
      return now !== undefined && more === undefined && now.pid !== stuck && rig.guardians().length === 1;
    });
    expect((await rig.status()).services.map(({pid}) => pid)).toEqual(before);
    await rig.stop();
  },
);

itErp('--detach says what it does not survive, once, and to programs in a field; --ensure does not', async (rig) => {
  shop(rig);
  const first = await rig.expectErp(0, ['start', '--detach']);
  expect(first.stderr).toMatch(/Not started again after a reboot: erp autostart/);
  const second = await rig.expectErp(0, ['start', '--detach']);
  expect(second.stdout + second.stderr).not.toMatch(/reboot/);
  await rig.stop();
  const json = await rig.expectErp(0, ['start', '--detach', '--json']);
  expect(json.stderr).not.toMatch(/reboot/);
  expect(JSON.parse(json.stdout)).toMatchObject({notSurvived: expect.stringMatching(/erp autostart/)});
  await rig.stop();
});
