import {statfsSync} from 'node:fs';
import {dirname} from 'node:path';
import type {DiskRoom} from '../core/diagnosis/disk-full.js';

/** Room on the file system of a path, for this user: what is reserved for root is not counted. null: can't be told. */
export function diskSpace(path: string): DiskRoom | null {
  try {
    const {bavail, blocks, bsize, files, ffree} = statfsSync(path);
    return {freeBytes: bavail * bsize, sizeBytes: blocks * bsize, freeFiles: files === 0 ? null : ffree};
  } catch {
    return null;
  }
}

/** The same of a file that may not exist yet. */
export function diskRoom(path: string): (DiskRoom & {readonly path: string}) | null {
  for (let place = path; ; place = dirname(place)) {
    const room = diskSpace(place);
    if (room !== null) return {...room, path: place};
    if (place === dirname(place)) return null;
  }
}

export const isFullError = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
