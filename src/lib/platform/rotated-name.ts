import {readdirSync, statSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';

/** `20260522-090530`, local time: what an operator's clock shows. */
export function timestamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

export interface RotatedName {
  readonly service: string;
  readonly stamp: string;
  /** From 1; the second file of one second is `…-2.log`. */
  readonly number: number;
  readonly gzipped: boolean;
}

/** `<service>-20260522-090530[-2].log[.gz]`; null: something else. */
export function parseRotated(name: string): RotatedName | null {
  const match = /^(.+)-(\d{8}-\d{6})(?:-(\d+))?\.log(\.gz)?$/.exec(name);
  if (match === null) return null;
  const [, service = '', stamp = '', number = '1', gz] = match;
  return {service, stamp, number: Number(number), gzipped: gz !== undefined};
}

/** Sorts the older one first. */
export function byAge(a: RotatedName, b: RotatedName): number {
  return a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : a.number - b.number;
}

/**
 * Where a full log goes: a name that nobody has, and that sorts behind those of all files before it, even when the
 * clock was set back (or summer time ended) since.
 * @param path `<logDir>/<service>.log`
 */
export function nextRotated(path: string, now: Date): string {
  const service = basename(path, '.log');
  let stamp = timestamp(now);
  let number = 1;
  for (const name of namesIn(dirname(path))) {
    const other = name.startsWith(`${service}-`) ? parseRotated(name) : null;
    if (other === null || other.service !== service || other.stamp < stamp) continue;
    number = other.stamp > stamp ? other.number + 1 : Math.max(number, other.number + 1);
    stamp = other.stamp;
  }
  const target = (): string => join(dirname(path), `${service}-${stamp}${number === 1 ? '' : `-${number}`}.log`);
  while (exists(target()) || exists(`${target()}.gz`)) number++;
  return target();
}

/** The youngest file that was rotated away from this log; null: none that is not compressed. */
export function lastRotated(path: string): string | null {
  const service = basename(path, '.log');
  const rotated = namesIn(dirname(path))
    .map((name) => ({name, parsed: parseRotated(name)}))
    .filter((one): one is {name: string; parsed: RotatedName} => one.parsed?.service === service && !one.parsed.gzipped)
    .sort((a, b) => byAge(a.parsed, b.parsed));
  const name = rotated.at(-1)?.name;
  return name === undefined ? null : join(dirname(path), name);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const exists = (path: string): boolean => statSync(path, {throwIfNoEntry: false}) !== undefined;
