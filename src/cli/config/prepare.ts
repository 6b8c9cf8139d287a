import {createHash} from 'node:crypto';
import {realpathSync} from 'node:fs';
import {resolve} from 'node:path';
import type {FlagValues} from '../../lib/core/config/overrides.js';
import type {Problem} from '../../lib/core/config/problems.js';
import type {ResolvedValue} from '../../lib/core/config/provenance.js';
import {resolveProject} from '../../lib/core/config/resolve.js';
import {envFilesOf} from '../../lib/core/config/resolve-service.js';
import type {ResolveContext} from '../../lib/core/config/resolving.js';
import {parseDotenv} from '../../lib/core/config/dotenv.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import type {ExplainSettings} from '../../lib/core/explain/settings.js';
import type {ProjectSpec} from '../../lib/core/spec.js';
import {shownPath} from '../shown-path.js';
import {ConfigInvalidError} from './config-error.js';
import {readText, realFiles} from './config-files.js';
import {type LoadedConfig, type LoadOptions, loadConfig, requireConfig} from './load.js';

export interface PrepareOptions extends LoadOptions {
  /** Environment of this process. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line sets for all services; undefined for what was not given. */
  readonly flags?: FlagValues;
  readonly mode: 'start' | 'watchdog';
  readonly instance?: string | null;
  /** Socket, lock, FIFOs: where they lie is decided elsewhere, by the real path of the project. */
  runtimeDirOf(projectDir: string): string;
  readonly demoDir?: string | undefined;
  readonly platform?: string;
}

export interface PreparedProject {
  readonly spec: ProjectSpec;
  readonly explain: ExplainSettings;
  readonly loaded: LoadedConfig;
  readonly provenance: readonly ResolvedValue[];
  readonly notices: readonly string[];
}

/**
 * From the command line to the specification that a supervisor takes: find, read, check, resolve.
 * @throws {ErpError} exit 3: none found, or something in it (or in a variable) is wrong; exit 2: a flag is wrong
 */
export async function prepareProject(options: PrepareOptions): Promise<PreparedProject> {
  const loaded = await loadConfig({...options, demo: options.demoDir !== undefined});
  const config = requireConfig(loaded);
  const files = options.files ?? realFiles;
  const projectDir = realFolder(loaded.projectDir);
  const dotenv = await readDotenv(resolve(projectDir, '.env'), options);
  const context: ResolveContext = {
    projectDir,
    configFile: loaded.file,
    instance: options.instance ?? null,
    mode: options.mode,
    runtimeDir: options.runtimeDirOf(projectDir),
    env: options.env,
    dotenv: dotenv.values,
    envFiles: {},
    flags: options.flags ?? {},
    nodePath: process.execPath,
    demoDir: options.demoDir,
    platform: options.platform ?? process.platform,
    observed: loaded.observed,
    position: loaded.position,
    place: (path) => loaded.place(path),
    resolvePath: resolve,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  };
  const notices = [...loaded.notices, ...dotenv.notices];
  const envFiles: Record<string, Readonly<Record<string, string>>> = {};
  const problems: Problem[] = [];
  for (const {path, file} of envFilesOf(config.services ?? {}, context)) {
    const read = await readText(file, files);
    if (read.ok) {
      const {values, skippedLines} = parseDotenv(read.text);
      envFiles[file] = values;
      notices.push(...skippedNotices(shownPath(file, options.cwd), skippedLines));
    } else {
      problems.push({
        path,
        message: `${path.join('.')}: ${shownPath(file, options.cwd)} ${read.sentence}.`,
        allowed: read.allowed,
        nearest: null,
        found: null,
        position: loaded.position(path, 'value'),
      });
    }
  }
  if (problems.length > 0) throw new ConfigInvalidError(problems, loaded.shownFile, loaded.text);
  const resolution = resolveProject(config, {...context, envFiles});
  if (!resolution.ok) {
    throw new ConfigInvalidError(
      resolution.problems,
      resolution.outside === null ? loaded.shownFile : null,
      loaded.text,
      resolution.outside === 'flag' ? ExitCode.usage : ExitCode.configuration,
    );
  }
  return {
    spec: resolution.spec,
    explain: resolution.explain,
    loaded,
    provenance: resolution.provenance,
    notices: [...notices, ...resolution.notices],
  };
}

async function readDotenv(
  file: string,
  options: PrepareOptions,
): Promise<{values: Readonly<Record<string, string>>; notices: string[]}> {
  const read = await readText(file, options.files ?? realFiles);
  const shown = shownPath(file, options.cwd);
  if (!read.ok) return {values: {}, notices: read.missing ? [] : [`${shown} ${read.sentence}; it is left out.`]};
  const {values, skippedLines} = parseDotenv(read.text);
  return {values, notices: skippedNotices(shown, skippedLines)};
}

const skippedNotices = (file: string, lines: readonly number[]) =>
  lines.map((line) => `${file}:${line} is no NAME=value and is left out.`);

/** Two ways to the same folder are one project. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
