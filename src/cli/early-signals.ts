import {ExitCode} from '../lib/core/exit-codes.js';

type Asked = 'SIGINT' | 'SIGTERM';

/**
 * Ctrl-C while the supervisor is being started: nobody follows it yet who could ask it to stop, and without us its
 * services would run on unseen. What comes is kept and handed over to whoever listens next.
 */
export class EarlySignals {
  readonly #came: Asked[] = [];
  readonly #onInt = () => this.#came.push('SIGINT');
  readonly #onTerm = () => this.#came.push('SIGTERM');

  constructor() {
    process.on('SIGINT', this.#onInt);
    process.on('SIGTERM', this.#onTerm);
  }

  /** To be called once others listen. */
  handOver(): void {
    process.off('SIGINT', this.#onInt);
    process.off('SIGTERM', this.#onTerm);
    for (const signal of this.#came.splice(0)) if (!process.emit(signal, signal)) process.exit(ExitCode.interrupted);
  }
}
