import {mkdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {diskSpace} from './disk-space.js';

const reserveBytes = 256 * 1024;
/** With less beside it the disk is still as good as full, and whoever needs the space would meet the reserve instead. */
const roomBesideBytes = 4 * 1024 * 1024;
const shareBeside = 1 / 8;

/** Space for the last words of a crisis: a file that is given up when the disk is full. */
export class Reserve {
  readonly #dir: string;
  readonly #path: string;

  constructor(stateDir: string) {
    this.#dir = stateDir;
    this.#path = join(stateDir, 'reserve');
  }

  /** @returns false: there was nothing to give up */
  release(): boolean {
    try {
      rmSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes it when it is not there and there is room for it. */
  keep(): void {
    if (statSync(this.#path, {throwIfNoEntry: false})?.size === reserveBytes) return;
    try {
      mkdirSync(this.#dir, {recursive: true, mode: 0o700});
      const disk = diskSpace(this.#dir);
      if (disk !== null && disk.freeBytes < reserveBytes + Math.min(roomBesideBytes, disk.sizeBytes * shareBeside))
        return;
      // Random bytes: a file system that compresses would reserve nothing for zeros.
      const bytes = process.getBuiltinModule('node:crypto').randomBytes(reserveBytes);
      writeFileSync(this.#path, bytes, {mode: 0o600});
    } catch {
      this.release(); // no room for it: later there may be some
    }
  }
}
