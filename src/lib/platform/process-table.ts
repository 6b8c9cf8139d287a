import type {ProcessIdentity} from './types.js';

/** One process as the system shows it. Numbers that a system can't tell are null. */
export interface ProcessRow {
  readonly pid: number;
  readonly ppid: number;
  /** Process group; 0 where there is none (Windows). */
  readonly pgrp: number;
  /** Session; 0 where it can't be known (macOS shows an address, Windows has a different notion). */
  readonly session: number;
  /** Linux letters: R S D T t Z X I. */
  readonly state: string;
  /** Opaque and comparable for equality: together with pid and boot id it names one process for ever. */
  readonly startTime: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number | null;
  /** Short name of the program; the whole command line costs another read. */
  readonly name: string;
  readonly cpuSeconds: number | null;
  readonly rssBytes: number | null;
  readonly threads: number | null;
}

/** The processes of this machine, as far as we may see them. Nothing here throws. */
export interface ProcessTable {
  /** Identifies boot and pid namespace: a pid of another boot or of another container is no pid of ours. */
  readonly bootId: string;
  /** How many units of `startTime` make a second. */
  readonly startTimeHz: number;
  read(pid: number): ProcessRow | null;
  /** Every process. May take several turns of the event loop; always answers later, never at once. */
  scan(callback: (rows: readonly ProcessRow[]) => void): void;
  /** All pids and the one that was given away last, so that a scan can leave out what it knows; see `KeptRows`. */
  pids?(): readonly number[];
  /** null: the system does not tell. */
  lastPid?(): number | null;
  /** Children of all its threads, where the system tells without a look at everybody. */
  children?(pid: number): readonly number[];
  /** Every process, at once; blocks, so ask rarely. Absent where the system has no quick way. */
  rows?(): readonly ProcessRow[];
  /** Some living process (no zombie) of the group; null: none. Blocks, so ask rarely. */
  firstInGroup(pgrp: number): number | null;
  /** Effective owner of the process; null: gone. */
  uid(pid: number): number | null;
  /** `NAME=value` strings separated by NUL, bytes as latin1; null: not readable. '' when the program has wiped it. */
  environ(pid: number): string | null;
  commandLine(pid: number): string | null;
  /** The same, word by word; absent where the system does not keep them apart. */
  argv?(pid: number): readonly string[];
  /** Names the pid namespace of a process; absent where there are none. */
  namespaceOf?(pid: number): string | null;
  cwd(pid: number): string | null;
  executable(pid: number): string | null;
  /** Where the standard streams 0, 1, 2 lead to, as far as they can be read. */
  standardStreams(pid: number): readonly string[];
  /** Control groups as one string; null where there are none. */
  controlGroup(pid: number): string | null;
}

/** A zombie has ended: nothing of it runs, only its parent has not asked for the exit status yet. */
export const isEnded = (row: ProcessRow): boolean => row.state === 'Z' || row.state === 'X' || row.state === 'x';

/** Stopped by a signal or a debugger: it will not see SIGTERM until it is continued. */
export const isStopped = (row: ProcessRow): boolean => row.state === 'T' || row.state === 't';

/** Value of one variable of an environment as `ProcessTable.environ` gives it. */
export function variableOf(environ: string, name: string): string | null {
  const wanted = `${name}=`;
  let from = environ.startsWith(wanted) ? 0 : environ.indexOf(`\0${wanted}`) + 1;
  if (from === 0 && !environ.startsWith(wanted)) return null;
  from += wanted.length;
  const end = environ.indexOf('\0', from);
  return environ.slice(from, end === -1 ? undefined : end);
}

/**
 * Is this the process that an identity means? On Windows we note the time of our own call, because asking for the
 * kernel's takes half a second; the two differ by milliseconds.
 */
export function isProcessOf(identity: ProcessIdentity, row: ProcessRow): boolean {
  if (identity.pid !== row.pid) return false;
  if (identity.startTime === null || identity.startTime === row.startTime) return true;
  return process.platform === 'win32' && Math.abs(Number(identity.startTime) - Number(row.startTime)) < 2000;
}
