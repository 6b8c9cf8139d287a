import {execFileSync} from 'node:child_process';
import {closeSync, openSync, readdirSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import {nearestToFileLimit} from '../../src/lib/platform/open-files.js';
import {Rig} from './rig.js';

const itLinux = process.platform === 'linux' ? it : it.skip;

describe('open files', () => {
  itLinux('are counted as the kernel counts them, and the nearest to its limit is named', async () => {
    await using rig = new Rig();
    const opens = (count: number, limit: number): string =>
      `ulimit -n ${limit}; for fd in $(seq 10 ${9 + count}); do eval "exec $fd</dev/null"; done; echo up; sleep 1000`;
    const bash = (script: string) => ({argv: ['bash', '-c', script] as const});
    const few = rig.start('few', bash(opens(5, 100)));
    const many = rig.start('many', bash(opens(60, 100)));
    await rig.line('few', /up/);
    await rig.line('many', /up/);
    const found = nearestToFileLimit([few.pid, many.pid]);
    expect(found).toEqual({pid: many.pid, count: readdirSync(`/proc/${many.pid}/fd`).length, limit: 100});
    expect(found?.count).toBeGreaterThanOrEqual(63);
  });

  itLinux('follow what is opened and closed', () => {
    const count = (): number => nearestToFileLimit([process.pid])?.count ?? 0;
    const before = count();
    const files = Array.from({length: 20}, () => openSync('/dev/null', 'r'));
    expect(count()).toBe(before + 20);
    for (const file of files) closeSync(file);
    expect(count()).toBe(before);
  });

  it('of what has gone are unknown', () => {
    const gone = Number(execFileSync('sh', ['-c', 'echo $$'], {encoding: 'utf8'}));
    expect(nearestToFileLimit([gone])).toBeNull();
    expect(nearestToFileLimit([])).toBeNull();
  });
});
