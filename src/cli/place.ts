import {createHash} from 'node:crypto';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';

/** TEMPORARY */
export function runtimeBase(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env['XDG_RUNTIME_DIR'];
  if (xdg) return join(xdg, 'erp');
  try {
    return join(homedir(), '.local/state/erp');
  } catch {
    return join(tmpdir(), `erp-${process.getuid?.() ?? 0}`);
  }
}
export function runtimeDirOf(projectDir: string, instance: string | null): string {
  return join(runtimeBase(), createHash('sha256').update(projectDir).update(instance === null ? '' : `\0${instance}`).digest('hex').slice(0, 16));
}
export const socketOf = (runtimeDir: string) => join(runtimeDir, 'socket');
