import {closeSync, fstatSync, mkdirSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type winston from 'winston';
import {appendWhole} from './append-whole.js';
import {openAppend} from './safe-open.js';
import type {LogLevel} from '../core/spec.js';
import {logLevels} from '../core/spec.js';

export interface DailyLogOptions {
  readonly dir: string;
  /** `watchdog` for `watchdog_YYYYMMDD.log` */
  readonly name: string;
  /** Which files there are, so that they are removed in time. */
  readonly auditFile: string;
  readonly level: LogLevel;
  readonly maxAgeDays: number;
  readonly maxTotalBytes?: number;
  /** What it is called when it can't be written: `The own log in …` */
  readonly title: string;
  /** Told once when the folder can't be written, and once when it can again. */
  readonly onProblem: (level: LogLevel, text: string) => void;
}

const fileBytes = 20e6;
const totalBytes = 200e6;
/** Lines kept in memory while the disk is full. */
const keptWhileFull = 5000;

type Winston = typeof winston;

/** The part of winston's transports that we use. */
interface DailyFile {
  write(info: object): boolean;
  on(event: string, listener: (error: Error) => void): unknown;
  close?(): void;
}

/**
 * A log with a file for each day, in the form operators grep for: `[2026-05-22 09:05:30] [LEVEL] text`. winston and its
 * daily rotation are loaded after the services have been started; what is said before waits. Its stream is bypassed:
 * lines that are in winston's pipe at process.exit are lost (1,000 of 1,000), so the transport is written to directly
 * and writes synchronously.
 */
export class DailyLog {
  readonly #options: DailyLogOptions;
  #waiting: {level: LogLevel; line: string; day: string}[] = [];
  #file: DailyFile | null = null;
  /** winston could not be loaded. */
  #isPlain = false;
  #isFailing = false;
  #closed = false;

  constructor(options: DailyLogOptions) {
    this.#options = options;
  }

  /** Loads winston and writes what has been waiting. Never rejects: without it lines are written without rotation. */
  async load(): Promise<void> {
    try {
      const [{format}, {default: DailyRotateFile}] = await Promise.all([
        import('winston'),
        import('winston-daily-rotate-file'),
      ]);
      mkdirSync(this.#options.dir, {recursive: true, mode: 0o755});
      const {numbered, lineFormat} = winstonForms(format);
      const file = new DailyRotateFile({
        dirname: this.#options.dir,
        filename: `${this.#options.name}_%DATE%`,
        datePattern: 'YYYYMMDD',
        maxFiles: `${Math.max(1, Math.round(this.#options.maxAgeDays))}d`,
        maxSize: Math.min(fileBytes, this.#options.maxTotalBytes ?? totalBytes),
        auditFile: this.#options.auditFile,
        extension: '.log',
        format: lineFormat,
        options: {
          flags: 'a',
          fs: synchronousFiles(
            (error) => this.#problem(error),
            () => this.#recovered(),
          ),
        },
      }) as unknown as DailyFile & {levels: object; level: string};
      file.levels = numbered;
      file.level = 'DEBUG';
      file.on('error', (error) => this.#problem(error));
      // A stream opens its file in the next tick; what is written before is kept in memory.
      await new Promise((resolve) => setImmediate(resolve));
      this.#file = file;
    } catch (error) {
      this.#problem(error as Error);
    }
    if (this.#file !== null) this.#pour();
    else this.#isPlain = true;
    this.flushSync();
  }

  log(level: LogLevel, text: string): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.#options.level)) return;
    this.write(level, logLine(level, text));
    if (level === 'CRITICAL') this.flushSync();
  }

  /** A line as it is, whatever its level. */
  write(level: LogLevel, line: string): void {
    if (this.#closed) return;
    this.#waiting.push({level, line, day: day(new Date())});
    if (this.#waiting.length > 10_000) this.#waiting.shift();
    if (this.#file !== null) this.#pour();
    else if (this.#isPlain) this.flushSync();
  }

  /** Everything said so far is in the file when this returns; for the last lines before an exit. */
  flushSync(): void {
    if (this.#file !== null) {
      this.#pour();
      return;
    }
    const lines = this.#waiting.splice(0);
    if (lines.length === 0) return;
    try {
      mkdirSync(this.#options.dir, {recursive: true, mode: 0o755});
      for (const {line, day} of lines) {
        const fd = openAppend(join(this.#options.dir, `${this.#options.name}_${day}.log`), 0o640);
        try {
          writeSync(fd, `${line}\n`);
        } finally {
          closeSync(fd);
        }
      }
      this.#recovered();
    } catch (error) {
      this.#waiting.unshift(...lines);
      this.#problem(error as Error);
    }
  }

  close(): void {
    this.flushSync();
    this.#closed = true;
    this.#file?.close?.();
  }

  #pour(): void {
    for (const {level, line} of this.#waiting.splice(0))
      this.#file?.write({level, message: line, [Symbol.for('level')]: level});
  }

  #problem(error: Error): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onProblem('ERROR', `${this.#options.title} can't be written: ${error.message}`);
  }

  #recovered(): void {
    if (this.#isFailing) this.#options.onProblem('INFO', `${this.#options.title} is written again.`);
    this.#isFailing = false;
  }
}

/** A line of the log is a line: an exception's stack stays readable, and nobody forges an entry by a line break. */
export const logLine = (level: LogLevel, text: string): string =>
  `[${logStamp(new Date())}] [${level}] ${text.replace(/\r?\n|\r/g, '\n    ')}`;

interface OpenFile {
  readonly path: string;
  fd: number | null;
  checkedAt: number;
  /** What could not be written yet. */
  readonly waiting: Buffer[];
}

function pour(fd: number, waiting: Buffer[]): void {
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    appendWhole(fd, next);
    waiting.shift();
  }
}

/** winston wants its numbers the other way round: 0 is the most severe. */
function winstonForms(format: Winston['format']) {
  const numbered = Object.fromEntries([...logLevels].reverse().map((level, number) => [level, number]));
  return {numbered, lineFormat: format.printf((info) => String(info.message))};
}

/**
 * File functions for fs.WriteStream that have done their work when they return. A file that was removed, or that could
 * not be opened, is opened again; an error is told and otherwise swallowed: a log is no reason to fail.
 */
function synchronousFiles(onError: (error: Error) => void, onSuccess: () => void) {
  type Done<T extends unknown[]> = (error: Error | null, ...result: T) => void;
  const files = new Map<number, OpenFile>();
  let handles = 0;
  const reopen = (file: OpenFile): void => {
    const now = Date.now();
    if (Math.abs(now - file.checkedAt) < 1000) return;
    file.checkedAt = now;
    if (file.fd !== null && fstatSync(file.fd).nlink > 0) return;
    if (file.fd !== null) closeSync(file.fd);
    file.fd = null;
    mkdirSync(dirname(file.path), {recursive: true, mode: 0o755});
    file.fd = openAppend(file.path, 0o640);
  };
  return {
    open: (path: string, _flags: string, _mode: number, done: Done<[number]>): void => {
      const file = {path, fd: null, checkedAt: 0, waiting: []};
      try {
        reopen(file);
      } catch (error) {
        onError(error as Error);
      }
      files.set(++handles, file);
      done(null, handles);
    },
    write: (
      fd: number,
      bytes: Buffer,
      offset: number,
      length: number,
      _at: unknown,
      done: Done<[number, Buffer]>,
    ): void => {
      const file = files.get(fd);
      try {
        if (file !== undefined) {
          file.waiting.push(Buffer.from(bytes.subarray(offset, offset + length)));
          if (file.waiting.length > keptWhileFull) file.waiting.shift();
          reopen(file);
          if (file.fd !== null) {
            pour(file.fd, file.waiting);
            onSuccess();
          }
        }
      } catch (error) {
        onError(error as Error);
      }
      done(null, length, bytes);
    },
    close: (fd: number, done: Done<[]>): void => {
      const file = files.get(fd);
      files.delete(fd);
      if (file !== undefined && file.fd !== null) closeSync(file.fd);
      done(null);
    },
  };
}

/** `2026-05-22 09:05:30`, local time. */
export function logStamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

const day = (date: Date): string => logStamp(date).slice(0, 10).replaceAll('-', '');
