import {appendFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ErpEvent} from '../core/report/status.js';
export class OwnLog {
  readonly #o: {stateDir: string};
  constructor(o: {ownLogDir: string; stateDir: string; level: string; maxAgeDays: number; header: readonly string[]}) {
    this.#o = o;
  }
  event(e: ErpEvent): void {
    appendFileSync(join(this.#o.stateDir, 'events.jsonl'), JSON.stringify(e) + '\n');
  }
  flushSync(): void {}
}
