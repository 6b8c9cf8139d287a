import {readFileSync, realpathSync} from 'node:fs';
import {basename, dirname, join, resolve, sep} from 'node:path';
import {ownerOf} from '../lib/platform/lock.js';
import {isProcessAlive} from './process-alive.js';

/**
 * A state folder outside the project's is shared by all folders that name it: the releases that a link `current` leads
 * to, one after the other. Then it, and not the folder of a release, says which supervisor is meant.
 * @param raw the configuration as it was parsed
 * @returns its real path; null: state lies inside the project
 */
export function sharedStateDir(raw: unknown, projectDir: string): string | null {
  const stateDir = typeof raw === 'object' && raw !== null && 'stateDir' in raw ? raw.stateDir : null;
  if (typeof stateDir !== 'string' || stateDir.trim() === '') return null;
  const path = realAsFarAsItIs(resolve(projectDir, stateDir));
  return path === projectDir || path.startsWith(`${projectDir}${sep}`) ? null : path;
}

/** The same for a configuration that is not loaded yet; one that can't be read shares nothing. */
export async function sharedStateOf(projectDir: string, configFile: string | null): Promise<string | null> {
  if (configFile === null || !mentions(configFile)) return null;
  try {
    const {loadConfig} = await import('./config/load.js');
    const {raw} = await loadConfig({cwd: projectDir, project: projectDir, configFile});
    return sharedStateDir(raw, projectDir);
  } catch {
    return null;
  }
}

/** Most do not, and then nothing heavy is loaded. */
function mentions(configFile: string): boolean {
  try {
    return readFileSync(configFile, 'utf8').includes('stateDir');
  } catch {
    return false;
  }
}

/** The folder in which the supervisor works that has its lock here; with `former` also one that is dead. */
export function projectIn(runtimeDirs: readonly string[], former = false): string | null {
  const owners = runtimeDirs.map((folder) => ownerOf(folder)).filter((owner) => owner !== null);
  const owner = owners.find((each) => isProcessAlive(each)) ?? (former ? owners[0] : undefined);
  return owner === undefined || owner.project === '' ? null : owner.project;
}

/** It may be made by the first start. */
export function realAsFarAsItIs(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realAsFarAsItIs(above), basename(path));
  }
}
