import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {beforeAll, expect, it} from '@jest/globals';
import {program, type Rig, until} from '../support/rig.js';
import {SmallDisk} from '../support/small-disk.js';
import {compiler, itNeeds, java, mounts, python, type Tool} from '../support/tools.js';

type Programs = Record<string, (rig: Rig, what: 'talks' | 'stores', path: string) => string[]>;

/** The same two habits in four languages: each has its own way to meet a full disk. */
const languages: Programs = {
  node: (_rig, ...args) => [process.execPath, program('full-disk.mjs'), ...args],
  python: (_rig, ...args) => ['/usr/bin/python3', program('full-disk.py'), ...args],
  java: (_rig, ...args) => ['java', '-Xmx64m', program('FullDisk.java'), ...args],
  c: (rig, ...args) => {
    const file = join(rig.dir, 'full-disk');
    if (!existsSync(file)) spawnSync('cc', ['-o', file, program('full-disk.c')]);
    return [file, ...args];
  },
};
const tools: Record<string, readonly Tool[]> = {node: [], python: [python], java: [java], c: [compiler]};
const present = Object.keys(languages).filter((name) => (tools[name] ?? []).every(({missing}) => missing === null));

beforeAll(() => {
  for (const name of Object.keys(languages))
    for (const {name: what, missing} of tools[name] ?? [])
      if (missing !== null) process.stderr.write(`skipped: full disk, service in ${name}: no ${what} (${missing})\n`);
});

const command = (name: string, rig: Rig, what: 'talks' | 'stores', path: string) =>
  (languages[name] as Programs[string])(rig, what, path);

/** Each number from 1 is there, in order, or counted where it is missing. */
function checkNumbers(log: string): {readonly last: number; readonly missing: number} {
  let last = 0;
  let missing = 0;
  const lines = log.trimEnd().split('\n');
  for (const [index, line] of lines.entries()) {
    const gap = /^--- erp: (\d+) lines \(\d+ bytes\) of output are missing here/.exec(line);
    if (gap !== null) {
      last += Number(gap[1]);
      missing += Number(gap[1]);
      continue;
    }
    if (line !== `${last + 1} ${'x'.repeat(80)}`)
      throw new Error(`line ${last + 1} is missing:\n${lines.slice(index - 3, index + 3).join('\n')}`);
    last += 1;
  }
  return {last, missing};
}

itNeeds(
  [mounts],
  'a full log and state disk: services go on, what is dropped is counted to the line, nothing crashes',
  async (rig) => {
    const count = (name: string) => rig.write(`${name}.count`, '');
    rig.config(
      {
        quiet: {command: ['sleep', '1000']},
        ...Object.fromEntries(
          present.map((name) => [name, {command: command(name, rig, 'talks', count(name)), readiness: {log: '^20 '}}]),
        ),
      },
      {stateDir: 'disk/state', logDir: 'disk/logs', watchdogLogDir: 'disk/own', machine: {sampleInterval: '1s'}},
    );
    const said = (name: string) => Number(readFileSync(join(rig.project, `${name}.count`), 'utf8'));
    const disk = SmallDisk.start(rig, '16m');
    expect(await disk.started()).toBe(0);
    const pids = (await rig.status()).services.map(({pid}) => pid);
    disk.fill();
    const events = () => disk.read('state', 'events.jsonl');
    for (const name of present)
      await until(`the loss of ${name} is told`, () => events().includes(`The output of ${name} can't be written`));
    const before = Object.fromEntries(present.map((name) => [name, said(name)]));
    for (const name of present) await until(`${name} goes on`, () => said(name) > (before[name] as number) + 400);
    expect((await rig.status()).services.map(({pid}) => pid)).toEqual(pids);
    // State is written, if need be by the space that was kept for it.
    await rig.expectErp(0, ['restart', 'quiet']);
    expect(disk.read('state', 'journal', 'quiet.jsonl')).toContain('"inc":2');
    disk.empty();
    for (const name of present)
      await until(`the gap of ${name} is marked`, () => disk.read('logs', `${name}.log`).includes('are missing here'));
    await until('the reserve is back', () => disk.list('state').includes('reserve'));
    for (const name of present) {
      const now = said(name);
      await until(`${name} goes on`, () => said(name) > now + 100);
    }
    await rig.expectErp(0, ['stop']);
    for (const name of present) {
      const {last, missing} = checkNumbers(disk.read('logs', `${name}.log`));
      expect(missing).toBeGreaterThan(300);
      expect(last).toBeGreaterThanOrEqual(said(name));
    }
    // Events and own log have all of it, each line whole.
    for (const line of events().trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
    const numbers = events()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as {seq: number}).seq);
    expect(numbers).toEqual(Array.from({length: numbers.length}, (_, i) => (numbers[0] as number) + i));
    const own = disk.list('own').map((name) => disk.read('own', name));
    expect(own.join('')).toContain('quiet ready');
    disk.leave();
    await rig.nothingLeft();
  },
  {timeoutMs: 180_000},
);

for (const name of Object.keys(languages))
  itNeeds(
    [mounts, ...(tools[name] ?? [])],
    `a ${name} service that dies of a full disk waits for space`,
    async (rig) => {
      const file = join(rig.project, 'disk', 'data');
      rig.config({store: {command: command(name, rig, 'stores', file), readiness: {log: 'stored'}, maxRestarts: 1}});
      const disk = SmallDisk.start(rig, '8m', 'head -c 100m /dev/zero > disk/ballast0 2>/dev/null');
      await until('it is blocked', async () => (await state(rig))?.state === 'backing-off');
      const blocked = await state(rig);
      expect(blocked).toMatchObject({
        restartsUsed: 0,
        totalRestarts: 0,
        diagnosis: {cause: 'disk-full', confidence: 0.95},
      });
      expect(blocked?.note).toMatch(/^blocked: disk full \(\d+(\.\d)? \S+ free on \/.*disk.*\), waits for space$/);
      expect(blocked?.diagnosis?.evidence[0]).toMatch(/No space left on device|ENOSPC/);
      const freedAt = Date.now();
      disk.empty();
      expect(await disk.started()).toBe(0);
      expect(await state(rig)).toMatchObject({state: 'ready', restartsUsed: 0, totalRestarts: 0});
      const unblocked = rig.events().find(({type}) => type === 'unblocked');
      // Within a second; the rest is for a busy machine.
      expect(Date.parse(unblocked?.at ?? '') - freedAt).toBeLessThan(3000);
      await rig.expectErp(0, ['stop']);
      disk.leave();
      await rig.nothingLeft();
    },
  );

/** null: nobody answers yet. */
async function state(rig: Rig) {
  try {
    return (await rig.status()).services[0] ?? null;
  } catch {
    return null;
  }
}

it('has a language to try it with', () => expect(present).toContain('node'));
