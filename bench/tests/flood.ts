import {existsSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {now} from '../commands.js';
import {cpuOf, memoryOf, read} from '../processes.js';
import {rounded} from '../statistics.js';
import type {Trial} from '../trial.js';
import type {Flood} from '../types.js';
import {suits, type Test} from './test.js';

const limitBytes = 10_000_000;
const keep = 30;

/** e: one service writes a million numbered lines of 120 bytes, one write(2) each; every line is looked for. */
export const flood: Test<'e'> = {
  id: 'e',
  title: 'a million lines',
  rounds: 3,
  waits: false,
  limitSeconds: 300,
  applies: (candidate) => candidate.capturesOutput && suits(candidate, 'e'),
  measure,
  brief: ({writerSeconds, cpuSeconds, missing}) => `writer ${writerSeconds} s, CPU ${cpuSeconds} s, ${missing} lost`,
};

async function measure(trial: Trial): Promise<Flood> {
  const {lines} = trial.settings;
  const {rotates} = trial.candidate;
  const plain = trial.service('flood', 'flood', 0, lines);
  const service = {...plain, env: {...plain.env, FLOOD_WAIT: '1'}};
  await trial.peer.start([service], rotates ? {rotate: {maxBytes: limitBytes, keep}} : {});
  await trial.until('start of the writer', () => trial.starts('flood').length > 0, 15_000);
  await trial.sleep(2000);
  const pids = await trial.daemons();
  const idleRssKiB = memoryOf(pids).rssKiB;
  const cpuBefore = cpuOf(pids);
  const since = now();
  writeFileSync(join(trial.dir, 'flood.go'), '');
  const report = join(trial.dir, 'flood.flood');
  await trial.until('end of the writer', () => existsSync(report), 240_000, 50);
  const [writerSeconds = NaN, writeErrors = NaN] = read(report).split(' ').map(Number);
  const settledAt = await untilStill(trial);
  return {
    lines,
    writerSeconds,
    writeErrors,
    onDiskSeconds: rounded((settledAt - since) / 1000, 2),
    cpuSeconds: rounded(cpuOf(pids) - cpuBefore, 3),
    idleRssKiB,
    peakRssKiB: memoryOf(pids).peakKiB,
    limitBytes: rotates ? limitBytes : null,
    ...looked(
      trial.peer.logFiles('flood').filter((file) => existsSync(file)),
      lines,
    ),
  };
}

/** @returns when the last byte was seen to arrive: nothing more for two seconds */
async function untilStill(trial: Trial): Promise<number> {
  const size = () =>
    trial.peer.logFiles('flood').reduce((sum, file) => sum + (statSync(file, {throwIfNoEntry: false})?.size ?? 0), 0);
  let last = size();
  let at = now();
  while (now() - at < 2000) {
    await trial.sleep(50);
    const present = size();
    if (present !== last) at = now();
    last = present;
  }
  return at;
}

/** Every line of the files in their order. */
function looked(files: readonly string[], lines: number) {
  const seen = new Uint8Array(lines + 1);
  const counts = {missing: 0, doubled: 0, outOfOrder: 0, damaged: 0};
  let former = 0;
  let rest = '';
  for (const file of files) {
    const whole = (rest + readFileSync(file, 'latin1')).split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole) {
      const number = /^(\d{9}) x{109}$/.exec(line)?.[1];
      if (number === undefined) {
        if (line !== '') counts.damaged += 1;
        continue;
      }
      const n = Number(number);
      if (seen[n] === 1) counts.doubled += 1;
      seen[n] = 1;
      if (n < former) counts.outOfOrder += 1;
      former = n;
    }
  }
  for (let n = 1; n <= lines; n += 1) if (seen[n] !== 1) counts.missing += 1;
  return {
    ...counts,
    files: files.length,
    largestFileBytes: Math.max(0, ...files.map((file) => statSync(file).size)),
  };
}
