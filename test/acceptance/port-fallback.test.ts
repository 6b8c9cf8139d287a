// Which port a service gets when strangers, neighbours and thieves are about. Real listeners, the real supervisor.
import {spawnSync} from 'node:child_process';
import {chmodSync, chownSync, copyFileSync, readFileSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import type {ErpEvent} from '../../src/lib/core/report/status.js';
import {freePort} from '../support/free-port.js';
import {nobody, occupy, program, Rig, type RunOptions, until} from '../support/rig.js';
import {capabilities, itErp, itNeeds, python, root, type Tool} from '../support/tools.js';

type How = 'ends' | 'retries' | 'moves';

const command = (how: How, ...more: string[]): string[] => ['node', program('wants-port.mjs'), '{port}', how, ...more];
const serving = (port: object | number, how: How = 'ends', ...more: string[]): object => ({
  command: command(how, ...more),
  port,
  stopGrace: '2s',
});

async function ports(count: number): Promise<number[]> {
  const all: number[] = [];
  while (all.length < count) all.push(await freePort());
  return all;
}

async function strangers(rig: Rig, ...held: readonly number[]): Promise<(() => void)[]> {
  const all = await Promise.all(held.map((port) => occupy(port)));
  for (const {close} of all) rig.onEnd(close);
  return all.map(({close}) => close);
}

const told = (rig: Rig, type: string, service = 'web'): ErpEvent[] =>
  rig.events().filter((event) => event.type === type && event.service === service);

const answers = async (port: number): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return ((await response.json()) as {pid: number}).pid;
};

itErp('strangers hold the first two: the third is taken, who holds the first is told, and it is kept', async (rig) => {
  const [first, second, third] = (await ports(3)) as [number, number, number];
  const [go] = await strangers(rig, first, second);
  rig.config({web: {...serving({primary: first, alternatives: [second, third]}), backOff: [0]}});
  await rig.expectErp(0, ['start', '--detach']);
  const web = await rig.service('web');
  expect(web).toMatchObject({state: 'ready', port: third, primaryPort: first, restartsUsed: 0});
  expect(await answers(third)).toBe(web.pid);
  const [moved] = told(rig, 'port-moved');
  expect(moved?.text).toMatch(
    new RegExp(
      `^web ${third} instead of ${first}, held by node \\(pid ${process.pid}, root, since [\\d:-]+( [\\d:]+)?\\)$`,
    ),
  );
  expect(moved?.facts).toMatchObject({port: third, primary: first, holder: {pid: process.pid, user: 'root'}});
  // The primary is free again; neither a crash nor a restart moves it back, a new start does.
  go?.();
  process.kill(web.pid ?? 0, 'SIGKILL');
  await until('it has come back', async () => {
    const now = await rig.service('web');
    return now.state === 'ready' && now.pid !== web.pid;
  });
  expect((await rig.service('web')).port).toBe(third);
  await rig.expectErp(0, ['restart', 'web']);
  await until('it has come back', async () => (await rig.service('web')).state === 'ready');
  expect((await rig.service('web')).port).toBe(third);
  expect(told(rig, 'port-moved')).toHaveLength(1);
  await rig.expectErp(0, ['stop', 'web']);
  const asked = JSON.parse((await rig.expectErp(0, ['ports', '--json'])).stdout) as {entries: {willUse: number}[]};
  expect(asked.entries[0]?.willUse).toBe(first);
  await rig.expectErp(0, ['start', '--detach']);
  expect((await rig.service('web')).port).toBe(first);
  await rig.stop();
});

itErp(
  'without alternatives it never moves: 5, the holder, what to do, and it starts when the port is free',
  async (rig) => {
    const [port] = (await ports(1)) as [number];
    const [go] = await strangers(rig, port);
    rig.config({web: serving(port)});
    const {stderr} = await rig.expectErp(5, ['start', '--detach']);
    expect(stderr).toMatch(
      new RegExp(
        `web failed \\(port-in-use\\)[^]*${port} held by node \\(pid ${process.pid}, root, since [^)]+\\)[^]*remedy: [^]*erp ports release ${port}; or give web alternatives`,
      ),
    );
    expect((await rig.service('web')).restartsUsed).toBe(0);
    go?.();
    await until('it is ready on its own port', async () => (await rig.service('web')).state === 'ready');
    expect((await rig.service('web')).port).toBe(port);
    await rig.stop();
  },
);

