import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {get, program, type Rig, until} from '../support/rig.js';
import {itErp, type TestOptions} from '../support/tools.js';

/** They mostly wait for samples. */
const together: TestOptions = {concurrent: true};
const oftenSampled = {machine: {sampleInterval: '200ms'}};

interface Taker {
  readonly port: number;
  readonly pid: number;
}

async function started(rig: Rig, differs: object, more: object = oftenSampled): Promise<Taker> {
  const port = await freePort();
  const command = [process.execPath, program('takes.mjs'), '{port}'];
  rig.config({shop: {command, port, health: '/health', checkInterval: '200ms', ...differs}}, more);
  await rig.expectErp(0, ['start', '--detach']);
  const {pid} = await rig.service('shop');
  return {port, pid: pid ?? 0};
}

const eventsOf = (rig: Rig, type: string) => rig.events().filter((event) => event.type === type);

itErp(
  'a service above maxMemory is restarted with its reason, and its budget is untouched',
  async (rig) => {
    const {port, pid} = await started(rig, {maxMemory: '160MB'});
    await get(port, '/take?mib=200', 'POST');
    await until('it has been restarted', async () => (await get(port, '/health'))?.body.includes(`${pid}`) === false);
    await until('it is ready', async () => (await rig.service('shop')).state === 'ready');
    const after = await rig.service('shop');
    expect(after).toMatchObject({restartsUsed: 0, totalRestarts: 0, incarnation: 2, health: 'healthy'});
    expect(after.pid).not.toBe(pid);
    expect(after.lastRestart).toMatchObject({
      reason: 'memory',
      text: expect.stringMatching(/^memory \d+ MiB above maxMemory 160 MiB for \d/) as unknown,
    });
    expect(eventsOf(rig, 'memory-limit').map(({level, text}) => [level, text])).toEqual([
      ['WARNING', expect.stringMatching(/^shop memory \d+ MiB above maxMemory 160 MiB for .*: restarted$/)],
    ]);
    await rig.logged(/\[WARNING\] shop memory \d+ MiB above maxMemory/);
    const page = (await rig.expectErp(0, ['status', 'shop'])).stdout;
    expect(page).toMatch(/limit +restarted above 160 MiB/);
    expect(page).toMatch(/restarted +\S+, memory: memory \d+ MiB above maxMemory 160 MiB/);
    await rig.stop();
  },
  together,
);

itErp(
  'what is above maxMemory right after its start is not restarted endlessly, and its limit is named',
  async (rig) => {
    await started(rig, {maxMemory: '160MB', env: {TAKES_MIB: '200'}});
    await rig.logged(/right after its start, 2 times in a row: raise maxMemory\. The next .* in 5m at the earliest/);
    await until('the third life is ready', async () => {
      const {incarnation, state} = await rig.service('shop');
      return incarnation === 3 && state === 'ready';
    });
    await until('its memory is warned of', async () => ((await rig.service('shop')).warnings ?? []).length > 0);
    const shop = await rig.service('shop');
    expect(shop).toMatchObject({mark: 'degraded', health: 'healthy', restartsUsed: 0});
    expect(shop.warnings?.map(({limit}) => limit)).toEqual(['memory']);
    expect((await rig.expectErp(0, ['status'])).stdout).toMatch(/memory \d+ MiB, \d+% of maxMemory 160 MiB/);
    // Samples go on; the pause holds.
    const seen = (await rig.status()).sampledAt;
    await until(
      'more samples were taken',
      async () => Date.parse((await rig.status()).sampledAt ?? '') > Date.parse(seen ?? '') + 1500,
    );
    expect((await rig.service('shop')).incarnation).toBe(3);
    await rig.stop();
  },
  together,
);

itErp(
  'a preCheck that says no keeps a service above maxMemory alive',
  async (rig) => {
    const {port, pid} = await started(rig, {maxMemory: '160MB', hooks: {preCheck: 'echo not today; exit 1'}});
    await get(port, '/take?mib=200', 'POST');
    await rig.logged(
      /memory \d+ MiB above maxMemory 160 MiB for .*, not restarted: preCheck ended with code 1: not today/,
    );
    expect((await rig.service('shop')).pid).toBe(pid);
    await rig.stop();
  },
  together,
);

itErp(
  'slow answers are told once with what is usual, stand in status, and end with a line',
  async (rig) => {
    const {port, pid} = await started(rig, {
      slowAfter: '300ms',
      checkInterval: '1500ms',
    });
    await until('it has answered often enough', async () => {
      const {answeredAt, uptimeMs} = await rig.service('shop');
      return answeredAt !== null && (uptimeMs ?? 0) > 9000;
    });
    await get(port, '/take?ms=600', 'POST');
    await rig.logged(/\[WARNING\] shop answers slowly: \S+ \(usually \d+ms\)/);
    const slow = await rig.service('shop');
    expect(slow).toMatchObject({pid, state: 'ready', health: 'healthy', mark: 'degraded'});
    expect(slow.warnings).toMatchObject([{limit: 'slow', text: expect.stringMatching(/^answers slowly/) as unknown}]);
    const {stdout, code} = await rig.erp(['status']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\S+ degraded[^]*answers slowly: /)]);
    await get(port, '/take?ms=0', 'POST');
    await rig.logged(/\[INFO\] shop answers in \d+ms: well again after /);
    expect(await rig.service('shop')).toMatchObject({mark: 'good', warnings: [], totalRestarts: 0});
    expect(eventsOf(rig, 'limit-warning').map(({level}) => level)).toEqual(['WARNING', 'INFO']);
    await rig.stop();
  },
  together,
);

itErp(
  'many open files are told with the limit and the process',
  async (rig) => {
    const command = `ulimit -n 200; exec ${process.execPath} ${program('takes.mjs')} {port}`;
    const {port, pid} = await started(rig, {command});
    await get(port, '/take?files=150', 'POST');
    await rig.logged(new RegExp(`\\[WARNING\\] shop 1\\d\\d open files of 200 \\(ulimit -n, pid ${pid}\\)`));
    expect((await rig.service('shop')).warnings).toMatchObject([{limit: 'open-files'}]);
    await rig.stop();
  },
  together,
);

itErp(
  'how long its starts usually take is known after a few, also to the next supervisor',
  async (rig) => {
    const {port} = await started(rig, {});
    for (let n = 0; n < 2; n += 1) await rig.expectErp(0, ['restart', 'shop']);
    await until('it is ready', async () => (await rig.service('shop')).state === 'ready');
    const before = (await rig.service('shop')).usualStartMs;
    expect(before?.most).toBeGreaterThan(0);
    await rig.expectErp(0, ['supervisor', 'restart']);
    expect((await rig.service('shop')).usualStartMs).toEqual(before);
    expect((await get(port, '/health'))?.status).toBe(200);
    await rig.stop();
  },
  together,
);

itErp('the next restart by schedule stands on the page of the service', async (rig) => {
  await started(rig, {schedule: '0 3 * * *', scheduleTimezone: 'Europe/Berlin'});
  const {schedule} = await rig.service('shop');
  expect(schedule).toMatchObject({expression: '0 3 * * *', timezone: 'Europe/Berlin'});
  expect(Date.parse(schedule?.nextAt ?? '')).toBeGreaterThan(Date.now());
  expect((await rig.expectErp(0, ['status', 'shop'])).stdout).toMatch(
    /schedule +restarted at 0 3 \* \* \* \(Europe\/Berlin\), next .*\d\d:00:00/,
  );
  await rig.stop();
});
