import type {StopAnswer} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {projectMark} from '../lib/core/supervision/mark.js';
import {findMarked} from '../lib/platform/marked.js';
import {systemProcessTable} from '../lib/platform/system-table.js';
import {actor} from './actor.js';
import {clientFor, doorOf, type Place} from './compose.js';
import {launch} from './launch.js';
import {journalOf, lastSpec} from './left-over.js';
import type {SupervisorClient} from './supervisor-client.js';

export interface LeftOverStop {
  readonly place: Place;
  /** Empty: all. */
  readonly names: readonly string[];
  readonly now: boolean;
  readonly forNow: boolean;
  readonly supervisorFile: string;
  readonly version: string;
}

export interface AdoptedStop {
  readonly client: SupervisorClient;
  readonly answer: StopAnswer;
}

/** Its state is gone or can't be read: what is left is found by its mark, with the services that the configuration has. */
async function configured({projectDir, configFile, instance}: Place): Promise<ProjectSpec | null> {
  if (configFile === null) return null;
  try {
    const {loadSpec} = await import('./load-spec.js');
    const request = {project: projectDir, config: configFile, cwd: projectDir};
    return (await loadSpec(instance === null ? request : {...request, instance})).spec;
  } catch {
    return null;
  }
}

/** Does anything run that carries a mark of this project? */
function marked({runtimeDir, services, portForwards}: ProjectSpec): boolean {
  const names = [...services, ...portForwards].map(({name}) => name);
  const sources = {table: systemProcessTable(), streamsOf: () => []};
  return findMarked(projectMark(runtimeDir), names, sources).length > 0;
}

/**
 * `erp stop` when nobody supervises: a supervisor that only adopts takes over what was left running, and is then asked
 * to stop it like any other. So there is one way to stop, with its order, its grace and its search for what escaped.
 * @returns null when there is nothing to stop
 */
export async function adoptToStop(options: LeftOverStop): Promise<AdoptedStop | null> {
  const spec = lastSpec(options.place) ?? (await configured(options.place));
  if (spec === null) return null;
  const open =
    marked(spec) ||
    [...spec.services, ...spec.portForwards].some(({name}) => {
      const known = journalOf(spec, name);
      return known.wanted === true || known.process !== null || known.openIntent !== null;
    });
  if (!open) return null;
  const client = clientFor(doorOf(spec));
  await launch({
    spec: {...spec, tie: 'none'},
    supervisorFile: options.supervisorFile,
    version: options.version,
    client,
    // What is not to be stopped goes on, also what has died since: it is wanted up.
    adoptOnly: options.names.length === 0,
    needsLogs: false,
  });
  const answer = await client.stop({
    services: options.names.length === 0 ? null : options.names,
    now: options.now,
    forNow: options.forNow,
    dependents: true,
    actor: actor(),
  });
  // It died as soon as it was there: the next one, then.
  return answer === null ? await adoptToStop(options) : {client, answer};
}
