import {describe, expect, it} from '@jest/globals';
import {
  freshWatch,
  type MachineNews,
  type MachineWatch,
  standingWarnings,
  watchMachine,
} from '../../../src/lib/core/machine/warnings.js';
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

  it('tells when a disk that fills steadily is full, once, and when it fills no longer', () => {
    const perSample = (1.2 * gib * 5) / 3600;
    const filling = Array.from({length: 1440}, (_, i) => ({diskFreeBytes: 8 * gib - i * perSample}));
    const resting = times(1440, {diskFreeBytes: 8 * gib - 1440 * perSample});
    expect(run([...filling, ...resting]).map(({quantity, level, text}) => [quantity, level, text])).toEqual([
      ['disk-forecast', 'WARNING', 'disk full in about 6h at this rate (-1.20 GiB an hour, 7.38 GiB free)'],
      ['disk-forecast', 'INFO', expect.stringMatching(/^disk: 5.60 GiB free, it fills no longer: well again after /)],
    ]);
  });

  it('names the disk where there are several, and follows each', () => {
    const disks = (free: number) => [
      {places: ['state', 'project'], freeBytes: 100 * gib, sizeBytes: 250 * gib},
      {places: ['logs'], freeBytes: free, sizeBytes: 250 * gib},
    ];
    expect(run(times(3, {disks: disks(0.5 * gib)}))).toEqual([
      {quantity: 'disk', level: 'WARNING', text: 'disk of logs: 512 MiB free (warns below 1.00 GiB)'},
    ]);
  });

  it('shows what stands', () => {
    let watch: MachineWatch = freshWatch;
    for (let i = 0; i < 5; i += 1) [watch] = watchMachine(watch, {...calm, cpuRatio: 0.9 + i / 100}, spec, i * 5000);
    expect(standingWarnings(watch, String)).toEqual([
      {limit: 'cpu', since: '15000', text: 'CPU at 94% (warns above 90%)'},
    ]);
  });
});
