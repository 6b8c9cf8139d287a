import {relative} from 'node:path';

/** As short as it is clear from where the operator stands. */
export function shownPath(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short === '' || short.startsWith('..') ? file : short;
}
