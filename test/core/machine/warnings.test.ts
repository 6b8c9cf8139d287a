import {describe, expect, it} from '@jest/globals';
import {freshWatch, type MachineNews, type MachineWatch, watchMachine} from '../../../src/lib/core/machine/warnings.js';
import type {MachineStatus} from '../../../src/lib/core/report/status.js';
import type {MachineSpec} from '../../../src/lib/core/spec.js';

const gib = 2 ** 30;
const spec: MachineSpec = {
  sampleIntervalMs: 5000,
  cpuWarnRatio: 0.9,
  memoryWarnRatio: 0.85,
  minFreeBytes: gib,
  minFreeRatio: 0.02,
};
const calm: MachineStatus = {
  cpuRatio: 0.2,
  memoryAvailableBytes: 8 * gib,
  memorySizeBytes: 16 * gib,
  diskFreeBytes: 100 * gib,
  diskSizeBytes: 250 * gib,
};

/** All news of a run of samples, five seconds apart. */
function run(samples: readonly Partial<MachineStatus>[]): MachineNews[] {
  let watch: MachineWatch = freshWatch;
  return samples.flatMap((sample, i) => {
    const [next, news] = watchMachine(watch, {...calm, ...sample}, spec, i * 5000);
    watch = next;
    return news;
  });
}

const times = <T>(n: number, value: T): T[] => Array.from({length: n}, () => value);

describe('warnings about the machine', () => {
  it('says nothing of a calm machine', () => expect(run(times(100, {}))).toEqual([]));

  it('needs three busy samples in a row: one peak is no news', () => {
    expect(run([{cpuRatio: 1}, {cpuRatio: 1}, {}, {cpuRatio: 1}, {cpuRatio: 1}, {}])).toEqual([]);
    expect(run(times(3, {cpuRatio: 0.95}))).toEqual([
      {quantity: 'cpu', level: 'WARNING', text: 'CPU at 95% (warns above 90%)'},
    ]);
  });

  it('warns once an episode, however the value trembles around the threshold', () => {
    const trembling = Array.from({length: 200}, (_, i) => ({cpuRatio: i % 2 === 0 ? 0.91 : 0.89}));
    expect(run([...times(3, {cpuRatio: 0.95}), ...trembling]).filter(({level}) => level === 'WARNING')).toHaveLength(1);
  });

  it('tells the end of an episode with its length, and warns anew of the next', () => {
    const news = run([...times(3, {cpuRatio: 0.95}), {}, ...times(3, {cpuRatio: 0.95})]);
    expect(news.map(({level}) => level)).toEqual(['WARNING', 'INFO', 'WARNING']);
    expect(news[1]?.text).toContain('well again after 5s');
  });

  it('warns of memory above 85 % and names what is left', () => {
    expect(run(times(3, {memoryAvailableBytes: 1.6 * gib}))[0]).toEqual({
      quantity: 'memory',
      level: 'WARNING',
      text: 'memory 90% used, 1.60 GiB left (warns above 85%)',
    });
  });

  it('takes the smaller of the two limits for the disk: 2 % of a small disk, 1 GiB of a large one', () => {
    const small = {diskSizeBytes: 10 * gib, diskFreeBytes: 0.5 * gib};
    expect(run(times(3, small))).toEqual([]);
    expect(run(times(3, {...small, diskFreeBytes: 0.1 * gib}))).toHaveLength(1);
    expect(run(times(3, {diskFreeBytes: 0.9 * gib}))).toHaveLength(1);
    expect(run(times(3, {diskFreeBytes: 1.1 * gib}))).toEqual([]);
  });
});
