import {readdirSync, readFileSync, statSync} from 'node:fs';

export interface SupervisorProcess {
  readonly pid: number;
  readonly uid: number;
  /** When its process was started. */
  readonly since: Date;
}

/**
 * The supervisor of a project as a process: it names itself and its state folder, which the process table shows to every
 * user. For supervisors that do not answer us, because they are stuck or another user's. Linux only; elsewhere null, and
 * the messages say less.
 */
export function findSupervisor(stateDir: string): SupervisorProcess | null {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return null;
  }
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const title = readFileSync(`/proc/${name}/cmdline`, 'utf8').replace(/\0+$/, '');
      if (!title.startsWith('erp-supervisor ') || !title.endsWith(` ${stateDir}`)) continue;
      const {uid, ctime} = statSync(`/proc/${name}`);
      return {pid: Number(name), uid, since: ctime};
    } catch {
      // It ended while we looked.
    }
  }
  return null;
}

/** The name of a user from the passwd file, else the number. */
export function nameOfUser(uid: number): string {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name = '', , id] = line.split(':');
      if (id === String(uid)) return name;
    }
  } catch {
    // No such file: the number has to do.
  }
  return String(uid);
}
