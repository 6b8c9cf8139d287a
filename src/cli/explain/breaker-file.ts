import {readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {type Breaker, readBreaker} from '../../lib/core/explain/breaker.js';
import type {BreakerMemory} from '../../lib/runtime/explainer.js';

/**
 * Breakers that outlive the command, so that a provider that hangs costs its time-out twice and not with every command. A
 * file that is damaged or can't be written costs only that.
 */
export class FileBreakers implements BreakerMemory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get(key: string): Breaker {
    return readBreaker(this.#read()[key]);
  }

  set(key: string, breaker: Breaker): void {
    const kept = this.#read();
    const isUsual = breaker.tag === 'closed' && breaker.failures === 0;
    if (isUsual && !Object.hasOwn(kept, key)) return;
    const others = Object.entries(kept).filter(([each]) => each !== key);
    this.#write(Object.fromEntries(isUsual ? others : [...others, [key, breaker]]));
  }

  #read(): Readonly<Record<string, unknown>> {
    try {
      const kept: unknown = JSON.parse(readFileSync(this.#path, 'utf8'));
      return typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? (kept as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }

  #write(kept: Readonly<Record<string, unknown>>): void {
    const fresh = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(fresh, `${JSON.stringify(kept)}\n`, {mode: 0o600, flag: 'wx'});
      renameSync(fresh, this.#path);
    } catch {
      rmSync(fresh, {force: true});
    }
  }
}
