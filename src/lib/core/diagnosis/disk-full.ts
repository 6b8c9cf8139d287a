import {formatSize} from '../report/format.js';

/** Room on the file system of a path, as the world tells it. */
export interface DiskRoom {
  readonly freeBytes: number;
  readonly sizeBytes: number;
  /** null: this file system makes them as needed. */
  readonly freeFiles: number | null;
}

/** A disk with less than this, or than this share of it, can't take what a service usually writes at its start. */
const roomBytes = 64 * 1024 * 1024;
const roomShare = 1 / 16;

const words =
  /\bENOSPC\b|\bno space left on device\b|\bno space left\b|\[Errno 28\]|\berrno[ =:]+-?28\b|\bos error 28\b|\bEDQUOT\b|\bdisk quota exceeded\b|\bdatabase or disk is full\b|\bnot enough space on the disk\b|\b(?:disk|device|file ?system) is full\b/i;
/** The same error number, for something else than a disk. */
const otherLimits = /file watchers|inotify|semaphore|shared memory segment/i;
const pathInText = /(?:^|[\s'"(:=])(\/[^\s'"(),:;]+)/g;

/** The last line that says a disk is full; null: none does. */
export function saysDiskFull(lines: readonly string[]): string | null {
  return lines.findLast((line) => words.test(line) && !otherLimits.test(line)) ?? null;
}

/** Absolute paths that a line names. */
export function pathsIn(line: string): readonly string[] {
  return [...line.matchAll(pathInText)].map((match) => match[1] as string);
}

/** Can a service that needs space not do its work there? */
export function isDiskFull({freeBytes, sizeBytes, freeFiles}: DiskRoom): boolean {
  return freeBytes < Math.min(roomBytes, sizeBytes * roomShare) || freeFiles === 0;
}

/** "0 B free on /data", "no file can be made on /data". */
export function roomText(path: string, {freeBytes, freeFiles}: Pick<DiskRoom, 'freeBytes' | 'freeFiles'>): string {
  return freeFiles === 0 ? `no more files can be made on ${path}` : `${formatSize(freeBytes)} free on ${path}`;
}
