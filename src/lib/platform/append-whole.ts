import {fstatSync, ftruncateSync, writeSync} from 'node:fs';

/**
 * Appends all of it or nothing: a disk that gets full takes the first part of a line, which the next one would be glued
 * to.
 * @throws what writing throws
 */
export function appendWhole(fd: number, bytes: Buffer): void {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(fd, bytes, done);
  } catch (error) {
    if (done > 0) ftruncateSync(fd, fstatSync(fd).size - done);
    throw error;
  }
}
