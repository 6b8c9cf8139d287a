import {closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {RecentLines} from './recent-lines.js';
import type {LogLevel} from '../core/spec.js';
import type {Cancel} from './types.js';

export type OnProblem = (level: LogLevel, text: string) => void;

/** Somebody else's rotation or `rm` is noticed within this time. */
const checkFileEveryMs = 2000;
/** Arrival times are written down at most this often: fine enough to merge logs, coarse enough for a flood. */
const timesEveryMs = 200;
/** After a failed write: a full disk is not asked for every piece of a flood. */
const retryAfterMs = 1000;
/** A line longer than this may be cut by rotation. */
const longestLineBytes = 1024 * 1024;
const newline = 10;

/**
 * `<logDir>/<service>.log`: bytes as they came, appended; renamed to `<service>-20260522-090530.log` (local time) at a
 * line's end when it is full. Beside each lies `….log.times`: lines `offset epochMs`, when the byte at that offset came.
 * Nothing here throws: what can't be written is counted, and the gap is marked once there is room again.
 */
export class ServiceLog {
  readonly lines = new RecentLines();
  readonly path: string;
  #fd: number | null = null;
  #timesFd: number | null = null;
  #size = 0;
  #checkedAt = 0;
  #timedAt = 0;
  #retryAt = 0;
  #droppedBytes = 0;
  #droppedLines = 0;
  #followedTo: number | null = null;

  readonly #service: string;
  readonly #maxFileBytes: number;
  readonly #onProblem: OnProblem;
  readonly #onRotated: (path: string) => void;

  constructor(
    service: string,
    logDir: string,
    maxFileBytes: number,
    onProblem: OnProblem,
    onRotated: (path: string) => void,
  ) {
    this.#service = service;
    this.#maxFileBytes = maxFileBytes;
    this.#onProblem = onProblem;
    this.#onRotated = onRotated;
    this.path = join(logDir, `${service}.log`);
    this.#open();
    this.#recall();
  }

  /** Output of the service: to the file, and to those who listen. */
  write(bytes: Buffer): void {
    this.#store(bytes);
    this.lines.push(bytes);
  }

  /** A line of ours. */
  mark(words: string): void {
    const line = words.startsWith('---') ? words : `--- erp: ${words} ---`;
    this.#store(Buffer.from(`${this.lines.isInLine ? '\n' : ''}${line}\n`));
    // Whoever follows the file reads this line there; for the others the unfinished line ends here.
    if (this.#followedTo === null && this.lines.isInLine) this.lines.push(Buffer.from('\n'));
  }

  /** The writer has ended in the middle of a line: the next one begins on a new line. */
  endLine(): void {
    if (this.#followedTo === null && this.lines.isInLine) this.write(Buffer.from('\n'));
  }

  onLine(callback: (line: string) => void): Cancel {
    return this.lines.onLine(callback);
  }

  /** For a service that writes into the file itself: takes up what it has written since. */
  follow(): void {
    if (this.#fd === null && !this.#open()) return;
    this.#check(Date.now());
    let fd: number | null = null;
    try {
      fd = openSync(this.path, 'r');
      const size = fstatSync(fd).size;
      let at = this.#followedTo ?? size;
      if (at > size) at = 0; // truncated by somebody, `echo x > /dev/stderr` in a script is enough
      const chunk = Buffer.allocUnsafe(64 * 1024);
      for (let bytes = 1; at < size && bytes > 0; at += bytes) {
        bytes = readSync(fd, chunk, 0, Math.min(chunk.length, size - at), at);
        this.lines.push(chunk.subarray(0, bytes));
      }
      this.#followedTo = at;
    } catch {
      this.#followedTo = 0; // no file now: whatever comes is new
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  /** The file itself as a stream for the child, appending; rotated first when it is full. */
  openForChild(): number {
    this.#check(0);
    if (this.#size >= this.#maxFileBytes) this.#rotate();
    this.#followedTo ??= this.#size;
    return openSync(this.path, 'a', 0o640);
  }

  close(): void {
    for (const fd of [this.#fd, this.#timesFd]) if (fd !== null) closeSync(fd);
    this.#fd = null;
    this.#timesFd = null;
  }

  #store(bytes: Buffer): void {
    const now = Date.now();
    if (now - this.#checkedAt >= checkFileEveryMs) this.#check(now);
    if (this.#retryAt > 0 && !this.#mayRetry(now)) {
      this.#drop(bytes);
      return;
    }
    let rest = bytes;
    let isInLine = this.lines.isInLine;
    // A file that the service itself writes to is rotated before its next life only.
    while (this.#followedTo === null && this.#size + rest.length > this.#maxFileBytes) {
      // The line that is being written goes into the old file to its end.
      const cut = this.#cutFor(rest, isInLine);
      if (cut === null || (cut === 0 && this.#size === 0)) break;
      if (cut > 0) this.#append(rest.subarray(0, cut), now);
      rest = rest.subarray(cut);
      isInLine = false;
      if (!this.#rotate()) break;
    }
    if (rest.length > 0) this.#append(rest, now);
  }

  /** Where in these bytes the old file may end; null: nowhere yet. */
  #cutFor(bytes: Buffer, isInLine: boolean): number | null {
    const room = Math.max(this.#maxFileBytes - this.#size, 0);
    const before = room === 0 ? -1 : bytes.lastIndexOf(newline, room - 1);
    if (before !== -1) return before + 1;
    if (!isInLine) return 0;
    const after = bytes.indexOf(newline);
    if (after !== -1) return after + 1;
    return this.#size > this.#maxFileBytes + longestLineBytes ? 0 : null;
  }

  #append(bytes: Buffer, now: number): void {
    if (this.#fd === null && !this.#open()) {
      this.#drop(bytes);
      return;
    }
    let done = 0;
    try {
      if (now - this.#timedAt >= timesEveryMs || now < this.#timedAt) this.#noteTime(now);
      while (done < bytes.length) done += writeSync(this.#fd as number, bytes, done, bytes.length - done);
      this.#size += done;
    } catch (error) {
      this.#size += done;
      this.#fail(error as NodeJS.ErrnoException);
      this.#drop(bytes.subarray(done));
    }
  }

  #noteTime(now: number): void {
    this.#timesFd ??= openSync(`${this.path}.times`, 'a', 0o640);
    writeSync(this.#timesFd, `${this.#size} ${now}\n`);
    this.#timedAt = now;
  }

  #open(): boolean {
    try {
      mkdirSync(dirname(this.path), {recursive: true});
      this.#fd = openSync(this.path, 'a', 0o640);
      this.#size = fstatSync(this.#fd).size;
      this.#checkedAt = Date.now();
      this.#timedAt = 0;
      return true;
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
      return false;
    }
  }

  /** Is the file that we write to still the one under its name? */
  #check(now: number): void {
    this.#checkedAt = now;
    if (this.#fd === null) return;
    try {
      const ours = fstatSync(this.#fd);
      this.#size = ours.size; // copied and truncated by a rotation of somebody else: appending goes on at the new end
      const named = statSync(this.path, {throwIfNoEntry: false});
      if (named?.ino === ours.ino && named.dev === ours.dev) return;
    } catch {
      // A folder that can't be read now; opening it again will say why.
    }
    this.close();
    this.#open();
  }

  #rotate(): boolean {
    const base = this.path.slice(0, -'.log'.length);
    const stamp = timestamp(new Date());
    let target = `${base}-${stamp}.log`;
    for (let n = 2; exists(target) || exists(`${target}.gz`); n++) target = `${base}-${stamp}-${n}.log`;
    this.close();
    try {
      renameSync(this.path, target);
    } catch (error) {
      this.#onProblem('WARNING', `The log ${this.path} could not be rotated: ${(error as Error).message}`);
      this.#open();
      return false;
    }
    try {
      renameSync(`${this.path}.times`, `${target}.times`);
    } catch {
      // None was written; the log is what counts.
    }
    this.#open();
    if (this.#followedTo !== null) this.#followedTo = 0;
    this.#onRotated(target);
    return true;
  }

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#retryAt === 0) {
      const why = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'the disk is full' : error.message;
      this.#onProblem('ERROR', `The output of ${this.#service} can't be written to ${this.path}: ${why}`);
    }
    this.#retryAt = Date.now() + retryAfterMs;
  }

  #drop(bytes: Buffer): void {
    this.#droppedBytes += bytes.length;
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) this.#droppedLines++;
  }

  /** Writes the marker of the gap; that works only when there is room again. */
  #mayRetry(now: number): boolean {
    if (now < this.#retryAt) return false;
    this.#retryAt = now + retryAfterMs;
    if (this.#fd === null && !this.#open()) return false;
    const marker = Buffer.from(
      `\n--- erp: ${this.#droppedLines} lines (${this.#droppedBytes} bytes) of output are missing here: they could not be written ---\n`,
    );
    try {
      let done = 0;
      if (this.#droppedBytes > 0)
        while (done < marker.length) done += writeSync(this.#fd as number, marker, done, marker.length - done);
      this.#size += done;
    } catch {
      return false;
    }
    this.#onProblem(
      'WARNING',
      `The output of ${this.#service} is written again; ${this.#droppedLines} lines (${this.#droppedBytes} bytes) are missing.`,
    );
    this.#retryAt = 0;
    this.#droppedBytes = 0;
    this.#droppedLines = 0;
    return true;
  }

  /** The end of what an earlier supervisor has written. */
  #recall(): void {
    if (this.#fd === null || this.#size === 0) return;
    let fd: number | null = null;
    try {
      fd = openSync(this.path, 'r');
      const bytes = Buffer.allocUnsafe(Math.min(this.#size, 64 * 1024));
      const length = readSync(fd, bytes, 0, bytes.length, this.#size - bytes.length);
      this.lines.push(bytes.subarray(0, length));
    } catch {
      // No tail then.
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }
}

/** `20260522-090530`, local time: what an operator's clock shows. */
export function timestamp(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

const exists = (path: string): boolean => statSync(path, {throwIfNoEntry: false}) !== undefined;
