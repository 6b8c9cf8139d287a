import {isDigit, isLetter, isUpper} from './bytes.js';
import {isShouted, levelCode, levelOf, levelOfLetter, levelOfSeverity} from './level.js';
import type {TimeReader} from './time-reader.js';

/** What a line was recognised as. */
export const formats = [
  'plain',
  'json',
  'logfmt',
  'bracketed',
  'timestamped',
  'levelled',
  'access',
  'syslog',
  'syslog-5424',
  'klog',
  'redis',
  'postgresql',
  'python',
  'celery',
  'gunicorn',
  'nginx-error',
  'apache-error',
  'journald-export',
  'windows-event',
] as const;
export const formatCode = Object.fromEntries(formats.map((name, code) => [name, code])) as Readonly<
  Record<(typeof formats)[number], number>
>;

/** Words of a header before its level: thread, logger, host, process. */
const mostTokens = 6;
const mostBytes = 128;

/**
 * Reads what stands before the message of a line: time, level, where the message begins. The first bytes decide which
 * form is tried, so each line of a mixed file is read by itself.
 */
export class HeaderReader {
  /** ms; NaN: none. */
  time = Number.NaN;
  level = 0;
  /** Where the message begins, as far as that is certain. */
  from = 0;
  format: number = formatCode.plain;
  readonly #times: TimeReader;

  constructor(times: TimeReader) {
    this.#times = times;
  }

  /** @returns whether the line has a header of its own, and so begins an event wherever it stands */
  read(b: Buffer, p: number, end: number): boolean {
    this.time = Number.NaN;
    this.level = 0;
    this.from = p;
    this.format = formatCode.plain;
    const c = b[p] as number;
    if (c >= 48 && c <= 57) {
      if (this.#times.read(b, p, end)) return this.#timed(b, end, false);
      return this.#redis(b, p, end) || this.#late(b, p, end);
    }
    if (c === 91) return this.#bracket(b, p, end);
    if (c === 60) return this.#priority(b, p, end);
    if (isLetter(c)) return this.#word(b, p, end);
    return c === 45 && this.#late(b, p, end);
  }

  /** Behind a time stamp: its level, and what stands between. */
  #timed(b: Buffer, end: number, inBrackets: boolean): boolean {
    this.time = this.#times.time;
    let q = this.#times.end;
    this.format = inBrackets ? formatCode.bracketed : formatCode.timestamped;
    this.from = skipSeparators(b, q, end);
    if (inBrackets && b[q] === 58) this.format = formatCode.celery;
    const limit = Math.min(end, q + mostBytes);
    let isPlainBefore = true;
    for (let token = 0; token < mostTokens; token += 1) {
      q = skipSeparators(b, q, limit);
      if (q >= limit) break;
      const start = q;
      while (q < limit && !endsToken(b[q] as number)) q += 1;
      const before = b[start - 1];
      const level = levelOf(b, start, q);
      if (level > 0 && (isShouted(b, start, q) || (isPlainBefore && isMarked(b, q, before, token)))) {
        this.level = level;
        this.from = behindLevel(b, q, end);
        this.#name(b, start, q, before, token, inBrackets);
        return true;
      }
      if (q - start === 1 && isPlainBefore && token > 0 && b[q] === 32) {
        const letter = levelOfLetter(b[start] as number);
        if (letter > 0) {
          this.level = letter;
          this.from = skipSeparators(b, q, end);
          return true;
        }
      }
      // What stands in brackets or is a number belongs to the header; a word may belong to the message.
      if (before !== 91 && before !== 40 && !isDigit(b[start]) && before !== 45)
        isPlainBefore = token === 0 && b[q] === 58;
    }
    return true;
  }

