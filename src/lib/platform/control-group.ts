import {accessSync, constants, existsSync, mkdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';

/** Last part of the path of a project's control group. */
const groupName = (projectMark: string): string => `erp-${projectMark}`;

/**
 * Is this the project's own control group (cgroup v2)? Asked by its name, wherever in the tree it lies: a project that
 * was started from two sessions has two.
 * @param membership content of `/proc/PID/cgroup`
 */
export function isProjectGroup(membership: string | null, projectMark: string): boolean {
  const path = pathOf(membership);
  return path !== null && path.slice(path.lastIndexOf('/') + 1) === groupName(projectMark);
}

/**
 * A control group for supervisor and services of a project, where we may make one: then all that they ever start is
 * known, whatever it does to its environment, session and parents. Made once per project and not per service: moving a
 * process takes the kernel 10 to 20 ms (measured), being born in the group takes nothing.
 * @returns folder of the group, or null: no cgroup v2, not ours to divide, or we are in it already
 */
export function makeProjectGroup(projectMark: string): string | null {
  try {
    const membership = readFileSync('/proc/self/cgroup', 'utf8');
    const path = pathOf(membership);
    if (path === null || isProjectGroup(membership, projectMark)) return null;
    const folder = folderOf(path, readFileSync('/proc/self/mountinfo', 'utf8'));
    if (folder === null || !mayDivide(folder)) return null;
    const group = join(folder, groupName(projectMark));
    mkdirSync(group, {recursive: true});
    return group;
  } catch {
    return null; // read-only, no such system, no rights: other traces have to do
  }
}

/**
 * Ours is what the system has handed over: a folder of our own user; for root, who may write everywhere, only where no
 * systemd keeps the tree as its own (a container).
 */
function mayDivide(folder: string): boolean {
  const self = process.geteuid?.() ?? 0;
  if (statSync(folder).uid !== self || (self === 0 && existsSync('/run/systemd/system'))) return false;
  accessSync(folder, constants.W_OK);
  accessSync(join(folder, 'cgroup.procs'), constants.W_OK);
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').includes(String(process.pid));
}

/** `0::/user.slice/…`: the line of cgroup v2. */
function pathOf(membership: string | null): string | null {
  const path = /^0::(\/.*)$/m.exec(membership ?? '')?.[1] ?? null;
  return path === null || path.includes('/..') ? null : path;
}

/** Where the group lies in our file system: `36 35 0:30 ROOT MOUNTPOINT options … - cgroup2 …` */
function folderOf(path: string, mountInfo: string): string | null {
  for (const line of mountInfo.split('\n')) {
    const [fields = '', type = ''] = line.split(' - ');
    if (!type.startsWith('cgroup2 ')) continue;
    const [, , , root = '/', mountPoint = ''] = fields.split(' ');
    const base = root === '/' ? '' : root;
    if (path === base || path.startsWith(`${base}/`)) return join(mountPoint, path.slice(base.length));
  }
  return null;
}
