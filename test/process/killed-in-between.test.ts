// What is left of the output when the supervisor is killed at any moment, and who remembers it.
import {describe, expect, it} from '@jest/globals';
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gunzipSync} from 'node:zlib';
import {compiled, programs, Rig, until} from './rig.js';
import {byAge, parseRotated} from '../../src/lib/platform/rotated-name.js';
import type {ProcessIdentity} from '../../src/lib/platform/types.js';

interface Holder extends ProcessIdentity {
  readonly pipes: Record<string, string>;
}
const holderOf = (rig: Rig): Holder => JSON.parse(readFileSync(join(rig.dir, 'run', 'holder.json'), 'utf8')) as Holder;
const log = (rig: Rig): string => readFileSync(join(rig.dir, 'logs', 'web.log'), 'latin1');
const twelveHours = 12 * 3600 * 1000;
const lastWords = {shell: 'echo first; read x; echo last words'};

async function endsAlone(rig: Rig, meanwhile: () => unknown): Promise<void> {
  const life = rig.start('web', lastWords);
  await rig.line('web', /first/);
  rig.world.look();
  const {pid} = holderOf(rig);
  rig.world.close();
  await meanwhile();
  writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
  await life.exit;
  rig.reopen();
  rig.world.output.open(['web']);
  rig.world.output.drain('web');
  rig.world.look();
  expect(holderOf(rig).pipes).toHaveProperty(['web.out']);
  if (rig.world.processes.isAlive({...holderOf(rig), pid})) expect(holderOf(rig).pid).toBe(pid);
}

