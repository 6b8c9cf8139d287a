import {readFileSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import {maskText} from '../lib/core/config/secrets.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {type Remembered, remember} from '../lib/core/supervision/journal.js';
import {specFile} from './launch.js';
import {instanceStateDir, stateDirFile} from './place.js';

/** What is needed to find the state of a project without its configuration. */
export interface WhereItRan {
  readonly projectDir: string;
  readonly instance: string | null;
  readonly runtimeDirs: readonly string[];
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
    return spec.projectDir === place.projectDir && spec.instance === place.instance ? spec : null;
  } catch {
    return null;
  }
}

/** As the last start wrote it down; that note goes with a reboot, and then the default is all there is. */
export function stateDirOf(place: WhereItRan): string {
  for (const folder of place.runtimeDirs) {
    try {
      return readFileSync(stateDirFile(folder), 'utf8').trim();
    } catch {
      // Not this one.
    }
  }
  const stateDir = join(place.projectDir, '.erp');
  return place.instance === null ? stateDir : instanceStateDir(stateDir, place.instance);
}

/** What a supervisor that is gone left running, by its journals. */
export function leftOver(place: WhereItRan): LeftOver[] {
  const spec = lastSpec(place);
  if (spec === null) return [];
  return spec.services.flatMap(({name}) => {
    const {process: known} = journalOf(spec, name);
    return known !== null && isAlive(known) ? [{service: name, pid: known.pid, command: commandOf(known.pid)}] : [];
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

/** The same process, not one that got its number: start time and boot id tell, where the system shows them. */
function isAlive({pid, startTime, bootId}: NonNullable<Remembered['process']>): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    if (!bootId.startsWith(boot)) return false;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may hold brackets and spaces itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' && (startTime === null || fields[19] === startTime);
  } catch {
    return false;
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
