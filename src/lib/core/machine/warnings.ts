import {calm, follow, type Reading, unknown, type Watched} from '../limits/episode.js';
import {forecast, forecastText} from '../limits/forecast.js';
import {emptySeries, record, type Series, steadyGrowth} from '../limits/trend.js';
import {formatDuration} from '../report/format.js';
import type {DiskStatus, MachineStatus, Warning} from '../report/status.js';
import type {MachineSpec} from '../spec.js';

/** A warning stands until the value is this far on the good side again: no flood of words around a threshold. */
const hysteresis = 0.05;
/** One busy sample is no news; this many in a row are. */
const samplesToWarn = 3;
/** Less in the window of a forecast is the breathing of a system. */
const leastFillBytes = 8 * 2 ** 20;

export type Quantity = 'cpu' | 'memory' | 'disk' | 'disk-forecast';

/** Warnings by quantity, those about a disk also by its place. */
export interface MachineWatch {
  readonly watched: Readonly<Record<string, Watched>>;
  /** What is used of each disk. */
  readonly disks: Readonly<Record<string, Series>>;
}

export const freshWatch: MachineWatch = {watched: {}, disks: {}};

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
  const news: MachineNews[] = [];
  const watched = {...watch.watched};
  const tell = (quantity: Quantity, key: string, reading: Reading, looks: number, looksToEnd: number): void => {
    const before = watched[key] ?? calm;
    const [after, turn] = follow(before, reading, now, looks, looksToEnd);
    watched[key] = after;
    const lasted = formatDuration(now - (before.since ?? now));
    if (turn === 'begins') news.push({quantity, level: 'WARNING', text: reading.text});
    if (turn === 'ends') news.push({quantity, level: 'INFO', text: `${reading.text}: well again after ${lasted}`});
  };
  tell('cpu', 'cpu', cpuReading(sample, spec), samplesToWarn, 1);
  tell('memory', 'memory', memoryReading(sample, spec), samplesToWarn, 1);
  const all = disksOf(sample);
  const disks: Record<string, Series> = {};
  for (const disk of all) {
    const place = disk.places.join(', ');
    // Where there is only one, it needs no name.
    const name = all.length === 1 ? 'disk' : `disk of ${place}`;
    tell('disk', `disk ${place}`, lowDisk(disk, name, spec), samplesToWarn, 1);
    const [series, isNew] = record(watch.disks[place] ?? emptySeries, now, disk.sizeBytes - disk.freeBytes);
    disks[place] = series;
    if (isNew) tell('disk-forecast', `disk-forecast ${place}`, fillingDisk(disk, name, series), 1, samplesToWarn);
  }
  // What can't be asked just now stands on.
  return [{watched, disks: {...watch.disks, ...disks}}, news];
}

/** Warnings that stand now, for `erp status`. */
export function standingWarnings({watched}: MachineWatch, iso: (at: number) => string): readonly Warning[] {
  return Object.entries(watched).flatMap(([key, {since, text}]) =>
    since === null ? [] : [{limit: key.split(' ')[0] ?? key, since: iso(since), text}],
  );
}

function disksOf({disks, diskFreeBytes, diskSizeBytes}: MachineStatus): readonly DiskStatus[] {
  if (disks !== undefined) return disks;
  if (diskFreeBytes === null || diskSizeBytes === null) return [];
  return [{places: ['state'], freeBytes: diskFreeBytes, sizeBytes: diskSizeBytes}];
}

function cpuReading({cpuRatio: cpu}: MachineStatus, spec: MachineSpec): Reading {
  if (cpu === null) return unknown;
  return {
    bad: cpu > spec.cpuWarnRatio,
    good: cpu < spec.cpuWarnRatio - hysteresis,
    text: `CPU at ${share(cpu)} (warns above ${share(spec.cpuWarnRatio)})`,
  };
}

function memoryReading(sample: MachineStatus, spec: MachineSpec): Reading {
  const memory = 1 - sample.memoryAvailableBytes / Math.max(1, sample.memorySizeBytes);
  return {
    bad: memory > spec.memoryWarnRatio,
    good: memory < spec.memoryWarnRatio - hysteresis,
    text: `memory ${share(memory)} used, ${gib(sample.memoryAvailableBytes)} left (warns above ${share(spec.memoryWarnRatio)})`,
  };
}

function lowDisk({freeBytes: free, sizeBytes}: DiskStatus, name: string, spec: MachineSpec): Reading {
  const minFree = Math.min(spec.minFreeBytes, spec.minFreeRatio * sizeBytes);
  return {
    bad: free < minFree,
    good: free > minFree * 1.1,
    text: `${name}: ${gib(free)} free (warns below ${gib(minFree)})`,
  };
}

function fillingDisk({freeBytes}: DiskStatus, name: string, series: Series): Reading {
  const perMs = steadyGrowth(series, leastFillBytes);
  const coming = perMs === null ? null : forecast(freeBytes, perMs);
  if (coming === null) return {bad: false, good: true, text: `${name}: ${gib(freeBytes)} free, it fills no longer`};
  return {
    bad: coming.isNear,
    good: false,
    text: `${name} full in ${forecastText(coming)} at this rate (-${gib(coming.perHour)} an hour, ${gib(freeBytes)} free)`,
  };
}

function share(ratio: number): string {
  return `${(Math.round(ratio * 1000) / 10).toString()}%`;
}

function gib(bytes: number): string {
  const value = bytes / 2 ** 30;
  return value < 1 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${value.toPrecision(3)} GiB`;
}
