import {
  type ConfigPath,
  formatPath,
  type Position,
  type PositionLookup,
  type Problem,
} from '../../lib/core/config/problems.js';

/** A configuration file after parsing. */
export interface ParsedDocument {
  readonly data: unknown;
  /** What keeps it from being read at all. */
  readonly problems: readonly Problem[];
  readonly position: PositionLookup;
}

/** Offsets of a key and its value in the text. */
export interface Place {
  readonly path: ConfigPath;
  readonly key: readonly [number, number] | null;
  readonly value: readonly [number, number];
}

/** Lines and columns of offsets, as an editor counts them. */
export class TextPlaces {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** From `start` to `end`, on the line of `start`. */
  at(start: number, end: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    const lineStart = this.#starts[low] ?? 0;
    const lineEnd = this.#starts[low + 1] === undefined ? this.#text.length : (this.#starts[low + 1] ?? 0) - 1;
    const line = this.#text.slice(start, Math.min(end, Math.max(lineEnd, start))).trimEnd();
    return {line: low + 1, column: start - lineStart + 1, length: Math.max(1, line.length)};
  }
}

export function placesToLookup(found: Iterable<Place>, places: TextPlaces): PositionLookup {
  const byPath = new Map<string, Place>();
  for (const place of found) byPath.set(formatPath(place.path), place);
  return (path, part) => {
    const place = byPath.get(formatPath(path));
    if (place === undefined) return null;
    const [start, end] = part === 'key' ? (place.key ?? place.value) : place.value;
    return places.at(start, end);
  };
}

export const syntaxProblem = (message: string, position: Position | null, allowed: string | null = null): Problem => ({
  path: [],
  message: `${message}.`,
  allowed,
  nearest: null,
  found: null,
  position,
});
