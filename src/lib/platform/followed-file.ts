import {closeSync, fstatSync, openSync, readSync} from 'node:fs';

/** What was read last is compared with what stands there now: a file that was truncated may have grown since. */
const comparedBytes = 64;
/** Enough for the last lines of a life. */
const endBytes = 64 * 1024;
const nothing = Buffer.alloc(0);

/** A file that somebody else writes to, read on from where we were. */
export class FollowedFile {
  readonly #path: string;
  #at: number;
  #lastRead: Buffer = nothing;

  constructor(path: string, from: number) {
    this.#path = path;
    this.#at = from;
  }

  /** It is another file now, under the same name. */
  rewind(): void {
    this.#at = 0;
    this.#lastRead = nothing;
  }

  /**
   * @param onlyEnd nobody wants each line; the end is enough for a tail
   * @returns how far we had read and what is left of it, when the file was truncated since; else null
   */
  read(onlyEnd: boolean, onBytes: (bytes: Buffer) => void): {readonly from: number; readonly to: number} | null {
    let fd: number | null = null;
    try {
      fd = openSync(this.#path, 'r');
      const {size} = fstatSync(fd);
      const truncated = size < this.#at || !this.#isAsRead(fd) ? {from: this.#at, to: size} : null;
      if (truncated !== null) this.rewind();
      if (onlyEnd && size - this.#at > endBytes) this.#at = size - endBytes;
      const chunk = Buffer.allocUnsafe(endBytes);
      for (let bytes = 1; this.#at < size && bytes > 0; this.#at += bytes) {
        bytes = readSync(fd, chunk, 0, Math.min(chunk.length, size - this.#at), this.#at);
        this.#remember(chunk.subarray(0, bytes));
        onBytes(chunk.subarray(0, bytes));
      }
      return truncated;
    } catch {
      this.rewind(); // no file now: whatever comes is new
      return null;
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  #isAsRead(fd: number): boolean {
    const {length} = this.#lastRead;
    if (length === 0) return true;
    const bytes = Buffer.alloc(length);
    return readSync(fd, bytes, 0, length, this.#at - length) === length && bytes.equals(this.#lastRead);
  }

  #remember(bytes: Buffer): void {
    this.#lastRead = Buffer.concat([this.#lastRead, bytes.subarray(-comparedBytes)]).subarray(-comparedBytes);
  }
}
