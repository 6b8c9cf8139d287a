import type {ProcessRow, ProcessTable} from './process-table.js';
import {inSlices} from './slices.js';

/** What is kept of strangers is read again after this, whatever the numbers say. */
const keptMs = 60_000;

/**
 * Scans again and again, and reads only what may have changed: the processes that somebody asks about, and those born
 * since the last scan. The kernel gives pids away in rising order, so the last one tells which numbers can be new.
 */
export class KeptRows {
  readonly #table: ProcessTable;
  #rows: ReadonlyMap<number, ProcessRow> = new Map();
  #list: readonly ProcessRow[] = [];
  #lastPid: number | null = null;
  #readAt = -Infinity;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  /**
   * The callback comes later, with every process. A row that was kept is the same object as before, and so is the list
   * when nothing was read.
   * @param isWanted whose row has to be that of now
   */
  scan(isWanted: (pid: number) => boolean, callback: (rows: readonly ProcessRow[]) => void): void {
    const table = this.#table;
    if (table.pids === undefined || table.lastPid === undefined) table.scan(callback);
    else inSlices(this.#scan(isWanted), callback);
  }

  *#scan(isWanted: (pid: number) => boolean): Generator<undefined, readonly ProcessRow[]> {
    const table = this.#table;
    const now = performance.now();
    // Before the list of pids: who is born in between is unknown, or read once more the next time.
    const last = table.lastPid?.() ?? null;
    const before = now - this.#readAt < keptMs && last !== null ? this.#lastPid : null;
    const kept = before === null ? new Map<number, ProcessRow>() : this.#rows;
    if (before === null) this.#readAt = now;
    const rows = new Map<number, ProcessRow>();
    let isSame = before !== null;
    for (const pid of before === last && before !== null ? kept.keys() : (table.pids?.() ?? [])) {
      const known = kept.get(pid);
      const isKept = known !== undefined && !isWanted(pid) && !isBetween(pid, before ?? 0, last ?? 0);
      const row = isKept ? known : table.read(pid);
      if (row !== null) rows.set(pid, row);
      if (isKept) continue;
      isSame = false;
      yield;
    }
    this.#lastPid = last;
    if (isSame && rows.size === this.#list.length) return this.#list;
    this.#rows = rows;
    this.#list = [...rows.values()];
    return this.#list;
  }
}

/** Was this number given away after the first and up to the second? They begin anew when the highest was reached. */
function isBetween(pid: number, first: number, second: number): boolean {
  return first <= second ? pid > first && pid <= second : pid > first || pid <= second;
}
