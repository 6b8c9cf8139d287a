import {type Message, variable} from './tokens.js';
import {variablesOf} from './values.js';

interface Keyed {
  readonly message: Message;
  readonly count: number;
}
interface Group {
  words: string[];
  readonly glue: readonly string[];
  parts: number[];
}

/** Values that make a place a variable: fewer are states of one thing, and mean different events. */
const manyValues = 6;

/** What follows these words is a name of something. */
const names = new Set(['user', 'username', 'host', 'hostname', 'account', 'domain', 'benutzer', 'rechner']);

export function groupsOf(keyed: readonly Keyed[]): {text: string; parts: readonly number[]}[] {
  let groups: Group[] = keyed.map(({message}, part) => ({
    words: [...message.words],
    glue: message.glue,
    parts: [part],
  }));
  for (let round = 0; round < 4; round += 1) {
    const before = groups.length;
    groups = wildcards(groups);
    groups = same(groups);
    if (groups.length === before && round > 0) break;
  }
  const found = groups.map(({words, glue, parts}) => ({
    text: textOf(words, glue),
    parts,
    constants: words.filter((one) => one !== variable),
    count: parts.reduce((sum, part) => sum + (keyed[part] as Keyed).count, 0),
  }));
  return absorbed(found);
}

interface Found {
  readonly text: string;
  parts: number[];
  readonly constants: readonly string[];
  count: number;
}

/** A rare message that fits a frequent template, word for word, is one of its events with a longer value. */
function absorbed(found: Found[]): Found[] {
  const byWord = new Map<string, Found[]>();
  for (const one of found) {
    const word = longest(one.constants);
    if (one.constants.length < 2 || !one.text.includes(variable)) continue;
    byWord.set(word, [...(byWord.get(word) ?? []), one]);
  }
  const order = [...found].sort((a, b) => a.count - b.count || (a.text < b.text ? -1 : 1));
  for (const small of order) {
    const home = small.constants
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

/** Groups that differ in one place only, which has many values: one group. */
function wildcards(groups: readonly Group[]): Group[] {
  const merged = [...groups];
  const longest = Math.max(0, ...groups.map(({words}) => words.length));
  for (let place = 0; place < longest; place += 1) {
    const families = new Map<string, number[]>();
    for (const [index, {words, glue}] of merged.entries()) {
      if (place >= words.length) continue;
      if (!words.some((one, i) => i !== place && one !== variable)) continue;
      const key = `${words.map((one, i) => (i === place ? '\u0000' : one)).join('\u0001')}\u0002${glue.join('\u0001')}`;
      const family = families.get(key);
      if (family === undefined) families.set(key, [index]);
      else family.push(index);
    }
    for (const family of families.values()) {
      if (family.length < 2) continue;
      const first = merged[family[0] as number] as Group;
      const values = new Set(family.map((index) => merged[index]?.words[place] as string));
      const constants = first.words.filter((one, i) => i !== place && one !== variable).length;
      const hasVariable = values.has(variable) && constants >= 2;
      const isNamed =
        place > 0 && names.has((first.words[place - 1] as string).toLowerCase()) && first.glue[place] === ' ';
      const needed = hasVariable
        ? 2
        : isNamed
          ? 3
          : place === 0 && constants < 4
            ? Number.POSITIVE_INFINITY
            : manyValues;
      if (values.size < needed) continue;
      first.words[place] = variable;
      for (const index of family.slice(1)) {
        const other = merged[index] as Group;
        first.parts.push(...other.parts);
        other.parts = [];
      }
    }
    for (let i = merged.length - 1; i >= 0; i -= 1) if (merged[i]?.parts.length === 0) merged.splice(i, 1);
  }
  return merged;
}

/** The same constant words in the same order, whatever stands between: one group. */
function same(groups: readonly Group[]): Group[] {
  const byWords = new Map<string, Group>();
  for (const group of groups) {
    const constants = group.words.filter((one) => one !== variable);
    const key = constants.length === 0 ? textOf(group.words, group.glue) : constants.join(' ');
    const there = byWords.get(key);
    if (there === undefined) byWords.set(key, group);
    else there.parts.push(...group.parts);
  }
  return [...byWords.values()];
}

function textOf(words: readonly string[], glue: readonly string[]): string {
  return (words.map((one, i) => `${glue[i]}${one}`).join('') + (glue.at(-1) ?? '')).trim();
}
