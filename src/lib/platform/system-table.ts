import {DarwinProcessTable} from './process-table.darwin.js';
import {LinuxProcessTable} from './process-table.linux.js';
import type {ProcessTable} from './process-table.js';
import {isEnded, isProcessOf} from './process-table.js';
import {WindowsProcessTable} from './process-table.windows.js';
import type {ProcessIdentity} from './types.js';

/** The process table of the system we run on. */
export function systemProcessTable(platform: NodeJS.Platform = process.platform): ProcessTable {
  if (platform === 'win32') return new WindowsProcessTable();
  // Other systems with ps(1) of the BSD kind are served by the same words.
  return platform === 'linux' || platform === 'android' ? new LinuxProcessTable() : new DarwinProcessTable();
}

/** Who we are, as a lock or a journal tells it. */
export function selfIdentity(table: ProcessTable): ProcessIdentity {
  return {pid: process.pid, startTime: table.read(process.pid)?.startTime ?? null, bootId: table.bootId};
}

/** Is this very process alive? Zombies are not. */
export function isAliveIn(table: ProcessTable, identity: ProcessIdentity): boolean {
  if (identity.bootId !== table.bootId) return false;
  const row = table.read(identity.pid);
  return row !== null && !isEnded(row) && isProcessOf(identity, row);
}
