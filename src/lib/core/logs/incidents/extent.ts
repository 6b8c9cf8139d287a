import type {LogTemplate, Spot} from '../analysis.js';

/**
 * The earliest and the latest known event of a template by time. `first` and `last` are those of the input, where a
 * rotated file may follow the newer one.
 */
export function extentOf(template: Pick<LogTemplate, 'first' | 'last' | 'spots' | 'examples'>): {
  readonly first: Spot;
  readonly last: Spot;
} {
  let {first, last} = template;
  for (const spot of knownSpots(template)) {
    if (spot.time === null) continue;
    if (first.time === null || spot.time < first.time) first = spot;
    if (last.time === null || spot.time > last.time) last = spot;
  }
  return {first, last};
}

export function knownSpots({
  first,
  last,
  spots,
  examples,
}: Pick<LogTemplate, 'first' | 'last' | 'spots' | 'examples'>): Spot[] {
  return [first, ...spots, ...examples.map(({spot}) => spot), last];
}
