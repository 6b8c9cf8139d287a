import {readFileSync, realpathSync, statSync} from 'node:fs';
import {homedir} from 'node:os';
import {dirname, join, resolve} from 'node:path';

/** Of configuration files. */
export const endings = ['yaml', 'yml', 'json', 'js', 'mjs', 'cjs', 'ts', 'mts'];

/**
 * The names under which a configuration is found, in this order. Here, because asking a supervisor needs only the folder,
 * and cosmiconfig (`config/search.ts`) would double the time that takes.
 */
export const configPlaces: readonly string[] = [
  ...endings.map((ending) => `erp.config.${ending}`),
  '.erprc',
  ...endings.map((ending) => `.erprc.${ending}`),
  ...['yaml', 'yml', 'json'].map((ending) => `.config/erprc.${ending}`),
  'package.json',
  'config/system_config.json',
];

export interface Located {
  /** Folder of the project, symlinks resolved. */
  readonly projectDir: string;
  /** null: none; a supervisor may run there all the same (`erp start --demo`, `erp watchdog -- COMMAND`). */
  readonly configFile: string | null;
}

export interface Where {
  readonly project: string | undefined;
  readonly config: string | undefined;
  readonly cwd: string;
}

/**
 * Which project is meant: `--config FILE`, else the nearest folder from `--project` (or here) upwards that has a
 * configuration or the state of a supervisor, up to the home folder; else that folder itself.
 */
export function locate({project, config, cwd}: Where, home = homeDir()): Located {
  const from = real(resolve(cwd, project ?? '.'));
  if (config !== undefined) {
    const configFile = real(resolve(cwd, config));
    return {projectDir: project === undefined ? folderOf(configFile) : from, configFile};
  }
  for (let folder = from; ; folder = dirname(folder)) {
    for (const place of configPlaces) {
      const file = join(folder, place);
      if (exists(file) && (place !== 'package.json' || hasKey(file))) return {projectDir: folder, configFile: file};
    }
    if (exists(join(folder, '.erp'))) return {projectDir: folder, configFile: null};
    if (folder === home || dirname(folder) === folder) return {projectDir: from, configFile: null};
  }
}

/** `config/system_config.json` and `.config/erprc.yaml` speak for the folder above. */
function folderOf(file: string): string {
  const place = configPlaces.find((name) => name.includes('/') && file.endsWith(`/${name}`));
  return place === undefined ? dirname(file) : dirname(dirname(file));
}

function homeDir(): string | null {
  try {
    return homedir();
  } catch {
    return null; // no HOME and no entry in the passwd file: the search goes on to the root
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  try {
    return statSync(path, {throwIfNoEntry: false}) !== undefined;
  } catch {
    return false; // ENOTDIR, EACCES: nothing we could use
  }
}

function hasKey(file: string): boolean {
  try {
    const data: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof data === 'object' && data !== null && 'erp' in data;
  } catch {
    return false;
  }
}
