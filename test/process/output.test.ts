import {describe, expect, it} from '@jest/globals';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {basename, join} from 'node:path';
import {Rig, until} from './rig.js';
import {nextRotated} from '../../src/lib/platform/rotated-name.js';

const log = (rig: Rig, name = 'web.log'): string => readFileSync(join(rig.dir, 'logs', name), 'utf8');

describe('output through a FIFO', () => {
  it('is in the file as it came, in the tail as lines', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web']);
    const life = rig.start('web', {shell: `printf 'one\\r\\ntwo \\033[31mred\\033[0m\\nb\\377d\\nunfinished'`});
    await life.exit;
    rig.world.output.drain('web');
    expect(readFileSync(join(rig.dir, 'logs', 'web.log')).toString('latin1')).toBe(
      'one\r\ntwo \x1b[31mred\x1b[0m\nb\xffd\nunfinished',
    );
    expect(rig.world.output.tail('web', 10)).toEqual(['one', 'two \x1b[31mred\x1b[0m', 'b\ufffdd', 'unfinished']);
    expect(rig.world.output.tail('web', 2)).toEqual(['b\ufffdd', 'unfinished']);
  });

  it('does not take a line for complete before it is', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'printf "first\\nsec"; read x; printf "ond\\n"'});
    const lines: string[] = [];
    rig.world.output.onLine('web', (line) => lines.push(line));
    await rig.line('web', /first/);
    await until('the half line is in the file', () => log(rig).endsWith('sec'));
    expect(rig.world.output.tail('web', 5)).toEqual(['first']);
    writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
    await life.exit;
    rig.world.output.drain('web');
    expect(lines).toEqual(['first', 'second']);
  });

  it('loses nothing when the supervisor dies, and tells the tail afterwards', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {
      shell: 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "line $i"; done; echo end; read x',
    });
    await rig.line('web', /line 5$/);
    rig.succeed();
    rig.world.output.open(['web']);
    // It must not end in between: a pipe that nobody holds open forgets what is in it.
    await rig.line('web', /^end$/);
    writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
    await until('the end', () => !rig.world.processes.isAlive(life.identity));
    rig.world.output.drain('web');
    expect(log(rig).trimEnd().split('\n')).toEqual([...Array.from({length: 3000}, (_, i) => `line ${i + 1}`), 'end']);
    rig.succeed();
    expect(rig.world.output.tail('web', 2)).toEqual(['line 3000', 'end']);
  });

  it('puts marks between lines, not into them, and keeps them out of the tail', async () => {
    await using rig = new Rig();
    rig.start('web', {shell: 'printf "half"; read x'});
    await until('half a line', () => log(rig) === 'half');
    rig.world.output.mark('web', 'web exited with code 1');
    rig.world.output.mark('web', '--- erp: again ---');
    expect(log(rig)).toBe('half\n--- erp: web exited with code 1 ---\n--- erp: again ---\n');
    expect(rig.world.output.tail('web', 5)).toEqual(['half']);
  });

  it('rotates at line ends by rename, with arrival times beside it', async () => {
    await using base = new Rig();
    await using rig = new Rig({logging: {...base.options.logging, maxFileBytes: 10_000, maxFiles: 4}});
    const life = rig.start('web', {shell: 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "line $i"; done'});
    await life.exit;
    rig.world.output.drain('web');
    await until('old files are removed', () => rotated(rig).length === 4);
    const kept = [...rotated(rig).sort(byTime), 'web.log'];
    const lines = kept
      .map((name) => log(rig, name))
      .join('')
      .trimEnd()
      .split('\n');
    expect(lines.at(-1)).toBe('line 5000');
    expect(lines).toEqual(Array.from({length: lines.length}, (_, i) => `line ${5001 - lines.length + i}`));
    for (const name of kept) {
      expect(statSync(join(rig.dir, 'logs', name)).size).toBeLessThanOrEqual(10_000);
      expect(log(rig, `${name}.times`)).toMatch(/^0 \d{13}\n(\d+ \d{13}\n)*$/);
    }
    expect(rig.problems).toEqual([]);
  });

  it('notices that the log was removed or rotated by somebody else', async () => {
    await using rig = new Rig();
    rig.start('web', {shell: 'while :; do echo tick; sleep 0.05; done'});
    await rig.line('web', /tick/);
    renameSync(join(rig.dir, 'logs', 'web.log'), join(rig.dir, 'logs', 'moved'));
    await until('a new log', () => readdirSync(join(rig.dir, 'logs')).includes('web.log'));
    rmSync(join(rig.dir, 'logs'), {recursive: true});
    await until('a new folder', () => statSync(join(rig.dir, 'logs', 'web.log'), {throwIfNoEntry: false}));
  });

  it('replaces what is no FIFO of ours', async () => {
    await using rig = new Rig();
    mkdirSync(join(rig.dir, 'run'), {recursive: true});
    writeFileSync(join(rig.dir, 'victim'), 'precious');
    symlinkSync(join(rig.dir, 'victim'), join(rig.dir, 'run', 'web.out'));
    mkdirSync(join(rig.dir, 'run', 'web.in'));
    rig.world.output.open(['web']);
    const life = rig.start('web', {shell: 'echo hello'});
    await life.exit;
    rig.world.output.drain('web');
    expect(log(rig)).toBe('hello\n');
    expect(readFileSync(join(rig.dir, 'victim'), 'utf8')).toBe('precious');
    expect(statSync(join(rig.dir, 'run', 'web.out')).isFIFO()).toBe(true);
    expect(statSync(join(rig.dir, 'run', 'web.out')).mode & 0o777).toBe(0o600);
  });

  it('goes on when the runtime folder is removed under it', async () => {
    await using rig = new Rig();
    rig.world.output.open(['web']);
    rmSync(join(rig.dir, 'run'), {recursive: true});
    await rig.start('web', {shell: 'echo again'}).exit;
    rig.world.output.drain('web');
    expect(log(rig)).toBe('again\n');
  });

  it('begins a new line for a new life', async () => {
    await using rig = new Rig();
    await rig.start('web', {shell: 'printf half'}).exit;
    rig.world.output.drain('web');
    await rig.start('web', {shell: 'echo whole'}).exit;
    rig.world.output.drain('web');
    expect(log(rig)).toBe('half\nwhole\n');
    expect(rig.world.output.tail('web', 9)).toEqual(['half', 'whole']);
  });

  it('still reads an adopted service whose FIFO was removed', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.01; done'});
    await rig.line('web', /tick 5$/);
    rmSync(join(rig.dir, 'run'), {recursive: true});
    rig.succeed();
    rig.world.output.open(['web']);
    rig.world.processes.watch(life.identity, () => undefined);
    await rig.line('web', /tick 50$/);
    const lines = log(rig).trimEnd().split('\n');
    expect(lines).toEqual(Array.from({length: lines.length}, (_, i) => `tick ${i + 1}`));
  });

  it('refuses names that lead elsewhere', async () => {
    await using rig = new Rig();
    for (const name of ['../up', 'a/b', '..', ''])
      expect(() => rig.world.output.tail(name, 1)).toThrow('not a service name');
  });
});

