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
  for (const pid of processes()) {
    const title = read(`/proc/${pid}/cmdline`).replace(/\0+$/, '');
    if (!title.startsWith('erp-supervisor ') || !title.endsWith(` ${stateDir}`)) continue;
    const stats = statSync(`/proc/${pid}`, {throwIfNoEntry: false});
    if (stats !== undefined) return {pid, uid: stats.uid, since: stats.ctime};
  }
  return null;
}

/** All that the process table shows; empty where there is none. */
export function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

export function parentOf(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  // The program's name stands in brackets and may hold brackets and spaces itself.
  const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return parent === undefined ? null : Number(parent);
}

/** Empty for a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
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
