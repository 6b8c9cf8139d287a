import {isDigit} from './bytes.js';
import {levelOf, levelOfNumber, levelOfSeverity} from './level.js';
import type {TimeReader} from './time-reader.js';

const keyCode = {
  other: 0,
  time: 1,
  level: 2,
  message: 3,
  error: 4,
  durationMs: 5,
  durationS: 6,
  method: 7,
  path: 8,
  status: 9,
  date: 10,
  wrapped: 11,
} as const; // prettier-ignore
const names: Readonly<Record<string, number>> = {
  timestamp: 1,
  time: 1,
  ts: 1,
  '@timestamp': 1,
  t: 1,
  date: 1,
  datetime: 1,
  asctime: 1,
  'log.time': 1,
  eventtime: 1,
  __realtime_timestamp: 1,
  level: 2,
  severity: 2,
  lvl: 2,
  levelname: 2,
  loglevel: 2,
  'log.level': 2,
  s: 2,
  log_level: 2,
  severitytext: 2,
  '@l': 2,
  priority: 2,
  message: 3,
  msg: 3,
  event: 3,
  text: 3,
  '@m': 3,
  '@mt': 3,
  body: 3,
  short_message: 3,
  error: 4,
  err: 4,
  exception: 4,
  exc_info: 4,
  stack: 4,
  error_message: 4,
  exc: 4,
  duration_ms: 5,
  durationms: 5,
  elapsed_ms: 5,
  elapsedms: 5,
  responsetime: 5,
  response_time_ms: 5,
  latency_ms: 5,
  latencyms: 5,
  took_ms: 5,
  'duration.ms': 5,
  request_time_ms: 5,
  duration_s: 6,
  elapsed_s: 6,
  duration_seconds: 6,
  elapsed_seconds: 6,
  request_time: 6,
  method: 7,
  request_method: 7,
  http_method: 7,
  verb: 7,
  path: 8,
  url: 8,
  uri: 8,
  request_uri: 8,
  request_path: 8,
  http_path: 8,
  route: 8,
  status: 9,
  status_code: 9,
  statuscode: 9,
  http_status: 9,
  $date: 10,
  log: 11,
}; // prettier-ignore
const byLength: (readonly {readonly bytes: Uint8Array; readonly code: number}[])[] = [];
for (const [name, code] of Object.entries(names))
  byLength[name.length] = [
    ...(byLength[name.length] ?? []),
    {bytes: Uint8Array.from(name, (c) => c.charCodeAt(0)), code},
  ];

/** Reads one line of JSON (or logfmt) without parsing it into values: only what the analysis needs is looked at. */
export class RecordReader {
  time = Number.NaN;
  level = 0;
  /** The message: bytes between its quotes. from = to: there is none. */
  messageFrom = 0;
  messageTo = 0;
  /** The message is a whole line of a program, as Docker keeps it. */
  isWrapped = false;
  errorFrom = 0;
  errorTo = 0;
  /** ms; NaN: none. */
  duration = Number.NaN;
  methodFrom = 0;
  methodTo = 0;
  pathFrom = 0;
  pathTo = 0;
  status = 0;
  readonly #times: TimeReader;

  constructor(times: TimeReader) {
    this.#times = times;
  }