describe('output into the file itself', () => {
  it('is followed while somebody listens, and rotated before a start', async () => {
    await using base = new Rig();
    await using rig = new Rig({logging: {...base.options.logging, maxFileBytes: 100}});
    const lines: string[] = [];
    rig.world.output.onLine('web', (line) => lines.push(line));
    const life = rig.start('web', {shell: 'echo one; read x; echo two'}, {output: 'file'});
    await until('the first line', () => lines.includes('one'));
    writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
    await life.exit;
    rig.world.output.drain('web');
    expect(lines).toEqual(['one', 'two']);
    rig.world.output.mark('web', 'x'.repeat(100));
    await rig.start('web', {shell: 'echo three'}, {output: 'file'}).exit;
    rig.world.output.drain('web');
    expect(log(rig)).toBe('three\n');
    expect(rig.world.output.tail('web', 9)).toEqual(['one', 'two', 'three']);
    expect(rotated(rig)).toHaveLength(1);
  });
});

describe('a log that somebody else changes', () => {
  it('is told once when the service itself truncates it, and the tail goes on', async () => {
    await using rig = new Rig();
    const life = rig.start(
      'web',
      {
        shell:
          'echo one; echo two; read x; echo three > /dev/stderr; read x; echo four > /dev/stderr; echo five; read x',
      },
      {output: 'file'},
    );
    await until('two lines', () => log(rig) === 'one\ntwo\n');
    rig.world.look();
    const go = () => writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
    go();
    await until('it is truncated', () => log(rig) === 'three\n');
    rig.world.look();
    expect(rig.problems).toEqual([expect.stringMatching(/^WARNING The log .*web.log was truncated \(it had 8 bytes/)]);
    expect(rig.world.output.tail('web', 1)).toEqual(['three']);
    go();
    // As long as before: only what stands there tells.
    await until('it is truncated again', () => log(rig) === 'four\nfive\n');
    rig.world.look();
    expect(rig.world.output.tail('web', 2)).toEqual(['four', 'five']);
    expect(rig.problems).toHaveLength(1);
    go();
    await life.exit;
  });

  it('is told when it was copied and truncated, or moved away from under the service', async () => {
    await using rig = new Rig();
    rig.start('web', {shell: 'echo one; read x'});
    await rig.line('web', /one/);
    rig.world.look();
    truncateSync(join(rig.dir, 'logs', 'web.log'));
    rig.world.look();
    expect(rig.problems).toEqual([expect.stringMatching(/^WARNING The log .*web.log was truncated \(it had 4 bytes/)]);
    rig.start('api', {shell: 'echo one; read x'}, {output: 'file'});
    await until('a line', () => log(rig, 'api.log') === 'one\n');
    rig.world.look();
    renameSync(join(rig.dir, 'logs', 'api.log'), join(rig.dir, 'logs', 'api.log.1'));
    rig.world.look();
    expect(rig.problems.at(-1)).toMatch(/^WARNING The log .*api.log was moved or removed; with output: file/);
  });

  it('is followed by the next supervisor, too, when the service writes it', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {shell: 'echo one; read x; echo two; read x'}, {output: 'file'});
    await until('a line', () => log(rig) === 'one\n');
    rig.succeed();
    rig.world.output.open(['web']);
    rig.world.processes.watch(life.identity, () => undefined);
    const heard = rig.line('web', /two/);
    writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
    await heard;
    expect(rotated(rig)).toEqual([]);
  });
});

