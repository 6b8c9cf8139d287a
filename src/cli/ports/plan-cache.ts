import {createHash} from 'node:crypto';
import {lstatSync, readFileSync, renameSync, statSync, writeFileSync} from 'node:fs';
import {dirname, extname, join} from 'node:path';
import type {PortPlan} from '../../lib/core/ports/plan.js';
import {newRuntimeDir, runtimeDirsOf} from '../place.js';

/**
 * Reading a configuration takes three times as long as looking who listens, so what `erp ports` needs of it is kept in
 * the runtime folder. It is believed only for exactly this text, made by exactly this erp, as long as whatever else was
 * looked at is as it was. A configuration that is wrong is never kept, and one that is a program never believed.
 */
interface Kept {
  readonly version: string;
  readonly configFile: string;
  readonly textHash: string;
  readonly looked: readonly (readonly [path: string, signature: string])[];
  readonly plan: PortPlan;
}

/** Told from a running erp: a new installation reads anew. */
export interface CacheKey {
  readonly projectDir: string;
  readonly configFile: string;
  /** Of the program itself; two builds of one version differ. */
  readonly program: string;
}

const nameOf = (configFile: string) => `ports-${hashOf(configFile).slice(0, 12)}.json`;

export const canBeKept = (configFile: string): boolean => ['.json', '.yaml', '.yml', ''].includes(extname(configFile));

/** @returns null: read the configuration */
export function keptPlan(key: CacheKey): PortPlan | null {
  if (!canBeKept(key.configFile)) return null;
  for (const folder of runtimeDirsOf(key.projectDir, null)) {
    const kept = read(join(folder, nameOf(key.configFile)));
    if (kept !== null && isOfNow(kept, key)) return kept.plan;
  }
  return null;
}

function read(path: string): Kept | null {
  try {
    const stats = lstatSync(path);
    // A folder of ours holds only what we wrote; a file of somebody else's is not read.
    if (!stats.isFile() || (process.geteuid !== undefined && stats.uid !== process.geteuid())) return null;
    return JSON.parse(readFileSync(path, 'utf8')) as Kept;
  } catch {
    return null; // none yet, or cut short: the configuration itself is there
  }
}

function isOfNow(kept: Kept, {configFile, program}: CacheKey): boolean {
  try {
    return (
      kept.version === program &&
      kept.configFile === configFile &&
      kept.textHash === hashOf(readFileSync(configFile)) &&
      kept.looked.every(([path, signature]) => signatureOf(path) === signature)
    );
  } catch {
    return false;
  }
}

/**
 * Keeps what was read; where that can't be written, the next one reads again.
 * @param text the very text that the plan was made of
 * @param looked files and folders that it depends on as well
 */
export function keepPlan(key: CacheKey, text: string | Uint8Array, looked: readonly string[], plan: PortPlan): void {
  if (!canBeKept(key.configFile)) return;
  try {
    const path = join(newRuntimeDir(key.projectDir, null), nameOf(key.configFile));
    const kept: Kept = {
      version: key.program,
      configFile: key.configFile,
      textHash: hashOf(text),
      looked: [...new Set(looked.map(firstAbsent))].map((place) => [place, signatureOf(place)] as const),
      plan,
    };
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(kept), {mode: 0o600});
    renameSync(fresh, path);
  } catch {
    // A folder that can't be written: nothing is lost but time.
  }
}

/** Of a folder that is not there, nothing in it needs to be looked at. */
function firstAbsent(path: string): string {
  const above = dirname(path);
  return above === path || signatureOf(above) !== 'absent' ? path : firstAbsent(above);
}

/** Changes whenever a file or folder does. */
export function signatureOf(path: string): string {
  const stats = statSync(path, {throwIfNoEntry: false, bigint: true});
  return stats === undefined ? 'absent' : [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}

const hashOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
