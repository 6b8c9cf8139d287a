import {formatPath} from './problems.js';

export type LegacyFields = Readonly<Record<string, unknown>>;
export const isFields = (value: unknown): value is LegacyFields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as a word of a command; groups and lists have no place there. */
export const word = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** What became of one key of the old file. */
export interface LegacyKey {
  readonly key: string;
  readonly path: readonly string[];
  /** The key of the present format, or words; null: ignored. */
  readonly usedAs: string | null;
  readonly why: string | null;
}

/** Keeps account of the old file's keys, so that none is dropped without a word. */
export class LegacyKeys {
  readonly #old: LegacyFields;
  readonly #entries = new Map<string, LegacyKey>();
  readonly #origin = new Map<string, readonly string[]>();

  constructor(old: LegacyFields) {
    this.#old = old;
  }

  peek(path: readonly string[]): unknown {
    let value: unknown = this.#old;
    for (const part of path) value = isFields(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    return value;
  }

  /** The value, noted as the present key `as`. */
  use(path: readonly string[], as: readonly string[], why: string | null = null): unknown {
    const value = this.peek(path);
    if (value !== undefined) {
      this.#origin.set(formatPath(as), path);
      this.note(path, formatPath(as), why);
    }
    return value;
  }

  note(path: readonly string[], usedAs: string, why: string | null): void {
    if (this.peek(path) !== undefined) this.#entries.set(path.join('.'), {key: path.join('.'), path, usedAs, why});
  }

  ignore(path: readonly string[], why: string): void {
    if (this.peek(path) !== undefined)
      this.#entries.set(path.join('.'), {key: path.join('.'), path, usedAs: null, why});
  }

  /** Where a key of the present format came from, or null. */
  oldPath(path: string): readonly string[] | null {
    for (let rest = path; rest !== ''; rest = rest.replace(/(\.[^.[]*|\[[^\]]*\])$/, '')) {
      const origin = this.#origin.get(rest);
      if (origin !== undefined) return origin;
      if (!/[.[]/.test(rest)) return null;
    }
    return null;
  }

  /** All keys in the order of the file; what nobody asked for is unknown. */
  finish(): LegacyKey[] {
    const result: LegacyKey[] = [];
    const walk = (value: unknown, path: readonly string[]) => {
      const entry = this.#entries.get(path.join('.'));
      if (entry !== undefined) result.push(entry);
      else if (isFields(value) && Object.keys(value).length > 0) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      } else result.push({key: path.join('.'), path, usedAs: null, why: 'erp does not know this key'});
    };
    for (const [key, value] of Object.entries(this.#old)) walk(value, [key]);
    return result;
  }
}
