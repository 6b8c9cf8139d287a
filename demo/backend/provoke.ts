import type {IncomingMessage} from 'node:http';
import {ApiError} from '../lib/api-error.js';
import type {Reply} from '../lib/http.js';
import {type Log, logLine} from '../lib/log.js';
import {Input} from './input.js';
import {runInvoicing} from './invoicing.js';
import type {Route} from './router.js';

export const failures = ['crash', 'hang', 'slow', 'leak', 'flood', 'unhealthy'] as const;
export type Failure = (typeof failures)[number];

/** Long enough that the answer is on its way before the failure begins. */
const fuseMs = 50;
const leakStepMs = 100;
const leakMegabytesPerSecond = 50;

interface Options {
  readonly seconds: number;
  readonly latencySeconds: number;
  readonly lines: number;
  readonly megabytes: number;
}

/** Failures on demand, so that a supervisor can be watched at its work. */
export class Provocations {
  readonly #log: Log;
  #slowUntilMs = 0;
  #latencyMs = 0;
  #unhealthyUntilMs = 0;
  readonly #leaked: Buffer[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** How long each answer is held back at the moment. */
  latencyMs(): number {
    return performance.now() < this.#slowUntilMs ? this.#latencyMs : 0;
  }

  unhealthyReason(): string | undefined {
    const leftMs = this.#unhealthyUntilMs - performance.now();
    return leftMs > 0 ? `provoked, for another ${String(Math.ceil(leftMs / 1000))} s` : undefined;
  }

  route(enabled: boolean): Route {
    return {
      method: 'POST',
      path: '/api/v1/demo/provoke',
      answer: async (call) => {
        refuseStrangers(call.request, enabled);
        const input = new Input(await call.json());
        const failure = input.choice('failure', failures);
        const options = {
          seconds: input.number('seconds', {min: 0.1, max: 86_400, fallback: 60}),
          latencySeconds: input.number('latencySeconds', {min: 0.01, max: 600, fallback: 3}),
          lines: input.integer('lines', {min: 1, max: 10_000_000, fallback: 100_000}),
          megabytes: input.integer('megabytes', {min: 1, max: 8192, fallback: 500}),
        };
        input.check();
        return this.#provoke(failure, options);
      },
    };
  }

  #provoke(failure: Failure, {seconds, latencySeconds, lines, megabytes}: Options): Reply {
    const accept = (effect: string, begin: () => void, delayMs = fuseMs): Reply => {
      this.#log.warning(`provoked: ${failure}, ${effect}`);
      setTimeout(begin, delayMs);
      return {status: 202, body: {failure, effect}};
    };
    switch (failure) {
      case 'crash':
        return accept('an exception that nobody catches', function nightlyInvoicing() {
          runInvoicing();
        });
      case 'hang':
        // Waiting, not computing: the process is as dead to its callers, and the machine's processors stay free.
        return accept('the event loop stands still until the process is killed', () => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        });
      case 'slow':
        this.#slowUntilMs = performance.now() + seconds * 1000;
        this.#latencyMs = latencySeconds * 1000;
        return accept(
          `each answer takes ${String(latencySeconds)} s longer, for ${String(seconds)} s`,
          () => undefined,
        );
      case 'unhealthy':
        this.#unhealthyUntilMs = performance.now() + seconds * 1000;
        return accept(`/health says unhealthy (503) for ${String(seconds)} s`, () => undefined);
      case 'leak':
        return accept(`${String(leakMegabytesPerSecond)} MB a second up to ${String(megabytes)} MB`, () => {
          this.#leak(megabytes);
        });
      case 'flood':
        return accept(`${String(lines)} lines as fast as they go`, () => {
          this.#flood(1, lines);
        });
    }
  }

  #leak(megabytes: number): void {
    const stepMegabytes = (leakMegabytesPerSecond * leakStepMs) / 1000;
    let left = megabytes;
    const timer = setInterval(() => {
      // Filled: memory that was never written to takes no room.
      this.#leaked.push(Buffer.alloc(Math.min(stepMegabytes, left) * 1024 * 1024, 1));
      left -= stepMegabytes;
      if (left > 0) return;
      clearInterval(timer);
      const heldMegabytes = this.#leaked.reduce((sum, {length}) => sum + length, 0) / 1024 / 1024;
      this.#log.warning(`leak: ${String(heldMegabytes)} MB held until the end of this process`);
    }, leakStepMs);
  }

  // In lots, so that requests and signals are still seen in between. Numbered, so that a lost line is found.
  #flood(first: number, lines: number): void {
    const last = Math.min(lines, first + 999);
    let text = '';
    for (let line = first; line <= last; line += 1) {
      text += logLine('INFO', 'flood', `line ${String(line)} of ${String(lines)}`);
    }
    // The callback comes when the text was taken: we never hold more than one lot ourselves.
    process.stdout.write(text, () => {
      if (last < lines)
        setImmediate(() => {
          this.#flood(last + 1, lines);
        });
      else this.#log.info(`flood: ${String(lines)} lines written`);
    });
  }
}

/** @throws ApiError 403, unless it is switched on and asked for on this machine, under its own name, not via a proxy */
function refuseStrangers(request: IncomingMessage, enabled: boolean): void {
  if (!enabled) {
    throw new ApiError(
      403,
      'provoke_disabled',
      'Failures are provoked only where the backend runs with DEMO_PROVOKE=1.',
    );
  }
  const {'x-forwarded-for': forwarded, host} = request.headers;
  const local = /^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '');
  // The name keeps out pages of other sites that let their own name point to 127.0.0.1.
  const ownName = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');
  if (!local || !ownName || forwarded !== undefined) {
    throw new ApiError(403, 'provoke_not_local', 'Failures are provoked only from this machine, directly.');
  }
}
