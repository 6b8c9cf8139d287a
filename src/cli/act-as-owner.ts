import {readFileSync, statSync} from 'node:fs';
import {ownerOf} from '../lib/platform/lock.js';
import type {ProjectFlags} from './compose.js';
import {locate} from './locate.js';
import {runtimeDirsOf} from './place.js';

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * Root acts as the project's owner, as `sudo -u OWNER erp …` would: whoever may write the configuration says what is run,
 * and that must not be run as root; and files keep their owner. Root stays root in a project of its own, of an owner that
 * this machine does not know (a mount from elsewhere), and where root's own supervisor runs already.
 */
export function actAsOwner(flags: ProjectFlags, cwd = process.cwd(), env = process.env): void {
  if (process.geteuid?.() !== 0) return;
  const {projectDir} = locate({project: flags.project, config: flags.config, cwd});
  const owner = ownerOfFolder(projectDir);
  if (owner === null || isRunning(projectDir, flags.instance ?? null)) return;
  try {
    // Missing in Node's types.
    (process as {initgroups?: (user: string, group: number) => void}).initgroups?.(owner.name, owner.gid);
    process.setgid?.(owner.gid);
    process.setuid?.(owner.uid);
  } catch {
    return; // a container whose root may not: then it is all the root there is
  }
  env['HOME'] = owner.home;
  env['USER'] = owner.name;
  env['LOGNAME'] = owner.name;
  // Root's; the owner's is found by its number.
  delete env['XDG_RUNTIME_DIR'];
}

/** null: root, or nobody that the passwd file knows. */
function ownerOfFolder(folder: string): User | null {
  try {
    const {uid} = statSync(folder);
    if (uid === 0) return null;
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name = '', , id, gid, , home = '/'] = line.split(':');
      if (id === String(uid)) return {name, uid, gid: Number(gid), home};
    }
  } catch {
    // No such folder (the command says so), or no such file.
  }
  return null;
}

function isRunning(projectDir: string, instance: string | null): boolean {
  try {
    return runtimeDirsOf(projectDir, instance).some((folder) => {
      const owner = ownerOf(folder);
      return owner !== null && statSync(`/proc/${owner.pid}`).uid === 0;
    });
  } catch {
    return false;
  }
}
