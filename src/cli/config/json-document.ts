import type {ConfigPath, Position, PositionLookup} from '../../lib/core/config/problems.js';
import {type ParsedDocument, type Place, placesToLookup, syntaxProblem, TextPlaces} from './document.js';

/** Thrown and caught in this file only. */
class JsonMistake extends Error {
  readonly offset: number;
  readonly allowed: string | null;
  constructor(message: string, offset: number, allowed: string | null = null) {
    super(message);
    this.offset = offset;
    this.allowed = allowed;
  }
}

/**
 * Reads strict JSON and remembers where everything stands. JSON.parse knows no places of values, and its messages differ
 * from one Node to the next.
 */
export function parseJson(text: string): ParsedDocument {
  const places = new TextPlaces(text);
  try {
    const walk = new JsonWalk(text);
    const data = walk.document();
    return {data, problems: [], position: placesToLookup(walk.found, places)};
  } catch (error) {
    if (!(error instanceof JsonMistake)) throw error;
    const position: Position = places.at(error.offset, error.offset + 1);
    const none: PositionLookup = () => null;
    return {data: undefined, problems: [syntaxProblem(error.message, position, error.allowed)], position: none};
  }
}

const deepest = 100;

class JsonWalk {
  readonly found: Place[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    this.#space();
    const value = this.#value([], 0, null);
    this.#space();
    if (this.#at < this.#text.length) throw new JsonMistake('something follows after the end of the JSON', this.#at);
    return value;
  }

  #value(path: ConfigPath, depth: number, key: readonly [number, number] | null): unknown {
    const start = this.#at;
    if (depth > deepest) throw new JsonMistake(`nested deeper than ${deepest} levels`, start);
    const value = this.#bare(path, depth);
    this.found.push({path, key, value: [start, this.#at]});
    return value;
  }

  #bare(path: ConfigPath, depth: number): unknown {
    const character = this.#text[this.#at];
    if (character === '{') return this.#object(path, depth);
    if (character === '[') return this.#array(path, depth);
    if (character === '"') return this.#string();
    const word = /[^\s,\]}[{:"]*/y;
    word.lastIndex = this.#at;
    const bare = word.exec(this.#text)?.[0] ?? '';
    if (
      bare === 'true' ||
      bare === 'false' ||
      bare === 'null' ||
      /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(bare)
    ) {
      this.#at += bare.length;
      return JSON.parse(bare);
    }
    this.#refuseForeign();
    if (character === undefined) throw new JsonMistake('the file ends too early', this.#at);
    if (character === "'") throw new JsonMistake("'…' is no JSON", this.#at, 'double quotes: "…"');
    throw new JsonMistake(
      `${JSON.stringify(bare.slice(0, 30) || character)} is no JSON value`,
      this.#at,
      'texts in double quotes',
    );
  }

  #object(path: ConfigPath, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const lines = new Map<string, number>();
    this.#at += 1;
    this.#space();
    while (this.#text[this.#at] !== '}') {
      const start = this.#at;
      this.#refuseForeign();
      if (this.#text[start] !== '"') {
        throw new JsonMistake(
          this.#text[start] === undefined ? 'the file ends within {…}' : 'a key in double quotes is missing here',
          start,
          '"key": value',
        );
      }
      const name = this.#string();
      const key = [start, this.#at] as const;
      if (lines.has(name)) throw new JsonMistake(`the key ${JSON.stringify(name)} stands here twice`, start);
      lines.set(name, start);
      this.#space();
      if (this.#text[this.#at] !== ':')
        throw new JsonMistake(`a colon is missing after ${JSON.stringify(name)}`, this.#at);
      this.#at += 1;
      this.#space();
      // Not by assignment: __proto__ is a key like any other.
      const value = this.#value([...path, name], depth + 1, key);
      Object.defineProperty(result, name, {value, enumerable: true, configurable: true, writable: true});
      this.#separator('}');
    }
    this.#at += 1;
    return result;
  }

  #array(path: ConfigPath, depth: number): unknown[] {
    const result: unknown[] = [];
    this.#at += 1;
    this.#space();
    while (this.#text[this.#at] !== ']') {
      result.push(this.#value([...path, result.length], depth + 1, null));
      this.#separator(']');
    }
    this.#at += 1;
    return result;
  }

  /** A comma and something after it, or the end. */
  #separator(end: '}' | ']'): void {
    this.#space();
    const character = this.#text[this.#at];
    if (character === end) return;
    this.#refuseForeign();
    if (character === undefined) throw new JsonMistake(`the file ends too early: ${end} is missing`, this.#at);
    if (character !== ',') throw new JsonMistake(`a comma or ${end} is missing here`, this.#at);
    const comma = this.#at;
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === end)
      throw new JsonMistake(`a comma too many: ${end} follows`, comma, 'no comma after the last one');
  }

  #string(): string {
    const start = this.#at;
    for (this.#at += 1; this.#text[this.#at] !== '"'; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') {
        throw new JsonMistake('a text that is not closed', start, 'a closing " on the same line');
      }
      if (character === '\\') this.#at += 1;
    }
    this.#at += 1;
    const raw = this.#text.slice(start, this.#at);
    try {
      return JSON.parse(raw) as string;
    } catch {
      const bad = /\\(?!["\\/bfnrtu])|\\u(?![\da-fA-F]{4})/.exec(raw.replaceAll('\\\\', '__'));
      if (bad !== null) {
        throw new JsonMistake(
          `\\${raw[bad.index + 1] ?? ''} is no escape of JSON`,
          start + bad.index,
          'a backslash is written \\\\',
        );
      }
      throw new JsonMistake('a control character in a text', start, '\\n, \\t, \\u0000');
    }
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #refuseForeign(): void {
    if (/^(\/\/|\/\*|#)/.test(this.#text.slice(this.#at, this.#at + 2))) {
      throw new JsonMistake('JSON has no comments', this.#at, 'the same as erp.config.yaml, where # begins a comment');
    }
  }
}
