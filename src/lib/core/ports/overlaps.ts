import type {PlannedEntry} from './plan.js';

export interface Wish {
  readonly name: string;
  readonly role: 'primary' | 'alternative';
  readonly line: number | null;
}

/** A port that more than one entry of a configuration names: who comes first gets it. */
export interface Overlap {
  readonly port: number;
  /** Primaries first. */
  readonly wanted: readonly Wish[];
}

/** Everybody who names this port. */
export function wishesFor(port: number, entries: readonly PlannedEntry[]): Wish[] {
  const wishes = entries.flatMap(({name, primary, alternatives, line, alternativeLines}): Wish[] => {
    if (primary === port) return [{name, role: 'primary', line}];
    const at = alternatives.indexOf(port);
    return at < 0 ? [] : [{name, role: 'alternative', line: alternativeLines[at] ?? line}];
  });
  return [...wishes.filter(({role}) => role === 'primary'), ...wishes.filter(({role}) => role === 'alternative')];
}

/** By port. */
export function overlapsOf(entries: readonly PlannedEntry[]): Overlap[] {
  const named = entries.flatMap(({primary, alternatives}) => [primary, ...alternatives]);
  return [...new Set(named)]
    .sort((a, b) => a - b)
    .map((port) => ({port, wanted: wishesFor(port, entries)}))
    .filter(({wanted}) => wanted.length > 1);
}
