import {absorb, constantsOf, type Group, groupOf, textOf} from './group.js';
import {sharePlaces, wildcards} from './places.js';
import {absorbed} from './rare.js';
import {skeletonOf} from './skeleton.js';
import {type Message, variable} from './tokens.js';

interface Keyed {
  readonly message: Message;
  readonly count: number;
}

const mostRounds = 4;

/** Merges messages until no two are of one kind. The order of the messages decides nothing but ties. */
export function groupsOf(keyed: readonly Keyed[]): {text: string; parts: readonly number[]}[] {
  let groups: Group[] = keyed.map(({message}, part) => groupOf(message, part));
  const learned = new Set<string>();
  for (let round = 0; round < mostRounds; round += 1) {
    const before = groups.length;
    groups = wildcards(groups, learned);
    groups = sharePlaces(groups, learned);
    groups = merged(groups, skeletonOf);
    groups = merged(groups, sameWords);
    if (groups.length === before) break;
  }
  return absorbed(
    groups.map((group) => ({
      text: textOf(group),
      parts: group.parts,
      constants: group.words.filter((one) => one !== variable),
      count: group.parts.reduce((sum, part) => sum + (keyed[part] as Keyed).count, 0),
    })),
  );
}

/** The same constant words in the same order, whatever stands between: one group. */
function sameWords(group: Group): string {
  const constants = constantsOf(group.words);
  return constants.length === 0 ? textOf(group) : constants.join(' ');
}

function merged(groups: readonly Group[], keyOf: (group: Group) => string | null): Group[] {
  const byKey = new Map<string, Group>();
  for (const group of groups) {
    const key = keyOf(group);
    if (key === null) continue;
    const there = byKey.get(key);
    if (there === undefined) byKey.set(key, group);
    else absorb(there, group);
  }
  return groups.filter(({parts}) => parts.length > 0);
}
