import {requiredLiterals} from './literals.js';
import type {Rule} from './rule.js';
import {rules} from './rules/index.js';

export interface Pattern {
  readonly rule: Rule;
  readonly when: RegExp;
}

/** By number; those of one rule stand together. */
export const patterns: readonly Pattern[] = rules.flatMap((rule) => [rule.when].flat().map((when) => ({rule, when})));

/** Of each pattern the texts that a line must hold; null: it has to be tried on each line. */
export const requiredTexts = (): readonly (readonly string[] | null)[] =>
  patterns.map(({when}) => requiredLiterals(when));
