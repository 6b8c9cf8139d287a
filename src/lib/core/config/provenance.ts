import type {ConfigPath} from './problems.js';
import {formatPath} from './problems.js';

export type ValueSource = 'flag' | 'environment' | 'file' | 'default';

/** One effective value and where it came from; `erp config show` prints them. */
export interface ResolvedValue {
  readonly path: string;
  readonly value: unknown;
  readonly source: ValueSource;
  /** `--max-restarts`, `ERP_MAX_RESTARTS`, `erp.config.yaml:7`, or the reason of a default. */
  readonly place: string;
}

/** Notes every value at the moment it is decided, so that what is shown can't differ from what is used. */
export class Ledger {
  readonly entries: ResolvedValue[] = [];
  readonly #place: (path: ConfigPath) => string;

  /** @param place file and line of a path */
  constructor(place: (path: ConfigPath) => string) {
    this.#place = place;
  }

  fromFile<V>(path: ConfigPath, value: V, writtenAt: ConfigPath = path): V {
    return this.note(path, value, 'file', this.#place(writtenAt));
  }

  note<V>(path: ConfigPath, value: V, source: ValueSource, place: string): V {
    this.entries.push({path: formatPath(path), value, source, place});
    return value;
  }

  /** The file's value, else the default. */
  pick<V, D>(path: ConfigPath, given: V | undefined, byDefault: {readonly value: D; readonly reason: string}): V | D {
    return given === undefined
      ? this.note(path, byDefault.value, 'default', byDefault.reason)
      : this.fromFile(path, given);
  }
}
