import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ProjectSpec} from '../lib/core/spec.js';
import type {Place} from './compose.js';
import {specFile} from './launch.js';

export interface OrphanStop {
  readonly stopped: readonly string[];
  readonly notRunning: readonly string[];
  /** Processes that could not be ended: `backend (pid 812)`. */
  readonly left: readonly string[];
}

/** Adopts from the journal, stops in order, checks that nothing is left; src/lib/runtime/orphan-stop.ts. */
export type StopWithoutSupervisor = (
  spec: ProjectSpec,
  request: {readonly services: readonly string[] | null; readonly now: boolean},
) => Promise<OrphanStop>;

const nothingRuns: OrphanStop = {stopped: [], notRunning: [], left: []};

/** `erp stop` when nobody supervises: what a dead supervisor left running is ended all the same. */
export async function stopLeftOver(
  place: Place,
  names: readonly string[],
  now: boolean,
  stop: StopWithoutSupervisor,
): Promise<OrphanStop> {
  const spec = lastSpec(place);
  // Never started here, or its state was removed together with all knowledge of what it started.
  if (spec === null) return {...nothingRuns, notRunning: names};
  return await stop(spec, {services: names.length === 0 ? null : names, now});
}

/** The specification that the last supervisor of this project worked by; the configuration may be broken by now. */
export function lastSpec(place: Place): ProjectSpec | null {
  try {
    const spec = JSON.parse(readFileSync(specFile(join(place.projectDir, '.erp')), 'utf8')) as ProjectSpec;
    return spec.instance === place.instance ? spec : null;
  } catch {
    return null;
  }
}
