import {describe, expect, it} from '@jest/globals';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawnSync} from 'node:child_process';
import {compiled, until} from './rig.js';
import {OwnLog} from '../../src/lib/platform/own-log.js';
import {RotatingFile} from '../../src/lib/platform/rotating-file.js';

function makeLog(level: 'DEBUG' | 'INFO' = 'DEBUG') {
  const dir = mkdtempSync(join(tmpdir(), 'erp-own-'));
  const problems: string[] = [];
  const folder = join(dir, 'watchdog_logs');
  const open = (): OwnLog =>
    new OwnLog({
      ownLogDir: folder,
      stateDir: join(dir, '.erp'),
      projectDir: '/srv/erp',
      level,
      maxAgeDays: 90,
      onProblem: (severity, text) => problems.push(`${severity} ${text}`),
    });
  const text = (): string => {
    const names = readdirSync(folder);
    expect(names).toEqual([expect.stringMatching(/^watchdog_\d{8}\.log$/)]);
    return readFileSync(join(folder, names[0] as string), 'utf8');
  };
  return {dir, folder, problems, open, text, [Symbol.dispose]: () => rmSync(dir, {recursive: true, force: true})};
}

describe('own log', () => {
  it('has header and lines as operators grep for them, those before winston came included', async () => {
    using rig = makeLog('INFO');
    const log = rig.open();
    log.log('INFO', 'backend started');
    log.log('DEBUG', 'not asked for');
    expect(readdirSync(rig.dir)).toEqual([]);
    await log.load();
    log.log('WARNING', 'two\nlines');
    expect(rig.text()).toMatch(
      /^# Watchdog-Log gestartet am \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n# Pfad: \/srv\/erp\n# System: Linux .*\n# Node: \d+.*\n# -{54}\n\n\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[INFO\] backend started\n\[.{19}\] \[WARNING\] two\n {4}lines\n$/,
    );
    log.close();
    const second = rig.open();
    await second.load();
    second.log('INFO', 'again');
    expect(rig.text().match(/^# Watchdog-Log/gm)).toHaveLength(2);
    second.close();
    expect(rig.problems).toEqual([]);
  });

  it('writes a critical line at once, without winston too', () => {
    using rig = makeLog();
    const log = rig.open();
    log.log('CRITICAL', 'the end');
    expect(rig.text()).toContain('[CRITICAL] the end\n');
    log.log('INFO', 'more');
    log.flushSync();
    expect(rig.text()).toMatch(/the end\n\[.*more\n$/);
  });

  it('loses no line at process.exit', () => {
    using rig = makeLog();
    const program = `
      const {OwnLog} = await import(${JSON.stringify(compiled('src/lib/platform/own-log.js'))});
      const log = new OwnLog({ownLogDir: ${JSON.stringify(rig.folder)}, stateDir: ${JSON.stringify(rig.dir)}, projectDir: '/', level: 'DEBUG', maxAgeDays: 1, onProblem() {}});
      await log.load();
      for (let n = 0; n < 1000; n++) log.log('INFO', 'line ' + n);
      process.exit(0);`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', program], {stdio: 'inherit'}).status).toBe(0);
    expect(rig.text().match(/\] line \d+$/gm)).toHaveLength(1000);
  });

  it('reports once that it can not be written, and is back when it can', async () => {
    using rig = makeLog();
    writeFileSync(rig.folder, 'in the way');
    const log = rig.open();
    log.log('INFO', 'one');
    await log.load();
    log.log('INFO', 'two');
    log.log('CRITICAL', 'three');
    expect(rig.problems).toHaveLength(1);
    expect(rig.problems[0]).toMatch(/^ERROR The own log in .* can't be written/);
    rmSync(rig.folder);
    log.log('INFO', 'four');
    expect(rig.text()).toMatch(/one\n.*two\n.*three\n.*four\n$/);
    expect(rig.problems[1]).toMatch(/^INFO .* is written again/);
    log.close();
  });

  it('is written again after its folder was removed', async () => {
    using rig = makeLog();
    const log = rig.open();
    await log.load();
    rmSync(rig.folder, {recursive: true});
    await until('it is there', () => {
      log.log('INFO', 'still here');
      return readdirSync(rig.dir).includes('watchdog_logs');
    });
    expect(rig.text()).toContain('still here');
    log.close();
  });

  it('events that can not be written are told once, not in turn with a text log that can', async () => {
    using rig = makeLog();
    // A folder in the place of the file: neither root nor anybody else can write it.
    mkdirSync(join(rig.dir, '.erp', 'events.jsonl'), {recursive: true});
    const log = rig.open();
    await log.load();
    for (let seq = 0; seq < 5; seq += 1) {
      log.event({seq});
      log.log('INFO', `line ${seq}`);
    }
    expect(rig.problems).toEqual([expect.stringMatching(/^ERROR events\.jsonl in .*can't be written: EISDIR/)]);
    expect(rig.text()).toContain('line 4\n');
    log.close();
  });

  it('keeps events as JSON', () => {
    using rig = makeLog();
    const log = rig.open();
    log.event({type: 'exited', service: 'web', code: 1});
    log.event({type: 'started', service: 'web'});
    const lines = readFileSync(join(rig.dir, '.erp', 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {at: expect.stringMatching(/Z$/), type: 'exited', service: 'web', code: 1},
      {at: expect.anything(), type: 'started', service: 'web'},
    ]);
    log.close();
  });
});

describe('rotating file', () => {
  it('keeps so many older ones', () => {
    using rig = makeLog();
    const errors: Error[] = [];
    const file = new RotatingFile(join(rig.dir, 'sub', 'events.jsonl'), 100, 2, (error) => errors.push(error));
    for (let n = 0; n < 40; n++) file.write(`{"n":${n}}${' '.repeat(10)}\n`);
    const folder = join(rig.dir, 'sub');
    expect(readdirSync(folder).sort()).toEqual(['events.1.jsonl', 'events.2.jsonl', 'events.jsonl']);
    const all = ['events.2.jsonl', 'events.1.jsonl', 'events.jsonl']
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('');
    const numbers = [...all.matchAll(/"n":(\d+)/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(Array.from({length: numbers.length}, (_, i) => 40 - numbers.length + i));
    expect(errors).toEqual([]);
    file.close();
  });
});
