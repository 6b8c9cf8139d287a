/** Where a key or value stands in the file; lines and columns count from 1, in characters as an editor shows them. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** How many characters the caret underlines; at least 1, never over the end of the line. */
  readonly length: number;
}

export type ConfigPath = readonly (string | number)[];

/** Finds a key or a value of the document; null where a place can't be known (a configuration that is a program). */
export type PositionLookup = (path: ConfigPath, part: 'key' | 'value') => Position | null;

/** One thing that is wrong, said once. */
export interface Problem {
  readonly path: ConfigPath;
  /** A whole sentence: the key, what was found and why it is wrong. */
  readonly message: string;
  /** What may stand here. */
  readonly allowed: string | null;
  /** The valid name that was most likely meant. */
  readonly nearest: string | null;
  /** The value as it was written, cut, secrets as ***; null where a key is what is wrong. */
  readonly found: string | null;
  readonly position: Position | null;
}

/** `services.backend.alternatives[2]` */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w$-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text === '' ? 'the configuration' : text;
}

/** Short, one line, as somebody would write it in the file. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value === 'object' && value !== null) return 'a group of keys';
  // What is left are texts, numbers, yes and no, null.
  const text = typeof value === 'string' ? JSON.stringify(value) : `${value as number}`;
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
