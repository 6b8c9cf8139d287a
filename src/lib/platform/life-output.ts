import {closeSync, fstatSync, openSync, readSync} from 'node:fs';
import type {LogPlace} from './types.js';

const headBytes = 256 * 1024;
const tailBytes = 1024 * 1024;
/** Lines are numbered by reading all before them; a log beyond this gets no numbers. */
const numberedBytes = 64 * 1024 * 1024;
const chunkBytes = 1024 * 1024;
const newline = 10;

/** What a life has written: all of it, or its beginning and its end. */
export interface LifeOutput {
  readonly lines: readonly string[];
  /** Number in the file of the line with this number (from 1) among `lines`; null: not known. */
  lineNumber(line: number): number | null;
}

/** Throws when the file can't be read. */
export function readLife(place: LogPlace): LifeOutput {
  const fd = openSync(place.path, 'r');
  try {
    const {size} = fstatSync(fd);
    // Shorter than it was: rotated, and what the life wrote last stands here.
    const from = place.from > size ? 0 : place.from;
    const to = place.to > size ? size : place.to;
    return to - from <= headBytes + tailBytes ? whole(fd, from, to) : ends(fd, from, to);
  } finally {
    closeSync(fd);
  }
}

function whole(fd: number, from: number, to: number): LifeOutput {
  const before = linesIn(fd, 0, from);
  return {lines: linesOf(read(fd, from, to)), lineNumber: (line) => (before === null ? null : before + line)};
}

function ends(fd: number, from: number, to: number): LifeOutput {
  const head = linesOf(read(fd, from, from + headBytes)).slice(0, -1);
  const tail = linesOf(read(fd, to - tailBytes, to)).slice(1);
  const before = linesIn(fd, 0, from);
  const beforeTail = linesIn(fd, 0, to - tailBytes);
  return {
    lines: [...head, ...tail],
    lineNumber: (line) => {
      if (line <= head.length) return before === null ? null : before + line;
      return beforeTail === null ? null : beforeTail + 1 + line - head.length;
    },
  };
}

function read(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(fd, bytes, done, bytes.length - done, from + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}

function linesOf(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function linesIn(fd: number, from: number, to: number): number | null {
  if (to - from > numberedBytes) return null;
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let count = 0;
  for (let at = from; at < to; ) {
    const got = readSync(fd, chunk, 0, Math.min(chunkBytes, to - at), at);
    if (got === 0) break;
    const part = chunk.subarray(0, got);
    for (let found = part.indexOf(newline); found >= 0; found = part.indexOf(newline, found + 1)) count += 1;
    at += got;
  }
  return count;
}
