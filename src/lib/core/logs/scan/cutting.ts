import type {Scanner} from './scanner.js';

const newline = 10;

/**
 * Where a log may be cut: at the first event that begins in b at or behind `from`, which must be the beginning of a line
 * or in the middle of one.
 * @param from 0 is taken for the middle of a line unless isLineStart
 * @returns -1: none begins here
 */
export function cutAt(scanner: Scanner, b: Buffer, from: number, isLineStart: boolean): number {
  let p = isLineStart ? from : b.indexOf(newline, from) + 1;
  if (p === 0 && !isLineStart) return -1;
  while (p < b.length) {
    const end = b.indexOf(newline, p);
    // The last line may be incomplete; a header needs some 40 bytes.
    if (end === -1) return -1;
    if (end > p && scanner.beginsAt(b, p, end)) return p;
    p = end + 1;
  }
  return -1;
}

/** The same from behind: the last event that begins in b, so that what follows it may still go on. */
export function lastCut(scanner: Scanner, b: Buffer, length: number): number {
  let end = b.lastIndexOf(newline, length - 1);
  while (end > 0) {
    const p = b.lastIndexOf(newline, end - 1) + 1;
    if (end > p && p > 0 && scanner.beginsAt(b, p, end)) return p;
    if (p === 0) return -1;
    end = p - 1;
  }
  return -1;
}
