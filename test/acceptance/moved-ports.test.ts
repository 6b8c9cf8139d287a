import {connect} from 'node:net';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {type Rig, get, holds, kill, occupy, program, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

/** The page gets the address as most programs do: in its environment. */
const calls = {
  command: `exec node ${program('calls.mjs')} "$BACKEND_URL"`,
  env: {BACKEND_URL: 'http://127.0.0.1:{services.backend.port}/'},
};

const alone = (ports: readonly number[], differs: object = {}) => ({
  command: ['node', program('serves.mjs'), '{port}', 'backend'],
  port: {primary: ports[0], alternatives: ports.slice(1)},
  health: '/health',
  stopGrace: '2s',
  ...differs,
});

const lastLife = (rig: Rig, name: string): string => rig.log(name).trimEnd().split('\n').at(-1) ?? '';

itErp(
  'two ports are taken: the third is taken, everybody follows, and the way back is shown and works',
  async (rig) => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    rig.config({backend: alone(ports), page: calls});
    const [primary, second, third] = ports;
    const strangers = [await occupy(primary), await occupy(second)];
    for (const stranger of strangers) rig.onEnd(stranger.close);
    await rig.expectErp(0, ['start', '--detach']);

    const backend = await rig.service('backend');
    expect(backend).toMatchObject({port: third, primaryPort: primary, url: `http://127.0.0.1:${third}/`});
    expect(backend.moved).toMatchObject({
      port: third,
      primary,
      primaryState: 'taken',
      public: false,
      holder: {pid: process.pid, name: expect.any(String), user: expect.any(String), service: null},
    });
    // It was told the right address, and really gets an answer there.
    await until('the page calls the backend', () => lastLife(rig, 'page').startsWith('200 '));
    expect(lastLife(rig, 'page')).toContain(`"name":"backend"`);
    expect(lastLife(rig, 'page')).toContain(`http://127.0.0.1:${third}/`);
    expect(backend.mark).toBe('good');
    const shown = (await rig.expectErp(0, ['status'])).stdout;
    expect(shown).toMatch(
      new RegExp(`${third} instead of ${primary}, held by \\S+ \\(pid ${process.pid}, user \\S+\\)`),
    );
    expect(shown).toContain(`▲ ${third}`);
    const diagnosis = (await rig.expectErp(0, ['ports'])).stdout;
    for (const port of [primary, second]) expect(diagnosis).toMatch(new RegExp(`${port}: .*pid ${process.pid}`));
    expect((await rig.expectErp(0, ['port', 'backend'])).stdout).toBe(`${third}\n`);
    expect((await rig.expectErp(0, ['url', 'backend'])).stdout).toBe(`http://127.0.0.1:${third}/\n`);

    // Its supervisor is killed: the next one knows where everybody is, and nobody is restarted for it.
    const pids = async () => (await rig.status()).services.map(({pid}) => pid);
    const before = await pids();
    kill(rig.supervisors()[0]?.pid ?? 0);
    await until('the supervisor has come back', () => rig.cameBack());
    expect(await pids()).toEqual(before);
    expect((await rig.service('backend')).port).toBe(third);

    const refused = await rig.expectErp(5, ['restart', 'backend', '--primary']);
    expect(refused.stderr).toMatch(
      new RegExp(`backend can't have ${primary} back: held by \\S+ \\(pid ${process.pid}, user \\S+\\)`),
    );
    expect(await pids()).toEqual(before);

    for (const stranger of strangers) stranger.close();
    await until('status says that the primary is free', async () =>
      (await rig.erp(['status'])).stdout.includes(`${primary} is free again: erp restart backend --primary`),
    );
    await rig.logged(new RegExp(`INFO\\] backend ${primary} is free again: erp restart backend --primary`));
    // Nobody is restarted unasked.
    expect(await pids()).toEqual(before);
    const back = await rig.expectErp(0, ['restart', 'backend', '--primary']);
    expect(back.stdout).toContain('page followed');
    const after = await rig.service('backend');
    expect(after).toMatchObject({port: primary, moved: null, mark: 'good', restartsUsed: 0, totalRestarts: 0});
    await until('the page calls the backend at its primary', () =>
      new RegExp(`^200 .*:${primary}/$`).test(lastLife(rig, 'page')),
    );
    const page = await rig.service('page');
    expect(page).toMatchObject({restartsUsed: 0, totalRestarts: 0, lastRestart: {reason: 'port'}});
    expect(page.lastRestart?.text).toBe(`backend is on ${primary} now, not on ${third}`);
    expect((await rig.expectErp(0, ['restart', '--primary'])).stdout).toMatch(
      /nothing to do: .*backend.* primary port/,
    );
    await rig.stop();
  },
);

