import type {ProcessRow, ProcessTable} from './process-table.js';

type Answer = (rows: readonly ProcessRow[], table: ProcessTable) => void;

/**
 * One scan of all processes for everybody who asks before it begins: a hundred services that stop look around once, not
 * each for itself. What is read of a process beside its row is read once for all of them.
 */
export class SharedScan {
  readonly #table: ProcessTable;
  #waiting: Answer[] = [];
  #busy = false;

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  /** The callback comes later, with all processes as they are from now on. */
  ask(callback: Answer): void {
    this.#waiting.push(callback);
    if (!this.#busy) this.#begin();
  }

  #begin(): void {
    this.#busy = true;
    // Who asks in this very turn comes along.
    setImmediate(() => {
      const served = this.#waiting;
      this.#waiting = [];
      this.#table.scan((rows) => {
        this.#busy = false;
        if (this.#waiting.length > 0) this.#begin();
        const table = readOnce(this.#table);
        for (const answer of served) answer(rows, table);
      });
    });
  }
}

/** The table of one moment: environments and owners are kept for the next who asks. */
function readOnce(table: ProcessTable): ProcessTable {
  return {
    bootId: table.bootId,
    startTimeHz: table.startTimeHz,
    read: (pid) => table.read(pid),
    scan: (callback) => table.scan(callback),
    firstInGroup: (pgrp) => table.firstInGroup(pgrp),
    uid: kept((pid) => table.uid(pid)),
    environ: kept((pid) => table.environ(pid)),
    commandLine: (pid) => table.commandLine(pid),
    cwd: (pid) => table.cwd(pid),
    executable: kept((pid) => table.executable(pid)),
    standardStreams: kept((pid) => table.standardStreams(pid)),
    controlGroup: kept((pid) => table.controlGroup(pid)),
  };
}

function kept<T>(read: (pid: number) => T): (pid: number) => T {
  const known = new Map<number, T>();
  return (pid) => {
    const before = known.get(pid);
    if (before !== undefined) return before;
    const value = read(pid);
    known.set(pid, value);
    return value;
  };
}
