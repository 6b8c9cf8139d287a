import {spawnSync} from 'node:child_process';
import {chmodSync, lstatSync, rmSync} from 'node:fs';
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

export function isOurFifo(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (!stats.isFIFO() || stats.uid !== process.geteuid?.()) return false;
    if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o600);
    return true;
  } catch {
    return false;
  }
}