itErp('clients outside are left behind: a warning and degraded, until the primary is theirs again', async (rig) => {
  const ports = [await freePort(), await freePort()];
  const [primary = 0, second = 0] = ports;
  rig.config({backend: alone(ports), silent: alone([await freePort(), await freePort()], {public: false})});
  const stranger = await occupy(primary);
  rig.onEnd(stranger.close);
  await rig.expectErp(0, ['start', '--detach']);
  const sentence = new RegExp(
    `backend answers on ${second}; clients outside still use ${primary}, held by \\S+ \\(pid ${process.pid}, user \\S+\\)`,
  );
  await rig.logged(new RegExp(`WARNING\\] ${sentence.source}`));
  const status = await rig.status();
  const backend = status.services.find(({name}) => name === 'backend');
  expect(status.overall).toBe('degraded');
  expect(backend).toMatchObject({mark: 'degraded', health: 'healthy', moved: {public: true, primaryState: 'taken'}});
  expect((await rig.expectErp(0, ['status'])).stdout).toMatch(sentence);
  expect((await rig.expectErp(0, ['status', 'backend'])).stdout).toMatch(sentence);
  // One object, spelt the same in the event.
  const event = rig.events().find(({type}) => type === 'port-outside');
  expect(event).toMatchObject({level: 'WARNING', service: 'backend', text: backend?.moved?.text});
  expect(event?.facts?.['moved']).toEqual(backend?.moved);

  stranger.close();
  await until('it says that the primary is free', async () => {
    const {moved} = await rig.service('backend');
    return moved?.primaryState === 'free' && moved.holder === null;
  });
  // Somebody else takes it: the note names him now.
  const other = rig.spawn(['node', program('serves.mjs'), String(primary), 'other']);
  await other.says(/listens on/);
  await until(
    'the note names the new holder',
    async () => (await rig.service('backend')).moved?.holder?.pid === other.pid,
  );
  expect(rig.events().filter(({type}) => type === 'port-outside')).toHaveLength(1);
  other.signal('SIGKILL');
  await other.end();
  await rig.stop();
});

itErp('public: false silences it', async (rig) => {
  const ports = [await freePort(), await freePort()];
  rig.config({backend: alone(ports, {public: false})});
  rig.onEnd((await occupy(ports[0] ?? 0)).close);
  await rig.expectErp(0, ['start', '--detach']);
  await until('the primary was looked at', async () => (await rig.service('backend')).moved?.primaryState === 'taken');
  expect(await rig.status()).toMatchObject({overall: 'healthy'});
  expect(rig.events().filter(({type}) => type === 'port-outside')).toEqual([]);
  await rig.stop();
});

itErp('onPortMoved is told both ways, and its failure stops nothing', async (rig) => {
  const ports = [await freePort(), await freePort()];
  const [primary = 0, second = 0] = ports;
  const hook =
    'echo "moved $ERP_SERVICE $ERP_OLD_PORT $ERP_PORT $ERP_PRIMARY_PORT by ${ERP_HOLDER_PID:-nobody}"; exit 7';
  rig.config({backend: alone(ports, {hooks: {onPortMoved: hook}})});
  const stranger = await occupy(primary);
  rig.onEnd(stranger.close);
  await rig.expectErp(0, ['start', '--detach']);
  await until('the hook has written into the log', () =>
    rig.log('backend').includes(`moved backend ${primary} ${second} ${primary} by ${process.pid}`),
  );
  await rig.logged(/WARNING\] backend onPortMoved ended with code 7/);
  const {pid} = await rig.service('backend');
  expect((await get(second, '/health'))?.status).toBe(200);
  stranger.close();
  await until('the port is free', async () => (await rig.erp(['restart', 'backend', '--primary'])).code === 0);
  await until('the hook was told of the way back', () =>
    rig.log('backend').includes(`moved backend ${second} ${primary} ${primary} by nobody`),
  );
  expect((await rig.service('backend')).pid).not.toBe(pid);
  expect(rig.log('backend').match(/^moved /gm)).toHaveLength(2);
  await rig.stop();
});

