import {readFileSync} from 'node:fs';
import type {ProcessIdentity} from '../lib/platform/types.js';

/** The same process, not one that got its number: start time and boot id tell, where the system shows them. */
export function isProcessAlive({pid, startTime, bootId}: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    if (!bootId.startsWith(boot)) return false;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold brackets and spaces itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' && (startTime === null || fields[19] === startTime);
  } catch {
    return false;
  }
}
