/**
 * How numbers look everywhere (ux.md 2). What is printed here can be pasted into the configuration. Everything is cut,
 * never rounded up: a service that runs for 59.9 s has not run for a minute.
 */

/** `0.4s 12s 3m20s 2h14m 3d4h`, two units at most; negative counts as 0. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '0s';
  if (ms < 10_000) return `${Math.floor(ms / 100) / 10}s`;
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return `${minutes}m${rest(seconds % 60, 's')}`;
  if (days === 0) return `${hours}h${rest(minutes % 60, 'm')}`;
  return `${days}d${rest(hours % 24, 'h')}`;
}

const rest = (value: number, unit: string) => (value === 0 ? '' : `${value}${unit}`);

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `812 KiB 1.2 GiB`: at most three digits before the unit changes. */
export function formatSize(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `0.4% 3.1% 71%` */
export function formatShare(ratio: number): string {
  const percent = Math.max(0, ratio) * 100;
  return `${percent < 9.95 ? percent.toFixed(1) : Math.round(percent)}%`;
}

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-05-22`, local. */
export function formatDate(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `09:41:07`, local. */
export function formatClock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `2026-05-22 09:41:07`, local: the form of the log. */
export function formatDateTime(at: Date): string {
  return `${formatDate(at)} ${formatClock(at)}`;
}

/** `09:41:07` today, else with the date. */
export function formatTime(at: Date, now: Date): string {
  return formatDate(at) === formatDate(now) ? formatClock(at) : formatDateTime(at);
}

/** ISO 8601 in local time with offset, as JSON and events carry it. */
export function isoWithOffset(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const part = (n: number): string => two(Math.floor(Math.abs(n)));
  return `${local}${offset < 0 ? '-' : '+'}${part(offset / 60)}:${part(offset % 60)}`;
}

/** `1 service`, `4 services`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`; more than `max` are counted. */
export function listOf(names: readonly string[], max = 8): string {
  if (names.length > max) return `${names.slice(0, max - 1).join(', ')} and ${names.length - max + 1} more`;
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
