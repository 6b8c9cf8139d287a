import {groupsOf} from './grouping.js';
import {messageStarts} from './header.js';
import {type Message, readMessage} from './tokens.js';

export interface Distinct {
  readonly text: string;
  readonly from: number;
  readonly source: number;
  readonly count: number;
  readonly detail?: string | null;
}

export interface FoundTemplate {
  readonly text: string;
  readonly members: readonly number[];
}

/** Messages of one kind, found without configuration. */
export function templatesOf(distinct: readonly Distinct[]): readonly FoundTemplate[] {
  const byKey = new Map<string, {message: Message; members: number[]; count: number}>();
  const starts = messageStarts(distinct);
  for (const [index, {text, detail, count}] of distinct.entries()) {
    const message = readMessage(text.slice(starts[index]), detail ?? null);
    const there = byKey.get(message.key);
    if (there === undefined) byKey.set(message.key, {message, members: [index], count});
    else {
      there.members.push(index);
      there.count += count;
    }
  }
  const keyed = [...byKey.values()].sort((a, b) => (a.message.key < b.message.key ? -1 : 1));
  return groupsOf(keyed).map(({text, parts}) => ({
    text,
    members: parts.flatMap((part) => keyed[part]?.members ?? []),
  }));
}

export {variablesOf} from './values.js';