const linksOf = (pid: number | 'self'): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // the one that lists them
    }
  });

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the holder of the pipes', () => {
  it('keeps what a service says last while no supervisor lives', async () => {
    await using rig = new Rig();
    await endsAlone(rig, () => undefined);
    expect(log(rig)).toBe('first\nlast words\n');
  });

  it('is what keeps it: without it the words are gone', async () => {
    await using rig = new Rig();
    await endsAlone(rig, async () => {
      const holder = holderOf(rig);
      process.kill(holder.pid, 'SIGKILL');
      await until('it has gone', () => !rig.world.processes.isAlive(holder));
    });
    expect(log(rig)).toBe('first\n');
  });

  it('has nothing of a service but its pipes, and nothing of ours', async () => {
    await using rig = new Rig();
    rig.start('web', lastWords);
    rig.world.look();
    const {pid} = holderOf(rig);
    const [row] = [rig.world.table.read(pid)];
    expect(row).toMatchObject({session: pid, pgrp: pid});
    expect(rig.world.table.environ(pid)).toBe(`ERP_HOLDER=${join(rig.dir, 'run')}\0`);
    expect(rig.world.table.commandLine(pid)).toMatch(/^erp-output-holder \d+$/);
    expect(rig.world.table.cwd(pid)).toBe('/');
    // Who runs the tests may have given us something that all our children inherit.
    const inherited = linksOf('self');
    const open = linksOf(pid).filter((link) => !link.startsWith('pipe:') || !inherited.includes(link));
    expect(open.sort()).toEqual(['/dev/null', '/dev/null', '/dev/null', join(rig.dir, 'run', 'web.out')]);
    const query = {service: 'web', markPrefix: `${rig.project}/web/`, leaders: [], except: null};
    const strays = await new Promise<readonly ProcessIdentity[]>((done) => rig.world.processes.stragglers(query, done));
    expect(strays.map((stray) => stray.pid)).not.toContain(pid);
  });

  it('is made again when it was killed or its pipes were, and goes with the last supervisor', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web', 'api']);
    rig.world.look();
    const first = holderOf(rig);
    rig.world.look();
    expect(holderOf(rig)).toEqual(first);
    process.kill(first.pid, 'SIGKILL');
    await until('it has gone', () => !rig.world.processes.isAlive(first));
    rig.world.look();
    const second = holderOf(rig);
    expect(second.pid).not.toBe(first.pid);
    spawnSync('rm', [join(rig.dir, 'run', 'api.out')]);
    rig.start('api', {shell: 'read x'});
    rig.world.look();
    const third = holderOf(rig);
    expect(third.pipes['api.out']).not.toBe(second.pipes['api.out']);
    await until('the one before has gone', () => !rig.world.processes.isAlive(second));
    // Nothing was written down about it: the next supervisor finds it nevertheless.
    rig.world.close();
    spawnSync('rm', [join(rig.dir, 'run', 'holder.json')]);
    rig.reopen();
    rig.world.output.open(['web', 'api']);
    rig.world.look();
    await until('the forgotten one has gone', () => !rig.world.processes.isAlive(third));
    const last = holderOf(rig);
    rig.world.close(true);
    rig.reopen();
    await until('the last one has gone', () => !rig.world.processes.isAlive(last));
  });

  it('is made anew before it ends by itself, and never leaves a gap', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web']);
    rig.world.look();
    const young = holderOf(rig);
    rig.world.close();
    writeFileSync(join(rig.dir, 'run', 'holder.json'), JSON.stringify({...young, madeAt: Date.now() - twelveHours}));
    rig.reopen();
    rig.world.output.open(['web']);
    rig.world.look();
    expect(holderOf(rig).pid).not.toBe(young.pid);
    await until('the old one has gone', () => !rig.world.processes.isAlive(young));
    expect(rig.world.processes.isAlive(holderOf(rig))).toBe(true);
  });

  it('of the next supervisor is not ended by one that was closed while it looked for forgotten ones', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web']);
    rig.world.look(); // begins to look, and goes on later
    const young = holderOf(rig);
    rig.world.close();
    writeFileSync(join(rig.dir, 'run', 'holder.json'), JSON.stringify({...young, madeAt: Date.now() - twelveHours}));
    rig.reopen();
    rig.world.output.open(['web']);
    rig.world.look();
    const next = holderOf(rig);
    expect(next.pid).not.toBe(young.pid);
    while (!rig.world.table.environ(next.pid)?.includes('ERP_HOLDER')); // no await: nobody looks before this
    await new Promise<void>((done) => rig.world.table.scan(() => done()));
    expect(rig.world.processes.isAlive(next)).toBe(true);
  });

  it('leaves a stranger alone that has its number', async () => {
    await using rig = new Rig();
    const stranger = rig.start('other', {argv: ['sleep', '1000']});
    rig.world.output.open(['web']);
    const text = JSON.stringify({...stranger.identity, startTime: '1', pipes: {}});
    writeFileSync(join(rig.dir, 'run', 'holder.json'), text);
    rig.world.look();
    expect(holderOf(rig).pid).not.toBe(stranger.pid);
    expect(rig.world.processes.isAlive(stranger.identity)).toBe(true);
  });

  it('holds the pipes of 300 services in less than a MiB', async () => {
    await using rig = new Rig();
    rig.world.output.open(Array.from({length: 300}, (_, n) => `s${n}`));
    rig.world.look();
    const {pid, pipes} = holderOf(rig);
    expect(Object.keys(pipes)).toHaveLength(300);
    await until('it runs', () => rig.world.table.commandLine(pid)?.startsWith('erp-output-holder'));
    const own = /^Private_Dirty:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    expect(Number(own)).toBeLessThan(1024);
  });
});

describe('a supervisor that was killed between pipe and file', () => {
  it('is named by the next one where the output may be missing, and half a line stays half a line', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web', 'api']);
    rig.world.close();
    writeFileSync(join(rig.dir, 'logs', 'web.log'), 'line 1\nlin');
    writeFileSync(join(rig.dir, 'run', 'moving'), '1 web\n0 api\n');
    rig.reopen();
    rig.world.output.open(['web', 'api', 'new']);
    await rig.start('web', {shell: 'echo line 3'}).exit;
    rig.world.output.drain('web');
    expect(log(rig)).toBe(
      'line 1\nlin\n--- erp: the supervisor was killed while it moved output: up to 64 KiB may be missing here ---\nline 3\n',
    );
    expect(rig.problems).toEqual([expect.stringMatching(/^WARNING web: the supervisor was killed/)]);
    expect(readFileSync(join(rig.dir, 'run', 'moving'), 'utf8')).toBe('0 web\n0 api\n0 new\n');
    rig.succeed();
    rig.world.output.open(['web', 'api', 'new']);
    expect(rig.problems).toHaveLength(1);
  });

  it('after the log was renamed and before its times were: they follow', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web']);
    rig.world.close();
    writeFileSync(join(rig.dir, 'logs', 'web-20260522-090530.log'), 'x'.repeat(500));
    writeFileSync(join(rig.dir, 'logs', 'web.log'), '');
    writeFileSync(join(rig.dir, 'logs', 'web.log.times'), '0 1770000000000\n400 1770000000900\n');
    rig.reopen();
    rig.world.output.open(['web']);
    expect(readFileSync(join(rig.dir, 'logs', 'web-20260522-090530.log.times'), 'utf8')).toMatch(/^0 1770/);
    expect(existsSync(join(rig.dir, 'logs', 'web.log.times'))).toBe(false);
  });
});

