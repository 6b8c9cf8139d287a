import {existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {erpBinary, type Rig, type Run} from './rig.js';

/** A small disk of its own below the project, seen only by what is started with it. */
export class SmallDisk {
  readonly folder = 'disk';
  readonly #rig: Rig;
  readonly #shell: Run;

  private constructor(rig: Rig, shell: Run) {
    this.#rig = rig;
    this.#shell = shell;
  }

  /**
   * `erp start --detach` with a tmpfs in a mount namespace of its own: it goes with its last process, whatever happens.
   * @param first shell text before the start, in the project's folder
   */
  static start(rig: Rig, size: string, first = 'true'): SmallDisk {
    const script = [
      'mkdir -p disk',
      `mount -t tmpfs -o size=${size} none disk`,
      first,
      `'${process.execPath}' '${erpBinary}' start --detach --timeout 30s; echo "started: $?"`,
      'read line',
    ].join('\n');
    return new SmallDisk(rig, rig.spawn(['unshare', '-m', '--propagation', 'private', 'sh', '-c', script]));
  }

  /** @returns the exit code of the start */
  async started(): Promise<number> {
    return Number((await this.#shell.says(/started: (\d+)/, 60_000))[1]);
  }

  path(...parts: string[]): string {
    return join(`/proc/${this.#shell.pid}/root`, this.#rig.project, this.folder, ...parts);
  }

  read(...parts: string[]): string {
    const path = this.path(...parts);
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  }

  list(...parts: string[]): string[] {
    return readdirSync(this.path(...parts));
  }

  /** Until nothing goes into it. */
  fill(): void {
    for (let n = 0; ; n++) {
      try {
        writeFileSync(this.path(`ballast${n}`), Buffer.alloc(64 * 1024));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
        throw error;
      }
    }
  }

  empty(): void {
    for (const name of this.list()) if (name.startsWith('ballast')) rmSync(this.path(name));
  }

  /** The disk goes when the last process has ended. */
  leave(): void {
    this.#shell.child.stdin?.end('\n');
  }
}
