// What a build or an install was made from, as one hash: it decides whether either has to be done again.
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Hash of the contents of files and folders (recursively, in name order); a missing one counts as empty. */
export function contentHash(root, places) {
  const hash = createHash('sha256');
  const add = (place) => {
    const path = join(root, place);
    const stats = statSync(path, {throwIfNoEntry: false});
    if (stats === undefined) return;
    if (stats.isDirectory()) for (const name of readdirSync(path).sort()) add(join(place, name));
    else hash.update(place).update('\0').update(readFileSync(path)).update('\0');
  };
  for (const place of places) add(place);
  return hash.digest('hex');
}

export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export const writeStamp = (path, value) => writeFileSync(path, value);
