import {isUnit} from './kinds.js';
import {generalText} from './general-text.js';
import {type Message, variable} from './tokens.js';

/** Messages that are one template so far. */
export interface Group {
  words: string[];
  readonly glue: readonly string[];
  parts: number[];
  /** Other words or glue that were found to mean the same. */
  variants: {readonly words: readonly string[]; readonly glue: readonly string[]}[];
}

const mostVariants = 24;

export function groupOf({words, glue}: Message, part: number): Group {
  return {words: [...words], glue, parts: [part], variants: []};
}

/** Takes in a group of another form. */
export function absorb(into: Group, other: Group): void {
  into.parts.push(...other.parts);
  for (const one of [other, ...other.variants]) {
    if (into.variants.length >= mostVariants) break;
    if (!isSameForm(into, one) && !into.variants.some((there) => isSameForm(there, one)))
      into.variants.push({words: one.words, glue: one.glue});
  }
  other.parts = [];
  other.variants = [];
}

function isSameForm(
  a: {readonly words: readonly string[]; readonly glue: readonly string[]},
  b: {readonly words: readonly string[]; readonly glue: readonly string[]},
): boolean {
  return (
    a.words.length === b.words.length &&
    a.words.every((one, i) => one === b.words[i]) &&
    a.glue.every((one, i) => one === b.glue[i])
  );
}

/** Words that tell one template from another: a unit behind a number may be another one, or be missing. */
export function constantsOf(words: readonly string[]): string[] {
  return words.filter((one, i) => one !== variable && !(words[i - 1] === variable && isUnit(one)));
}

export function textOf(group: Group): string {
  return [group, ...group.variants].map(plainText).reduce(generalText).trim();
}

const plainText = ({words, glue}: {readonly words: readonly string[]; readonly glue: readonly string[]}): string =>
  words.map((one, i) => `${glue[i]}${one}`).join('') + (glue.at(-1) ?? '');
