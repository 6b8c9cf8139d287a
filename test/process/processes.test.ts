import {describe, expect, it} from '@jest/globals';
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {compiled, programs, Rig, until} from './rig.js';
import type {ProcessIdentity, RunResult, StragglerQuery, StrayProcess} from '../../src/lib/platform/types.js';

const strays = (rig: Rig, query: StragglerQuery): Promise<readonly StrayProcess[]> =>
  new Promise((done) => rig.world.processes.stragglers(query, done));

const run = (
  rig: Rig,
  command: {shell: string},
  timeoutMs = 10_000,
  purpose: 'preStart' | 'probe' = 'preStart',
): Promise<RunResult> =>
  new Promise((done) =>
    rig.world.processes.run(
      {service: 'web', purpose, command, cwd: rig.dir, env: {PATH: process.env['PATH'] ?? ''}, timeoutMs},
      done,
    ),
  );

describe('spawn', () => {
  it('leads a group and a session of its own and tells the exit code once', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'ps -o pgid=,sid= -p $$; exit 3'});
    expect(await life.exit).toEqual({code: 3, signal: null});
    rig.world.output.drain('web');
    const [pgid, sid] = (rig.world.output.tail('web', 1)[0] as string).trim().split(/\s+/).map(Number);
    expect([pgid, sid]).toEqual([life.pid, life.pid]);
    expect(life.identity.startTime).toMatch(/^\d+$/);
  });

  it('tells the signal', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'kill -9 $$'});
    expect(await life.exit).toEqual({code: null, signal: 'SIGKILL'});
  });

  it('calls onExit after spawn has returned, even for a child that is gone at once', async () => {
    await using rig = new Rig();
    let returned = false;
    const order = await new Promise<boolean>((done) => {
      rig.world.processes.spawn(rig.plan('web', {argv: ['true']}), () => done(returned));
      returned = true;
    });
    expect(order).toBe(true);
  });

  it('searches the PATH of the child and keeps the name as argv[0]', async () => {
    await using rig = new Rig();
    mkdirSync(join(rig.dir, 'tools'));
    writeFileSync(join(rig.dir, 'tools', 'greet'), '#!/bin/sh\ncat /proc/$$/cmdline | tr "\\0" " "\n');
    chmodSync(join(rig.dir, 'tools', 'greet'), 0o755);
    const env = {PATH: `tools:${process.env['PATH'] ?? ''}`};
    await rig.start('web', {argv: ['greet']}, {env}).exit;
    rig.world.output.drain('web');
    expect(rig.world.output.tail('web', 1)[0]).toBe(`/bin/sh ${join(rig.dir, 'tools', 'greet')} `);
    const life = rig.start('web', {argv: ['sleep', '50']});
    await until('exec', () => readFileSync(`/proc/${life.pid}/cmdline`, 'utf8') === 'sleep\x0050\x00');
  });

  it.each([
    ['a missing program', 'ENOENT', {argv: ['no-such-program']}, {}],
    ['a missing path', 'ENOENT', {argv: ['./no/such/program']}, {}],
    ['a file without x', 'EACCES', {argv: ['./plain']}, {}],
    ['a folder', 'EACCES', {argv: ['./folder']}, {}],
    ['a missing folder to work in', 'ENOENT', {argv: ['true']}, {cwd: '/no/such/folder'}],
    ['a file to work in', 'ENOTDIR', {argv: ['/bin/true']}, {cwd: '/etc/passwd'}],
    ['a missing interpreter', 'ENOENT', {argv: ['./script']}, {}],
    ['too long arguments', 'E2BIG', {argv: ['/bin/true', 'x'.repeat(3_000_000)]}, {}],
  ] as const)('a start with %s answers %s', async (_what, code, command, more) => {
    await using rig = new Rig();
    writeFileSync(join(rig.dir, 'plain'), 'echo');
    mkdirSync(join(rig.dir, 'folder'));
    writeFileSync(join(rig.dir, 'script'), '#!/no/such/interpreter\n', {mode: 0o755});
    let exits = 0;
    const result = rig.world.processes.spawn(rig.plan('web', command, more), () => exits++);
    expect(result).toMatchObject({ok: false, error: {code}});
    // Whoever was started later has ended: nothing of the first one can still be on its way.
    await rig.start('other', {shell: 'true'}).exit;
    expect(exits).toBe(0);
  });

  it('keeps its input open: a program that ends with its input goes on', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'echo up; cat; echo input ended'});
    await rig.line('web', /up/);
    rig.succeed();
    await rig.line('web', /up/);
    expect(rig.world.processes.isAlive(life.identity)).toBe(true);
    expect(rig.world.output.tail('web', 9)).toEqual(['up']);
  });
});