  #name(b: Buffer, start: number, q: number, before: number | undefined, token: number, inBrackets: boolean): void {
    if (this.format === formatCode.celery) return;
    if (inBrackets) {
      if (token > 0 && isDigit(b[start - 4])) this.format = formatCode.gunicorn;
      else if (token === 0 && !isUpper(b[start])) this.format = formatCode['apache-error'];
      return;
    }
    if (before === 91 && !isUpper(b[start]) && b[q] === 93 && isDigit(b[q + 2]))
      this.format = formatCode['nginx-error'];
    else if (before === 32 && b[start - 2] === 45 && b[q + 1] === 45) this.format = formatCode.python;
    else if (before === 32 && b[start - 2] === 93 && b[q] === 58 && b[q + 1] === 32 && b[q + 2] === 32)
      this.format = formatCode.postgresql;
  }

  #bracket(b: Buffer, p: number, end: number): boolean {
    const named = isLetter(b[p + 1]);
    if (this.#times.read(b, p + 1, end)) {
      const isTimed = this.#timed(b, end, true);
      if (named && this.format === formatCode.bracketed && this.#isWeekday(b, p + 1))
        this.format = formatCode['apache-error'];
      return isTimed;
    }
    // [INFO] text, [1234] 2026-…, [name] 2026-…
    let q = p + 1;
    while (q < end && q - p < 40 && b[q] !== 93 && b[q] !== 32) q += 1;
    const level = levelOf(b, p + 1, q);
    if (level > 0 && (b[q] === 93 || b[q] === 32)) {
      this.level = level;
      this.format = formatCode.levelled;
      this.from = skipSeparators(b, q, end);
      const at = b[this.from] as number;
      if ((isDigit(at) || isLetter(at)) && this.#times.read(b, this.from, end)) {
        this.time = this.#times.time;
        this.from = skipSeparators(b, this.#times.end, end);
      }
      return true;
    }
    return this.#late(b, p, end);
  }

  #isWeekday(b: Buffer, p: number): boolean {
    return b[p + 3] === 32 && isLetter(b[p + 4]);
  }

  /** <34>Oct 11 22:14:15 host su: text and <165>1 2003-10-11T22:14:15.003Z host app 123 ID47 - text */
  #priority(b: Buffer, p: number, end: number): boolean {
    let q = p + 1;
    let value = 0;
    while (q < end && isDigit(b[q]) && q - p <= 3) {
      value = value * 10 + (b[q] as number) - 48;
      q += 1;
    }
    if (q === p + 1 || b[q] !== 62 || value > 191) return false;
    q += 1;
    const level = levelOfSeverity(value & 7);
    if (isDigit(b[q]) && b[q + 1] === 32 && this.#times.read(b, q + 2, end)) {
      this.time = this.#times.time;
      this.format = formatCode['syslog-5424'];
      this.from = behind5424(b, this.#times.end, end);
    } else if (this.#times.read(b, q, end)) {
      this.time = this.#times.time;
      this.format = formatCode.syslog;
      this.from = behindTag(b, this.#times.end, end);
    } else {
      this.format = formatCode.syslog;
      this.from = behindName(b, q, end);
    }
    this.level = level;
    return true;
  }

  #word(b: Buffer, p: number, end: number): boolean {
    const c = b[p] as number;
    // I0522 09:41:07.123456 1234 file.go:12] text
    if (isDigit(b[p + 1]) && isDigit(b[p + 4]) && b[p + 5] === 32 && (c === 73 || c === 87 || c === 69 || c === 70)) {
      if (!this.#times.readKlog(b, p + 1, end)) return false;
      this.time = this.#times.time;
      this.level = levelOfLetter(c);
      this.format = formatCode.klog;
      let q = this.#times.end;
      const limit = Math.min(end, q + 100);
      while (q < limit && b[q] !== 93) q += 1;
      this.from = q < limit ? skipSeparators(b, q + 1, end) : skipSeparators(b, this.#times.end, end);
      return true;
    }
    if (end - p >= 15 && (b[p + 3] === 32 || b[p + 3] === 44) && this.#times.read(b, p, end)) {
      this.time = this.#times.time;
      this.format = formatCode.syslog;
      this.from = behindTag(b, this.#times.end, end);
      return true;
    }
    let q = p;
    const limit = Math.min(end, p + 24);
    while (q < limit && !endsToken(b[q] as number)) q += 1;
    // INFO:     text, WARN  text, error: text
    const level = levelOf(b, p, q);
    if (level > 0 && (b[q] === 58 || (isShouted(b, p, q) && (b[q] === 32 || q === end)))) {
      this.level = level;
      this.format = formatCode.levelled;
      this.from = skipSeparators(b, q, end);
      const at = b[this.from] as number;
      if ((isDigit(at) || at === 91) && this.#times.read(b, at === 91 ? this.from + 1 : this.from, end)) {
        this.time = this.#times.time;
        this.from = skipSeparators(b, this.#times.end, end);
      }
      return true;
    }
    if (b[q] === 61 || level > 0) return false;
    return this.#late(b, p, end);
  }

  /** 1234:M 22 Nov 2026 15:30:56.123 * text */
  #redis(b: Buffer, p: number, end: number): boolean {
    let q = p;
    while (q < end && isDigit(b[q]) && q - p < 8) q += 1;
    if (b[q] !== 58 || !isUpper(b[q + 1]) || b[q + 2] !== 32 || !this.#times.read(b, q + 3, end)) return false;
    this.time = this.#times.time;
    this.format = formatCode.redis;
    const mark = b[this.#times.end + 1];
    this.level = mark === 35 ? levelCode.warning : mark === 46 || mark === 45 ? levelCode.debug : levelCode.info;
    this.from = Math.min(end, this.#times.end + 3);
    return true;
  }

  /** A time stamp behind a first few words: a file name, a node, an address, a mark. */
  #late(b: Buffer, p: number, end: number): boolean {
    const limit = Math.min(end, p + 72);
    let q = p;
    for (let token = 0; token < 5; token += 1) {
      while (q < limit && b[q] !== 32 && b[q] !== 9) q += 1;
      while (q < limit && (b[q] === 32 || b[q] === 9 || b[q] === 124)) q += 1;
      if (q >= limit) return false;
      const c = b[q] as number;
      const at = c === 91 || c === 40 ? q + 1 : q;
      if (!isDigit(b[at]) && (c !== 91 || !isLetter(b[at]))) continue;
      if (this.#times.read(b, at, end)) return this.#timed(b, end, at > q);
      if (at === q && this.#redis(b, q, end)) return true;
    }
    return false;
  }
}

const ends = new Uint8Array(256);
for (let c = 0; c <= 32; c += 1) ends[c] = 1;
for (const c of '[]()|:,<>"=/') ends[c.charCodeAt(0)] = 1;
const endsToken = (c: number): boolean => ends[c] === 1;

const skipped = new Uint8Array(256);
for (const c of ' \t[]:|,()') skipped[c.charCodeAt(0)] = 1;

function skipSeparators(b: Buffer, p: number, end: number): number {
  let q = p;
  while (q < end) {
    const c = b[q] as number;
    if (skipped[c] !== 1 && (c !== 45 || b[q + 1] !== 32)) break;
    q += 1;
  }
  return q;
}

/** A level in small letters counts in brackets, before a colon, or as the first word. */
function isMarked(b: Buffer, q: number, before: number | undefined, token: number): boolean {
  const after = b[q];
  // Apache: [module:level]
  return (
    (after === 93 && (before === 91 || before === 58)) || (before === 60 && after === 62) || after === 58 || token === 0
  );
}

/** `ERROR [logger] text`: a name in brackets right behind the level belongs to the header. */
function behindLevel(b: Buffer, p: number, end: number): number {
  let q = p;
  // `: INFO/MainProcess] text`
  if (b[q] === 47) while (q < end && b[q] !== 93 && b[q] !== 32) q += 1;
  let brackets = 0;
  for (;;) {
    const c = b[q];
    if (q >= end) return end;
    if (
      c === 32 ||
      c === 9 ||
      c === 93 ||
      c === 58 ||
      c === 124 ||
      c === 44 ||
      c === 41 ||
      (c === 45 && b[q + 1] === 32)
    ) {
      q += 1;
    } else if (c === 91 && brackets === 0) {
      brackets += 1;
      let depth = 1;
      let r = q + 1;
      while (r < end && r - q < 250 && depth > 0) {
        if (b[r] === 91) depth += 1;
        else if (b[r] === 93) depth -= 1;
        r += 1;
      }
      if (depth > 0) return q;
      q = r;
    } else return q;
  }
}

/** Host and `process[pid]:` of a syslog line. */
function behindTag(b: Buffer, p: number, end: number): number {
  let q = p;
  while (q < end && b[q] === 32) q += 1;
  const host = q;
  while (q < end && b[q] !== 32 && q - host < 64) q += 1;
  if (b[q] !== 32) return host;
  return behindName(b, q + 1, end);
}

function behindName(b: Buffer, p: number, end: number): number {
  const limit = Math.min(end, p + 80);
  for (let q = p; q < limit; q += 1) {
    const c = b[q];
    if (c === 58 && (b[q + 1] === 32 || q + 1 === end)) return Math.min(end, q + 2);
    // A name with a blank is rare: `syslogd 1.4.1: restart`.
    if (c === 32 && !isDigit(b[q + 1])) return p;
  }
  return p;
}

/** host app procid msgid structured-data message */
function behind5424(b: Buffer, p: number, end: number): number {
  let q = p;
  for (let field = 0; field < 4; field += 1) {
    while (q < end && b[q] === 32) q += 1;
    while (q < end && b[q] !== 32) q += 1;
  }
  while (q < end && b[q] === 32) q += 1;
  if (b[q] === 45) q += 1;
  while (b[q] === 91 && q < end) {
    while (q < end && !(b[q] === 93 && b[q - 1] !== 92)) q += 1;
    q += 1;
  }
  while (q < end && b[q] === 32) q += 1;
  if (b[q] === 0xef && b[q + 1] === 0xbb && b[q + 2] === 0xbf) q += 3;
  return Math.min(q, end);
}
