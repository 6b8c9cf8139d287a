import {readdirSync, readFileSync, statSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';

/** The folder that `init` looks at. Paths are relative, with `/`. What can't be read counts as not there. */
export class Folder {
  readonly path: string;
  /** Absolute paths that were asked for, whether they are there or not. */
  readonly looked = new Set<string>();

  constructor(path: string) {
    this.path = path;
  }

  read(file: string): string | null {
    try {
      // Nobody writes a source file of more than a megabyte by hand.
      return this.#stat(file)?.isFile() === true && (this.#stat(file)?.size ?? 0) <= 1024 * 1024
        ? readFileSync(join(this.path, file), 'utf8').replace(/^\uFEFF/, '')
        : null;
    } catch {
      return null;
    }
  }

  has(place: string): boolean {
    return this.#stat(place) !== undefined;
  }

  isFolder(place: string): boolean {
    return this.#stat(place)?.isDirectory() === true;
  }

  /** Names of the folders within, without hidden ones and those of installed packages. */
  folders(place: string): string[] {
    this.looked.add(join(this.path, place));
    try {
      return readdirSync(join(this.path, place), {withFileTypes: true})
        .filter((entry) => entry.isDirectory() && !/^\.|^node_modules$|^__pycache__$|^venv$/.test(entry.name))
        .map((entry) => entry.name)
        .sort();
    } catch {
      return [];
    }
  }

  /** The first of several places that is there. */
  first(...places: string[]): string | null {
    return places.find((place) => this.has(place)) ?? null;
  }

  #stat(place: string) {
    this.looked.add(join(this.path, place));
    try {
      return statSync(join(this.path, place), {throwIfNoEntry: false});
    } catch {
      return undefined;
    }
  }
}

/** Does anybody on this machine answer at the port? */
export type Listens = (port: number) => Promise<boolean>;

export const listensOnLoopback: Listens = (port) =>
  new Promise((resolve) => {
    const socket = connect({host: '127.0.0.1', port, timeout: 500});
    const answer = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
  });
