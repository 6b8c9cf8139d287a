// Real listeners of every kind. The truth is what a real bind says: where it fails, the survey must not say "free".
import {describe, expect, it} from '@jest/globals';
import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {type AddressInfo, connect, createServer, type ListenOptions, type Server, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {freePort} from '../support/free-port.js';
import {nobody} from '../support/rig.js';
import {python, root, type Tool} from '../support/tools.js';
import {programs} from './rig.js';
import type {PortListener} from '../../src/lib/core/ports/survey.js';
import {surveyLinux} from '../../src/lib/platform/port-survey.linux.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const networks: Tool = {
  name: 'right to make a network namespace',
  missing: spawnSync('unshare', ['-n', 'true'], {stdio: 'ignore'}).status === 0 ? null : 'run the tests as root',
};
const itWith = (name: string, tool: Tool, body: () => Promise<void>): void =>
  tool.missing === null ? it(name, body) : it.skip(`${name} (no ${tool.name}: ${tool.missing})`, body);

/** Everything that a test has opened, closed when it ends. */
class Opened implements AsyncDisposable {
  readonly #closes: (() => unknown)[] = [];

  async listen(options: ListenOptions, onConnection: (socket: Socket) => void = () => undefined): Promise<number> {
    const server: Server = createServer(onConnection);
    server.listen({exclusive: true, ...options});
    await once(server, 'listening');
    this.#closes.push(() => new Promise((done) => server.close(done)));
    return options.path === undefined ? (server.address() as AddressInfo).port : 0;
  }

  async connect(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    this.#closes.push(() => socket.destroy());
    return socket;
  }

