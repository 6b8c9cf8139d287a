import {linkSync, openSync, closeSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {ProcessIdentity} from './types.js';

/** What a lock file says about who made it. */
export interface LockOwner extends ProcessIdentity {
  readonly project: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type LockResult =
  | {readonly owned: true; readonly generation: number}
  /** `owner` null: somebody else was quicker and is gone already; ask again. */
  | {readonly owned: false; readonly owner: LockOwner | null};

export type IsAlive = (identity: ProcessIdentity) => boolean;

/**
 * Generation lock. The owner is whoever made the file `lock.N` with the highest N, as long as it lives. A dead owner is
 * never replaced, only followed: link(2) makes `lock.N+1` for exactly one of all who try, complete with its contents.
 * Deleting and making anew, the obvious way, had 2 double owners in 12 races: the second deletes what the first has
 * just made. So the last file stays for ever, and N grows.
 */
export function acquireLock(dir: string, owner: LockOwner, isAlive: IsAlive): LockResult {
  const last = highest(dir);
  if (last !== null) {
    const present = readOwner(dir, last);
    if (present !== null && isAlive(present))
      return isSame(present, owner) ? {owned: true, generation: last} : {owned: false, owner: present};
  }
  const generation = (last ?? 0) + 1;
  if (!claim(dir, generation, owner)) return {owned: false, owner: ownerOf(dir)};
  // Between our look and our link others may have come, gone and been followed, and the number that we took been tidied
  // away in between: whoever sees a higher one gives way.
  const now = highest(dir);
  if (now !== generation) {
    rmSync(join(dir, `lock.${generation}`), {force: true});
    return {owned: false, owner: ownerOf(dir)};
  }
  for (const number of generations(dir)) if (number < generation) rmSync(join(dir, `lock.${number}`), {force: true});
  return {owned: true, generation};
}

/** Is this generation still the last one? A supervisor that was replaced learns it so. */
export const holdsLock = (dir: string, generation: number): boolean => highest(dir) === generation;

/** Who made the last lock, dead or alive; null: nobody. */
export function ownerOf(dir: string): LockOwner | null {
  const last = highest(dir);
  return last === null ? null : readOwner(dir, last);
}

/** The living supervisor of this folder; null: none. */
export function livingOwner(dir: string, isAlive: IsAlive): LockOwner | null {
  const owner = ownerOf(dir);
  return owner !== null && isAlive(owner) ? owner : null;
}

/** Looks for a living supervisor in all places where one may be; see `runtimeDirCandidates`. */
export function findSupervisor(
  candidates: readonly string[],
  isAlive: IsAlive,
): {readonly runtimeDir: string; readonly owner: LockOwner} | null {
  for (const runtimeDir of candidates) {
    const owner = livingOwner(runtimeDir, isAlive);
    if (owner !== null) return {runtimeDir, owner};
  }
  return null;
}

function claim(dir: string, generation: number, owner: LockOwner): boolean {
  const target = join(dir, `lock.${generation}`);
  const draft = join(dir, `draft.${owner.pid}.${Math.random().toString(36).slice(2)}`);
  const text = `${JSON.stringify(owner)}\n`;
  try {
    writeFileSync(draft, text, {mode: 0o600, flag: 'wx'});
    linkSync(draft, target);
    return true;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EACCES', 'EMLINK', 'EXDEV'].includes(code ?? ''))
      throw error;
    return claimWithoutLink(target, text);
  } finally {
    rmSync(draft, {force: true});
  }
}

/** File systems without hard links: as exclusive, but for an instant without contents. */
function claimWithoutLink(target: string, text: string): boolean {
  let fd: number;
  try {
    fd = openSync(target, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
  return true;
}

function generations(dir: string): number[] {
  try {
    return readdirSync(dir)
      .map((name) => /^lock\.(\d{1,15})$/.exec(name)?.[1])
      .filter((number) => number !== undefined)
      .map(Number);
  } catch {
    return [];
  }
}

function highest(dir: string): number | null {
  const all = generations(dir);
  return all.length === 0 ? null : Math.max(...all);
}

/** What can be read of it: a newer version may have written more than we know. */
function readOwner(dir: string, generation: number): LockOwner | null {
  try {
    const value = JSON.parse(readFileSync(join(dir, `lock.${generation}`), 'utf8')) as Partial<LockOwner>;
    if (typeof value.pid !== 'number' || typeof value.bootId !== 'string') return null;
    return {
      pid: value.pid,
      startTime: typeof value.startTime === 'string' ? value.startTime : null,
      bootId: value.bootId,
      project: typeof value.project === 'string' ? value.project : '',
      at: typeof value.at === 'number' ? value.at : 0,
    };
  } catch {
    return null;
  }
}

const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean =>
  a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId;
