/** What most programs begin their lines with, after a bracket or a level at most. */
const stamp =
  /^(?:[[(]|[A-Z]{1,8}[:\s]\s*)?(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?/;

/** The time that a line itself begins with, in milliseconds since the epoch; without offset it is local. */
export function ownTime(line: string): number | null {
  const match = stamp.exec(line);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part: string | undefined) => Number(part ?? 0)) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return null;
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const zone = match[8];
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - offsetMs(zone);
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.replace(/\D/g, '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4));
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}

const levels = ['TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LineLevel = (typeof levels)[number];

const names: Readonly<Record<string, LineLevel>> = {
  TRACE: 'TRACE',
  VERBOSE: 'TRACE',
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  INFORMATION: 'INFO',
  NOTICE: 'INFO',
  LOG: 'INFO',
  WARN: 'WARNING',
  WARNING: 'WARNING',
  ERROR: 'ERROR',
  ERR: 'ERROR',
  SEVERE: 'ERROR',
  CRITICAL: 'CRITICAL',
  CRIT: 'CRITICAL',
  FATAL: 'CRITICAL',
  PANIC: 'CRITICAL',
  EMERG: 'CRITICAL',
  ALERT: 'CRITICAL',
};
const word = new RegExp(String.raw`(?<![\w.-])(${Object.keys(names).join('|')})(?![\w-])`, 'i');
/** pino and bunyan: 10 trace to 60 fatal. */
const numeric = /"level":\s*(\d{2})\b/;

/** The level a line names in its beginning; null: none, it continues what stands above it. */
export function levelOf(line: string): LineLevel | null {
  const head = line.slice(0, 160);
  const number = numeric.exec(head)?.[1];
  if (number !== undefined) return levels[Math.min(5, Math.max(0, Math.floor(Number(number) / 10) - 1))] ?? null;
  const found = word.exec(head)?.[1];
  if (found === undefined) return null;
  // "log" and "err" in the middle of a sentence are words like others.
  if (found.length <= 3 && found !== found.toUpperCase()) return null;
  return names[found.toUpperCase()] ?? null;
}

export const isAtLeast = (level: LineLevel, wanted: LineLevel) => levels.indexOf(level) >= levels.indexOf(wanted);
export const lineLevels: readonly LineLevel[] = levels;
