import {renameSync, rmSync, writeFileSync} from 'node:fs';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';

/** All of it or nothing: a full disk leaves what was there. */
export function writeWhole(path: string, text: string): void {
  const fresh = `${path}.${process.pid}`;
  try {
    writeFileSync(fresh, text);
    renameSync(fresh, path);
  } catch (cause) {
    rmSync(fresh, {force: true});
    throw new ErpError(`${path} can't be written: ${(cause as Error).message}.`, {
      code: 'ERP_NOT_WRITTEN',
      exitCode: ExitCode.unexpected,
      remedy: ['name another place: --html FILE, or --html - for standard output'],
      cause,
    });
  }
}
