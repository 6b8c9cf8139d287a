import {closeSync, fstatSync, mkdirSync, writeSync} from 'node:fs';
import {release, type as systemName} from 'node:os';
import {dirname, join} from 'node:path';
import type winston from 'winston';
import {appendWhole} from './append-whole.js';
import {Reserve} from './reserve.js';
import {RotatingFile} from './rotating-file.js';
import {openAppend} from './safe-open.js';
import type {LogLevel} from '../core/spec.js';
import {logLevels} from '../core/spec.js';

export interface OwnLogOptions {
  /** `watchdog_YYYYMMDD.log` */
  readonly ownLogDir: string;
  /** `events.jsonl` */
  readonly stateDir: string;
  readonly projectDir: string;
  readonly level: LogLevel;
  readonly maxAgeDays: number;
  readonly maxTotalBytes?: number;
  /** Told once when the folder can't be written, and once when it can again. */
  readonly onProblem: (level: LogLevel, text: string) => void;
}

const eventFileBytes = 10e6;
const eventFiles = 9;
const ownFileBytes = 20e6;
/** Lines of the own log kept in memory while the disk is full. */
const keptWhileFull = 5000;
const ownTotalBytes = 200e6;

type Winston = typeof winston;

/** The part of winston's transports that we use. */
interface DailyFile {
  write(info: object): boolean;
  on(event: string, listener: (error: Error) => void): unknown;
  close?(): void;
}

/**
 * The supervisor's own log in the form operators grep for, `[2026-05-22 09:05:30] [LEVEL] text`, and each event as a
 * line of JSON. winston and its daily rotation are loaded after the services have been started; what is said before
 * waits. Its stream is bypassed: lines that are in winston's pipe at process.exit are lost (1,000 of 1,000), so the
 * transport is written to directly and writes synchronously.
 */
export class OwnLog {
  readonly #options: OwnLogOptions;
  readonly #events: RotatingFile;
  #waiting: {level: LogLevel; line: string; day: string}[] = [];
  #file: DailyFile | null = null;
  /** winston could not be loaded. */
  #isPlain = false;
  #isFailing = false;
  #closed = false;

  constructor(options: OwnLogOptions) {
    this.#options = options;
    const reserve = new Reserve(options.stateDir);
    this.#events = new RotatingFile(
      join(options.stateDir, 'events.jsonl'),
      eventFileBytes,
      eventFiles,
      (error) => this.#problem(error),
      () => reserve.release(),
    );
    this.#header();
  }

  /** Loads winston and writes what has been waiting. Never rejects: without it lines are written without rotation. */
  async load(): Promise<void> {
    try {
      const [{format}, {default: DailyRotateFile}] = await Promise.all([
        import('winston'),
        import('winston-daily-rotate-file'),
      ]);
      mkdirSync(this.#options.ownLogDir, {recursive: true, mode: 0o755});
      const {numbered, lineFormat} = winstonForms(format);
      const file = new DailyRotateFile({
        dirname: this.#options.ownLogDir,
        filename: 'watchdog_%DATE%',
        datePattern: 'YYYYMMDD',
        maxFiles: `${Math.max(1, Math.round(this.#options.maxAgeDays))}d`,
        maxSize: Math.min(ownFileBytes, this.#options.maxTotalBytes ?? ownTotalBytes),
        auditFile: join(this.#options.stateDir, 'watchdog-log-files.json'),
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
    // A line of the log is a line: an exception's stack stays readable, and nobody forges an entry by a line break.
    this.#push(level, `[${stamp(new Date())}] [${level}] ${text.replace(/\r?\n|\r/g, '\n    ')}`);
    if (level === 'CRITICAL') this.flushSync();
  }

  /** One line of JSON; `at` is added. */
  event(event: object): void {
    this.#events.write(`${JSON.stringify({at: new Date().toISOString(), ...event})}\n`);
  }

  /** Events that could not be written may be by now. */
  retry(): void {
    this.#events.retry();
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
      mkdirSync(this.#options.ownLogDir, {recursive: true, mode: 0o755});
      for (const {line, day} of lines) {
        const fd = openAppend(join(this.#options.ownLogDir, `watchdog_${day}.log`), 0o640);
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
    this.#events.close();
  }

  #push(level: LogLevel, line: string): void {
    if (this.#closed) return;
    this.#waiting.push({level, line, day: day(new Date())});
    if (this.#waiting.length > 10_000) this.#waiting.shift();
    if (this.#file !== null) this.#pour();
    else if (this.#isPlain) this.flushSync();
  }

  #pour(): void {
    for (const {level, line} of this.#waiting.splice(0))
      this.#file?.write({level, message: line, [Symbol.for('level')]: level});
  }

  /** As the watchdog of old began its file. */
  #header(): void {
    const {projectDir} = this.#options;
    for (const line of [
      `# Watchdog-Log gestartet am ${stamp(new Date())}`,
      `# Pfad: ${projectDir}`,
      `# System: ${systemName()} ${release()}`,
      `# Node: ${process.versions.node}`,
      '# ------------------------------------------------------',
      '',
    ])
      this.#push('INFO', line);
  }

  #problem(error: Error): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onProblem('ERROR', `The own log in ${this.#options.ownLogDir} can't be written: ${error.message}`);
  }

  #recovered(): void {
    if (this.#isFailing) this.#options.onProblem('INFO', `The own log in ${this.#options.ownLogDir} is written again.`);
    this.#isFailing = false;
  }
}

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
function stamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

const day = (date: Date): string => stamp(date).slice(0, 10).replaceAll('-', '');
