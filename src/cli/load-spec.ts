import type {FlagValues} from '../lib/core/config/overrides.js';
import type {ExplainSettings} from '../lib/core/explain/settings.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import type {ProjectFlags} from './compose.js';
import {chooseRuntimeDir} from '../lib/platform/project-paths.js';
import {newRuntimeDir, runtimeDirsOfState} from './place.js';
import {realAsFarAsItIs, sharedStateDir} from './shared-state.js';

export interface SpecRequest extends ProjectFlags {
  readonly cwd: string;
  /** For all services at once; what was not given is undefined. */
  readonly overrides?: FlagValues;
  readonly debug?: boolean;
  readonly mode?: 'start' | 'watchdog';
  /** Folder of the built-in demo; its configuration then, for a project in the present folder. */
  readonly demoDir?: string | undefined;
}

export interface LoadedSpec {
  readonly spec: ProjectSpec;
  /** For stderr: what the operator should know and need not act on. */
  readonly notices: readonly string[];
}

/** What a configuration file says beside. */
export interface LoadedConfiguration extends LoadedSpec {
  /** For `--explain`; the supervisor does not know it. */
  readonly explain: ExplainSettings;
}

/** @throws ErpError 2 for flags, 3 for the configuration */
export async function loadSpec(request: SpecRequest): Promise<LoadedConfiguration> {
  // Validation and YAML are heavy; only those who start something need them.
  const {prepareProject} = await import('./config/prepare.js');
  const demo = request.demoDir !== undefined;
  const {spec, explain, notices, loaded} = await prepareProject({
    cwd: request.cwd,
    project: demo ? (request.project ?? request.cwd) : request.project,
    configFile: demo ? `${request.demoDir}/erp.config.yaml` : request.config,
    env: process.env,
    flags: request.overrides ?? {},
    mode: request.mode ?? 'start',
    instance: request.instance ?? null,
    runtimeDirOf: (projectDir) => newRuntimeDir(projectDir, request.instance ?? null),
    demoDir: request.demoDir,
  });
  const shared = sharedStateDir(loaded.raw, spec.projectDir);
  // A flag or variable that names another folder is of this start alone.
  const isShared = shared !== null && realAsFarAsItIs(spec.stateDir) === shared;
  const runtimeDir = isShared
    ? chooseRuntimeDir(runtimeDirsOfState(shared, request.instance ?? null))
    : spec.runtimeDir;
  const logging = request.debug === true ? {...spec.logging, ownLevel: 'DEBUG' as const} : spec.logging;
  return {spec: {...spec, runtimeDir, logging}, explain, notices};
}
