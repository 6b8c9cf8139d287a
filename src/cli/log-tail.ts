import {closeSync, fstatSync, openSync, readSync} from 'node:fs';

/** The last complete or incomplete line of a file that is not empty; null: none, or the file can't be read. */
export function lastLineOf(file: string): string | null {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const {size} = fstatSync(fd);
    const length = Math.min(size, 8192);
    const buffer = Buffer.alloc(length);
    readSync(fd, buffer, 0, length, size - length);
    const lines = buffer.toString('utf8').split('\n');
    return lines.findLast((line) => line.trim() !== '') ?? null;
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}
