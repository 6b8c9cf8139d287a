import {readdirSync, readFileSync, statSync} from 'node:fs';

export interface OpenFiles {
  readonly pid: number;
  readonly count: number;
  /** The soft limit: `open` fails with EMFILE above it. */
  readonly limit: number;
}

/**
 * Of these processes the one that is nearest to its limit of open files.
 * @returns null: none can be read (another user's, gone, no Linux)
 */
export function nearestToFileLimit(pids: readonly number[]): OpenFiles | null {
  if (process.platform !== 'linux') return null;
  let nearest: OpenFiles | null = null;
  for (const pid of pids) {
    const found = openFilesOf(pid);
    if (found !== null && (nearest === null || found.count / found.limit > nearest.count / nearest.limit))
      nearest = found;
  }
  return nearest;
}

function openFilesOf(pid: number): OpenFiles | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1];
    // `unlimited` has no number.
    return limit === undefined ? null : {pid, count: openFileCount(`/proc/${pid}/fd`), limit: Number(limit)};
  } catch {
    return null;
  }
}

function openFileCount(folder: string): number {
  // Linux 6.2 and later keep the number as the size of the folder; before, it is 0 and every entry has to be read.
  const {size} = statSync(folder);
  return size > 0 ? size : readdirSync(folder).length;
}
