import {variable} from './tokens.js';
import {variablesOf} from './values.js';

export interface Found {
  readonly text: string;
  parts: number[];
  readonly constants: readonly string[];
  count: number;
}

const mostHomes = 64;

/** A rare message that fits a frequent template, word for word, is one of its events with a longer value. */
export function absorbed(found: Found[]): Found[] {
  const byWord = new Map<string, Found[]>();
  const frequentFirst = [...found].sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
  for (const one of frequentFirst) {
    if (one.constants.length < 2 || !one.text.includes(variable)) continue;
    const word = longest(one.constants);
    const there = byWord.get(word);
    if (there === undefined) byWord.set(word, [one]);
    else if (there.length < mostHomes) there.push(one);
  }
  for (const small of frequentFirst.toReversed()) {
    const home = [...new Set(small.constants)]
      .flatMap((word) => byWord.get(word) ?? [])
      .filter((big) => big !== small && big.parts.length > 0 && big.count >= small.count * 4 && fits(big, small))
      .sort((a, b) => b.constants.length - a.constants.length || b.count - a.count || (a.text < b.text ? -1 : 1))[0];
    if (home === undefined) continue;
    home.parts.push(...small.parts);
    home.count += small.count;
    small.parts = [];
  }
  return found.filter(({parts}) => parts.length > 0);
}

const longest = (words: readonly string[]): string =>
  words.reduce((best, word) => (word.length > best.length ? word : best), '');

function fits(big: Found, small: Found): boolean {
  if (small.constants.length <= big.constants.length && small.constants.length > 0 && small.constants.length < 2)
    return false;
  const values = variablesOf(big.text, small.text);
  return values !== null && values.every((value) => value.length > 0 && !/\s/.test(value));
}
