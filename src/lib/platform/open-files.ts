import {readdirSync, readFileSync, statSync} from 'node:fs';

export interface OpenFiles {
  readonly pid: number;
  readonly count: number;
  /** The soft limit: `open` fails with EMFILE above it. */
  readonly limit: number;
}

/** A limit is what a process was born with, nearly always: the system needs longer to tell it than to count. */
const limitKeptMs = 5 * 60_000;
const mostLimitsKept = 5000;
/** `null`: unlimited. */
const limits = new Map<number, {readonly limit: number | null; readonly at: number}>();

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
    const count = openFileCount(`/proc/${pid}/fd`);
    let limit = limitOf(pid, performance.now() - limitKeptMs);
    // Before a warning comes of it.
    if (limit !== null && count > limit / 2) limit = limitOf(pid, Infinity);
    return limit === null ? null : {pid, count, limit};
  } catch {
    return null;
  }
}

function limitOf(pid: number, notBefore: number): number | null {
  const known = limits.get(pid);
  if (known !== undefined && known.at >= notBefore) return known.limit;
  const number = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1];
  const limit = number === undefined ? null : Number(number);
  if (limits.size >= mostLimitsKept) limits.clear();
  limits.set(pid, {limit, at: performance.now()});
  return limit;
}

function openFileCount(folder: string): number {
  // Linux 6.2 and later keep the number as the size of the folder; before, it is 0 and every entry has to be read.
  const {size} = statSync(folder);
  return size > 0 ? size : readdirSync(folder).length;
}
