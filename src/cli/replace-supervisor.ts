import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {Hello} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {clientFor, doorOf} from './compose.js';
import {findSupervisor, parentOf, processes} from './find-supervisor.js';
import {launch} from './launch.js';

export interface ReplaceOptions {
  readonly spec: ProjectSpec;
  readonly supervisorFile: string;
  readonly version: string;
  /** Of the one that runs; null: it does not answer, and is found by its process. */
  readonly pid: number | null;
}

/**
 * Ends a supervisor without a word to its services and starts one in its place, which adopts them: they hold their own
 * input and output, so nothing is restarted and no line is lost. Its guardian goes first, or it would bring it back.
 */
export async function replaceSupervisor(options: ReplaceOptions): Promise<Hello> {
  const {spec} = options;
  const pid = options.pid ?? findSupervisor(spec.stateDir)?.pid ?? null;
  if (pid !== null) {
    for (const guardian of guardiansOf(pid)) kill(guardian);
    kill(pid);
    const until = Date.now() + 5000;
    while (isAlive(pid)) {
      if (Date.now() > until) {
        throw new ErpError(`The supervisor (pid ${pid}) can't be ended.`, {
          code: 'ERP_SUPERVISOR_STUCK',
          exitCode: ExitCode.unexpected,
          remedy: ['it hangs in the system, most likely on a disk: see dmesg'],
        });
      }
      await sleep(10);
    }
  }
  return await launch({
    spec,
    supervisorFile: options.supervisorFile,
    version: options.version,
    client: clientFor(doorOf(spec)),
  });
}

/** Its parent, or a child that stands in for one that was killed; none on Windows. */
function guardiansOf(pid: number): number[] {
  const parent = parentOf(pid);
  return processes().filter((each) => (each === parent || parentOf(each) === pid) && isGuardian(each));
}

function isGuardian(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('erp-guardian');
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A zombie that nobody has reaped yet holds nothing any more. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
