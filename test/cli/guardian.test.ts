import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readFileSync, rmSync, watch, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {parseLastExit, supervisorDeath} from '../../src/lib/core/diagnosis/supervisor-death.js';
import {guardianScript} from '../../src/lib/platform/guardian.js';
import {scratch} from '../support/fake-supervisor.js';
import {until} from '../support/rig.js';

/** Its traps are set: it has come as far as its stdin. */
function isBlockedInRead(pid: number): boolean {
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & (1n << 14n)) !== 0n;
}

// The "supervisor" is a shell script here: the guardian does not care, and a Node process would cost 60 ms a life.
describe('guardian', () => {
  let place: ReturnType<typeof scratch>;
  let guardian: ChildProcess | null = null;

  beforeEach(() => {
    place = scratch();
  });
  afterEach(() => {
    guardian?.kill('SIGKILL');
    place[Symbol.dispose]();
  });

  function guard(script: string, more: readonly string[] = [], stdin: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    const program = join(place.dir, 'it\'s a "program" $(x).sh');
    writeFileSync(program, script);
    writeFileSync(join(place.dir, 'lives'), '');
    const words = ['/bin/sh', program, join(place.dir, 'lives'), join(place.dir, 'note'), join(place.dir, 'crash')];
    guardian = spawn('/bin/sh', ['-c', guardianScript, 'erp-guardian', ...words, ...more], {
      stdio: [stdin, 'ignore', 'ignore'],
      env: {...process.env, NOTE: join(place.dir, 'note'), PATH: `${place.dir}:${process.env['PATH'] ?? ''}`},
    });
    return guardian;
  }
  const file = (name: string) => readFileSync(join(place.dir, name), 'utf8');
  /** Instead of the system's: tells how long the guardian wanted to rest. */
  function fakeSleep(): void {
    writeFileSync(join(place.dir, 'sleep'), `#!/bin/sh\necho "$1" >> ${join(place.dir, 'rests')}\n`, {mode: 0o755});
  }
  const lives = () => readFileSync(join(place.dir, 'lives'), 'utf8').split('\n').slice(0, -1);
  const exitOf = async (child: ChildProcess) => (await once(child, 'exit'))[0] as number | null;
  async function lifeNumber(count: number): Promise<string> {
    const changes = watch(join(place.dir, 'lives'));
    try {
      while (lives().length < count) await once(changes, 'change');
      return lives()[count - 1] as string;
    } finally {
      changes.close();
    }
  }

  it.each([0, 2, 3, 4, 5, 7, 8, 10, 130])('ends with the supervisor that ends deliberately (%i)', async (code) => {
    expect(await exitOf(guard(`echo $$ >> "$1"; exit ${code}`))).toBe(code);
    expect(lives()).toHaveLength(1);
  });

  it.each([
    1, 126, 127,
  ])('ends at once when it never came up and ends by itself (%i): the start tells why', async (code) => {
    expect(await exitOf(guard(`echo $$ >> "$1"; exit ${code}`))).toBe(code);
    expect(lives()).toHaveLength(1);
  });

  it.each([11, 70])('gives up on one that never came up at its sixth death (%i)', async (code) => {
    expect(await exitOf(guard(`echo $$ >> "$1"; exit ${code}`))).toBe(code);
    expect(lives()).toHaveLength(6);
  });

  it.each([
    1, 70, 134,
  ])('never gives up on one that came up once (%i): five times at once, then with growing pauses', async (code) => {
    fakeSleep();
    const child = guard(`echo $$ >> "$1"; echo "$$ {}" > "$NOTE"; [ $(wc -l < "$1") -lt 14 ] || exit 0; exit ${code}`);
    expect(await exitOf(child)).toBe(0);
    expect(lives()).toHaveLength(14);
    expect(file('rests').split('\n').slice(0, -1).map(Number)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it('does not rest for those that came up and were killed by somebody, 200 times', async () => {
    fakeSleep();
    const child = guard('echo $$ >> "$1"; [ $(wc -l < "$1") -lt 201 ] || exit 0; echo "$$ {}" > "$NOTE"; kill -9 $$');
    expect(await exitOf(child)).toBe(0);
    expect(lives()).toHaveLength(201);
    expect(() => file('rests')).toThrow('ENOENT');
  });

  it('rests when they are killed again and again before they come up', async () => {
    fakeSleep();
    const up = '[ $(wc -l < "$1") -gt 1 ] || echo "$$ {}" > "$NOTE"';
    const child = guard(`echo $$ >> "$1"; ${up}; [ $(wc -l < "$1") -lt 8 ] || exit 0; kill -9 $$`);
    expect(await exitOf(child)).toBe(0);
    expect(file('rests')).toBe('1\n2\n');
  });

  it('ends while it rests, when it is asked to, and its rest with it', async () => {
    const child = guard('echo "$$ {}" > "$NOTE"; exit 70');
    await until('it rests', () => existsSync(join(place.dir, 'note.resting')) && file('note.resting') !== '');
    expect(file('note.resting')).toBe(`${child.pid}\n`);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(70);
    expect(file('note.resting')).toBe('');
  });

  it('tells the next one how the last one ended, and when', async () => {
    const child = guard(
      'echo "${ERP_LAST_EXIT:-first}" >> "$1"; echo "$$ {}" > "$NOTE"; [ $(wc -l < "$1") -lt 2 ] || exit 0; kill -ABRT $$',
    );
    expect(await exitOf(child)).toBe(0);
    const [first, second = ''] = lives();
    expect(first).toBe('first');
    const [status, at] = second.split(' ').map(Number);
    expect(status).toBe(134);
    // 39785.38 * 100 is a little less than 3978538.
    const uptime = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100);
    expect(at).toBeGreaterThan(uptime - 30 * 100);
    expect(at).toBeLessThanOrEqual(uptime);
  });

  it('keeps what a supervisor says when it dies, and starts it also where that can not be kept', async () => {
    await exitOf(guard('echo "FATAL ERROR: no memory" >&2; exit 3'));
    expect(file('crash')).toBe('FATAL ERROR: no memory\n');
    rmSync(join(place.dir, 'crash'));
    mkdirSync(join(place.dir, 'crash'));
    expect(await exitOf(guard('echo "FATAL ERROR: no memory" >&2; exit 3'))).toBe(3);
  });

  it('a Node without memory leaves the words by which the next one knows', async () => {
    const greedy = `${process.execPath} --max-old-space-size=12 -e 'const all = []; for (;;) all.push(new Array(1e5).fill(1))'`;
    const child = guard(`echo "$ERP_LAST_EXIT" >> "$1"; [ $(wc -l < "$1") -lt 2 ] || exit 0; exec ${greedy}`);
    expect(await exitOf(child)).toBe(0);
    const last = parseLastExit(lives()[1]);
    expect(last).not.toBeNull();
    const death = supervisorDeath(last ?? {status: null, at: 0}, {
      memoryKills: 0,
      memoryKillsOf: '',
      lastWords: file('crash'),
    });
    expect(death).toMatchObject({cause: 'out-of-memory', confidence: 0.95});
    expect(death.evidence[0]).toMatch(/FATAL ERROR.*heap out of memory/);
  });

  describe('that stands in for one that was killed', () => {
    it('starts a supervisor when the other end of its stdin is closed without a word', async () => {
      const child = guard('echo "$ERP_LAST_EXIT" >> "$1"; exit 0', [String(process.pid)], 'pipe');
      child.stdin?.end();
      expect(await exitOf(child)).toBe(0);
      expect(lives()[0]).toMatch(/^unknown \d+$/);
    });

    it('ends with an end that was meant', async () => {
      const child = guard('echo $$ >> "$1"', [String(process.pid)], 'pipe');
      child.stdin?.end('4\n');
      expect(await exitOf(child)).toBe(4);
      expect(lives()).toHaveLength(0);
    });

    it('passes TERM on to the supervisor, and waits for its word', async () => {
      const supervisor = spawn('sleep', ['60'], {stdio: 'ignore'});
      const child = guard('echo $$ >> "$1"', [String(supervisor.pid)], 'pipe');
      await until('it waits', () => isBlockedInRead(child.pid ?? 0));
      child.kill('SIGTERM');
      expect((await once(supervisor, 'exit'))[1]).toBe('SIGTERM');
      child.stdin?.end('0\n');
      expect(await exitOf(child)).toBe(0);
      expect(lives()).toHaveLength(0);
    });
  });

  it('starts it again when it was killed, and then ends with it', async () => {
    const child = guard('echo $$ >> "$1"; [ $(wc -l < "$1") -lt 2 ] || exit 0; sleep 60 & wait');
    process.kill(Number(await lifeNumber(1)), 'SIGKILL');
    expect(await exitOf(child)).toBe(0);
    expect(lives()).toHaveLength(2);
  });

  it.each([
    'SIGTERM',
    'SIGINT',
  ] as const)('passes %s on, waits for the end and passes the code back', async (signal) => {
    const name = signal.slice(3);
    // A background job of a shell has SIGINT ignored, as POSIX asks; a shell can't trap it then, Node can.
    const child = guard(
      signal === 'SIGINT'
        ? 'exec node -e \'process.on("SIGINT",()=>setTimeout(()=>process.exit(3),100));require("fs").appendFileSync(process.argv[1],process.pid+"\\n");setInterval(()=>{},1000)\' "$1"'
        : `trap 'sleep 0.1; exit 3' ${name}; echo $$ >> "$1"; while :; do sleep 0.05; done`,
    );
    await lifeNumber(1);
    child.kill(signal);
    expect(await exitOf(child)).toBe(3);
    expect(lives()).toHaveLength(1);
  });

  it('does not start a supervisor again that died of the signal it was sent', async () => {
    const child = guard('echo $$ >> "$1"; exec sleep 60');
    await lifeNumber(1);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(143);
    expect(lives()).toHaveLength(1);
  });
});
