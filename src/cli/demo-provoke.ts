import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

/** What the demo's backend can be made to do; its own list is in demo/backend/provoke.ts. */
export type DemoFailure = 'crash' | 'hang' | 'slow' | 'leak' | 'flood' | 'unhealthy';

export interface ProvokeOptions {
  readonly seconds?: number;
  readonly latencySeconds?: number;
  readonly lines?: number;
  readonly megabytes?: number;
}

export interface ProvokeReport {
  readonly failure: DemoFailure;
  readonly url: string;
  /** What the backend says will happen. */
  readonly effect: string;
}

const timeoutMs = 5000;

/** One line for the terminal. */
export function renderProvoke({failure, url, effect}: ProvokeReport): string {
  return `${failure} provoked at ${url}: ${effect}`;
}

/**
 * Asks the demo's backend to fail.
 * @throws ErpError when it does not answer, does not let us, or is no demo backend at all
 */
export async function provoke(url: string, failure: DemoFailure, options: ProvokeOptions = {}): Promise<ProvokeReport> {
  const {status, document} = await post(url, {failure, ...options});
  const {effect, error} = (typeof document === 'object' && document !== null ? document : {}) as Partial<Document>;
  if (status === 202 && typeof effect === 'string') return {failure, url, effect};
  if (typeof error?.code === 'string') throw refused(url, status, {code: error.code, message: error.message ?? ''});
  throw new ErpError(`What answers at ${url} is not the demo's backend (${String(status)}).`, {
    code: 'ERP_DEMO_NOT_FOUND',
    exitCode: ExitCode.usage,
    remedy: ['give its address with --url, or run: erp start --demo'],
    facts: {url, status},
  });
}

interface Document {
  readonly effect: string;
  readonly error: {readonly code?: string; readonly message?: string};
}

async function post(url: string, body: object): Promise<{status: number; document: unknown}> {
  try {
    const response = await fetch(new URL('/api/v1/demo/provoke', url), {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return {status: response.status, document: parsed(text)};
  } catch (error) {
    throw new ErpError(`The demo's backend at ${url} does not answer: ${reasonOf(error)}.`, {
      code: 'ERP_DEMO_AWAY',
      exitCode: ExitCode.serviceFailed,
      remedy: ['erp status to see whether it runs', 'erp start --demo to start it'],
      facts: {url},
      cause: error,
    });
  }
}

function refused(url: string, status: number, error: {code: string; message: string}): ErpError {
  const disabled = error.code === 'provoke_disabled';
  return new ErpError(`The demo's backend at ${url} refused: ${error.message}`, {
    code: 'ERP_DEMO_REFUSED',
    exitCode: disabled ? ExitCode.configuration : ExitCode.usage,
    remedy: disabled ? ['start it with erp start --demo, or with DEMO_PROVOKE=1 in its environment'] : [],
    facts: {url, status, code: error.code},
  });
}

// fetch() says "fetch failed" and keeps what happened in the cause. No instanceof: its errors may be of another realm.
function reasonOf(error: unknown): string {
  const {name, message, cause} = error as {name?: string; message?: string; cause?: NodeJS.ErrnoException};
  if (name === 'TimeoutError') return `nothing within ${String(timeoutMs / 1000)}s`;
  return cause?.code ?? cause?.message ?? message ?? String(error);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
