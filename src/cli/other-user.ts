import {join} from 'node:path';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {formatTime} from '../lib/core/report/format.js';
import {findSupervisor, nameOfUser} from './find-supervisor.js';
import {instanceStateDir} from './place.js';

/** Where state lies unless the configuration says otherwise; it may not be readable for us. */
export function usualStateDir({projectDir, instance}: {projectDir: string; instance: string | null}): string {
  const stateDir = join(projectDir, '.erp');
  return instance === null ? stateDir : instanceStateDir(stateDir, instance);
}

/**
 * A supervisor that another user started has its socket where we do not look, or must not. Its process tells.
 * @returns null when there is none
 */
export function otherUsersSupervisor(
  projectDir: string,
  stateDir: string,
  argv: readonly string[] = process.argv.slice(2),
): ErpError | null {
  const found = findSupervisor(stateDir);
  if (found === null || found.uid === process.getuid?.()) return null;
  const user = nameOfUser(found.uid);
  return new ErpError(
    `${projectDir} runs as ${user} since ${formatTime(found.since, new Date())} (pid ${found.pid}): sudo -u ${user} erp ${argv.join(' ')}`.trimEnd(),
    {
      code: 'ERP_OTHER_USER',
      exitCode: ExitCode.otherSupervisor,
      remedy: [`sudo -u ${user} erp ${argv.join(' ')}`.trimEnd()],
      facts: {user, pid: found.pid},
    },
  );
}