  #clear(): void {
    this.time = this.duration = Number.NaN;
    this.level = this.status = 0;
    this.isWrapped = false;
    this.messageFrom = this.messageTo = this.errorFrom = this.errorTo = 0;
    this.methodFrom = this.methodTo = this.pathFrom = this.pathTo = 0;
  }

  /** @returns whether this is an object with a time, a level or a message; it may be cut off at its end */
  readJson(b: Buffer, p: number, end: number): boolean {
    this.#clear();
    let q = p + 1;
    let depth = 1;
    let code: number = keyCode.other;
    while (q < end && depth > 0) {
      const c = b[q] as number;
      if (c === 34) {
        const from = q + 1;
        q = from;
        while (q < end) {
          const d = b[q];
          if (d === 34) break;
          q += d === 92 ? 2 : 1;
        }
        const to = Math.min(q, end);
        q += 1;
        let r = q;
        while (r < end && b[r] === 32) r += 1;
        if (b[r] === 58) {
          code = keyAt(b, from, to);
          q = r + 1;
        } else {
          if (code !== keyCode.other) this.#string(b, code, from, to, depth);
          code = keyCode.other;
        }
        continue;
      }
      if (c === 123) {
        if (depth === 1 && code === keyCode.other && q === p + 1) return false;
        depth += 1;
      } else if (c === 125) depth -= 1;
      else if (c === 91) {
        q = behindArray(b, q, end);
        code = keyCode.other;
        continue;
      } else if ((isDigit(c) || c === 45) && code !== keyCode.other) {
        q = this.#number(b, code, q, end, depth);
        code = keyCode.other;
        continue;
      }
      q += 1;
    }
    return this.messageTo > 0 || this.level > 0 || !Number.isNaN(this.time);
  }

  /** key=value key="a value" … */
  readLogfmt(b: Buffer, p: number, end: number): boolean {
    this.#clear();
    let q = p;
    let pairs = 0;
    while (q < end) {
      while (q < end && b[q] === 32) q += 1;
      const from = q;
      while (q < end && b[q] !== 61 && b[q] !== 32 && b[q] !== 34) q += 1;
      if (b[q] !== 61 || q === from) {
        if (pairs === 0) return false;
        while (q < end && b[q] !== 32) q += 1;
        continue;
      }
      const keyTo = q;
      const code = keyAt(b, from, q);
      q += 1;
      let valueFrom = q;
      let valueTo: number;
      if (b[q] === 34) {
        valueFrom += 1;
        q += 1;
        while (q < end && b[q] !== 34) q += b[q] === 92 ? 2 : 1;
        valueTo = Math.min(q, end);
        q += 1;
      } else {
        while (q < end && b[q] !== 32) q += 1;
        valueTo = q;
      }
      pairs += 1;
      if (code !== keyCode.other) this.#string(b, code, valueFrom, valueTo, 1);
      else if (this.duration !== this.duration && isDurationKey(b, from, keyTo)) this.#span(b, valueFrom, valueTo);
    }
    return pairs >= 2 && (!Number.isNaN(this.time) || this.level > 0);
  }

  #string(b: Buffer, code: number, from: number, to: number, depth: number): void {
    switch (code) {
      case keyCode.time:
      case keyCode.date:
        if ((depth === 1 || code === keyCode.date) && this.time !== this.time && this.#times.read(b, from, to))
          this.time = this.#times.time;
        return;
      case keyCode.level:
        if (depth === 1 && this.level === 0)
          this.level = to - from === 1 ? levelOfOneCharacter(b[from] as number) : levelOf(b, from, to);
        return;
      case keyCode.wrapped:
        if (depth === 1 && this.messageTo === 0) {
          const hasEnd = to - from >= 2 && b[to - 2] === 92 && b[to - 1] === 110;
          this.messageFrom = from;
          this.messageTo = hasEnd ? to - 2 : to;
          this.isWrapped = true;
        }
        return;
      case keyCode.message:
        if (depth === 1 && this.messageTo === 0) {
          this.messageFrom = from;
          this.messageTo = to;
        }
        return;
      case keyCode.error:
        if (this.errorTo === 0) {
          this.errorFrom = from;
          this.errorTo = to;
        }
        return;
      case keyCode.durationMs:
      case keyCode.durationS:
        this.#span(b, from, to);
        return;
      case keyCode.method:
        this.methodFrom = from;
        this.methodTo = to;
        return;
      case keyCode.path:
        this.pathFrom = from;
        this.pathTo = to;
        return;
      case keyCode.status:
        if (to - from === 3 && isDigit(b[from]))
          this.status =
            ((b[from] as number) - 48) * 100 + ((b[from + 1] as number) - 48) * 10 + (b[from + 2] as number) - 48;
    }
  }

  #number(b: Buffer, code: number, from: number, end: number, depth: number): number {
    let q = from;
    while (q < end) {
      const c = b[q] as number;
      if (!isDigit(c) && c !== 46 && c !== 45 && c !== 43 && c !== 101 && c !== 69) break;
      q += 1;
    }
    switch (code) {
      case keyCode.time:
      case keyCode.date:
        if ((depth === 1 || code === keyCode.date) && this.time !== this.time) {
          if (this.#times.epoch(decimal(b, from, q))) this.time = this.#times.time;
        }
        break;
      case keyCode.level:
        if (depth === 1 && this.level === 0) this.level = levelOfNumber(decimal(b, from, q));
        break;
      case keyCode.durationMs:
        this.duration = decimal(b, from, q);
        break;
      case keyCode.durationS:
        this.duration = decimal(b, from, q) * 1000;
        break;
      case keyCode.status:
        this.status = q - from === 3 ? decimal(b, from, q) : 0;
    }
    return q;
  }

  /** 123ms, 1.5s, 0.25. */
  #span(b: Buffer, from: number, to: number): void {
    let q = from;
    while (q < to && (isDigit(b[q]) || b[q] === 46)) q += 1;
    if (q === from) return;
    const value = decimal(b, from, q);
    const unit = b[q];
    if (q === to) return;
    if (unit === 109 && b[q + 1] === 115) this.duration = value;
    else if (unit === 115 && q + 1 === to) this.duration = value * 1000;
    else if ((unit === 0xc2 || unit === 117) && (b[q + 1] === 0xb5 || b[q + 1] === 115)) this.duration = value / 1000;
  }
}

