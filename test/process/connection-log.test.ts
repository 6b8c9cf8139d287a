import {describe, expect, it} from '@jest/globals';
import {chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ConnectionLog, noteConnectionLaunch} from '../../src/lib/platform/connection-log.js';

function makeRig(level: 'DEBUG' | 'INFO' = 'INFO') {
  const dir = mkdtempSync(join(tmpdir(), 'erp-connection-'));
  const logDir = join(dir, 'logs');
  const problems: string[] = [];
  const open = (): ConnectionLog =>
    new ConnectionLog({
      logDir,
      stateDir: join(dir, '.erp'),
      logging: {ownLevel: level, ownMaxAgeDays: 90},
      onProblem: (severity, text) => problems.push(`${severity} ${text}`),
    });
  const read = (name: string): string => readFileSync(join(logDir, name), 'utf8');
  const daily = (): string => read(readdirSync(logDir).find((name) => /^connection_monitor_\d{8}\.log$/.test(name))!);
  return {
    dir,
    logDir,
    problems,
    open,
    read,
    daily,
    [Symbol.dispose]: () => rmSync(dir, {recursive: true, force: true}),
  };
}
const line = (level: string, text: string): RegExp =>
  new RegExp(`^\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\] \\[${level}\\] ${text}$`, 'm');

describe('connection log', () => {
  it('has each line in the one file and in that of the day, before winston and after', async () => {
    using rig = makeRig();
    const log = rig.open();
    log.log('INFO', 'grafana verified');
    log.log('DEBUG', 'not asked for');
    await log.load();
    log.log('WARNING', 'grafana lost\ncause: no-answer');
    log.close();
    const text = rig.read('connection_monitor.log');
    expect(text).toMatch(line('INFO', 'grafana verified'));
    expect(text).toMatch(/\[WARNING\] grafana lost\n {4}cause: no-answer\n$/);
    expect(text).not.toContain('not asked for');
    expect(rig.daily()).toBe(text);
    expect(statSync(join(rig.logDir, 'connection_monitor.log')).mode & 0o777).toBe(0o640);
    expect(rig.problems).toEqual([]);
  });

  it('goes on where it was, with its last line whole', () => {
    using rig = makeRig();
    const first = rig.open();
    first.log('CRITICAL', 'one');
    first.close();
    writeFileSync(join(rig.logDir, 'connection_monitor.log'), '[torn', {flag: 'a'});
    const second = rig.open();
    second.log('INFO', 'two');
    second.close();
    expect(rig.read('connection_monitor.log')).toMatch(/\] one\n\[torn\n\[.*\] two\n$/);
    expect(rig.daily()).toMatch(/\] one\n\[.*\] two\n$/);
  });

  it('is rotated when it is large', () => {
    using rig = makeRig();
    const log = rig.open();
    log.log('CRITICAL', 'first');
    writeFileSync(join(rig.logDir, 'connection_monitor.log'), Buffer.alloc(20e6, 'x'), {flag: 'a'});
    log.close();
    const next = rig.open();
    next.log('CRITICAL', 'second');
    next.close();
    expect(rig.read('connection_monitor.log')).toMatch(/^\[.*second\n$/);
    expect(rig.read('connection_monitor.1.log')).toContain('first');
  });

  it('tells once that it can not be written', async () => {
    using rig = makeRig();
    writeFileSync(rig.logDir, 'a file where the folder should be');
    const log = rig.open();
    log.log('INFO', 'one');
    await log.load();
    log.log('INFO', 'two');
    expect(rig.problems).toEqual([
      expect.stringMatching(/^ERROR connection_monitor_YYYYMMDD\.log in .* can't be written/),
    ]);
    rmSync(rig.logDir);
    log.flushSync();
    expect(rig.read('connection_monitor.log')).toMatch(/one\n\[.*two\n$/);
    log.close();
  });
});

describe('launcher log', () => {
  it('has one line for each launch', () => {
    using rig = makeRig();
    noteConnectionLaunch(rig.logDir, 'supervisor launched for 7 port-forwards, pid 42');
    noteConnectionLaunch(rig.logDir, 'joined the supervisor, pid 42', 'WARNING');
    const text = rig.read('connection_monitor_launcher.log');
    expect(text.trim().split('\n')).toHaveLength(2);
    expect(text).toMatch(line('INFO', 'supervisor launched for 7 port-forwards, pid 42'));
    expect(text).toMatch(line('WARNING', 'joined the supervisor, pid 42'));
  });

  it('is no reason to fail', () => {
    using rig = makeRig();
    writeFileSync(rig.logDir, 'a file where the folder should be');
    expect(() => noteConnectionLaunch(rig.logDir, 'x')).not.toThrow();
  });

  it('does not follow a link that somebody else may have laid', () => {
    using rig = makeRig();
    noteConnectionLaunch(rig.logDir, 'x');
    chmodSync(rig.logDir, 0o777);
    const secret = join(rig.dir, 'secret');
    writeFileSync(secret, '');
    rmSync(join(rig.logDir, 'connection_monitor_launcher.log'));
    symlinkSync(secret, join(rig.logDir, 'connection_monitor_launcher.log'));
    noteConnectionLaunch(rig.logDir, 'y');
    expect(readFileSync(secret, 'utf8')).toBe('');
  });
});