itErp('two that start at once never get the same port, nor what a third or a port-forward wants', async (rig) => {
  const [a, b, c, forward, x, y] = (await ports(6)) as [number, number, number, number, number, number];
  await strangers(rig, a, b);
  const alternatives = [c, forward, x, y];
  rig.config(
    {
      one: serving({primary: a, alternatives}),
      two: serving({primary: b, alternatives}),
      fixed: serving(c),
    },
    {portForwards: {grafana: {port: {primary: forward, alternatives: [forward + 1]}, autoStart: false}}},
  );
  // Whoever starts first.
  await rig.expectErp(0, ['start', '--detach', 'one', 'two']);
  const given = [(await rig.service('one')).port, (await rig.service('two')).port];
  expect([...given].sort()).toEqual([x, y].sort());
  await rig.expectErp(0, ['start', '--detach']);
  expect(await rig.service('fixed')).toMatchObject({state: 'ready', port: c});
  await rig.stop();
});

itErp('two projects that start at once with the same ports both come up', async (rig) => {
  const [first, second, third] = (await ports(3)) as [number, number, number];
  const other = new Rig();
  try {
    const config = {web: serving({primary: first, alternatives: [second, third]})};
    rig.config(config);
    other.config(config);
    await Promise.all([rig.expectErp(0, ['start', '--detach']), other.expectErp(0, ['start', '--detach'])]);
    const [one, two] = await Promise.all([rig.service('web'), other.service('web')]);
    expect([one.state, two.state]).toEqual(['ready', 'ready']);
    expect(one.port).not.toBe(two.port);
    expect([one.restartsUsed, two.restartsUsed]).toEqual([0, 0]);
    expect(await answers(one.port ?? 0)).toBe(one.pid);
    expect(await answers(two.port ?? 0)).toBe(two.pid);
    await Promise.all([rig.stop(), other.stop()]);
  } finally {
    await other.end(true);
  }
});

for (const how of ['ends', 'retries', 'moves'] as const)
  itErp(
    `a port that is stolen between test and use: a program that ${how} gets the next one at no cost`,
    async (rig) => {
      // `moves` takes the port above: that has to be free, and to be nobody's.
      const [stolen, next] = (await ports(2)) as [number, number];
      const go = join(rig.project, 'go');
      rig.config({web: serving({primary: stolen, alternatives: [next]}, how, go)});
      const start = rig.start(['start', '--detach']);
      await until('it waits', () => rig.log('web').includes('waits'));
      await strangers(rig, stolen);
      rig.write('go', '');
      expect((await start.end()).code).toBe(0);
      const web = await rig.service('web');
      expect(web).toMatchObject({state: 'ready', port: next, restartsUsed: 0, totalRestarts: 0, listener: 'own'});
      expect(await answers(next)).toBe(web.pid);
      const [lost] = told(rig, 'port-lost');
      expect(lost?.diagnosis).toMatchObject({cause: 'port-in-use', subject: `port ${stolen}`});
      if (how === 'moves') expect(lost?.diagnosis?.evidence.join()).toMatch(`it listens on ${stolen + 1} instead`);
      expect(told(rig, 'port-moved')[0]?.facts).toMatchObject({port: next, holder: {pid: process.pid}});
      await rig.stop();
    },
  );

itErp('a stolen port without alternatives: a clear failure, which ends with the theft', async (rig) => {
  const [port] = (await ports(1)) as [number];
  const go = join(rig.project, 'go');
  rig.config({web: serving(port, 'retries', go)});
  const start = rig.start(['start', '--detach']);
  await until('it waits', () => rig.log('web').includes('waits'));
  const [leave] = await strangers(rig, port);
  rig.write('go', '');
  const {code, stderr} = await start.end();
  expect([code, stderr]).toEqual([
    5,
    expect.stringMatching(new RegExp(`web failed \\(port-in-use\\)[^]*${port} held by node \\(pid ${process.pid}`)),
  ]);
  leave?.();
  await until('it is ready', async () => (await rig.service('web')).state === 'ready');
  await rig.stop();
});

