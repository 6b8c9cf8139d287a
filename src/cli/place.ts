import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {controlSocketPath, projectHash, runtimeDirCandidates} from '../lib/platform/project-paths.js';

/**
 * Where socket, lock and FIFOs of a project lie. cron, ssh and sudo give one user different environments: a supervisor
 * that runs is looked for in all places, a new one takes the best.
 */
export function runtimeDirOf(projectDir: string, instance: string | null): string {
  const candidates = runtimeDirCandidates(projectHash(projectDir, instance));
  return (
    candidates.find((path) => existsSync(socketOf(path))) ??
    candidates.find((path) => existsSync(stateDirFile(path))) ??
    (candidates[0] as string)
  );
}

/** The folders in which supervisors of all projects of this user may be found. */
export function runtimeBases(): readonly string[] {
  return runtimeDirCandidates('0'.repeat(16)).map(dirname);
}

export const socketOf = (runtimeDir: string): string => controlSocketPath(runtimeDir);

/** `erp watchdog --name NAME` keeps its journal and specification apart from the project's. */
export const instanceStateDir = (stateDir: string, instance: string) => join(stateDir, 'instances', instance);

/** Beside the socket: where the state of this supervisor lies, for commands that do not read the configuration. */
export const stateDirFile = (runtimeDir: string) => join(runtimeDir, 'state-dir');
