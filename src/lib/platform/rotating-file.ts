import {closeSync, fstatSync, mkdirSync, readSync, renameSync, rmSync, statSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';
import {appendWhole} from './append-whole.js';
import {isFullError} from './disk-space.js';
import {openAppend, openOwn} from './safe-open.js';

const checkEveryMs = 1000;
const newline = 10;

/** Who may read it, and how it is opened. */
interface Access {
  readonly folderMode: number;
  open(path: string): number;
}

/** A file of our state folder. */
const ownState: Access = {folderMode: 0o700, open: (path) => openOwn(path, 'read and write')};
/** A log that others of the group may read. */
export const sharedLog: Access = {
  folderMode: 0o755,
  open: (path) => openAppend(path, 0o640, 'read and write'),
};

/** Kept while the disk is full, so that nothing is missing afterwards. */
const keptWhileFull = 5000;

/**
 * `events.jsonl`, and older ones as `events.1.jsonl` … `events.9.jsonl`. Every write is one synchronous append. A
 * removed file is made again; errors are told and otherwise swallowed.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #onError: (error: Error) => void;
  #fd: number | null = null;
  #size = 0;
  #checkedAt = 0;
  #waiting: string[] = [];
  readonly #onFull: () => boolean;
  readonly #access: Access;

  /** @param onFull the disk is full; true: there is a little room now, try again */
  constructor(
    path: string,
    maxBytes: number,
    keep: number,
    onError: (error: Error) => void,
    onFull: () => boolean = () => false,
    access: Access = ownState,
  ) {
    this.#access = access;
    this.#onFull = onFull;
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#onError = onError;
  }

  write(text: string): void {
    this.#waiting.push(text);
    if (this.#waiting.length > keptWhileFull) this.#waiting.shift();
    this.retry();
  }

  /** Writes what could not be written before. */
  retry(): void {
    if (this.#waiting.length === 0) return;
    try {
      const now = Date.now();
      if (Math.abs(now - this.#checkedAt) > checkEveryMs) this.#check(now);
      for (let text = this.#waiting[0]; text !== undefined; text = this.#waiting[0]) {
        const bytes = Buffer.from(text);
        if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
        this.#append(bytes);
        this.#waiting.shift();
      }
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #append(bytes: Buffer): void {
    const fd = (this.#fd ??= this.#open());
    try {
      appendWhole(fd, bytes);
    } catch (error) {
      if (!isFullError(error) || !this.#onFull()) throw error;
      appendWhole(fd, bytes);
    }
    this.#size += bytes.length;
  }

  #open(): number {
    mkdirSync(dirname(this.#path), {recursive: true, mode: this.#access.folderMode});
    const fd = this.#access.open(this.#path);
    this.#size = fstatSync(fd).size;
    // Whoever was killed while it wrote has left a part of a line: ours is not glued to it.
    const last = Buffer.alloc(1);
    if (this.#size > 0 && readSync(fd, last, 0, 1, this.#size - 1) === 1 && last[0] !== newline)
      this.#size += writeSync(fd, '\n');
    return fd;
  }

  #check(now: number): void {
    this.#checkedAt = now;
    if (this.#fd !== null && statSync(this.#path, {throwIfNoEntry: false})?.ino !== fstatSync(this.#fd).ino)
      this.close();
    this.#fd ??= this.#open();
  }

  #rotate(): void {
    this.close();
    const numbered = (n: number): string => (n === 0 ? this.#path : this.#path.replace(/(\.[^./]+)$/, `.${n}$1`));
    rmSync(numbered(this.#keep), {force: true});
    for (let n = this.#keep - 1; n >= 0; n--) {
      if (statSync(numbered(n), {throwIfNoEntry: false}) !== undefined) renameSync(numbered(n), numbered(n + 1));
    }
    this.#size = 0;
  }
}
