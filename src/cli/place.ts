import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {
  chooseRuntimeDir,
  controlSocketPath,
  pathHash,
  projectHash,
  runtimeDirCandidates,
} from '../lib/platform/project-paths.js';

/**
 * Where the supervisor of a project may be listening, best guess first: cron, ssh and sudo give different environments
 * to one user, so its socket may lie where another of them would not put it.
 */
export function socketsOf(projectDir: string, instance: string | null): string[] {
  return socketsIn(runtimeDirsOf(projectDir, instance));
}

export function socketsIn(runtimeDirs: readonly string[]): string[] {
  const paths = runtimeDirs.map((folder) => controlSocketPath(folder));
  // Those that exist are worth a try; Windows' pipes can't be looked at.
  const present = process.platform === 'win32' ? paths : paths.filter((path) => existsSync(path));
  return present.length > 0 ? present : paths.slice(0, 1);
}

export const runtimeDirsOf = (projectDir: string, instance: string | null): readonly string[] =>
  runtimeDirCandidates(projectHash(projectDir, instance));

/** The same as another user's environment makes them, as far as root can know it. */
export function runtimeDirsOfUser(
  projectDir: string,
  instance: string | null,
  {uid, home}: {readonly uid: number; readonly home: string | null},
): readonly string[] {
  const env = home === null ? {} : {HOME: home};
  return runtimeDirCandidates(projectHash(projectDir, instance), {env, platform: process.platform, uid});
}

/** The same for a state folder that several project folders share (`shared-state.ts`). */
export const runtimeDirsOfState = (stateDir: string, instance: string | null): readonly string[] =>
  runtimeDirCandidates(pathHash(stateDir, instance));

/** For a supervisor that is to be started; makes the folder. */
export const newRuntimeDir = (projectDir: string, instance: string | null): string =>
  chooseRuntimeDir(runtimeDirsOf(projectDir, instance));

/** Folders that hold the runtime folders of this user's projects. */
export const runtimeBases = (): string[] => [...new Set(runtimeDirCandidates('0'.repeat(16)).map(dirname))];

/** `erp watchdog --name NAME` keeps its journal and specification apart from the project's. */
export const instanceStateDir = (stateDir: string, instance: string) => join(stateDir, 'instances', instance);

/** What the supervisor works by. */
export const specFile = (stateDir: string) => join(stateDir, 'spec.json');

/** Beside the socket: where the state of this supervisor lies, for commands that do not read the configuration. */
export const stateDirFile = (runtimeDir: string) => join(runtimeDir, 'state-dir');
