import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import {isStopped, type ProcessTable} from './process-table.js';
import {isAliveIn} from './system-table.js';
import type {ProcessIdentity} from './types.js';

/** `gone`: it had ended, or its number is another process's by now. `denied`: not ours to end. */
export type Asked = 'asked' | 'gone' | 'denied';

/**
 * Asks one process to end, or ends it; nobody else, whatever became of its number.
 * @param how `graceful`: SIGTERM, on Windows taskkill without /F; `forced`: SIGKILL, taskkill /F
 */
export async function askToEnd(
  identity: ProcessIdentity,
  how: 'graceful' | 'forced',
  table: ProcessTable,
  runner: CommandRunner = systemRunner,
): Promise<Asked> {
  if (!isAliveIn(table, identity)) return 'gone';
  const {pid} = identity;
  if (process.platform === 'win32') {
    const force = how === 'forced' ? ['/F'] : [];
    await new Promise((resolve) => runner.run('taskkill.exe', ['/PID', String(pid), ...force], resolve));
    return 'asked';
  }
  try {
    process.kill(pid, how === 'forced' ? 'SIGKILL' : 'SIGTERM');
    const row = table.read(pid);
    // Whoever is stopped hears nothing until it goes on.
    if (row !== null && isStopped(row)) process.kill(pid, 'SIGCONT');
    return 'asked';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'denied' : 'gone';
  }
}

/** The unit of systemd that a process belongs to, by its control group: `nginx.service`. null: none. */
export function unitOf(controlGroup: string | null): string | null {
  const units = [...(controlGroup ?? '').matchAll(/\/([^/\n]+\.service)(?=\/|$)/gm)].map((match) => match[1] as string);
  // The unit of a user's whole session says nothing about what runs in it.
  return units.findLast((unit) => !/^user@\d+\.service$/.test(unit)) ?? null;
}
