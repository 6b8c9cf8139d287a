/** Copies, orphans, counters and wishes: pure, told what was seen. */

/** What a service has written into its own books; see test/fixtures/chaos/numbers.mjs. */
export interface BookRecord {
  /** `start`: spawned; `up`: it works; `end`: it ends by itself; `second`: another copy of it lives. */
  readonly t: 'start' | 'up' | 'end' | 'second';
  readonly pid: number;
  readonly mark: string;
}

/** Of `erp status --json`. */
export interface SeenService {
  readonly name: string;
  readonly wanted: 'up' | 'down';
  readonly pid: number | null;
  readonly incarnation: number;
  readonly totalRestarts: number;
}

export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
  /** ERP_MARK of its environment; null: none. */
  readonly mark: string | null;
}

/** What the run can be held to: depends on what was done in it. */
export interface Expected {
  /** Every end was a crash that a living supervisor saw: the sum is exact. */
  readonly exact: boolean;
}

/** `PROJECT/SERVICE/INCARNATION`, and `/PORT` where there is one; `PROJECT/@supervisor` is none. */
export const incarnationOf = (mark: string): number => Number(mark.split('/')[2]);
const serviceOf = (mark: string): string => mark.split('/')[1] ?? '';

/** No second copy, no number given twice, and what services counted is what erp counts. */
export function judgeLives(records: readonly BookRecord[], seen: SeenService, {exact}: Expected): string[] {
  const {name, incarnation, totalRestarts} = seen;
  const violations = records
    .filter(({t}) => t === 'second')
    .map(({pid, mark}) => `${name}: a second copy ran beside another (pid ${pid}, ${mark})`);
  const starts = records.filter(({t}) => t === 'start');
  const numbers = starts.map(({mark}) => incarnationOf(mark));
  for (const [i, number] of numbers.entries()) {
    const former = numbers[i - 1] ?? 0;
    if (number <= former)
      violations.push(`${name}: incarnation ${number} (pid ${starts[i]?.pid}) began after incarnation ${former}`);
  }
  const last = numbers.at(-1) ?? 0;
  if (last > incarnation) violations.push(`${name}: has begun incarnation ${last}, erp counts ${incarnation}`);
  if (exact && (starts.length !== incarnation || starts.length !== 1 + totalRestarts))
    violations.push(
      `${name}: ${starts.length} starts by its own books, erp counts ${incarnation} incarnations and ${totalRestarts} restarts`,
    );
  return violations;
}

/** Whatever carries the mark of a life that is over, or of a service that is down. */
export function orphansOf(processes: readonly SeenProcess[], services: readonly SeenService[]): string[] {
  return processes.flatMap(({pid, command, mark}) => {
    if (mark === null || serviceOf(mark).startsWith('@')) return [];
    const service = services.find(({name}) => name === serviceOf(mark));
    if (service !== undefined && service.pid !== null && service.incarnation === incarnationOf(mark)) return [];
    const now = service?.pid == null ? 'does not run' : `is at incarnation ${service.incarnation}`;
    return [`${pid} ${command.slice(0, 100)} is left of ${mark}; ${serviceOf(mark)} ${now}`];
  });
}

/** What operators have asked for, where it is known: a command that failed half way leaves it open. */
export function judgeWishes(
  wishes: ReadonlyMap<string, 'up' | 'down' | 'open'>,
  services: readonly SeenService[],
): string[] {
  return services.flatMap(({name, wanted}) => {
    const wish = wishes.get(name) ?? 'open';
    return wish === 'open' || wish === wanted ? [] : [`${name}: was asked to be ${wish}, and is wanted ${wanted}`];
  });
}

export interface MemorySample {
  readonly pid: number;
  /** Since the beginning of the run. */
  readonly atMs: number;
  readonly rssBytes: number;
}

const mebibyte = 1024 * 1024;
/** A supervisor begins with about 60 MiB, and Node's heap breathes. */
const mostBytes = 200 * mebibyte;
const slackBytes = 15 * mebibyte;
const longEnoughMs = 120_000;

/** Bounded, and not growing in one that lives long enough to tell. */
export function judgeMemory(samples: readonly MemorySample[]): string[] {
  const violations: string[] = [];
  const largest = samples.reduce((most, {rssBytes}) => Math.max(most, rssBytes), 0);
  if (largest > mostBytes) violations.push(`a supervisor had ${mib(largest)} MiB`);
  for (const pid of new Set(samples.map((sample) => sample.pid))) {
    const own = samples.filter((sample) => sample.pid === pid);
    const first = own[0]?.atMs ?? 0;
    const span = (own.at(-1)?.atMs ?? 0) - first;
    if (span < longEnoughMs) continue;
    const third = (from: number) =>
      median(own.filter(({atMs}) => atMs - first >= span * from && atMs - first <= span * (from + 1 / 3)));
    const [middle, end] = [third(1 / 3), third(2 / 3)];
    if (end > middle * 1.15 + slackBytes)
      violations.push(
        `supervisor ${pid} grew from ${mib(middle)} to ${mib(end)} MiB within ${Math.round(span / 1000)} s`,
      );
  }
  return violations;
}

export const mib = (bytes: number): number => Math.round(bytes / mebibyte);

function median(samples: readonly MemorySample[]): number {
  const sorted = samples.map(({rssBytes}) => rssBytes).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
