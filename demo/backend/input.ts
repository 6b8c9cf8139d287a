import {ApiError} from '../lib/api-error.js';

interface Problem {
  readonly field: string;
  readonly message: string;
}

/**
 * Reads a JSON object field by field and collects what is wrong with it; `check()` then throws everything at once as
 * one 400 that names the fields. Values read before `check()` are only meaningful after it.
 */
export class Input {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: Problem[];
  readonly #known = new Set<string>();

  constructor(value: unknown, path = '', problems: Problem[] = []) {
    this.#path = path;
    this.#problems = problems;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) problems.push({field: path === '' ? '(body)' : path, message: 'has to be an object'});
    this.#values = isObject ? (value as Record<string, unknown>) : {};
  }

  text(name: string, rule: {max: number; fallback?: string}): string {
    const value = this.#take(name);
    if (value === undefined && rule.fallback !== undefined) return rule.fallback;
    if (typeof value !== 'string')
      return this.#wrong(name, value === undefined ? 'is missing' : 'has to be a text', '');
    const trimmed = value.trim();
    if (trimmed === '') return this.#wrong(name, 'must not be empty', '');
    if (trimmed.length > rule.max) return this.#wrong(name, `is longer than ${String(rule.max)} characters`, '');
    return trimmed;
  }

  integer(name: string, rule: {min: number; max: number; fallback?: number}): number {
    return this.#number(name, rule, Number.isInteger, 'a whole number');
  }

  number(name: string, rule: {min: number; max: number; fallback?: number}): number {
    return this.#number(name, rule, Number.isFinite, 'a number');
  }

  choice<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#take(name);
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const message = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
    return this.#wrong(name, `${message}; one of ${allowed.join(', ')} is needed`, allowed[0] as T);
  }

  list<T>(name: string, rule: {min: number; max: number}, read: (item: Input) => T): T[] {
    const value = this.#take(name);
    if (!Array.isArray(value)) return this.#wrong(name, value === undefined ? 'is missing' : 'has to be a list', []);
    if (value.length < rule.min || value.length > rule.max) {
      return this.#wrong(name, `has to have ${String(rule.min)} to ${String(rule.max)} entries`, []);
    }
    return value.map((item: unknown, index) => {
      const input = new Input(item, this.#field(`${name}[${String(index)}]`), this.#problems);
      const result = read(input);
      input.#refuseUnknown();
      return result;
    });
  }

  object<T>(name: string, read: (item: Input) => T): T {
    const input = new Input(this.#take(name) ?? {}, this.#field(name), this.#problems);
    const result = read(input);
    input.#refuseUnknown();
    return result;
  }

  /** @throws ApiError 400 with `details.fields`, where anything was wrong or unknown */
  check(): void {
    this.#refuseUnknown();
    if (this.#problems.length === 0) return;
    const summary = this.#problems.map(({field, message}) => `${field} ${message}`).join('; ');
    throw new ApiError(400, 'validation', `The input is not valid: ${summary}.`, {details: {fields: this.#problems}});
  }

  #number(
    name: string,
    rule: {min: number; max: number; fallback?: number},
    fits: (value: number) => boolean,
    kind: string,
  ): number {
    const value = this.#take(name);
    if (value === undefined && rule.fallback !== undefined) return rule.fallback;
    if (typeof value === 'number' && fits(value) && value >= rule.min && value <= rule.max) return value;
    const wanted = `${kind} from ${String(rule.min)} to ${String(rule.max)}`;
    return this.#wrong(name, value === undefined ? `is missing; ${wanted} is needed` : `has to be ${wanted}`, rule.min);
  }

  #take(name: string): unknown {
    this.#known.add(name);
    // Own properties only: "constructor" in a body is a field like any other, and an unknown one.
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #refuseUnknown(): void {
    for (const name of Object.keys(this.#values)) {
      if (!this.#known.has(name)) this.#wrong(name, `is unknown; known: ${[...this.#known].join(', ')}`, undefined);
    }
  }

  #wrong<T>(name: string, message: string, standIn: T): T {
    this.#problems.push({field: this.#field(name), message});
    return standIn;
  }

  #field(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

/** `?limit=…&offset=…` of a listing. @throws ApiError 400 */
export function paging(query: URLSearchParams): {limit: number; offset: number} {
  const raw = Object.fromEntries(
    [...query].map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value] as const),
  );
  const input = new Input(raw);
  const page = {
    limit: input.integer('limit', {min: 1, max: 200, fallback: 50}),
    offset: input.integer('offset', {min: 0, max: 1_000_000_000, fallback: 0}),
  };
  input.check();
  return page;
}
