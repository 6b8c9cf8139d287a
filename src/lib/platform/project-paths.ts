import {createHash} from 'node:crypto';
import {chmodSync, lstatSync, mkdirSync, realpathSync, statSync} from 'node:fs';
import {homedir, tmpdir, userInfo} from 'node:os';
import {dirname, join} from 'node:path';
import {ErpError} from '../core/errors.js';
import {ExitCode} from '../core/exit-codes.js';

/**
 * Longest path of a socket. The system allows 104 (macOS) to 108 bytes; Node 20 cuts a longer one silently, and then two
 * projects share one supervisor.
 */
export const socketPathLimitBytes = 100;
/** While it is made, a socket has a longer name: `control.<pid>.<n>.sock`. */
const longestSocketName = 'control.4194304.99.sock';

export interface PathsEnvironment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** null: Windows. */
  readonly uid: number | null;
}

export const presentEnvironment = (): PathsEnvironment => ({
  env: process.env,
  platform: process.platform,
  uid: process.geteuid?.() ?? null,
});

/**
 * Names a project (and instance): 16 hexadecimal digits of its real path.
 * @throws ErpError if the folder does not exist
 */
export function projectHash(projectDir: string, instance: string | null): string {
  try {
    return pathHash(realpathSync(projectDir), instance);
  } catch (cause) {
    throw new ErpError(`The project folder ${projectDir} can't be found.`, {
      code: 'ERP_NO_PROJECT_FOLDER',
      exitCode: ExitCode.usage,
      cause,
    });
  }
}

/** @param real without symbolic links; it need not exist */
export function pathHash(real: string, instance: string | null): string {
  return createHash('sha256')
    .update(real)
    .update('\0')
    .update(instance ?? '')
    .digest('hex')
    .slice(0, 16);
}

/**
 * Folders that may hold a project's socket, lock and FIFOs, best first. A supervisor takes the first; whoever looks for
 * one looks into all: cron, ssh and sudo give different environments to one user.
 */
export function runtimeDirCandidates(hash: string, where: PathsEnvironment = presentEnvironment()): readonly string[] {
  const {env, platform, uid} = where;
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? join(env['USERPROFILE'] ?? homedir(), 'AppData', 'Local');
    return [join(local, 'erp', hash)];
  }
  const candidates: string[] = [];
  const xdg = env['XDG_RUNTIME_DIR'] || `/run/user/${uid}`;
  if (isOurFolder(xdg, uid) && !isLostAtLogout(xdg, uid)) candidates.push(join(xdg, 'erp', hash));
  const home = env['HOME'] || passwdHome();
  if (home !== null && isOurFolder(home, uid)) candidates.push(join(home, '.local', 'state', 'erp', hash));
  // TMPDIR may be deep (macOS) or differ by session; /tmp is neither.
  for (const folder of new Set([tmpdir(), '/tmp'])) candidates.push(join(folder, `erp-${uid}`, hash));
  const fitting = candidates.filter((path) => Buffer.byteLength(join(path, longestSocketName)) <= socketPathLimitBytes);
  if (fitting.length > 0) return fitting;
  throw new ErpError(`No folder for the control socket has a short enough path: tried ${candidates.join(', ')}.`, {
    code: 'ERP_SOCKET_PATH_TOO_LONG',
    exitCode: ExitCode.configuration,
    remedy: ['set XDG_RUNTIME_DIR or TMPDIR to a shorter path'],
  });
}

/** Path of the socket that clients connect to. */
export function controlSocketPath(runtimeDir: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32'
    ? `\\\\.\\pipe\\erp-${runtimeDir.split(/[\\/]/).at(-1)}`
    : join(runtimeDir, 'control.sock');
}

/**
 * Makes the folder: ours, no symlink, closed to others, its parent `erp` too.
 * @throws ErpError if somebody else has prepared it
 */
export function ensureRuntimeDir(path: string, uid: number | null = process.geteuid?.() ?? null): void {
  const parent = dirname(path);
  for (const folder of [dirname(parent), parent, path]) {
    const isOurs = folder !== dirname(parent);
    try {
      mkdirSync(folder, isOurs ? {mode: 0o700} : {recursive: true});
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw notUsable(folder, (error as Error).message);
    }
    if (!isOurs) continue;
    const stats = lstatSync(folder);
    if (stats.isSymbolicLink()) throw notUsable(folder, 'it is a symbolic link');
    if (!stats.isDirectory()) throw notUsable(folder, 'it is no folder');
    if (uid === null) continue;
    if (stats.uid !== uid) throw notUsable(folder, `it belongs to user ${stats.uid}`);
    if ((stats.mode & 0o077) === 0) continue;
    chmodSync(folder, 0o700);
    // Some file systems (FAT) know no modes, and say nothing.
    if ((lstatSync(folder).mode & 0o077) !== 0) throw notUsable(folder, 'its file system cannot close it to others');
  }
}

/** Makes the first candidate that can be had, and returns it. */
export function chooseRuntimeDir(candidates: readonly string[]): string {
  let problem: unknown = null;
  for (const candidate of candidates) {
    try {
      ensureRuntimeDir(candidate);
      return candidate;
    } catch (error) {
      problem ??= error;
    }
  }
  throw problem;
}

function notUsable(folder: string, why: string): ErpError {
  return new ErpError(`The folder ${folder} can't be used for the supervisor's socket: ${why}.`, {
    code: 'ERP_RUNTIME_DIR',
    exitCode: ExitCode.configuration,
    remedy: [`remove ${folder}, or set XDG_RUNTIME_DIR to a folder of your own`],
  });
}

/**
 * systemd removes /run/user/UID when the user's last session ends, with the sockets and FIFOs of a supervisor that was
 * meant to stay. With lingering it stays.
 */
function isLostAtLogout(folder: string, uid: number | null): boolean {
  if (folder.replace(/\/+$/, '') !== `/run/user/${uid}`) return false;
  try {
    return statSync(`/var/lib/systemd/linger/${userInfo().username}`, {throwIfNoEntry: false}) === undefined;
  } catch {
    return true; // a user without a name can't linger
  }
}

function isOurFolder(path: string, uid: number | null): boolean {
  if (!path.startsWith('/')) return false;
  const stats = statSync(path, {throwIfNoEntry: false});
  return stats?.isDirectory() === true && stats.uid === uid;
}

function passwdHome(): string | null {
  try {
    return userInfo().homedir;
  } catch {
    return null; // a container's user without an entry
  }
}
