import {ConnectionLog} from '../platform/connection-log.js';
import {OwnLog} from '../platform/own-log.js';
import type {ErpEvent} from '../core/report/status.js';
import type {LogLevel, ProjectSpec} from '../core/spec.js';
import {logText} from './event-text.js';

/** Everything that a supervisor writes about what happened; port-forwards have a log of their own besides. */
export class OwnLogs {
  readonly #own: OwnLog;
  readonly #connection: ConnectionLog | null;
  readonly #forwards: ReadonlySet<string>;

  constructor(spec: ProjectSpec, onProblem: (level: LogLevel, text: string) => void) {
    const {logging} = spec;
    this.#own = new OwnLog({...spec, level: logging.ownLevel, maxAgeDays: logging.ownMaxAgeDays, onProblem});
    this.#forwards = new Set(spec.portForwards.map(({name}) => name));
    this.#connection = this.#forwards.size === 0 ? null : new ConnectionLog({...spec, onProblem});
  }

  record(event: ErpEvent): void {
    const text = logText(event);
    this.#own.event(event);
    this.#own.log(event.level, text);
    if (event.type === 'connectivity' || (event.service !== null && this.#forwards.has(event.service)))
      this.#connection?.log(event.level, text);
  }

  /** Loads the heavy part; never rejects. */
  async load(): Promise<void> {
    await this.#own.load();
    await this.#connection?.load();
  }

  /** What could not be written may be by now. */
  retry(): void {
    this.#own.retry();
    this.#connection?.retry();
  }

  flushSync(): void {
    this.#own.flushSync();
    this.#connection?.flushSync();
  }
}
