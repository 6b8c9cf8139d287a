import {createHash} from 'node:crypto';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';

/**
 * Where sockets, locks and FIFOs of all projects of this user lie: short-lived by nature, and short as a path, because
 * Node 20 cuts a socket path at 107 bytes silently and two projects would then share a supervisor.
 */
export function runtimeBase(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['XDG_RUNTIME_DIR'];
  if (given) return join(given, 'erp');
  try {
    return join(homedir(), '.local/state/erp');
  } catch {
    return join(tmpdir(), `erp-${process.getuid?.() ?? 0}`);
  }
}

/** @param projectDir with symlinks resolved: two ways to one folder are one project */
export function runtimeDirOf(projectDir: string, instance: string | null): string {
  const identity = instance === null ? projectDir : `${projectDir}\0${instance}`;
  return join(runtimeBase(), createHash('sha256').update(identity).digest('hex').slice(0, 16));
}

export const socketOf = (runtimeDir: string) => join(runtimeDir, 'socket');

/** `erp watchdog --name NAME` keeps its journal and specification apart from the project's. */
export const instanceStateDir = (stateDir: string, instance: string) => join(stateDir, 'instances', instance);

/** Beside the socket: where the state of this supervisor lies, for commands that do not read the configuration. */
export const stateDirFile = (runtimeDir: string) => join(runtimeDir, 'state-dir');