describe('precheck', () => {
  it('names the folder, the program, the interpreter and the file', async () => {
    await using rig = new Rig();
    const env = {PATH: '/usr/bin:/bin'};
    const check = (argv: readonly [string], cwd = rig.dir, files: string[] = []) =>
      rig.world.processes.precheck({command: {argv}, cwd, env, files});
    writeFileSync(join(rig.dir, 'plain'), 'echo');
    writeFileSync(join(rig.dir, 'crlf'), '#!/bin/sh\r\necho\r\n', {mode: 0o755});
    writeFileSync(join(rig.dir, 'env'), '#!/usr/bin/env no-such-python\n', {mode: 0o755});
    expect(check(['true'])).toBeNull();
    expect(check(['true'], '/no/such')).toMatchObject({cause: 'missing-file', subject: '/no/such'});
    expect(check(['uvicorn-that-is-not-there'])).toMatchObject({
      cause: 'missing-module',
      subject: 'uvicorn-that-is-not-there',
    });
    expect(check(['./plain'])).toMatchObject({cause: 'permission-denied', subject: join(rig.dir, 'plain')});
    expect(check(['./crlf'])?.message).toContain('Windows line ends');
    expect(check(['./env'])).toMatchObject({cause: 'missing-module', subject: 'no-such-python'});
    expect(check(['true'], rig.dir, [join(rig.dir, '.env')])).toMatchObject({cause: 'missing-file'});
  });
});

describe('groups', () => {
  it('counts zombies as ended and finds who is left', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'sleep 1000 & echo up; wait'});
    await rig.line('web', /up/);
    const {processes} = rig.world;
    expect(processes.groupAlive(life.pid)).toBe(true);
    processes.signal(life.identity, 'SIGKILL');
    await life.exit;
    expect(processes.isAlive(life.identity)).toBe(false);
    expect(processes.groupAlive(life.pid)).toBe(true);
    expect(processes.signalGroup(life.pid, 'SIGTERM')).toBe('sent');
    await until('the group has ended', () => !processes.groupAlive(life.pid));
  });

  it('kills a stopped leader at once', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'echo up; kill -STOP $$; sleep 1000'});
    await rig.line('web', /up/);
    await until('stopped', () => /\) T/.test(readFileSync(`/proc/${life.pid}/stat`, 'utf8')));
    rig.world.processes.signalGroup(life.pid, 'SIGTERM', 'SIGKILL');
    expect(await life.exit).toEqual({code: null, signal: 'SIGKILL'});
  });

  it('never signals ourselves or everybody', async () => {
    await using rig = new Rig();
    for (const pid of [0, 1, -1, Number.NaN]) {
      expect(rig.world.processes.signalGroup(pid, 'SIGTERM')).toBe('gone');
      expect(rig.world.processes.groupAlive(pid)).toBe(false);
    }
  });
});

describe('watch', () => {
  it('sees the end of a process that is not our child, a zombie included', async () => {
    await using rig = new Rig();
    // The child stays a zombie as long as its parent does not wait for it.
    const life = rig.start('web', {shell: 'sleep 1000 & echo "pid $!"; exec sleep 1001'});
    const pid = Number((await rig.line('web', /pid (\d+)/))[1]);
    const startTime = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] as string;
    const identity: ProcessIdentity = {...life.identity, pid, startTime};
    const exit = new Promise((done) => rig.world.processes.watch(identity, done));
    expect(rig.world.processes.isAlive(identity)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await until('it is a zombie', () => /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    expect(rig.world.processes.isAlive(identity)).toBe(false);
    expect(await exit).toEqual({code: null, signal: null});
  });

  it('takes another process under the same number for another one', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {argv: ['sleep', '1000']});
    const {processes} = rig.world;
    expect(processes.isAlive({...life.identity, startTime: '1'})).toBe(false);
    expect(processes.isAlive({...life.identity, bootId: 'another boot'})).toBe(false);
    expect(processes.signal({...life.identity, startTime: '1'}, 'SIGKILL')).toBe('gone');
    expect(processes.isAlive(life.identity)).toBe(true);
  });
});

