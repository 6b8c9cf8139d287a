import {closeSync, fstatSync, ftruncateSync, mkdirSync, renameSync, statSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {ArrivalTimes} from './arrival-times.js';
import {diskSpace, isFullError} from './disk-space.js';
import {bytesBefore, cutTornLine} from './file-end.js';
import {FollowedFile} from './followed-file.js';
import {LostOutput} from './lost-output.js';
import {RecentLines} from './recent-lines.js';
import {nextRotated} from './rotated-name.js';
import {openAppend} from './safe-open.js';
import type {LogLevel} from '../core/spec.js';
import type {Cancel} from './types.js';

export type OnProblem = (level: LogLevel, text: string) => void;

export interface ServiceLogOptions {
  readonly service: string;
  readonly logDir: string;
  readonly maxFileBytes: number;
  /** null: only size counts. */
  readonly rotateEveryMs: number | null;
  readonly onProblem: OnProblem;
  readonly onRotated: (path: string) => void;
  /** The disk is full. True: something was removed, try again. */
  readonly onFull: () => boolean;
}

/** Somebody else's rotation or `rm` is noticed within this time. */
const checkFileEveryMs = 2000;
/** After a failed write: a full disk is not asked for every piece of a flood. */
const retryAfterMs = 500;
/** Less room than this is left to those who need it more than a log does: the journal, and the services. */
const roomForOutputBytes = 1024 * 1024;
const shareForOutput = 1 / 16;
/** A line longer than this may be cut by rotation. */
const longestLineBytes = 1024 * 1024;
/** Who truncates a log again and again is named once; after so much calm, again. */
const calmMs = 3_600_000;
const keptTailBytes = 64 * 1024;
const newline = 10;

/**
 * `<logDir>/<service>.log`: bytes as they came, appended; renamed to `<service>-20260522-090530.log` (local time) at a
 * line's end when it is full or old enough. Beside each lie its arrival times. Nothing here throws: what can't be
 * written is counted, and the gap is marked once there is room again.
 */
export class ServiceLog {
  readonly lines = new RecentLines();
  readonly path: string;
  readonly #options: ServiceLogOptions;
  readonly #times: ArrivalTimes;
  #fd: number | null = null;
  #size = 0;
  /** Does the file end in the middle of a line? */
  #isInLine = false;
  #checkedAt = 0;
  /** Since when it holds output; null: not looked up yet. */
  #bornAt: number | null = null;
  /** It is older than it may be: the next line goes into a new file. */
  #isOld = false;
  /** Not null: nothing can be written now. */
  #lost: LostOutput | null = null;
  #retryAt = 0;
  #retryTimer: NodeJS.Timeout | null = null;
  /** The service writes into the file itself; null: its output comes through us. */
  #followed: FollowedFile | null = null;
  /** When somebody else last changed the file. */
  #meddledAt: number | null = null;

  constructor(options: ServiceLogOptions) {
    this.#options = options;
    this.path = join(options.logDir, `${options.service}.log`);
    this.#times = new ArrivalTimes(this.path);
    this.#open();
    this.#recall();
    this.#times.repair(this.path, this.#size);
  }

  /** What takes its time and comes before a piece of output is in our hands. */
  prepare(): void {
    const now = Date.now();
    if (now - this.#checkedAt >= checkFileEveryMs || now < this.#checkedAt) this.#check(now);
  }

  /** Puts output into the file. */
  store(bytes: Buffer): void {
    if (
      this.#fd !== null &&
      this.#lost === null &&
      !this.#isOld &&
      this.#size + bytes.length <= this.#options.maxFileBytes
    )
      this.#append(bytes);
    else this.#storeSlowly(bytes);
  }

  /** Output of the service: to the file, and to those who listen. */
  write(bytes: Buffer): void {
    this.prepare();
    this.store(bytes);
    this.lines.push(bytes);
  }

  /** A line of ours. */
  mark(words: string): void {
    if (this.#lost !== null) return;
    const line = words.startsWith('---') ? words : `--- erp: ${words} ---`;
    this.prepare();
    this.store(Buffer.from(`${this.#isInLine ? '\n' : ''}${line}\n`));
    // Whoever follows the file reads this line there; for the others the unfinished line ends here.
    if (this.#followed === null && this.lines.isInLine) this.lines.push(Buffer.from('\n'));
  }

  /** The writer has ended in the middle of a line: the next one begins on a new line. */
  endLine(): void {
    if (this.#followed === null && (this.#lost?.isInLine ?? this.#isInLine)) this.write(Buffer.from('\n'));
  }

  onLine(callback: (line: string) => void): Cancel {
    return this.lines.onLine(callback);
  }

  /**
   * Now and then: is it still our file, has it grown too old, was it truncated?
   * @param isNamed nothing in its folder has changed: the file is the one under its name
   */
  look(isNamed = false): void {
    if (this.#followed === null) this.#check(Date.now(), isNamed);
    else this.follow(true);
    if (this.#isOld && !this.#isInLine && this.#followed === null) this.#rotate();
  }

  /**
   * For a service that writes into the file itself: takes up what it has written since.
   * @param onlyEnd nobody listens to each line; the end is enough for a tail
   */
  follow(onlyEnd = false): void {
    if (this.#fd === null && !this.#open()) return;
    this.#check(Date.now());
    this.#followed ??= new FollowedFile(this.path, this.#size);
    const truncated = this.#followed.read(onlyEnd, (bytes) => {
      this.#isInLine = bytes[bytes.length - 1] !== newline;
      this.lines.push(bytes);
    });
    if (truncated !== null) this.#tellTruncated(truncated.from, truncated.to);
  }

  /** A service that writes into the file itself runs already: what stands there is known. */
  followFromHere(): void {
    this.#followed ??= new FollowedFile(this.path, this.#size);
  }

  /** The next life writes to us. */
  followNoMore(): void {
    if (this.#followed === null) return;
    this.follow();
    this.#followed = null;
  }

  /** The file itself as a stream for the child, appending; rotated first when it is full or old. */
  openForChild(): number {
    this.#check(Date.now());
    if (this.#size > 0 && (this.#size >= this.#options.maxFileBytes || this.#isOld)) this.#rotate();
    this.followFromHere();
    return openAppend(this.path, 0o640);
  }

  close(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#closeFiles();
  }

  #closeFiles(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#times.close();
  }

  #storeSlowly(bytes: Buffer): void {
    let rest = bytes;
    if (this.#lost !== null) rest = this.#afterTheGap(bytes);
    // A file that the service itself writes to is rotated before its next life only.
    while (this.#followed === null && rest.length > 0 && this.#size + rest.length > this.#limitBytes) {
      // The line that is being written goes into the old file to its end.
      const cut = this.#cutFor(rest);
      if (cut === null || (cut === 0 && this.#size === 0)) break;
      if (cut > 0) this.#append(rest.subarray(0, cut));
      rest = rest.subarray(cut);
      if (this.#lost !== null || !this.#rotate()) break;
    }
    if (rest.length > 0) this.#append(rest);
  }

  get #limitBytes(): number {
    return this.#isOld ? 0 : this.#options.maxFileBytes;
  }

  /** Where in these bytes the old file may end; null: nowhere yet. */
  #cutFor(bytes: Buffer): number | null {
    const room = Math.max(this.#limitBytes - this.#size, 0);
    const before = room === 0 ? -1 : bytes.lastIndexOf(newline, room - 1);
    if (before !== -1) return before + 1;
    if (!this.#isInLine) return 0;
    const after = bytes.indexOf(newline);
    if (after !== -1) return after + 1;
    return this.#size > this.#options.maxFileBytes + longestLineBytes ? 0 : null;
  }

  /** Between the pipe and this write nothing may come that can wait: who is killed here has lost the bytes. */
  #append(bytes: Buffer): void {
    if (this.#lost !== null || (this.#fd === null && !this.#open())) {
      this.#drop(bytes);
      return;
    }
    const at = this.#size;
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#fd as number, bytes, done, bytes.length - done);
      this.#size = at + done;
      if (done > 0) this.#isInLine = bytes[done - 1] !== newline;
    } catch (error) {
      this.#onFailed(bytes, done, error);
    }
    if (done > 0) this.#times.note(at, Date.now());
  }

  #onFailed(bytes: Buffer, done: number, error: unknown): void {
    this.#size += done;
    if (done > 0) this.#isInLine = bytes[done - 1] !== newline;
    if (isFullError(error) && this.#options.onFull()) {
      this.#append(bytes.subarray(done));
      return;
    }
    this.#lose(error as NodeJS.ErrnoException);
    if (this.#isInLine) this.#takeBackTornLine();
    this.#drop(bytes.subarray(done));
  }

  /** The disk took the beginning of a line whose rest will be missing: it counts as lost as a whole. */
  #takeBackTornLine(): void {
    const torn = cutTornLine(this.#fd as number, this.path, this.#size, keptTailBytes);
    if (torn === null) return;
    this.#drop(torn);
    this.#size -= torn.length;
    this.#isInLine = false;
  }

  #open(): boolean {
    try {
      mkdirSync(dirname(this.path), {recursive: true, mode: 0o755});
      this.#fd = openAppend(this.path, 0o640);
      this.#size = fstatSync(this.#fd).size;
      this.#checkedAt = Date.now();
      this.#bornAt = null;
      this.#isOld = false;
      this.#isInLine = this.#size > 0 && bytesBefore(this.path, this.#size, 1)?.[0] !== newline;
      return true;
    } catch (error) {
      this.#lose(error as NodeJS.ErrnoException);
      return false;
    }
  }

  /** Is the file that we write to still the one under its name? */
  #check(now: number, isNamed = false): void {
    this.#checkedAt = now;
    if (this.#fd === null) return;
    try {
      const ours = fstatSync(this.#fd);
      if (ours.size < this.#size) {
        // Appending goes on at the new end.
        if (this.#followed === null) this.#tellTruncated(this.#size, ours.size);
        this.#bornAt = null;
      }
      this.#size = ours.size;
      this.#checkAge(now, ours.birthtimeMs);
      if (isNamed) return;
      const named = statSync(this.path, {throwIfNoEntry: false});
      if (named?.ino === ours.ino && named.dev === ours.dev) return;
    } catch {
      // A folder that can't be read now; opening it again will say why.
    }
    this.#closeFiles();
    this.#open();
    if (this.#followed === null) return;
    this.#followed.rewind();
    this.#tellMeddling('was moved or removed; with output: file the service writes into the old one until it restarts');
  }

  #checkAge(now: number, madeAt: number): void {
    const {rotateEveryMs} = this.#options;
    if (rotateEveryMs === null || this.#size === 0) return;
    this.#bornAt ??= this.#times.firstAt() ?? (madeAt > 0 ? madeAt : now);
    this.#isOld = now - this.#bornAt >= rotateEveryMs;
  }

  #rotate(): boolean {
    const target = nextRotated(this.path, new Date());
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    try {
      renameSync(this.path, target);
    } catch (error) {
      this.#options.onProblem('WARNING', `The log ${this.path} could not be rotated: ${(error as Error).message}`);
      this.#times.close();
      this.#open();
      return false;
    }
    this.#times.moveTo(target);
    this.#open();
    this.#followed?.rewind();
    this.#options.onRotated(target);
    return true;
  }

  // ——— a full disk ———

  #drop(bytes: Buffer): void {
    this.#lost ??= new LostOutput();
    this.#lost.add(bytes);
  }

  #lose(error: NodeJS.ErrnoException): void {
    const {service, onProblem} = this.#options;
    this.#retryAt = Date.now() + retryAfterMs;
    if (this.#lost === null) {
      this.#lost = new LostOutput();
      const why = isFullError(error) ? 'the disk is full' : error.message;
      onProblem(
        'ERROR',
        `The output of ${service} can't be written to ${this.path}: ${why}. It goes on; its output is dropped and counted.`,
      );
    }
    // A service that says nothing more gets its marker, too.
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = null;
      if (this.#lost?.isInLine === false) this.#endGap();
      if (this.#lost !== null) this.#lose(error);
    }, retryAfterMs).unref();
  }

  /** @returns what of these bytes comes behind the gap: whole lines, if it is over */
  #afterTheGap(bytes: Buffer): Buffer {
    const lost = this.#lost as LostOutput;
    const start = lost.isInLine ? bytes.indexOf(newline) + 1 : 0;
    if (Date.now() < this.#retryAt || (lost.isInLine && start === 0) || !this.#hasRoom()) return bytes;
    lost.add(bytes.subarray(0, start));
    this.#endGap();
    return bytes.subarray(start);
  }

  #hasRoom(): boolean {
    const disk = diskSpace(this.#options.logDir);
    return disk === null || disk.freeBytes >= Math.min(roomForOutputBytes, disk.sizeBytes * shareForOutput);
  }

  /** Writes the marker of the gap; that works only when there is room again. */
  #endGap(): void {
    const lost = this.#lost;
    this.#retryAt = Date.now() + retryAfterMs;
    if (lost === null || !this.#hasRoom()) return;
    if (this.#fd === null && !this.#open()) return;
    const words = `${lost.words} of output are missing here: they could not be written`;
    const marker = Buffer.from(`${this.#isInLine ? '\n' : ''}--- erp: ${words} ---\n`);
    if (lost.bytes > 0) {
      try {
        const done = writeSync(this.#fd as number, marker);
        if (done < marker.length) {
          ftruncateSync(this.#fd as number, this.#size);
          return;
        }
      } catch {
        return;
      }
      this.#size += marker.length;
      this.#isInLine = false;
    }
    this.#lost = null;
    const missing = lost.bytes === 0 ? '' : `; ${lost.words} are missing`;
    this.#options.onProblem('WARNING', `The output of ${this.#options.service} is written again${missing}.`);
  }

  // ——— a file that others write to ———

  #tellTruncated(from: number, to: number): void {
    const who =
      this.#followed === null
        ? 'another program does that: logrotate with copytruncate?'
        : 'with output: file a "> /dev/stderr" in a shell does that, or another program (logrotate with copytruncate?)';
    this.#tellMeddling(`was truncated (it had ${from} bytes, now ${to}); what was in it is gone; ${who}`);
  }

  /** Who does that again and again is named once. */
  #tellMeddling(what: string): void {
    const now = Date.now();
    if (this.#meddledAt === null || now - this.#meddledAt > calmMs)
      this.#options.onProblem('WARNING', `The log ${this.path} ${what}.`);
    this.#meddledAt = now;
  }

  /** The end of what an earlier supervisor has written. */
  #recall(): void {
    if (this.#fd === null || this.#size === 0) return;
    const bytes = bytesBefore(this.path, this.#size, keptTailBytes);
    if (bytes !== null) this.lines.push(bytes);
  }
}
