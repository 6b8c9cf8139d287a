import {describe, expect, it} from '@jest/globals';
import {spawnSync} from 'node:child_process';
import {connect, createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {compiled, programs, Rig} from './rig.js';
import {parseProcNetTcp} from '../../src/lib/platform/listeners.linux.js';
import type {
  Listener,
  ListenerVerdict,
  PortState,
  ProcessIdentity,
  StrayProcess,
} from '../../src/lib/platform/types.js';

const tryBind = (rig: Rig, port: number, addresses: string[]): Promise<PortState> =>
  new Promise((done) => rig.world.ports.tryBind(port, addresses, done));
const owners = (rig: Rig, port: number): Promise<readonly Listener[] | null> =>
  new Promise((done) => rig.world.ports.owners(port, done));
const holder = (rig: Rig, port: number, leader: ProcessIdentity, service: string): Promise<ListenerVerdict> =>
  new Promise((done) => rig.world.ports.holder(port, leader, `${rig.project}/${service}/`, done));

async function listen(host: string, port = 0) {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, host, done));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
}

async function startListener(rig: Rig, service: string, shell = 'exec node "$0"', host = '127.0.0.1') {
  const life = rig.start(service, {argv: ['/bin/sh', '-c', `${shell} 0 ${host}`, join(programs, 'listens.mjs')]});
  const port = Number((await rig.line(service, /listening on (\d+)/))[1]);
  return {life, port};
}

describe('tryBind', () => {
  it('tells free, taken and refused apart, on exactly these addresses', async () => {
    await using rig = new Rig();
    await using taken = await listen('127.0.0.1');
    expect(await tryBind(rig, taken.port, ['127.0.0.1'])).toEqual({state: 'taken', code: 'EADDRINUSE'});
    expect(await tryBind(rig, taken.port, ['0.0.0.0'])).toEqual({state: 'taken', code: 'EADDRINUSE'});
    expect(await tryBind(rig, taken.port, ['127.0.0.2'])).toMatchObject({state: 'free'});
    expect(await tryBind(rig, taken.port, ['127.0.0.2', '127.0.0.1'])).toMatchObject({state: 'taken'});
    expect(await tryBind(rig, 0, ['0.0.0.0', '::'])).toMatchObject({state: 'free'});
    expect(await tryBind(rig, 8000, ['192.0.2.1'])).toEqual({
      state: 'refused',
      code: 'EADDRNOTAVAIL',
      address: '192.0.2.1',
    });
    expect(await tryBind(rig, 70_000, ['127.0.0.1'])).toMatchObject({state: 'refused'});
    // An address of IPv6 that this machine has not is passed over when there is another one.
    expect(await tryBind(rig, 0, ['127.0.0.1', '2001:db8::1'])).toMatchObject({state: 'free'});
  });
});

