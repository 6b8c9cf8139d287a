import {lstatSync, rmSync, type Stats, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {nameOfUser} from './find-supervisor.js';

/**
 * Whoever owns the state folder, or the link in its place, chooses which program the supervisor is and which files it
 * writes. So it must be ours, or root's who may do that anyway.
 * @throws ErpError exit 7 for what another user has prepared
 */
export function refuseForeign(folder: string): void {
  const uid = process.geteuid?.();
  if (uid === undefined) return;
  const link = look(() => lstatSync(folder));
  if (link === null) return;
  if (link.isSymbolicLink()) {
    if (link.uid !== uid && link.uid !== 0) throw foreign(folder, link.uid, 'is a symbolic link of');
    return;
  }
  // Others than root can't write there at all, and learn that with the better words.
  if (uid !== 0 || link.uid === 0 || !link.isDirectory() || isMapped(folder, uid)) return;
  throw foreign(folder, link.uid, 'belongs to');
}

/** Mounts of containers and of networks may show every file as some other user's. */
function isMapped(folder: string, uid: number): boolean {
  const probe = join(folder, `.erp-probe-${process.pid}`);
  try {
    writeFileSync(probe, '', {flag: 'wx', mode: 0o600});
    return statSync(probe).uid !== uid;
  } catch {
    return false;
  } finally {
    rmSync(probe, {force: true});
  }
}

function look(stat: () => Stats): Stats | null {
  try {
    return stat();
  } catch {
    return null;
  }
}

function foreign(folder: string, uid: number, relation: string): ErpError {
  const user = nameOfUser(uid);
  return new ErpError(
    `${folder} ${relation} ${user}: whoever owns it chooses what erp runs and writes as ${nameOfUser(process.geteuid?.() ?? 0)}.`,
    {
      code: 'ERP_FOREIGN_FOLDER',
      exitCode: ExitCode.otherSupervisor,
      remedy: [`sudo -u ${user} erp …`, `or, if it is yours after all: chown -h $(id -u) ${folder}`],
      facts: {folder, user},
    },
  );
}
