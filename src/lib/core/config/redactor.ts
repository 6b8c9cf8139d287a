import type {ProjectSpec} from '../spec.js';
import {isSecretName, maskText} from './secrets.js';

/** Shorter ones are words of every other sentence. */
const shortestSecret = 6;
const credentials = /\b[a-z][a-z0-9+.-]*:\/\/[^/\s:@"']*:([^/\s@"']+)@/gi;
const flagWithValue = /^--?[\w-]+=(.+)$/s;

/**
 * Takes secrets out of what a supervisor tells, at the source: events, status and its own log are read by people, copied
 * into tickets and kept for months. Out goes what looks like a secret (`maskText`), and each value that this project's
 * configuration and environment call one, wherever it turns up: a service may print its password without a name.
 */
export class Redactor {
  readonly #values: readonly string[];

  constructor(spec: ProjectSpec) {
    this.#values = secretValues(spec);
  }

  text(text: string): string {
    const known = this.#values.reduce(
      (left, value) => (left.includes(value) ? left.replaceAll(value, '***') : left),
      text,
    );
    return maskText(known);
  }

  /** The same for every string in a value of plain data. */
  deep<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T;
    if (Array.isArray(value)) return value.map((each: unknown) => this.deep(each)) as T;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.deep(each as unknown)])) as T;
  }
}

/** Longest first: one may be a part of another. */
export function secretValues({name: project, baseEnv, services}: ProjectSpec): readonly string[] {
  const found = new Set<string>();
  const names = new Set([project, ...services.map(({name}) => name)]);
  const add = (value: string): void => {
    // A path is where the secret lies, and every second message has it.
    if (value.length >= shortestSecret && !value.startsWith('/') && !names.has(value)) found.add(value);
  };
  for (const env of [baseEnv, ...services.map((service) => service.env)])
    for (const [name, value] of Object.entries(env)) if (isSecretName(name)) add(value);
  const look = (value: unknown): void => {
    if (typeof value === 'string') for (const match of value.matchAll(credentials)) add(match[1] ?? '');
    else if (Array.isArray(value)) lookAtWords(value);
    else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) look(each);
  };
  const lookAtWords = (words: readonly unknown[]): void => {
    words.forEach((word, at) => {
      look(word);
      const before = words[at - 1];
      if (typeof word !== 'string') return;
      if (typeof before === 'string' && /^--?[\w-]+$/.test(before) && isSecretName(before)) add(word);
      const [, value] = flagWithValue.exec(word) ?? [];
      if (value !== undefined && isSecretName(word.slice(0, -value.length))) add(value);
    });
  };
  look(Object.values(baseEnv).map((value) => [value]));
  look(services);
  return [...found].sort((a, b) => b.length - a.length);
}
