import {absorb, type Group} from './group.js';
import {FormHash} from './form-hash.js';
import {isState, manyValues, neededValues} from './kinds.js';
import {variable} from './tokens.js';

/** What follows these words is a name of something. */
const names = new Set(['user', 'username', 'host', 'hostname', 'account', 'domain', 'benutzer', 'rechner']);

/** Groups that differ in one place only, which has many values: one group. */
export function wildcards(groups: readonly Group[], learned: Set<string>): Group[] {
  let left = [...groups];
  const longest = left.reduce((most, {words}) => Math.max(most, words.length), 0);
  const forms = new Map(left.map((group) => [group, new FormHash(group)]));
  for (let place = 0; place < longest; place += 1) {
    const families = new Map<number, Group | Group[]>();
    for (const group of left) {
      if (place >= group.words.length) continue;
      const key = (forms.get(group) as FormHash).without(place);
      const there = families.get(key);
      if (there === undefined) families.set(key, group);
      else if (Array.isArray(there)) there.push(group);
      else families.set(key, [there, group]);
    }
    let isMerged = false;
    for (const family of families.values()) {
      if (!Array.isArray(family) || !isVariable(family, place, learned)) continue;
      mergeAt(family, [place], learned);
      const [first] = family as [Group];
      forms.set(first, new FormHash(first));
      isMerged = true;
    }
    if (isMerged) left = left.filter(({parts}) => parts.length > 0);
  }
  return left;
}

function isVariable(family: readonly Group[], place: number, learned: ReadonlySet<string>): boolean {
  const [first] = family as [Group];
  const found = new Set(family.map(({words}) => words[place] as string));
  const constants = first.words.filter((one, i) => i !== place && one !== variable).length;
  if (constants === 0) return false;
  if (found.has(variable) && constants >= 2) return found.size >= 2;
  if (place > 0 && constants >= 2 && [...found].every((one) => learned.has(one))) return true;
  if (isNamed(first, place)) return found.size >= 3;
  const needed = neededValues(found, isQuoted(first, place));
  // The first word mostly says what happened, unless it is a name of a host or a file.
  if (place === 0 && constants < (needed < manyValues || found.size >= manyValues * 2 ? 2 : 4)) return false;
  return found.size >= needed;
}

const isNamed = ({words, glue}: Group, place: number): boolean =>
  place > 0 && names.has((words[place - 1] as string).toLowerCase()) && glue[place] === ' ';

const isQuoted = ({glue}: Group, place: number): boolean =>
  (glue[place] as string).endsWith('"') && (glue[place + 1] ?? '').startsWith('"');

/** @param learned names that were found to be values; whoever finds them elsewhere, finds values */
function mergeAt(family: readonly Group[], places: readonly number[], learned: Set<string>): void {
  const [first, ...others] = family as [Group, ...Group[]];
  for (const place of places) {
    const words = new Set(family.map((one) => one.words[place] as string));
    if (words.size >= manyValues) for (const word of words) if (/^[a-z]{3,}$/.test(word)) learned.add(word);
    for (const one of family) one.words[place] = variable;
  }
  for (const other of others) absorb(first, other);
}

/**
 * Groups of the same form that differ in several places. They are split where the fewest words stand, which tells events
 * apart, until all places that still differ are variables and most are not.
 */
export function sharePlaces(groups: readonly Group[], learned: Set<string>): Group[] {
  const forms = new Map<string, Group[]>();
  for (const group of groups) if (group.words.length > 2) add(forms, group.glue.join('\u0001'), group);
  for (const family of forms.values()) share(family, learned);
  return groups.filter(({parts}) => parts.length > 0);
}

function share(all: Group[], learned: Set<string>): void {
  const stack = [all];
  for (let family = stack.pop(); family !== undefined; family = stack.pop()) {
    if (family.length < 2) continue;
    const places = differences(family);
    const [fewest] = places;
    if (fewest === undefined) continue;
    if (isOneEvent(family, places, learned)) {
      mergeAt(family, places, learned);
      continue;
    }
    const byWord = new Map<string, Group[]>();
    for (const group of family) add(byWord, group.words[fewest] as string, group);
    stack.push(...byWord.values());
  }
}

function isOneEvent(family: readonly Group[], places: readonly number[], learned: ReadonlySet<string>): boolean {
  const {words} = family[0] as Group;
  const constants = words.filter((one, i) => one !== variable && !places.includes(i)).length;
  if (constants < 2 || constants <= places.length) return false;
  return places.every(
    (place) => isVariable(family, place, learned) && !family.every((group) => isState(group.words[place] as string)),
  );
}

/** Places with more than one word, those with the fewest first. */
function differences(family: readonly Group[]): number[] {
  const found: {place: number; size: number}[] = [];
  const [first] = family as [Group];
  for (let place = 0; place < first.words.length; place += 1) {
    const there = new Set<string>();
    for (const {words} of family) there.add(words[place] as string);
    if (there.size > 1) found.push({place, size: there.size});
  }
  return found.sort((a, b) => a.size - b.size || a.place - b.place).map(({place}) => place);
}

function add(families: Map<string, Group[]>, key: string, group: Group): void {
  const there = families.get(key);
  if (there === undefined) families.set(key, [group]);
  else there.push(group);
}
