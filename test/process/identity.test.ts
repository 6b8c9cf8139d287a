import {describe, expect, it} from '@jest/globals';
import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {compiled, programs, until} from './rig.js';
import {ControlSocket} from '../../src/lib/platform/control-socket.js';
import {acquireLock, holdsLock, livingOwner} from '../../src/lib/platform/lock.js';
import {LinuxProcessTable} from '../../src/lib/platform/process-table.linux.js';
import {
  chooseRuntimeDir,
  ensureRuntimeDir,
  projectHash,
  runtimeDirCandidates,
  socketPathLimitBytes,
} from '../../src/lib/platform/project-paths.js';

function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'erp-id-'));
  return {dir, [Symbol.dispose]: () => rmSync(dir, {recursive: true, force: true})};
}

const table = new LinuxProcessTable();
const self = {
  pid: process.pid,
  startTime: table.read(process.pid)?.startTime ?? null,
  bootId: table.bootId,
  project: '/p',
  at: 0,
};
const isAlive = (who: {pid: number; startTime: string | null}) => table.read(who.pid)?.startTime === who.startTime;

describe('runtime folder', () => {
  const uid = process.getuid?.() as number;
  const ask = (env: Record<string, string>) => runtimeDirCandidates('0123456789abcdef', {env, platform: 'linux', uid});

  it('is in XDG_RUNTIME_DIR, else in the home folder, else in tmp', () => {
    using place = folder();
    const home = join(place.dir, 'home');
    mkdirSync(home);
    const all = ask({XDG_RUNTIME_DIR: place.dir, HOME: home});
    expect(all[0]).toBe(`${place.dir}/erp/0123456789abcdef`);
    expect(all[1]).toBe(`${home}/.local/state/erp/0123456789abcdef`);
    expect(all.at(-1)).toBe(`/tmp/erp-${uid}/0123456789abcdef`);
    expect(ask({HOME: home})[0]).toBe(all[1]);
    expect(ask({XDG_RUNTIME_DIR: 'relative', HOME: '/no/such/home'})[0]).toContain(`/erp-${uid}/`);
    expect(ask({})[0]).toMatch(/erp/);
  });

  it('never has a socket path that Node would cut', () => {
    using place = folder();
    const deep = join(place.dir, 'x'.repeat(40), 'y'.repeat(40));
    mkdirSync(deep, {recursive: true});
    for (const candidate of ask({XDG_RUNTIME_DIR: deep, HOME: deep})) {
      expect(candidate).not.toContain('yyy');
      expect(Buffer.byteLength(`${candidate}/control.4194304.99.sock`)).toBeLessThanOrEqual(socketPathLimitBytes);
    }
  });

  it('is ours alone, and no trap', () => {
    using place = folder();
    const good = join(place.dir, 'erp', 'hash');
    ensureRuntimeDir(good);
    expect(statSync(good).mode & 0o777).toBe(0o700);
    chmodSync(good, 0o755);
    ensureRuntimeDir(good);
    expect(statSync(good).mode & 0o777).toBe(0o700);
    symlinkSync(place.dir, join(place.dir, 'erp', 'link'));
    expect(() => ensureRuntimeDir(join(place.dir, 'erp', 'link'))).toThrow('symbolic link');
    expect(() => ensureRuntimeDir(good, 12345)).toThrow('belongs to user');
    writeFileSync(join(place.dir, 'file'), '');
    expect(() => ensureRuntimeDir(join(place.dir, 'file', 'hash'))).toThrow("can't be used");
    expect(chooseRuntimeDir([join(place.dir, 'file', 'hash'), good])).toBe(good);
  });

  it('belongs to the real path and the instance', () => {
    using place = folder();
    symlinkSync(place.dir, `${place.dir}-link`);
    expect(projectHash(`${place.dir}-link`, null)).toBe(projectHash(place.dir, null));
    expect(projectHash(place.dir, 'other')).not.toBe(projectHash(place.dir, null));
    expect(projectHash(place.dir, null)).toMatch(/^[0-9a-f]{16}$/);
    rmSync(`${place.dir}-link`);
    expect(() => projectHash('/no/such/folder', null)).toThrow("can't be found");
  });
});

