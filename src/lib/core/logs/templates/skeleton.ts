import type {Group} from './group.js';
import {isPlainWord} from './kinds.js';

/** Keys whose value says what happened. */
const telling = new Set(
  'msg message event action type reason error err exception state status cmd command op operation level result code detail'.split(
    ' ',
  ),
);
const fewestPairs = 2;

/** A dump of `key=value` pairs without its values; null: it is none. Plain words stay: they may be states. */
export function skeletonOf({words, glue}: Group): string | null {
  const out: string[] = [];
  let pairs = 0;
  let isBehindValue = false;
  for (let i = 0; i < words.length; i += 1) {
    const isValue = /=\s*"?$/.test(glue[i] as string);
    if (!isValue) {
      // What closes a value belongs to it.
      const pattern = isBehindValue ? /[^=([{]/g : /[^=([{}\])]/g;
      out.push((glue[i] as string).replace(pattern, ''), words[i] as string);
      isBehindValue = false;
      continue;
    }
    pairs += 1;
    const end = endOfValue(glue, i, words.length);
    const isTelling = telling.has((words[i - 1] ?? '').toLowerCase());
    const isWord = end === i && !(glue[i] as string).endsWith('"') && isPlainWord(words[i] as string);
    if (isTelling || isWord) {
      out.push('=', words[i] as string);
      continue;
    }
    out.push('=\u0000');
    i = end;
    isBehindValue = true;
  }
  return pairs >= fewestPairs ? out.join('\u0001') : null;
}

/** A value with brackets goes on until they are closed: `WorkSource{10113}`. */
function endOfValue(glue: readonly string[], from: number, length: number): number {
  let depth = 0;
  for (let i = from + 1; i < length; i += 1) {
    const between = glue[i] as string;
    if (depth === 0 && !/^[([{]/.test(between)) return i - 1;
    for (const c of between) {
      if (c === '(' || c === '[' || c === '{') depth += 1;
      else if (c === ')' || c === ']' || c === '}') depth -= 1;
    }
    if (depth <= 0) return i - 1;
  }
  return length - 1;
}