describe('rotation', () => {
  it('comes by age as well, at the end of a line, from when the first line came', async () => {
    await using base = new Rig();
    await using rig = new Rig({logging: {...base.options.logging, rotateEveryMs: 300}});
    rig.start('web', {shell: 'echo one; printf half; read x; echo " done"; read x'});
    await until('a half line', () => log(rig).endsWith('half'));
    const since = performance.now();
    await until('it is old', () => performance.now() - since > 400);
    rig.world.look();
    expect(rotated(rig)).toEqual([]);
    writeFileSync(join(rig.dir, 'run', 'web.in'), '\n');
    await until('it is rotated', () => {
      rig.world.look();
      return rotated(rig).length === 1;
    });
    expect(log(rig, rotated(rig)[0])).toBe('one\nhalf done\n');
    expect(log(rig)).toBe('');
    // An empty log stays, however old.
    const again = performance.now();
    await until('it would be old', () => performance.now() - again > 400);
    rig.world.look();
    expect(rotated(rig)).toHaveLength(1);
  });

  it('counts the age over supervisors', async () => {
    await using base = new Rig();
    await using rig = new Rig({logging: {...base.options.logging, rotateEveryMs: 60_000}});
    mkdirSync(join(rig.dir, 'logs'));
    writeFileSync(join(rig.dir, 'logs', 'web.log'), 'old\n');
    writeFileSync(join(rig.dir, 'logs', 'web.log.times'), `0 ${Date.now() - 61_000}\n`);
    await rig.start('web', {shell: 'echo new'}).exit;
    rig.world.look();
    await until('it is rotated', () => rotated(rig).length === 1);
    rig.world.output.drain('web');
    expect([log(rig, rotated(rig)[0]), log(rig)].join('|')).toMatch(/^old\n(new\n\||\|new\n)$/);
  });

  it('gives names that sort in the order of the files, whatever the clock does', async () => {
    await using rig = new Rig();
    const path = join(rig.dir, 'web.log');
    const [noon, before] = [new Date(2026, 9, 25, 12), new Date(2026, 9, 25, 11)];
    const names: string[] = [];
    for (const now of [noon, noon, before, before, noon]) {
      names.push(basename(nextRotated(path, now)));
      writeFileSync(join(rig.dir, names.at(-1) as string), '');
    }
    expect(names).toEqual(['', '-2', '-3', '-4', '-5'].map((n) => `web-20261025-120000${n}.log`));
    renameSync(join(rig.dir, names[4] as string), join(rig.dir, `${names[4]}.gz`));
    expect(basename(nextRotated(path, before))).toBe('web-20261025-120000-6.log');
    // Of another service, whatever it is called.
    writeFileSync(join(rig.dir, 'web-api-20270101-000000.log'), '');
    expect(basename(nextRotated(path, before))).toBe('web-20261025-120000-6.log');
  });
});

const rotated = (rig: Rig): string[] => readdirSync(join(rig.dir, 'logs')).filter((name) => /^web-.*\.log$/.test(name));
const parts = (name: string): [string, number] => {
  const [, stamp = '', n = '1'] = /^web-(\d+-\d+)(?:-(\d+))?\.log$/.exec(name) ?? [];
  return [stamp, Number(n)];
};
const byTime = (a: string, b: string): number => {
  const [[x, m], [y, n]] = [parts(a), parts(b)];
  return x < y ? -1 : x > y ? 1 : m - n;
};