  /** Starts a program and reads the numbers of its first line. */
  async run(command: string, args: readonly string[], uid?: number): Promise<{pid: number; numbers: number[]}> {
    const child: ChildProcess = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(uid === undefined ? {} : {uid, gid: uid, cwd: '/'}),
    });
    const gone = once(child, 'exit');
    this.#closes.push(async () => {
      child.stdin?.end();
      child.kill('SIGKILL');
      await gone;
    });
    if (child.stdout === null) throw new Error('no output');
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return {pid: child.pid as number, numbers: line.split(' ').map(Number)};
  }

  /** A Node of its own that listens. */
  node(options: ListenOptions, {uid, via = []}: {uid?: number; via?: readonly string[]} = {}) {
    const text = `require('net').createServer().listen(${JSON.stringify(options)},function(){console.log(this.address().port)})`;
    const [command, ...args] = via;
    const plain = ['-e', text];
    return command === undefined
      ? this.run(process.execPath, plain, uid)
      : this.run(command, [...args, process.execPath, ...plain], uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The youngest first: a server waits for its connections.
    for (const close of this.#closes.reverse()) await close();
  }
}

async function bindSays(port: number, host: string): Promise<string> {
  const server = createServer();
  try {
    server.listen({port, host, exclusive: true});
    await once(server, 'listening');
    return 'free';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    await new Promise((done) => server.close(done));
  }
}

function listenersOn(port: number): readonly PortListener[] {
  const {listeners, problem} = surveyLinux([port]);
  expect(problem).toBeNull();
  return listeners ?? [];
}

function asNobody<T>(work: () => T): T {
  process.seteuid?.(nobody);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}

onLinux('a survey of who listens', () => {
  it.each([
    ['127.0.0.1', {}, '127.0.0.1'],
    ['127.0.0.2', {}, '127.0.0.2'],
    ['0.0.0.0', {}, '0.0.0.0'],
    ['::1', {}, '::1'],
    ['::', {}, '::'],
    ['::', {ipv6Only: true}, '::'],
    ['::ffff:127.0.0.1', {}, '127.0.0.1'],
  ])('on %s %j names address and holder; what can not be bound is never free', async (host, more, shown) => {
    await using opened = new Opened();
    const {pid, numbers} = await opened.node({host, port: 0, ...more});
    const port = numbers[0] as number;
    const listeners = listenersOn(port);
    expect(listeners).toEqual([
      expect.objectContaining({
        port,
        address: shown,
        pid,
        alsoHeldBy: [],
        name: 'node',
        cwd: process.cwd(),
        mark: null,
      }),
    ]);
    expect(listeners[0]?.command).toContain('createServer');
    expect(Math.abs((listeners[0]?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    const refused = [];
    for (const address of ['127.0.0.1', '127.0.0.2', '0.0.0.0', '::1', '::'])
      if ((await bindSays(port, address)) === 'EADDRINUSE') refused.push(address);
    expect(refused).toContain(host.replace('::ffff:', ''));
  });

  it('needs no tool on the PATH, and finds nothing where nothing is', async () => {
    await using opened = new Opened();
    const port = await opened.listen({host: '127.0.0.1', port: 0});
    const free = await freePort();
    const path = process.env['PATH'];
    process.env['PATH'] = '/nonexistent';
    try {
      const survey = surveyLinux([port, free]);
      expect(survey.listeners).toEqual([expect.objectContaining({port, pid: process.pid})]);
    } finally {
      process.env['PATH'] = path;
    }
    expect(await bindSays(free, '0.0.0.0')).toBe('free');
  });

  itWith('two processes that share a port (SO_REUSEPORT) are both named', python, async () => {
    await using opened = new Opened();
    const first = await opened.run('/usr/bin/python3', [join(programs, 'holds.py'), 'reuse', '0']);
    const port = first.numbers[0] as number;
    const second = await opened.run('/usr/bin/python3', [join(programs, 'holds.py'), 'reuse', String(port)]);
    expect(
      listenersOn(port)
        .map(({pid}) => pid)
        .sort(),
    ).toEqual([first.pid, second.pid].sort());
  });

  itWith('a server is named before the workers that have its socket too', python, async () => {
    await using opened = new Opened();
    const {pid, numbers} = await opened.run('/usr/bin/python3', [join(programs, 'holds.py'), 'fork', '0']);
    const [port = 0, ...workers] = numbers;
    const [listener] = listenersOn(port);
    expect(listener).toMatchObject({pid, name: expect.stringMatching(/^python3/)});
    expect([...(listener?.alsoHeldBy ?? [])].sort()).toEqual(workers.sort());
  });

  it('a unix socket is no port', async () => {
    await using opened = new Opened();
    const dir = mkdtempSync(join(tmpdir(), 'erp-survey-'));
    try {
      const before = surveyLinux('all').listeners?.filter(({pid}) => pid === process.pid).length;
      await opened.listen({path: join(dir, 'socket')});
      expect(surveyLinux('all').listeners?.filter(({pid}) => pid === process.pid)).toHaveLength(before ?? 0);
    } finally {
      rmSync(dir, {recursive: true});
    }
  });

  itWith('a listener of another network namespace holds no port of ours', networks, async () => {
    await using opened = new Opened();
    const port = await freePort();
    const there = await opened.node({host: '0.0.0.0', port}, {via: ['unshare', '-n']});
    expect(there.numbers).toEqual([port]);
    expect(listenersOn(port)).toEqual([]);
    expect(await bindSays(port, '0.0.0.0')).toBe('free');
    const here = await opened.node({host: '0.0.0.0', port});
    expect(listenersOn(port)).toEqual([expect.objectContaining({pid: here.pid, alsoHeldBy: []})]);
  });

  itWith('another user’s: root reads the holder, others get the user only', root, async () => {
    await using opened = new Opened();
    const theirs = await opened.node({host: '127.0.0.1', port: 0}, {uid: nobody});
    const ours = await opened.node({host: '127.0.0.1', port: 0});
    const port = theirs.numbers[0] as number;
    expect(listenersOn(port)).toEqual([expect.objectContaining({pid: theirs.pid, user: 'nobody'})]);
    const seen = asNobody(() => surveyLinux(ours.numbers));
    expect(seen.listeners).toEqual([
      expect.objectContaining({pid: null, command: null, user: 'root', address: '127.0.0.1'}),
    ]);
    expect(seen.reserved).toEqual([
      {
        from: 1,
        to: expect.any(Number),
        why: 'privileged',
        source: expect.stringContaining('ip_unprivileged_port_start'),
      },
    ]);
    expect(surveyLinux([]).reserved).toEqual([]);
  });

  it('processes that end meanwhile are nobody, and harm nobody', async () => {
    await using opened = new Opened();
    const steady = await opened.listen({host: '127.0.0.1', port: 0});
    const dying = await Promise.all(Array.from({length: 8}, () => opened.node({host: '127.0.0.1', port: 0})));
    const ports = dying.map(({numbers}) => numbers[0] as number);
    const byPort = new Map(dying.map(({pid, numbers}) => [numbers[0], pid]));
    for (const {pid} of dying) process.kill(pid, 'SIGKILL'); // the kernel takes its time
    for (let left = ports.length; left > 0; ) {
      const {listeners} = surveyLinux([steady, ...ports]);
      expect(listeners?.find(({port}) => port === steady)?.pid).toBe(process.pid);
      const others = listeners?.filter(({port}) => port !== steady) ?? [];
      for (const {port, pid} of others) expect([null, byPort.get(port)]).toContain(pid);
      left = others.length;
      await new Promise((done) => setImmediate(done));
    }
  });

  it('hundreds of closed connections (TIME_WAIT) hold no port', async () => {
    await using opened = new Opened();
    const port = await freePort();
    {
      await using server = new Opened();
      // Who closes first keeps the TIME_WAIT: the server.
      await server.listen({host: '127.0.0.1', port}, (socket) => socket.on('error', () => undefined).end());
      await Promise.all(
        Array.from({length: 300}, async () => {
          const socket = connect(port, '127.0.0.1').on('error', () => undefined);
          socket.resume();
          await once(socket, 'close');
        }),
      );
    }
    expect(listenersOn(port)).toEqual([]);
    expect(await bindSays(port, '127.0.0.1')).toBe('free');
    expect(await opened.listen({host: '127.0.0.1', port})).toBe(port);
  });

  it('a port that is the near end of a connection is not free, and has a holder', async () => {
    await using opened = new Opened();
    const server = await opened.listen({host: '127.0.0.1', port: 0});
    const socket = await opened.connect(server);
    const port = socket.localPort as number;
    expect(await bindSays(port, '127.0.0.1')).toBe('EADDRINUSE');
    // The system may have given the same number to a connection elsewhere that has just ended.
    expect(listenersOn(port)).toContainEqual(
      expect.objectContaining({port, pid: process.pid, isConnection: true, address: '127.0.0.1'}),
    );
    expect(listenersOn(server)).toEqual([expect.not.objectContaining({isConnection: true})]);
  });

  it('500 listeners among many connections are all found, each with its holder', async () => {
    await using opened = new Opened();
    const {pid, numbers} = await opened.run(process.execPath, [
      '-e',
      `const {createServer} = require('net'); const ports = []; let open = 500;
       for (let n = 0; n < 500; n++) createServer().listen(0, n % 2 ? '127.0.0.1' : '::1', function () {
         ports.push(this.address().port);
         if (--open === 0) console.log(ports.join(' '));
       });`,
    ]);
    const server = await opened.listen({host: '127.0.0.1', port: 0});
    await Promise.all(Array.from({length: 200}, () => opened.connect(server)));
    const wanted = new Set(numbers);
    for (const survey of [surveyLinux('all'), surveyLinux([...wanted])]) {
      const found = survey.listeners?.filter((one) => wanted.has(one.port) && one.pid === pid) ?? [];
      expect(found).toHaveLength(500);
    }
  });
});