itErp('returnToPrimary: idle waits until nobody is connected', async (rig) => {
  const ports = [await freePort(), await freePort()];
  const [primary = 0, second = 0] = ports;
  // A program that keeps its connections open.
  rig.config({
    backend: alone(ports, {
      command: ['node', program('listens.mjs'), '{port}'],
      health: undefined,
      probe: 'tcp',
      returnToPrimary: 'idle',
      returnAfter: '4s',
    }),
  });
  const stranger = await occupy(primary);
  rig.onEnd(stranger.close);
  await rig.expectErp(0, ['start', '--detach']);
  expect((await rig.service('backend')).port).toBe(second);
  const client = connect(second, '127.0.0.1');
  client.on('error', () => {});
  rig.onEnd(() => client.destroy());
  await new Promise((resolve) => client.once('connect', resolve));
  stranger.close();
  await until('the primary is free', async () => (await rig.service('backend')).moved?.primaryState === 'free');
  await holds('it stays where somebody is connected', async () => (await rig.service('backend')).port === second, 9000);
  client.destroy();
  await until('it goes back', async () => {
    const {port, state} = await rig.service('backend');
    return port === primary && state === 'ready';
  });
  expect(await rig.service('backend')).toMatchObject({restartsUsed: 0, lastRestart: {reason: 'port'}});
  await rig.stop();
});

itErp('onPortChange: ignore leaves it, and says so', async (rig) => {
  const ports = [await freePort(), await freePort()];
  const [primary = 0, second = 0] = ports;
  rig.config({backend: alone(ports), page: {...calls, onPortChange: 'ignore'}});
  await rig.expectErp(0, ['start', '--detach']);
  const {pid} = await rig.service('page');
  await rig.expectErp(0, ['stop', 'backend']);
  rig.onEnd((await occupy(primary)).close);
  await rig.expectErp(0, ['start', 'backend', '--detach']);
  expect((await rig.service('backend')).port).toBe(second);
  const page = await rig.service('page');
  expect(page).toMatchObject({pid, mark: 'good'});
  expect(page.note).toContain(`backend is on ${second} now, not on ${primary} (onPortChange: ignore)`);
  await rig.stop();
});

itErp('erp port and erp url say why there is nothing to print', async (rig) => {
  const port = await freePort();
  const config = {
    backend: alone([port], {port, url: 'http://127.0.0.1:{port}/app'}),
    worker: {command: ['sleep', '1000'], autoStart: false},
    late: alone([await freePort()], {autoStart: false}),
  };
  rig.config(config, {portForwards: {grafana: {port: 3001, autoStart: false}}});
  expect((await rig.expectErp(6, ['port', 'backend'])).stdout).toBe('');
  await rig.expectErp(0, ['start', '--detach']);
  expect((await rig.expectErp(0, ['url', 'backend'])).stdout).toBe(`http://127.0.0.1:${port}/app\n`);
  expect(JSON.parse((await rig.expectErp(0, ['port', 'backend', '--json'])).stdout)).toEqual({
    service: 'backend',
    state: 'ready',
    port,
    primaryPort: port,
    url: `http://127.0.0.1:${port}/app`,
  });
  const slip = await rig.expectErp(2, ['port', 'bakend']);
  expect(slip).toMatchObject({stdout: ''});
  expect(slip.stderr).toContain('Did you mean backend?');
  const stopped = await rig.expectErp(4, ['port', 'late']);
  expect(stopped).toMatchObject({stdout: ''});
  expect(stopped.stderr).toMatch(/late does not run \(stopped.*; it would ask for \d+ first/);
  expect((await rig.expectErp(2, ['port', 'worker'])).stderr).toContain('worker has no port');
  const forward = await rig.expectErp(4, ['url', 'grafana']);
  expect(forward.stderr).toContain('grafana is not there (stopped); it would ask for 3001 first');
  await rig.stop();
});