describe('stragglers', () => {
  it('finds child, session and daemon of a dead leader, and nobody else', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {argv: [join(programs, 'leaves-children.sh')]});
    const pids = await Promise.all(
      ['child', 'session', 'daemon'].map(async (who) =>
        Number((await rig.line('web', new RegExp(`^${who} (\\d+)`)))[1]),
      ),
    );
    const other = rig.start('worker', {argv: ['sleep', '1000']});
    rig.world.processes.signal(life.identity, 'SIGKILL');
    await life.exit;
    const next = rig.start('web', {argv: [join(programs, 'leaves-children.sh')]}, {incarnation: 2});
    await until(
      'the next one is up',
      () => rig.world.output.tail('web', 50).filter((line) => /^daemon/.test(line)).length === 2,
    );
    const found = await strays(rig, {
      service: 'web',
      markPrefix: `${rig.project}/web/`,
      leaders: [life.identity],
      except: next.identity,
    });
    expect(found.map((stray) => stray.pid).sort()).toEqual([...pids].sort());
    expect(found.map((stray) => stray.pid)).not.toContain(other.pid);
    expect(found.find((stray) => stray.pid === pids[0])).toMatchObject({why: 'group', command: 'sleep 1000'});
    expect(found.find((stray) => stray.pid === pids[2])?.why).toBe('mark');
    // Without an exception both lives are found.
    const all = await strays(rig, {
      service: 'web',
      markPrefix: `${rig.project}/web/`,
      leaders: [life.identity, next.identity],
      except: null,
    });
    expect(all.length).toBe(7);
  });

  it('finds what a daemon leaves that ended before its workers', async () => {
    await using rig = new Rig();
    const master =
      'trap "sleep 1004 </dev/null >/dev/null 2>&1 & exit" TERM; echo "master $$"; while :; do sleep 0.05; done';
    const life = rig.start('web', {shell: `env -i setsid sh -c '${master}' & wait`});
    const pid = Number((await rig.line('web', /^master (\d+)/))[1]);
    const {processes, table} = rig.world;
    const stray = {pid, startTime: table.read(pid)?.startTime ?? null, bootId: rig.world.bootId};
    processes.signal(life.identity, 'SIGKILL');
    await life.exit;
    processes.lookBelow?.('web', stray);
    processes.signal(stray, 'SIGTERM');
    await until('the master has gone', () => !processes.isAlive(stray));
    const query = {service: 'web', markPrefix: 'none/web/', leaders: [], except: null};
    const found = (await strays(rig, query)).filter(({command}) => command === 'sleep 1004');
    expect(found).toMatchObject([{why: 'descendant'}]);
    for (const one of found) processes.signal(one, 'SIGKILL');
  });

  it('leaves alone what carries the mark of another project', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {
      shell: 'ERP_MARK=other/api/1 setsid sleep 1000 & echo "other $!"; setsid sleep 1001 & echo "own $!"; wait',
    });
    const other = Number((await rig.line('web', /other (\d+)/))[1]);
    const own = Number((await rig.line('web', /own (\d+)/))[1]);
    await until('both have become what they are', () =>
      [other, own].every((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sleep')),
    );
    const query = {service: 'web', markPrefix: `${rig.project}/web/`, leaders: [life.identity], except: null};
    const found = (await strays(rig, query)).map((stray) => stray.pid);
    expect(found).toContain(own);
    expect(found).not.toContain(other);
    process.kill(other, 'SIGKILL');
  });
});

it('never takes ourselves or who started us for a stray, whatever marks we carry', () => {
  const env = {PATH: process.env['PATH'] ?? '', ERP_MARK: 'me/web/1'};
  const script = `sleep 1000 & exec 3>&1; sh -c 'node "$0" "$1" me/web/ >&3; :' "$0" "$1"; kill $!`;
  const args = ['-c', script, join(programs, 'seeks-strays.mjs'), compiled('.')];
  const found = spawnSync('sh', args, {env, encoding: 'utf8'});
  expect([JSON.parse(found.stdout), found.stderr]).toEqual([['sleep 1000'], '']);
});

describe('run', () => {
  it('gives exit and last words, and writes them into the log', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web']);
    const result = await run(rig, {shell: 'echo migrating; echo broken >&2; exit 7'});
    expect(result).toMatchObject({exit: {code: 7}, timedOut: false, error: null, tail: 'migrating\nbroken\n'});
    expect(readFileSync(join(rig.dir, 'logs', 'web.log'), 'utf8')).toBe('migrating\nbroken\n');
  });

  it('keeps what a probe says out of the log', async () => {
    await using rig = new Rig();
    expect(await run(rig, {shell: 'echo fine'}, 10_000, 'probe')).toMatchObject({exit: {code: 0}, tail: 'fine\n'});
    expect(rig.world.output.tail('web', 5)).toEqual([]);
  });

  it('ends the whole group when time is up', async () => {
    await using rig = new Rig();
    const result = await run(rig, {shell: 'sleep 1000 & echo "child $!"; wait'}, 300);
    expect(result.timedOut).toBe(true);
    const pid = Number(/child (\d+)/.exec(result.tail)?.[1]);
    await until('the child is gone', () => !rig.world.processes.groupAlive(pid) && !alive(pid));
  });

  it('answers later that a program is missing', async () => {
    await using rig = new Rig();
    const result = await new Promise<RunResult>((done) =>
      rig.world.processes.run(
        {service: 'web', purpose: 'stop', command: {argv: ['nothing-here']}, cwd: rig.dir, env: {}, timeoutMs: 1000},
        done,
      ),
    );
    expect(result.error?.code).toBe('ENOENT');
  });

  it('says nothing after it was cancelled, and kills', async () => {
    await using rig = new Rig();
    const said: RunResult[] = [];
    const cancel = rig.world.processes.run(
      {
        service: 'web',
        purpose: 'preStart',
        command: {shell: 'echo "child $$"; exec sleep 1000'},
        cwd: rig.dir,
        env: {PATH: '/bin:/usr/bin'},
        timeoutMs: 60_000,
      },
      (result) => said.push(result),
    );
    const pid = Number((await rig.line('web', /child (\d+)/))[1]);
    cancel();
    await until('it is gone', () => !alive(pid));
    expect(said).toEqual([]);
  });
});

function alive(pid: number): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
