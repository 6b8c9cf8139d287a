import {formatDuration} from '../report/format.js';
import type {MachineSpec} from '../spec.js';
import type {MachineStatus} from '../report/status.js';

/** A warning stands until the value is this far on the good side again: no flood of words around a threshold. */
const hysteresis = 0.05;
/** One busy sample is no news; this many in a row are. */
const samplesToWarn = 3;

export type Quantity = 'cpu' | 'memory' | 'disk';

export interface Watched {
  readonly bad: number;
  /** Monotonic ms since when it has been warned of; null: not warned. */
  readonly since: number | null;
}
export type MachineWatch = Readonly<Record<Quantity, Watched>>;

export const freshWatch: MachineWatch = {
  cpu: {bad: 0, since: null},
  memory: {bad: 0, since: null},
  disk: {bad: 0, since: null},
};

export interface MachineNews {
  readonly quantity: Quantity;
  readonly level: 'WARNING' | 'INFO';
  readonly text: string;
}

/** Looks at a sample of the machine: one warning an episode, one line when it is over. */
export function watchMachine(
  watch: MachineWatch,
  sample: MachineStatus,
  spec: MachineSpec,
  now: number,
): readonly [MachineWatch, readonly MachineNews[]] {
  const readings = readingsOf(sample, spec);
  const news: MachineNews[] = [];
  const next = Object.fromEntries(
    (['cpu', 'memory', 'disk'] as const).map((quantity) => {
      const {bad, good, text} = readings[quantity];
      const before = watch[quantity];
      if (before.since !== null) {
        if (!good) return [quantity, before];
        news.push({quantity, level: 'INFO', text: `${text}: well again after ${formatDuration(now - before.since)}`});
        return [quantity, {bad: 0, since: null}];
      }
      const count = bad ? before.bad + 1 : 0;
      if (count < samplesToWarn) return [quantity, {bad: count, since: null}];
      news.push({quantity, level: 'WARNING', text});
      return [quantity, {bad: count, since: now}];
    }),
  ) as unknown as MachineWatch;
  return [next, news];
}

interface Reading {
  readonly bad: boolean;
  readonly good: boolean;
  readonly text: string;
}

/** What was not measured is neither bad nor good: a standing warning stands on. */
const unknown: Reading = {bad: false, good: false, text: ''};

function readingsOf(sample: MachineStatus, spec: MachineSpec): Readonly<Record<Quantity, Reading>> {
  const {cpuRatio: cpu, diskFreeBytes: free, diskSizeBytes: size} = sample;
  const memory = 1 - sample.memoryAvailableBytes / Math.max(1, sample.memorySizeBytes);
  const minFree = Math.min(spec.minFreeBytes, spec.minFreeRatio * (size ?? Number.POSITIVE_INFINITY));
  return {
    cpu:
      cpu === null
        ? unknown
        : {
            bad: cpu > spec.cpuWarnRatio,
            good: cpu < spec.cpuWarnRatio - hysteresis,
            text: `CPU at ${share(cpu)} (warns above ${share(spec.cpuWarnRatio)})`,
          },
    memory: {
      bad: memory > spec.memoryWarnRatio,
      good: memory < spec.memoryWarnRatio - hysteresis,
      text: `memory ${share(memory)} used, ${gib(sample.memoryAvailableBytes)} left (warns above ${share(spec.memoryWarnRatio)})`,
    },
    disk:
      free === null
        ? unknown
        : {
            bad: free < minFree,
            good: free > minFree * 1.1,
            text: `disk: ${gib(free)} free (warns below ${gib(minFree)})`,
          },
  };
}

function share(ratio: number): string {
  return `${(Math.round(ratio * 1000) / 10).toString()}%`;
}

function gib(bytes: number): string {
  const value = bytes / 2 ** 30;
  return value < 1 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${value.toPrecision(3)} GiB`;
}
