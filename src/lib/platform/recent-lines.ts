import type {Cancel} from './types.js';

const newline = 10;
/** What is kept of a stream's end; enough for 50 lines of a stack trace. */
const keptBytes = 64 * 1024;
const longestLineBytes = 4096;
/** A program that writes a megabyte without a line end must not make us hold it. */
const longestOpenLineBytes = 64 * 1024;
export const keptLines = 50;

/**
 * The end of a byte stream as lines. Splitting a flood into lines costs more than writing it to disk, so bytes are only
 * kept, and split when somebody asks or listens. Invalid UTF-8 is shown as U+FFFD; the file has the bytes as they came.
 */
export class RecentLines {
  #bytes = Buffer.allocUnsafe(2048);
  #length = 0;
  /** Bytes up to here, in #bytes, were the last line of a process that has ended. */
  #closedAt = -1;
  readonly #listeners = new Set<(line: string) => void>();
  #open: Buffer[] = [];
  #openBytes = 0;

  push(bytes: Buffer): void {
    this.#keep(bytes);
    if (this.#listeners.size > 0) this.#split(bytes);
  }

  /** The stream's writer has ended: an unfinished line is its last line. */
  closeLine(): void {
    this.#closedAt = this.#length;
    if (this.#openBytes > 0) this.#emit(Buffer.alloc(0));
  }

  /** What came so far is another process's: it is forgotten. An unfinished line of it stays unfinished. */
  forget(): void {
    this.#length = 0;
    this.#closedAt = -1;
  }

  /** Does the stream stand in the middle of a line? */
  get isInLine(): boolean {
    return this.#length > 0 && this.#bytes[this.#length - 1] !== newline;
  }

  last(count: number): readonly string[] {
    const lines: string[] = [];
    let end = this.#length;
    if (this.isInLine && this.#closedAt !== this.#length) end = this.#bytes.lastIndexOf(newline, end - 1) + 1;
    const wanted = Math.min(count, keptLines);
    while (end > 0 && lines.length < wanted) {
      if (this.#bytes[end - 1] === newline) end--;
      const start = end === 0 ? 0 : this.#bytes.lastIndexOf(newline, end - 1) + 1;
      const line = text(this.#bytes.subarray(start, end));
      if (!line.startsWith('--- erp: ')) lines.push(line);
      end = start;
    }
    return lines.reverse();
  }

  onLine(callback: (line: string) => void): Cancel {
    if (this.#listeners.size === 0) {
      const start = this.#bytes.subarray(0, this.#length).lastIndexOf(newline) + 1;
      this.#open =
        start < this.#length && this.#closedAt !== this.#length
          ? [Buffer.from(this.#bytes.subarray(start, this.#length))]
          : [];
      this.#openBytes = this.#open[0]?.length ?? 0;
    }
    // One callback may be given twice; each cancel ends one of them.
    const listener = (line: string): void => callback(line);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #keep(bytes: Buffer): void {
    if (bytes.length >= keptBytes) {
      this.#grow(keptBytes);
      bytes.copy(this.#bytes, 0, bytes.length - keptBytes);
      this.#length = keptBytes;
      this.#closedAt = -1;
      return;
    }
    if (this.#length + bytes.length > this.#bytes.length) {
      // Twice the room of what is kept, so that a flood of short pieces does not move the whole for each of them.
      if (this.#bytes.length < 2 * keptBytes) this.#grow(this.#length + bytes.length);
      if (this.#length + bytes.length > this.#bytes.length) {
        const from = this.#length - Math.min(this.#length, keptBytes - bytes.length);
        this.#bytes.copyWithin(0, from, this.#length);
        this.#length -= from;
        this.#closedAt -= from;
      }
    }
    bytes.copy(this.#bytes, this.#length);
    this.#length += bytes.length;
  }

  #grow(needed: number): void {
    let size = this.#bytes.length;
    while (size < needed && size < 2 * keptBytes) size *= 2;
    if (size === this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(size);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  #split(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      this.#emit(bytes.subarray(start, end));
      start = end + 1;
    }
    if (start === bytes.length) return;
    if (this.#openBytes < longestOpenLineBytes) this.#open.push(Buffer.from(bytes.subarray(start)));
    this.#openBytes += bytes.length - start;
  }

  #emit(end: Buffer): void {
    const bytes = this.#openBytes === 0 ? end : Buffer.concat([...this.#open, end]);
    this.#open = [];
    this.#openBytes = 0;
    const line = text(bytes);
    if (line.startsWith('--- erp: ')) return;
    for (const listener of [...this.#listeners]) listener(line);
  }
}

function text(bytes: Buffer): string {
  const end = bytes.length > 0 && bytes[bytes.length - 1] === 13 ? bytes.length - 1 : bytes.length;
  return bytes.toString('utf8', 0, Math.min(end, longestLineBytes));
}
