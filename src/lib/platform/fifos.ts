import {spawnSync} from 'node:child_process';
import {chmodSync, closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, rmSync, type Stats} from 'node:fs';
import type {OnProblem} from './service-log.js';

/** One process makes them all: starting one costs more than a thousand FIFOs. */
export function makeFifos(paths: readonly string[], onProblem: OnProblem): void {
  const missing = paths.filter((path) => !isOurFifo(path));
  if (missing.length === 0) return;
  for (const path of missing) {
    try {
      rmSync(path, {recursive: true, force: true});
    } catch (error) {
      onProblem('ERROR', `${path} is in the way of a FIFO: ${(error as Error).message}`);
    }
  }
  const env = {PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin`};
  const made = spawnSync('mkfifo', ['-m', '600', ...missing], {env, encoding: 'utf8', timeout: 10_000});
  if (made.status !== 0) {
    const why = made.error?.message ?? made.stderr.trim();
    onProblem('ERROR', `FIFOs can't be made, output goes straight into the log files: ${why}`);
  }
}

export interface OpenFifo {
  readonly fd: number;
  readonly ino: number;
  readonly dev: number;
}

/**
 * Opens a FIFO read-write; one look at what was opened instead of three before. null: there is none, or it is not ours.
 * @throws what the system says when it has no descriptor left
 */
export function openFifo(path: string): OpenFifo | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if (notThere.has((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
  const stats = fstatSync(fd);
  if (isOurs(stats)) {
    if ((stats.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
    return {fd, ino: stats.ino, dev: stats.dev};
  }
  closeSync(fd);
  return null;
}

const notThere: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP', 'EISDIR', 'EACCES', 'ENXIO', 'ENOTDIR']);

const isOurs = (stats: Stats): boolean => stats.isFIFO() && stats.uid === process.geteuid?.();

export function isOurFifo(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (!isOurs(stats)) return false;
    if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o600);
    return true;
  } catch {
    return false;
  }
}
