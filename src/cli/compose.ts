import type {ErpError} from '../lib/core/errors.js';
import type {Hello} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {controlSocketPath} from '../lib/platform/project-paths.js';
import {locate} from './locate.js';
import {runtimeDirsOf, socketsOf} from './place.js';
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
}

/** Which supervisor is meant, without reading any configuration. */
export function placeOf(flags: ProjectFlags, cwd = process.cwd()): Place {
  const {projectDir, configFile} = locate({project: flags.project, config: flags.config, cwd});
  const instance = flags.instance ?? null;
  return {
    projectDir,
    runtimeDirs: runtimeDirsOf(projectDir, instance),
    configFile,
    instance,
    sockets: socketsOf(projectDir, instance),
  };
}

export const clientFor = (door: Door) => new SupervisorClient(door);

/** Where the supervisor of this specification listens, or will listen once it is started. */
export function doorOf(spec: ProjectSpec): Door {
  const own = controlSocketPath(spec.runtimeDir);
  return {projectDir: spec.projectDir, sockets: [...new Set([...socketsOf(spec.projectDir, spec.instance), own])]};
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
