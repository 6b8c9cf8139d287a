import {closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';

const checkEveryMs = 1000;

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

  constructor(path: string, maxBytes: number, keep: number, onError: (error: Error) => void) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#onError = onError;
  }

  write(text: string): void {
    try {
      const now = Date.now();
      if (Math.abs(now - this.#checkedAt) > checkEveryMs) this.#check(now);
      const bytes = Buffer.from(text);
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
      this.#fd ??= this.#open();
      this.#size += writeSync(this.#fd, bytes);
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): number {
    mkdirSync(dirname(this.#path), {recursive: true});
    const fd = openSync(this.#path, 'a', 0o600);
    this.#size = fstatSync(fd).size;
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
