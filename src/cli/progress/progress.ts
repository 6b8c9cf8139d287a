import type {ErpEvent, StatusDocument} from '../../lib/core/report/status.js';

/** Shows what happens on the way: on stderr, or as lines of JSON on stdout. */
export interface Progress {
  event(event: ErpEvent): void;
  status(document: StatusDocument): void;
  /** One sentence of our own. */
  notice(text: string): void;
  /** Everything that was to come up is up, or everything is down: what follows are changes. */
  settled(): void | Promise<void>;
  /** `print` writes to the same terminal, past us: what stands there must know of it, or the next redraw takes it away. */
  beside(print: () => void): void;
  close(): void | Promise<void>;
}

/** `--output jsonl`: what the supervisor tells, as it tells it. */
export function jsonlProgress(write: (line: string) => void): Progress {
  return {
    event: (event) => write(`${JSON.stringify({type: 'event', event})}\n`),
    status: () => {},
    notice: () => {},
    settled: () => {},
    beside: (print) => print(),
    close: () => {},
  };
}
