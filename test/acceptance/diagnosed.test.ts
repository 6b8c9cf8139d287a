import {createServer} from 'node:net';
import {expect} from '@jest/globals';
import type {ErpEvent} from '../../src/lib/core/report/status.js';
import {freePort} from '../support/free-port.js';
import {type Rig, until} from '../support/rig.js';
import {itErp, itNeeds, python, redis} from '../support/tools.js';

const quick = {probe: 'none', backOff: [0, '250ms', '2s', '4s'], maxRestarts: 5};

const of = (rig: Rig, service: string, type: string): ErpEvent[] =>
  rig.events().filter((event) => event.service === service && event.type === type);

const spawns = (rig: Rig, service: string): number => rig.log(service).match(/^begins$/gm)?.length ?? 0;

itNeeds([python], 'a module is missing: two lives, then it waits until somebody installs it', async (rig) => {
  rig.write('app.py', 'print("begins", flush=True)\nimport acme_billing\nacme_billing.run()\n');
  rig.config({web: {...quick, command: ['/usr/bin/python3', 'app.py']}});
  await rig.expectErp(4, ['start', '--detach']);
  const failed = await rig.service('web');
  expect(failed).toMatchObject({
    state: 'failed',
    diagnosis: {cause: 'missing-module', subject: 'acme_billing', remedy: expect.stringMatching(/pip install/)},
    note: 'tries again as soon as what is installed changes',
  });
  expect(failed.diagnosis?.evidence[0]).toMatch(
    /^logs\/web\.log:\d+ "ModuleNotFoundError: No module named 'acme_billing'"$/,
  );
  // One may have begun before the second verdict was there.
  expect(spawns(rig, 'web')).toBeLessThanOrEqual(3);
  // One object, spelt the same in events, status and log.
  expect(of(rig, 'web', 'diagnosed').at(-1)?.diagnosis).toEqual(failed.diagnosis);
  expect(of(rig, 'web', 'failed')[0]?.text).toMatch(/^web failed: the same cause twice; a restart can't mend it\./);
  expect(rig.ownLog()).toMatch(
    /why it ended: [^]*cause: missing-module \(certain\): acme_billing[^]*remedy: .*pip install/,
  );
  const before = spawns(rig, 'web');
  rig.write('acme_billing.py', 'import time\n\ndef run():\n    print("runs", flush=True)\n    time.sleep(1000)\n');
  await until('it runs', () => /^runs$/m.test(rig.log('web')));
  expect(spawns(rig, 'web')).toBe(before + 1);
  await until('it is ready', async () => (await rig.service('web')).state === 'ready');
  await rig.stop();
});

itErp('a variable is missing: stopped, and tried when the .env beside the program changes', async (rig) => {
  rig.write(
    'app.mjs',
    `import {existsSync} from 'node:fs';
console.log('begins');
if (!existsSync('.env')) throw new Error('Missing required environment variable: ACME_LICENCE_URL');
setInterval(() => {}, 1000);
`,
  );
  rig.config({api: {...quick, command: [process.execPath, 'app.mjs']}});
  await rig.expectErp(4, ['start', '--detach']);
  expect((await rig.service('api')).diagnosis).toMatchObject({cause: 'missing-env-var', subject: 'ACME_LICENCE_URL'});
  rig.write('.env', 'ACME_LICENCE_URL=https://example.org\n');
  await until('it is ready', async () => (await rig.service('api')).state === 'ready');
  expect(of(rig, 'api', 'unblocked')[0]?.text).toBe('api its configuration has changed: tries again');
  await rig.stop();
});

itNeeds([python], 'restart: {onPermanent: retry} goes on until the budget is used', async (rig) => {
  rig.write('app.py', 'print("begins", flush=True)\nimport acme_billing\n');
  const restart = {onPermanent: 'retry'};
  rig.config({web: {...quick, restart, maxRestarts: 3, backOff: ['400ms'], command: ['/usr/bin/python3', 'app.py']}});
  await rig.expectErp(4, ['start', '--detach']);
  expect(spawns(rig, 'web')).toBe(4);
  expect(of(rig, 'web', 'failed')[0]?.text).toMatch(/3 of 3 restarts used/);
  await rig.stop();
});

const client = (port: number) => `import {connect} from 'node:net';
console.log('begins');
const socket = connect({host: '127.0.0.1', port: ${port}});
socket.on('error', (error) => {
  console.error('[ioredis] Unhandled error event:', error);
  throw error;
});
socket.on('connect', () => console.log('connected'));
setInterval(() => {}, 1000);
`;

itErp('nobody listens where it connects: it waits for that, and no restart is used up', async (rig) => {
  const port = await freePort();
  rig.write('app.mjs', client(port));
  rig.config({api: {...quick, command: [process.execPath, 'app.mjs']}});
  await rig.expectErp(9, ['start', '--detach', '--timeout', '6']);
  const waiting = await rig.service('api');
  expect(waiting).toMatchObject({state: 'backing-off', restartsUsed: 0, note: `waiting for 127.0.0.1:${port}`});
  expect(waiting.diagnosis?.subject).toBe(`127.0.0.1:${port}`);
  expect(of(rig, 'api', 'blocked')[0]?.text).toMatch(
    new RegExp(`waiting for 127.0.0.1:${port}; that costs no restart$`),
  );
  const before = spawns(rig, 'api');
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  rig.onEnd(() => server.close());
  await until('it is ready', async () => (await rig.service('api')).state === 'ready');
  expect(spawns(rig, 'api')).toBe(before + 1);
  await rig.stop();
});

itNeeds([redis], 'Redis is down: its client waits for it by its name and comes back with it', async (rig) => {
  const port = await freePort();
  rig.write('app.mjs', client(port));
  rig.config({
    redis: {
      command: ['redis-server', '--port', String(port), '--save', ''],
      port,
      probe: 'tcp',
      autoStart: false,
    },
    api: {...quick, command: [process.execPath, 'app.mjs']},
  });
  await rig.expectErp(9, ['start', '--detach', '--timeout', '6']);
  expect(await rig.service('api')).toMatchObject({
    state: 'backing-off',
    restartsUsed: 0,
    note: `waiting for redis (127.0.0.1:${port})`,
  });
  await rig.expectErp(0, ['start', '--detach', 'redis']);
  await until('it is ready', async () => (await rig.service('api')).state === 'ready');
  expect(rig.log('api')).toMatch(/^connected$/m);
  await rig.stop();
});

itErp('a restart does not wait for the verdict, and a storm of crashes asks few helpers', async (rig) => {
  rig.config({
    web: {...quick, backOff: [0], maxRestarts: 60, command: ['sh', '-c', 'echo begins; echo Error: boom >&2; exit 1']},
  });
  await rig.expectErp(4, ['start', '--detach']);
  expect(spawns(rig, 'web')).toBe(61);
  const restarts = of(rig, 'web', 'restarting');
  const diagnosed = of(rig, 'web', 'diagnosed');
  expect(restarts).toHaveLength(60);
  const tookMs = Date.parse(restarts.at(-1)?.at ?? '') - Date.parse(restarts[0]?.at ?? '');
  expect(diagnosed.length).toBeLessThanOrEqual(3 + tookMs / 3000);
  expect(rig.having('diagnose-').length).toBeLessThanOrEqual(2);
  await rig.stop();
  await rig.nothingLeft();
});
