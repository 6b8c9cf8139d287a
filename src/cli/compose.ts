import {existsSync} from 'node:fs';
import {basename} from 'node:path';
import type {ErpError} from '../lib/core/errors.js';
import type {Hello} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {controlSocketPath} from '../lib/platform/project-paths.js';
import {locate} from './locate.js';
import {runtimeDirsOf, runtimeDirsOfState, socketsIn} from './place.js';
import {projectIn, realAsFarAsItIs, sharedStateOf} from './shared-state.js';
import {lastTrouble} from './last-trouble.js';
import {leftOver, stateDirOf} from './left-over.js';
import {otherUsersSupervisor, usualStateDir} from './other-user.js';
import {noSupervisor, runningProjects} from './projects.js';
import {checkVersion, type Door, SupervisorClient} from './supervisor-client.js';

/** The flags that every command has. */
export interface ProjectFlags {
  readonly project?: string | undefined;
  readonly config?: string | undefined;
  readonly instance?: string | undefined;
}

export interface Place extends Door {
  readonly configFile: string | null;
  readonly instance: string | null;
  readonly runtimeDirs: readonly string[];
  /** State that other project folders share; null: it is this folder's own. */
  readonly sharedState: string | null;
  /** Which folder was asked for, when the supervisor of the shared state works in another one. */
  readonly note: string | null;
}

/** Which supervisor is meant. The configuration is read only where it may share its state with other folders. */
export async function placeOf(flags: ProjectFlags, cwd = process.cwd()): Promise<Place> {
  const {projectDir, configFile} = locate({project: flags.project, config: flags.config, cwd});
  const instance = flags.instance ?? null;
  const place = {projectDir, configFile, instance, sharedState: null, note: null};
  const runtimeDirs = runtimeDirsOf(projectDir, instance);
  const own = {...place, runtimeDirs, sockets: socketsIn(runtimeDirs)};
  if (own.sockets.some((path) => existsSync(path))) return own;
  const sharedState = await sharedStateOf(projectDir, configFile);
  if (sharedState === null) return own;
  const shared = runtimeDirsOfState(sharedState, instance);
  const runs = projectIn(shared, true) ?? projectDir;
  const note =
    runs === projectDir
      ? null
      : `The supervisor works in ${runs}; ${projectDir} shares its state and takes effect with erp stop, erp start.`;
  return {...place, projectDir: runs, runtimeDirs: shared, sockets: socketsIn(shared), sharedState, note};
}

export const clientFor = (door: Door) => new SupervisorClient(door);

/** Where the supervisor of this specification listens, or will listen once it is started. */
export function doorOf(spec: ProjectSpec): Door {
  const {projectDir, instance, runtimeDir, stateDir} = spec;
  const own = controlSocketPath(runtimeDir);
  const ofProject = runtimeDirsOf(projectDir, instance);
  if (ofProject.some((folder) => basename(folder) === basename(runtimeDir)))
    return {projectDir, sockets: [...new Set([...socketsIn(ofProject), own])]};
  // Its state is shared: whoever works for it may do so in another folder.
  const ofState = [...runtimeDirsOfState(realAsFarAsItIs(stateDir), instance), runtimeDir];
  return {projectDir: projectIn(ofState) ?? projectDir, sockets: [...new Set([...socketsIn(ofState), own])]};
}

export interface Connection {
  readonly client: SupervisorClient;
  readonly hello: Hello;
}

/** @throws ErpError exit 6 when nobody answers, 7 when who answers is too old or too new */
export async function connect(place: Place, version: string): Promise<Connection> {
  const client = clientFor(place);
  const hello = await client.hello();
  if (hello === null) throw await nobodyThere(place);
  checkVersion(hello, version);
  return {client, hello};
}

/** Nobody supervises here, and nothing was left behind by one who did. */
export async function nothingRuns(place: Place): Promise<boolean> {
  if ((await clientFor(place).hello()) !== null) return false;
  return otherUsersSupervisor(place.projectDir, usualStateDir(place)) === null && leftOver(place).length === 0;
}

/** Exit 6, with all that is known: what still runs here, and where else something runs; 7 when it is another user's. */
export async function nobodyThere(place: Place): Promise<ErpError> {
  const other = otherUsersSupervisor(place.projectDir, usualStateDir(place));
  return (
    other ?? noSupervisor(place.projectDir, await runningProjects(), leftOver(place), lastTrouble(stateDirOf(place)))
  );
}
