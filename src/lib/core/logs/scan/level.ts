import {isLetter} from './bytes.js';

/** 0: none; else the place in `logLevels` + 1. */
export const levelCode = {none: 0, debug: 1, info: 2, warning: 3, error: 4, critical: 5} as const;

const words: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 1,
  verbose: 1,
  verb: 1,
  silly: 1,
  fine: 1,
  finer: 1,
  finest: 1,
  dbg: 1,
  dbug: 1,
  info: 2,
  information: 2,
  informational: 2,
  notice: 2,
  log: 2,
  inf: 2,
  hint: 2,
  detail: 2,
  statement: 2,
  config: 2,
  success: 2,
  audit: 2,
  warn: 3,
  warning: 3,
  wrn: 3,
  warnung: 3,
  error: 4,
  err: 4,
  eror: 4,
  severe: 4,
  fehler: 4,
  failure: 4,
  fail: 4,
  fatal: 5,
  critical: 5,
  crit: 5,
  panic: 5,
  emerg: 5,
  emergency: 5,
  alert: 5,
  ftl: 5,
  kritisch: 5,
}; // prettier-ignore

/** By length and first letter, so that nearly every word is turned away by one look. */
const byStart: (readonly {readonly bytes: Uint8Array; readonly level: number}[])[] = [];
for (const [word, level] of Object.entries(words)) {
  const key = word.length * 32 + (word.charCodeAt(0) & 31);
  byStart[key] = [...(byStart[key] ?? []), {bytes: Uint8Array.from(word, (c) => c.charCodeAt(0)), level}];
}

/** @returns its level; 0: the bytes from p to q are no word for one */
export function levelOf(b: Buffer, p: number, q: number): number {
  const length = q - p;
  if (length < 3 || length > 13) return 0;
  const candidates = byStart[length * 32 + ((b[p] as number) & 31)];
  if (candidates === undefined) return 0;
  for (const {bytes, level} of candidates) {
    let i = 0;
    while (i < length && ((b[p + i] as number) | 32) === bytes[i]) i += 1;
    if (i === length) return level;
  }
  return 0;
}

/** All letters are capitals. */
export function isShouted(b: Buffer, p: number, q: number): boolean {
  for (let i = p; i < q; i += 1) if (((b[i] as number) & 32) !== 0 && isLetter(b[i])) return false;
  return true;
}

/** D, I, W, E, F, C: Android, klog, MongoDB. */
export function levelOfLetter(c: number): number {
  if (c === 73) return levelCode.info;
  if (c === 87) return levelCode.warning;
  if (c === 69) return levelCode.error;
  if (c === 68 || c === 86) return levelCode.debug;
  return c === 70 || c === 67 ? levelCode.critical : 0;
}

/** The numbers of pino and bunyan. */
export function levelOfNumber(value: number): number {
  if (value < 10 || value > 69) return 0;
  return value < 30
    ? levelCode.debug
    : value < 40
      ? levelCode.info
      : value < 50
        ? levelCode.warning
        : value < 60
          ? levelCode.error
          : levelCode.critical;
}

/** Severities of syslog and journald, 0 to 7. */
export function levelOfSeverity(severity: number): number {
  if (severity <= 2) return levelCode.critical;
  if (severity === 3) return levelCode.error;
  if (severity === 4) return levelCode.warning;
  return severity === 7 ? levelCode.debug : levelCode.info;
}