describe('a look that is taken again and again', () => {
  const connections = (rig: Rig, port: number): Promise<number | null> =>
    new Promise((done) => rig.world.ports.connections(port, done));
  const listening = (rig: Rig, port: number): Promise<readonly {address: string; inode: string | null}[] | null> =>
    new Promise((done) => rig.world.ports.listening(port, done));
  /** What is told may be as old as a tick. */
  const soon = async <T>(look: () => Promise<T>, wanted: T): Promise<void> => {
    for (let n = 0; n < 100; n += 1) {
      if (JSON.stringify(await look()) === JSON.stringify(wanted)) return;
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(await look()).toEqual(wanted);
  };

  it('counts established connections of IPv4 and IPv6, and nothing else', async () => {
    await using rig = new Rig();
    await using server = await listen('::');
    await soon(() => connections(rig, server.port), 0);
    const clients = ['127.0.0.1', '::1'].map((host) => connect(server.port, host));
    await Promise.all(clients.map((client) => new Promise((done) => client.once('connect', done))));
    await soon(() => connections(rig, server.port), 2);
    // The other ends are at other ports.
    expect(await connections(rig, clients[0]?.localPort ?? 0)).toBe(1);
    for (const client of clients) client.destroy();
    await soon(() => connections(rig, server.port), 0);
  });

  it('sees a listener come and go without touching its port', async () => {
    await using rig = new Rig();
    const {port} = await (async () => {
      await using server = await listen('127.0.0.1');
      const seen = async () => (await listening(rig, server.port))?.map(({address}) => address);
      await soon(seen, ['127.0.0.1']);
      return {port: server.port};
    })();
    await soon(() => listening(rig, port), []);
  });
});

describe('an escapee of an earlier life', () => {
  it('that holds the port is its own life’s, not the next one’s: it is swept', async () => {
    await using rig = new Rig();
    const escapes: [string, ...string[]] = [
      'sh',
      '-c',
      'env -i PATH="$PATH" setsid node "$@" & wait',
      'sh',
      join(programs, 'listens.mjs'),
      '0',
    ];
    const life = rig.start('web', {argv: escapes});
    const port = Number((await rig.line('web', /listening on (\d+)/))[1]);
    rig.world.processes.lookBelow?.('web', life.identity);
    rig.world.processes.signal(life.identity, 'SIGKILL');
    await life.exit;
    // Remembered as this life's: its parent has gone, session, group and mark never were its leader's.
    expect(await holder(rig, port, life.identity, 'web')).toMatchObject({verdict: 'own'});
    const next = rig.start('web', {argv: ['sleep', '1000']}, {incarnation: 2});
    const verdict = await holder(rig, port, next.identity, 'web');
    expect(verdict).toMatchObject({verdict: 'foreign'});
    const found = await new Promise<readonly StrayProcess[]>((done) =>
      rig.world.processes.stragglers(
        {service: 'web', markPrefix: `${rig.project}/web/`, leaders: [], except: next.identity},
        done,
      ),
    );
    expect(found).toMatchObject([{pid: verdict.verdict === 'foreign' ? verdict.listener.pid : 0, why: 'descendant'}]);
    expect(rig.world.processes.signal(found[0] as StrayProcess, 'SIGKILL')).toBe('sent');
  });
});

describe('owners', () => {
  it('names the process, its user, folder and age', async () => {
    await using rig = new Rig();
    const {life, port} = await startListener(rig, 'web');
    const [listener, ...others] = (await owners(rig, port)) ?? [];
    expect(others).toEqual([]);
    expect(listener).toMatchObject({pid: life.pid, cwd: rig.dir, address: '127.0.0.1'});
    expect(listener?.command).toContain('listens.mjs 0 127.0.0.1');
    expect(listener?.user).toBe('root');
    expect(Math.abs(Date.now() - (listener?.startedAt ?? 0))).toBeLessThan(20_000);
    expect(await owners(rig, 1)).toEqual([]);
  });

  it('reads addresses as the kernel prints them', () => {
    const text = [
      'header',
      '0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 1000 0 11 1',
      '1: 00000000:1F91 00000000:0000 0A 0:0 0:0 0 0 0 12 1',
      '2: 0100007F:1F90 0100007F:AAAA 01 0:0 0:0 0 0 0 13 1',
      '3: 00000000000000000000000000000000:1F92 0:0 0A 0:0 0:0 0 0 0 14 1',
      '4: 00000000000000000000000001000000:1F93 0:0 0A 0:0 0:0 0 0 0 15 1',
      '5: 0000000000000000FFFF00000100007F:1F94 0:0 0A 0:0 0:0 0 0 0 16 1',
      '6: B80D0120000000000000000001000000:1F95 0:0 0A 0:0 0:0 0 0 0 17 1',
    ].join('\n');
    expect(parseProcNetTcp(text).map(({address, port, uid, inode}) => [address, port, uid, inode])).toEqual([
      ['127.0.0.1', 8080, 1000, '11'],
      ['0.0.0.0', 8081, 0, '12'],
      ['::', 8082, 0, '14'],
      ['::1', 8083, 0, '15'],
      ['127.0.0.1', 8084, 0, '16'],
      ['2001:db8::1', 8085, 0, '17'],
    ]);
  });
});

describe('holder', () => {
  it('knows its own: leader, child, session, daemon', async () => {
    await using rig = new Rig();
    for (const shell of ['exec node "$0"', 'node "$0"', 'setsid -w node "$0"', '(setsid node "$0" &) ; sleep 1000 #']) {
      const service = `s${shell.length}`;
      const {life, port} = await startListener(
        rig,
        service,
        shell.replace(' #', '').replace('node "$0" &)', 'node "$0" 0 127.0.0.1 &)'),
      );
      expect([shell, await holder(rig, port, life.identity, service)]).toMatchObject([shell, {verdict: 'own'}]);
      expect(await holder(rig, port, life.identity, service)).toMatchObject({verdict: 'own'});
    }
  });

  it('names a stranger, also after it has taken the place of the own one', async () => {
    await using rig = new Rig();
    const web = await startListener(rig, 'web');
    const other = await startListener(rig, 'other');
    expect(await holder(rig, web.port, web.life.identity, 'web')).toMatchObject({verdict: 'own'});
    expect(await holder(rig, other.port, web.life.identity, 'web')).toMatchObject({
      verdict: 'foreign',
      listener: {pid: other.life.pid},
    });
  });

  it('judges the socket that a client of 127.0.0.1 reaches', async () => {
    await using rig = new Rig();
    const web = await startListener(rig, 'web', 'exec node "$0"', '0.0.0.0');
    expect(await holder(rig, web.port, web.life.identity, 'web')).toMatchObject({verdict: 'own'});
    await using _stranger = await listen('127.0.0.1', web.port).catch(() => ({
      port: 0,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }));
    // Linux refuses the second bind unless both ask to share; then there is nothing to judge.
    if (_stranger.port !== 0)
      expect(await holder(rig, web.port, web.life.identity, 'web')).toMatchObject({verdict: 'foreign'});
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot("does not know another user's process, but names the user", async () => {
    await using rig = new Rig();
    const web = await startListener(rig, 'web');
    const asked = spawnSync(
      process.execPath,
      [join(programs, 'asks-who-listens.mjs'), compiled('.'), String(web.port)],
      {
        uid: 65534,
        gid: 65534,
        encoding: 'utf8',
      },
    );
    if (/EACCES|Cannot find module/.test(asked.stderr)) {
      console.warn('SKIPPED: another user (who may not read this folder)');
      return;
    }
    expect(JSON.parse(asked.stdout)).toEqual({
      verdict: {verdict: 'unknown', why: 'a process of user root listens that can not be read'},
      owners: [expect.objectContaining({pid: null, command: null, user: 'root', address: '127.0.0.1'})],
    });
  });

  it('does not know when nobody is there', async () => {
    await using rig = new Rig();
    const web = await startListener(rig, 'web');
    expect(await holder(rig, 1, web.life.identity, 'web')).toMatchObject({verdict: 'unknown'});
  });
});
