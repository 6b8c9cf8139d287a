import {resolve} from 'node:path';
import type {Hello} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {locate} from './locate.js';
import {runtimeDirOf, socketOf} from './place.js';
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
  readonly runtimeDir: string;
}

/** Which supervisor is meant, without reading any configuration. */
export function placeOf(flags: ProjectFlags, cwd = process.cwd()): Place {
  const found = locate({project: flags.project, config: flags.config, cwd});
  const projectDir = found?.projectDir ?? resolve(cwd, flags.project ?? '.');
  const instance = flags.instance ?? null;
  const runtimeDir = runtimeDirOf(projectDir, instance);
  return {
    projectDir,
    runtimeDir,
    configFile: found?.configFile ?? null,
    instance,
    socketPath: socketOf(runtimeDir),
  };
}

export const clientFor = (door: Door) => new SupervisorClient(door);

export const doorOf = (spec: ProjectSpec): Door => ({
  projectDir: spec.projectDir,
  socketPath: socketOf(spec.runtimeDir),
});

export interface Connection {
  readonly client: SupervisorClient;
  readonly hello: Hello;
}

/** @throws ErpError exit 6 when nobody answers, 7 when who answers is too old or too new */
export async function connect(place: Door, version: string): Promise<Connection> {
  const client = clientFor(place);
  const hello = await client.hello();
  if (hello === null) throw noSupervisor(place.projectDir, await runningProjects());
  checkVersion(hello, version);
  return {client, hello};
}