describe('lock', () => {
  it('follows a dead owner, whatever its number is used for now', () => {
    using place = folder();
    const dead = {...self, startTime: '1'};
    expect(acquireLock(place.dir, dead, isAlive)).toMatchObject({owned: true, generation: 1});
    expect(livingOwner(place.dir, isAlive)).toBeNull();
    expect(acquireLock(place.dir, self, isAlive)).toMatchObject({owned: true, generation: 2});
    expect(livingOwner(place.dir, isAlive)).toEqual(self);
    expect(holdsLock(place.dir, 2)).toBe(true);
    expect(holdsLock(place.dir, 1)).toBe(false);
    const other = {...self, pid: 1, startTime: table.read(1)?.startTime ?? ''};
    expect(acquireLock(place.dir, other, isAlive)).toMatchObject({owned: false, owner: self});
    expect(readdirSync(place.dir)).toEqual(['lock.2']);
    writeFileSync(join(place.dir, 'lock.7'), 'nonsense');
    expect(acquireLock(place.dir, other, isAlive)).toMatchObject({owned: true, generation: 8});
  });

  it('has one owner of 20 who try at once, again and again', async () => {
    using place = folder();
    const racers = await Promise.all(Array.from({length: 20}, () => racer(place.dir)));
    try {
      let left = racers;
      for (let round = 0; round < 4; round++) {
        for (const one of left) one.answers.length = 0;
        for (const one of left) one.child.stdin?.write('go\n');
        await until('everybody has tried', () => left.every((one) => one.answers.length > 0));
        const owners = left.filter((one) => one.answers[0]?.startsWith('owned'));
        expect(owners.map((one) => one.answers[0])).toHaveLength(1);
        const owner = owners[0] as Racer;
        owner.child.kill('SIGKILL');
        await once(owner.child, 'exit');
        left = left.filter((one) => one !== owner);
      }
    } finally {
      for (const one of racers) one.child.kill('SIGKILL');
    }
  });
});

interface Racer {
  readonly child: ChildProcess;
  readonly answers: string[];
}

async function racer(dir: string): Promise<Racer> {
  const child = spawn(process.execPath, [join(programs, 'takes-lock.mjs'), compiled('.'), dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {},
  });
  const answers: string[] = [];
  createInterface({input: child.stdout as NodeJS.ReadableStream}).on('line', (line) => answers.push(line));
  await until('the racer waits', () => answers[0] === 'waiting');
  return {child, answers};
}

describe('control socket', () => {
  it('is closed to others, can be made anew, and only ours is removed', async () => {
    using place = folder();
    const server = http.createServer((_, response) => response.end('hello'));
    const serve = (socket: unknown): boolean => server.emit('connection', socket);
    const first = new ControlSocket(place.dir, serve);
    await first.open();
    const path = join(place.dir, 'control.sock');
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(await get(path)).toBe('hello');
    rmSync(path);
    expect(first.isOurs()).toBe(false);
    await first.open();
    expect(await get(path)).toBe('hello');
    const second = new ControlSocket(place.dir, serve);
    await second.open();
    expect([first.isOurs(), second.isOurs()]).toEqual([false, true]);
    first.close();
    expect(await get(path)).toBe('hello');
    second.close();
    expect(readdirSync(place.dir)).toEqual([]);
    const refused = connect(path);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ENOENT');
    server.close();
  });
});

function get(socketPath: string): Promise<string> {
  return new Promise((done, fail) => {
    http
      .get({socketPath, path: '/', agent: false}, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => done(text));
      })
      .on('error', fail);
  });
}

describe('process table', () => {
  it('reads names that look like the rest of the line', async () => {
    const child = spawn('sh', ['-c', 'printf "x) S 1 (y" > /proc/self/comm; exec 3<&0; read x <&3'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await until('it has its name', () => readFileSync(`/proc/${child.pid}/comm`, 'utf8').startsWith('x)'));
    expect(table.read(child.pid as number)).toMatchObject({
      pid: child.pid,
      ppid: process.pid,
      name: 'x) S 1 (y',
      threads: 1,
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('lists itself with plausible figures', async () => {
    const rows = await new Promise<readonly {pid: number}[]>((done) => table.scan(done));
    expect(rows.find((row) => row.pid === process.pid)).toMatchObject({pid: process.pid, state: 'R'});
    const row = table.read(process.pid);
    expect(row?.cpuSeconds).toBeGreaterThan(0.05);
    expect(Math.abs((row?.rssBytes ?? 0) / process.memoryUsage().rss - 1)).toBeLessThan(0.3);
    expect(table.bootId).toMatch(/^[0-9a-f-]{36}:\d+$/);
  });
});