/** `ERP_STRESS=200 npm test -- test/process/killed` for longer. */
const kills = Number(process.env['ERP_STRESS'] ?? 6);

describe(`killed ${kills} times while it writes, rotates and compresses`, () => {
  const program = (rig: Rig): string | null => {
    const file = join(rig.dir, 'ticks');
    return spawnSync('cc', ['-O1', '-o', file, join(programs, 'ticks.c')]).status === 0 ? file : null;
  };

  it.each([0, 200, 3000])(
    'a line each %d µs: each is there once and in order, but for gaps that are marked, one for a kill at most',
    async (usec) => {
      await using rig = new Rig();
      const file = program(rig);
      if (file === null) {
        console.warn('SKIPPED: kills in between (needs a C compiler)');
        return;
      }
      const argv = [join(programs, 'keeps-log.mjs'), compiled('.'), rig.dir, file, String(usec)];
      for (let n = 0; n < kills; n++) {
        const supervisor = spawn(process.execPath, argv, {stdio: ['ignore', 'pipe', 'inherit']});
        await once(supervisor.stdout, 'data');
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 150)); // any moment
        supervisor.kill('SIGKILL');
        await once(supervisor, 'exit');
      }
      const identity = JSON.parse(readFileSync(join(rig.dir, 'identity'), 'utf8')) as ProcessIdentity;
      process.kill(identity.pid, 'SIGKILL');
      await until('it has gone', () => !rig.world.processes.isAlive(identity));
      // The holder still has what it said last.
      rig.world.output.open(['web']);
      rig.world.output.drain('web');
      const {gaps, torn, lines} = checkLines(join(rig.dir, 'logs'));
      expect(lines).toBeGreaterThan(usec === 0 ? 1000 : 50);
      expect(gaps).toBeLessThanOrEqual(kills);
      expect(torn).toBeLessThanOrEqual(2 * kills);
      expect(readdirSync(join(rig.dir, 'logs')).filter((name) => parseRotated(name) !== null)).not.toEqual([]);
    },
    60_000 + kills * 2000,
  );
});

/** Numbers may only be missing, and lines only be torn, beside the marker of a kill. */
function checkLines(folder: string): {readonly gaps: number; readonly torn: number; readonly lines: number} {
  const names = readdirSync(folder)
    .map((name) => ({name, rotated: parseRotated(name)}))
    .filter(({rotated}) => rotated !== null)
    // Killed between the renaming of the compressed file and the removal of the plain one.
    .filter(({name}) => !(name.endsWith('.gz') && existsSync(join(folder, name.slice(0, -3)))))
    .sort((a, b) => byAge(a.rotated as never, b.rotated as never))
    .map(({name}) => name);
  const text = [...names, 'web.log']
    .map((name) => readFileSync(join(folder, name)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('latin1'))
    .join('');
  const parts = text.split(/^--- erp: the supervisor was killed while it moved output: .* ---$/m);
  let last = 0;
  let gaps = 0;
  let torn = 0;
  let lines = 0;
  for (const [index, part] of parts.entries()) {
    const all = part.split('\n').filter((line) => line !== '');
    for (const [at, line] of all.entries()) {
      const [, number] = /^(\d{10}) x{108}$/.exec(line) ?? [];
      const isBesideMarker = (index > 0 && at === 0) || (index < parts.length - 1 && at === all.length - 1);
      const isTheEnd = index === parts.length - 1 && at === all.length - 1;
      if (number === undefined) {
        if (!isBesideMarker && !isTheEnd) throw new Error(`torn: ${line}`);
        torn++;
        continue;
      }
      lines++;
      const isFirst = index > 0 && at <= 1;
      if (Number(number) !== last + 1) {
        if (!isFirst || Number(number) <= last) throw new Error(`after ${last} comes ${number}`);
        gaps++;
      }
      last = Number(number);
    }
  }
  return {gaps, torn, lines};
}
