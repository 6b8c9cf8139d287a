import {existsSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';

/**
 * The supervisor's program and specification: what the guardian starts it again from. Somebody who deletes `.erp` takes
 * them away; an open file can still be read then, and is written down again.
 */
export class OwnFiles {
  readonly #files: readonly {readonly path: string; readonly fd: number}[];

  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => ({path, fd: openSync(path, 'r')}));
  }

  /** @returns what was missing and is there again */
  restore(): string[] {
    const missing = this.#files.filter(({path}) => !existsSync(path));
    for (const {path, fd} of missing) {
      const content = Buffer.alloc(fstatSync(fd).size);
      readSync(fd, content, 0, content.length, 0);
      const fresh = `${path}.${process.pid}`;
      mkdirSync(dirname(path), {recursive: true, mode: 0o700});
      rmSync(fresh, {force: true});
      writeFileSync(fresh, content, {mode: 0o600, flag: 'wx'});
      renameSync(fresh, path);
    }
    return missing.map(({path}) => path);
  }
}
