import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';

export interface LogFile {
  readonly path: string;
  readonly gzipped: boolean;
  /** Beside it, when its bytes arrived; null: not kept. */
  readonly timesPath: string | null;
}

/** `<service>.log` and what was rotated away from it, `<service>-20260522-090530[-2].log[.gz]`, the oldest first. */
export function logFilesOf(logDir: string, service: string): LogFile[] {
  let names: string[];
  try {
    names = readdirSync(logDir);
  } catch {
    return [];
  }
  const all = new Set(names);
  const rotated = names
    .map((name) => ({name, stamp: stampOf(name, service)}))
    .filter(({stamp}) => stamp !== null)
    // While a file is being compressed both are there; the plain one is whole.
    .filter(({name}) => !(name.endsWith('.gz') && all.has(name.slice(0, -3))))
    .sort((a, b) => ((a.stamp as string) < (b.stamp as string) ? -1 : 1))
    .map(({name}) => name);
  return [...rotated, `${service}.log`]
    .filter((name) => all.has(name))
    .map((name) => {
      const times = `${name.replace(/\.gz$/, '')}.times`;
      return {
        path: join(logDir, name),
        gzipped: name.endsWith('.gz'),
        timesPath: all.has(times) ? join(logDir, times) : null,
      };
    });
}

/** Sortable; null: not a rotated file of this service. */
function stampOf(name: string, service: string): string | null {
  if (!name.startsWith(`${service}-`)) return null;
  const match = /^(\d{8}-\d{6})(?:-(\d+))?\.log(?:\.gz)?$/.exec(name.slice(service.length + 1));
  return match === null ? null : `${match[1]}-${(match[2] ?? '1').padStart(6, '0')}`;
}

/** When which byte arrived: sparse, ascending in both. */
export class ArrivalTimes {
  readonly #offsets: number[] = [];
  readonly #times: number[] = [];

  static read(file: LogFile): ArrivalTimes {
    const times = new ArrivalTimes();
    if (file.timesPath === null) return times;
    let text: string;
    try {
      text = readFileSync(file.timesPath, 'latin1');
    } catch {
      return times;
    }
    for (const line of text.split('\n')) {
      const [offset, at] = line.split(' ').map(Number);
      if (at !== undefined && Number.isFinite(offset) && Number.isFinite(at)) times.add(offset as number, at);
    }
    return times;
  }

  /** After a truncation offsets begin anew: what was noted before speaks of bytes that are gone. */
  add(offset: number, at: number): void {
    while (this.#offsets.length > 0 && (this.#offsets.at(-1) as number) >= offset) {
      this.#offsets.pop();
      this.#times.pop();
    }
    this.#offsets.push(offset);
    this.#times.push(at);
  }

  /** Of the line that begins there: the last arrival noted at or before it. */
  at(offset: number): number | null {
    const index = lastAtMost(this.#offsets, offset);
    return index < 0 ? null : (this.#times[index] as number);
  }

  /** From where on lines can be as late as `time`; 0 when nothing is known. */
  offsetBefore(time: number): number {
    const index = lastAtMost(this.#times, time - 1);
    return index < 0 ? 0 : (this.#offsets[index] as number);
  }
}

/** Index of the last value that is at most `limit`; -1: none. */
function lastAtMost(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function sizeOf(path: string): number {
  return statSync(path, {throwIfNoEntry: false})?.size ?? 0;
}
