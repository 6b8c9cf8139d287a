import {variable} from './tokens.js';

/** Kinds of words of which a few in one place are values already, and not different events. */
const closed: readonly (readonly string[])[] = [
  ['true', 'false', 'null', 'none', 'nil', 'undefined'],
  ['b', 'kb', 'mb', 'gb', 'tb', 'kib', 'mib', 'gib', 'byte', 'bytes', 'kbytes'],
  ['ns', 'us', 'ms', 's', 'sec', 'secs', 'second', 'seconds', 'm', 'min', 'mins', 'minutes', 'minute', 'h', 'hours'],
  ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
];
const kindOfWord = new Map(closed.flatMap((words, kind) => words.map((one) => [one, kind] as const)));
const units = new Set([1, 2]);
const path = 10;
const dotted = 11;
const quoted = 12;

export const isUnit = (word: string): boolean => units.has(kindOfWord.get(word.toLowerCase()) ?? -1);

/** Values that make a place a variable: fewer are states of one thing, and mean different events. */
export const manyValues = 6;

/**
 * How many different words in one place make it a variable. Two words of a closed kind (`true`/`false`, `KB`/`MB`) are
 * enough, some paths, host names or quoted names; plain words may tell events apart: `Started`/`Paused`.
 */
export function neededValues(words: Iterable<string>, isQuoted: boolean): number {
  let common: number | null = null;
  for (const word of words) {
    const kind = isQuoted ? quoted : kindOf(word);
    if (kind === null || (common !== null && kind !== common)) return manyValues;
    common = kind;
  }
  if (common === null) return manyValues;
  return common < path ? 2 : 3;
}

/** Says nothing about being a value: it may be a state. */
export const isPlainWord = (word: string): boolean => word !== variable && kindOf(word) === null;

/** NEW, SUCCESS_CLEANUP: a state, as long as it is not one of very many. */
export const isState = (word: string): boolean => /^[A-Z][A-Z_]+$/.test(word);

function kindOf(word: string): number | null {
  const known = kindOfWord.get(word.toLowerCase());
  if (known !== undefined) return known;
  if (word.includes('/')) return path;
  // a.b.Exception says what went wrong.
  if (/^[a-z][\w-]*(?:\.[\w-]+)+$/.test(word) && !/\.[A-Z]\w*$/.test(word)) return dotted;
  return null;
}