itErp('a port for metrics that is taken is no reason to move', async (rig) => {
  const [port, next, metrics] = (await ports(3)) as [number, number, number];
  await strangers(rig, metrics);
  rig.config({
    web: {
      ...serving({primary: port, alternatives: [next]}, 'ends', '-', String(metrics)),
      maxRestarts: 1,
      backOff: [0],
      afterBudget: 'fail',
    },
  });
  await rig.expectErp(4, ['start', '--detach']);
  // The end alone does not tell; whoever reads the output afterwards names the port that it is about.
  await until('the port for metrics is named', async () => {
    const {diagnosis} = await rig.service('web');
    return diagnosis?.cause === 'port-in-use' && diagnosis.subject?.includes(String(metrics)) === true;
  });
  expect(told(rig, 'port-moved')).toEqual([]);
  expect(await rig.service('web')).toMatchObject({state: 'failed', port});
  await rig.stop();
});

itErp('the addresses that it will listen on decide', async (rig) => {
  const [v6, other, wild, a, b, six] = (await ports(6)) as [number, number, number, number, number, number];
  const held = await Promise.all([
    occupy(v6, '::1'),
    occupy(six, '::1'),
    occupy(other, '127.0.0.2'),
    occupy(wild, '0.0.0.0'),
  ]);
  for (const {close} of held) rig.onEnd(close);
  rig.config({
    // As by default: a client that asks for localhost may get the stranger on ::1.
    both: serving({primary: v6, alternatives: [a]}),
    four: serving({primary: six, alternatives: [b], addresses: ['127.0.0.1']}),
    narrow: serving({primary: other, alternatives: [other + 1], addresses: ['127.0.0.1']}),
    behind: serving({primary: wild, alternatives: [wild + 1], addresses: ['127.0.0.1']}),
  });
  await rig.expectErp(0, ['start', '--detach']);
  const given = Object.fromEntries((await rig.status()).services.map(({name, port}) => [name, port]));
  expect(given).toEqual({both: a, four: six, narrow: other, behind: wild + 1});
  expect(told(rig, 'port-moved', 'both')[0]?.text).toMatch(`held by node (pid ${process.pid}`);
  await rig.stop();
});

itErp('any: one that the system gives, and the same one again after a crash', async (rig) => {
  const [port] = (await ports(1)) as [number];
  await strangers(rig, port);
  rig.config({web: {...serving({primary: port, any: true}), backOff: [0]}});
  await rig.expectErp(0, ['start', '--detach']);
  const web = await rig.service('web');
  expect(web.port).not.toBe(port);
  expect(await answers(web.port ?? 0)).toBe(web.pid);
  await rig.expectErp(0, ['restart', 'web']);
  await until('it has come back', async () => (await rig.service('web')).state === 'ready');
  expect((await rig.service('web')).port).toBe(web.port);
  await rig.stop();
});

itErp('hundreds in TIME_WAIT do not hold a port', async (rig) => {
  const [port] = (await ports(1)) as [number];
  const server = createServer((socket) => socket.end());
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  // The side that closes first, the server's, is the one that waits.
  const visit = (): Promise<unknown> => new Promise((done) => connect(port, '127.0.0.1').resume().once('close', done));
  await Promise.all(Array.from({length: 200}, visit));
  await new Promise<void>((done) => server.close(() => done()));
  rig.config({web: serving({primary: port, alternatives: [port + 1]})});
  await rig.expectErp(0, ['start', '--detach']);
  expect((await rig.service('web')).port).toBe(port);
  await rig.stop();
});

itNeeds([python], 'a socket that is bound and does not listen: nobody is blamed for it', async (rig) => {
  const [port, next] = (await ports(2)) as [number, number];
  const bound = rig.spawn([
    '/usr/bin/python3',
    '-uc',
    `import socket, time; s = socket.socket(); s.bind(('127.0.0.1', ${port})); print('bound'); time.sleep(600)`,
  ]);
  await until('it is bound', () => bound.stdout.includes('bound'));
  rig.config({web: serving({primary: port, alternatives: [next]})});
  await rig.expectErp(0, ['start', '--detach']);
  expect((await rig.service('web')).port).toBe(next);
  expect(told(rig, 'port-moved')[0]?.text).toMatch(/taken, but nobody listens there: a connection from this port, or/);
  bound.signal('SIGKILL');
  await rig.stop();
});

