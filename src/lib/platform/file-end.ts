import {closeSync, fstatSync, ftruncateSync, openSync, readSync} from 'node:fs';

const newline = 10;

/** Up to `most` bytes of a file that stand before `end`; null: it can't be read. */
export function bytesBefore(path: string, end: number, most: number): Buffer | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const bytes = Buffer.alloc(Math.min(end, most));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, end - bytes.length));
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/**
 * Removes an unfinished line from the end of a file.
 * @param fd   of the same file, for writing
 * @param size as we know it: when somebody else has written more, nothing is removed
 * @param most a line longer than this stays as it is
 * @returns what was removed; null: nothing
 */
export function cutTornLine(fd: number, path: string, size: number, most: number): Buffer | null {
  const end = bytesBefore(path, size, most);
  if (end === null) return null;
  const start = end.lastIndexOf(newline) + 1;
  if (start === end.length || (start === 0 && end.length < size)) return null;
  try {
    if (fstatSync(fd).size !== size) return null;
    ftruncateSync(fd, size - end.length + start);
  } catch {
    return null;
  }
  return end.subarray(start);
}