/** Digits with a dot and an exponent, without a string for the usual ones. */
export function decimal(b: Buffer, from: number, to: number): number {
  let value = 0;
  let scale = 0;
  for (let q = from; q < to; q += 1) {
    const c = b[q] as number;
    if (c === 46 && scale === 0) scale = 1;
    else if (c >= 48 && c <= 57) {
      value = value * 10 + c - 48;
      scale *= 10;
    } else return Number(b.toString('latin1', from, to));
  }
  return scale > 1 ? value / scale : value;
}

function keyAt(b: Buffer, from: number, to: number): number {
  const candidates = byLength[to - from];
  if (candidates === undefined) return 0;
  const length = to - from;
  for (const {bytes, code} of candidates) {
    let i = 0;
    while (i < length && lower(b[from + i] as number) === bytes[i]) i += 1;
    if (i === length) return code;
  }
  return 0;
}

const lower = (c: number): number => (c >= 65 && c <= 90 ? c + 32 : c);

/** Of MongoDB: I, W, E, F, D1 …; of journald: 0 to 7. */
function levelOfOneCharacter(c: number): number {
  if (c >= 48 && c <= 55) return levelOfSeverity(c - 48);
  return c === 73 ? 2 : c === 87 ? 3 : c === 69 ? 4 : c === 70 ? 5 : c === 68 ? 1 : 0;
}

/** dur, duration, elapsed, took, latency: with a unit in their value. */
function isDurationKey(b: Buffer, from: number, to: number): boolean {
  for (const name of durationKeys) {
    if (to - from !== name.length) continue;
    let i = 0;
    while (i < name.length && b[from + i] === name[i]) i += 1;
    if (i === name.length) return true;
  }
  return false;
}
const durationKeys = ['dur', 'duration', 'elapsed', 'took', 'latency'].map((name) =>
  Uint8Array.from(name, (c) => c.charCodeAt(0)),
);

function behindArray(b: Buffer, p: number, end: number): number {
  let depth = 0;
  let q = p;
  while (q < end) {
    const c = b[q];
    if (c === 34) {
      q += 1;
      while (q < end && b[q] !== 34) q += b[q] === 92 ? 2 : 1;
    } else if (c === 91) depth += 1;
    else if (c === 93) {
      depth -= 1;
      if (depth === 0) return q + 1;
    }
    q += 1;
  }
  return end;
}
