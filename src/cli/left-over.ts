import {readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import {maskText} from '../lib/core/config/secrets.js';
import {nothingForwarded, type ProjectSpec} from '../lib/core/spec.js';
import {type Remembered, remember} from '../lib/core/supervision/journal.js';
import {instanceStateDir, specFile, stateDirFile} from './place.js';
import {isProcessAlive} from './process-alive.js';

/** What is needed to find the state of a project without its configuration. */
export interface WhereItRan {
  readonly projectDir: string;
  readonly instance: string | null;
  readonly runtimeDirs: readonly string[];
  readonly sharedState?: string | null;
}

export interface LeftOver {
  readonly service: string;
  readonly pid: number;
  readonly command: string;
}

/** The specification that the last supervisor of this project worked by; the configuration may be broken by now. */
export function lastSpec(place: WhereItRan): ProjectSpec | null {
  try {
    const spec = JSON.parse(readFileSync(specFile(stateDirOf(place)), 'utf8')) as ProjectSpec;
    return spec.projectDir === place.projectDir && spec.instance === place.instance ? withForwards(spec) : null;
  } catch {
    return null;
  }
}

/** A former version knew no port-forwards. */
const withForwards = (spec: Omit<ProjectSpec, 'portForwards' | 'connection'> & Partial<ProjectSpec>): ProjectSpec => ({
  ...spec,
  portForwards: spec.portForwards ?? [],
  connection: spec.connection ?? nothingForwarded,
});

/** As the last start wrote it down; that note goes with a reboot, and then the default is all there is. */
export function stateDirOf(place: WhereItRan): string {
  for (const folder of place.runtimeDirs) {
    try {
      return readFileSync(stateDirFile(folder), 'utf8').trim();
    } catch {
      // Not this one.
    }
  }
  if (place.sharedState != null) return place.sharedState;
  const stateDir = join(place.projectDir, '.erp');
  return place.instance === null ? stateDir : instanceStateDir(stateDir, place.instance);
}

/** What a supervisor that is gone left running, by its journals. */
export function leftOver(place: WhereItRan): LeftOver[] {
  const spec = lastSpec(place);
  if (spec === null) return [];
  return [...spec.services, ...spec.portForwards].flatMap(({name}) => {
    const {process: known} = journalOf(spec, name);
    return known !== null && isProcessAlive(known)
      ? [{service: name, pid: known.pid, command: commandOf(known.pid)}]
      : [];
  });
}

export function journalOf(spec: ProjectSpec, service: string): Remembered {
  try {
    const lines = readFileSync(join(spec.stateDir, 'journal', `${service}.jsonl`), 'utf8').split('\n');
    return remember(lines.map(parsed));
  } catch {
    return remember([]);
  }
}

/** A torn last line says nothing; the reader passes over it. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function commandOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((word) => word !== '');
    return words.length > 0 ? maskText(words.join(' ')) : readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}