itErp(
  'an address of another machine is a mistake of the configuration, and no reason to try other ports',
  async (rig) => {
    const [port, next] = (await ports(2)) as [number, number];
    rig.config({
      web: {
        ...serving({primary: port, alternatives: [next], addresses: ['192.0.2.1']}),
        maxRestarts: 0,
        afterBudget: 'fail',
      },
    });
    const {stderr} = await rig.expectErp(4, ['start', '--detach']);
    expect(stderr).toMatch(
      /web failed \(address-not-available\)[^]*192\.0\.2\.1 can not be listened on: this machine has no such address[^]*remedy: correct addresses of web/,
    );
    await rig.stop();
  },
);

const firstOpen = ((): number => {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return process.platform === 'linux' ? 1024 : 0;
  }
})();
const privileged: Tool = {
  name: 'privileged ports',
  missing: firstOpen >= 1024 ? null : 'net.ipv4.ip_unprivileged_port_start = 1024',
};

/** A project of user nobody; root acts as its owner there. */
function asNobody(rig: Rig): RunOptions {
  for (const folder of [rig.dir, rig.project]) chmodSync(folder, 0o755);
  for (const path of [rig.project, join(rig.project, 'erp.config.json')]) chownSync(path, nobody, nobody);
  return {env: {TMPDIR: rig.dir, XDG_RUNTIME_DIR: undefined}};
}

async function privilegedPort(): Promise<number> {
  for (;;) {
    const port = 600 + Math.floor(Math.random() * 400);
    const held = await occupy(port, '::').catch(() => null);
    held?.close();
    if (held !== null) return port;
  }
}

itNeeds([root, privileged], 'a port below 1024 is reserved, not taken: the alternative is', async (rig) => {
  const port = await privilegedPort();
  const [next] = (await ports(1)) as [number];
  rig.config({web: serving({primary: port, alternatives: [next]})});
  const options = asNobody(rig);
  await rig.expectErp(0, ['start', '--detach'], options);
  expect((await rig.service('web', options)).port).toBe(next);
  expect(told(rig, 'port-moved')[0]?.text).toBe(`web ${next} instead of ${port}, is privileged (below 1024)`);
  await rig.stop(options);
});

itNeeds(
  [root, privileged],
  'a port below 1024 without alternatives is tried once, then what gives the right is named',
  async (rig) => {
    const port = await privilegedPort();
    rig.config({web: serving(port)});
    const options = asNobody(rig);
    const {stderr} = await rig.expectErp(5, ['start', '--detach'], options);
    expect(stderr).toMatch(
      new RegExp(
        `web failed \\(port-reserved\\)[^]*listen EACCES: permission denied 127.0.0.1:${port}[^]*remedy: sysctl -w net.ipv4.ip_unprivileged_port_start=${port}, or setcap cap_net_bind_service=\\+ep`,
      ),
    );
    expect(await rig.service('web', options)).toMatchObject({state: 'failed', totalRestarts: 0});
    await rig.stop(options);
  },
);

itNeeds(
  [root, privileged, python, capabilities],
  'a program with the capability gets a port below 1024 that erp may not test',
  async (rig) => {
    const port = await privilegedPort();
    const own = join(rig.project, 'python');
    copyFileSync('/usr/bin/python3', own);
    spawnSync('setcap', ['cap_net_bind_service=+ep', own]);
    rig.config({
      web: {command: [own, '-m', 'http.server', '--bind', '127.0.0.1', '{port}'], port, env: {PYTHONHOME: '/usr'}},
    });
    const options = asNobody(rig);
    await rig.expectErp(0, ['start', '--detach'], options);
    expect(await rig.service('web', options)).toMatchObject({state: 'ready', port, restartsUsed: 0});
    await rig.stop(options);
  },
);
