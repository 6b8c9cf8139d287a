import {closeSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeSync} from 'node:fs';
import {openAppend} from './safe-open.js';
import {lastRotated} from './rotated-name.js';

/** Arrival times are written down at most this often: fine enough to merge logs, coarse enough for a flood. */
const timesEveryMs = 200;

/**
 * `<log>.times`: lines `offset epochMs`, when the byte at that offset came. It only helps those who read the log:
 * nothing here throws, and what can't be written is left out.
 */
export class ArrivalTimes {
  readonly #path: string;
  #fd: number | null = null;
  #notedAt = 0;
  #isTorn = false;

  /** @param logPath of the present log */
  constructor(logPath: string) {
    this.#path = `${logPath}.times`;
  }

  note(offset: number, now: number): void {
    if (now - this.#notedAt < timesEveryMs && now >= this.#notedAt) return;
    try {
      this.#fd ??= openAppend(this.#path, 0o640);
      const line = `${this.#isTorn ? '\n' : ''}${offset} ${now}\n`;
      this.#isTorn = writeSync(this.#fd, line) !== line.length;
      this.#notedAt = now;
    } catch {
      // A full disk: the output itself has to say so.
    }
  }

  /** When the file's first byte came, in milliseconds since the epoch; null: nobody knows. */
  firstAt(): number | null {
    let fd: number | null = null;
    try {
      fd = openSync(this.#path, 'r');
      const bytes = Buffer.alloc(64);
      const [line = ''] = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0)).split('\n');
      const [, offset, at] = /^(\d+) (\d+)$/.exec(line) ?? [];
      return offset === '0' && at !== undefined ? Number(at) : null;
    } catch {
      return null;
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  /**
   * A supervisor that was killed between the renaming of a log and that of its times has left the times of the old
   * file: they speak of bytes that the present one does not have.
   * @param size of the present log
   */
  repair(logPath: string, size: number): void {
    try {
      if (statSync(this.#path, {throwIfNoEntry: false}) === undefined) return;
      const last = readFileSync(this.#path, 'latin1').trimEnd().split('\n').at(-1) ?? '';
      if (Number(last.split(' ')[0]) <= size) return;
      const owner = lastRotated(logPath);
      if (owner !== null && statSync(`${owner}.times`, {throwIfNoEntry: false}) === undefined)
        renameSync(this.#path, `${owner}.times`);
      else rmSync(this.#path, {force: true});
    } catch {
      // Readers leave out what can't be true.
    }
  }

  /** The log was renamed: its times go with it. */
  moveTo(logPath: string): void {
    this.close();
    try {
      renameSync(this.#path, `${logPath}.times`);
    } catch {
      // None was written; the log is what counts.
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
    this.#notedAt = 0;
  }
}
