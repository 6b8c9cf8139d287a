import {type Stats, statSync} from 'node:fs';

/** Some file systems write down every other second only when a folder changed. */
const coarsestMs = 2500;
/** A file system may not tell at all. */
const believedMs = 60_000;

/** Whether files of a folder were added, removed or replaced: one look at it instead of one at each of them. */
export class FolderStamp {
  readonly #path: string;
  #stamp: string | null = null;
  #lookedAt = -Infinity;

  constructor(path: string) {
    this.#path = path;
  }

  /** Since the last call; true when that can't be told. */
  changed(): boolean {
    const folder = statsOf(this.#path);
    const stamp = folder === undefined ? null : `${folder.dev}:${folder.ino}:${folder.ctimeMs}`;
    const now = performance.now();
    if (stamp !== null && stamp === this.#stamp && now - this.#lookedAt < believedMs) return false;
    // What changed a moment ago may change once more within the same tick of its clock.
    const isSettled = folder !== undefined && Date.now() - folder.ctimeMs > coarsestMs;
    this.#stamp = isSettled ? stamp : null;
    this.#lookedAt = now;
    return true;
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, {throwIfNoEntry: false});
  } catch {
    return undefined; // not readable now
  }
}
