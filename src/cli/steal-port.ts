import {createServer, type Server} from 'node:http';
import {setTimeout as pause} from 'node:timers/promises';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

const retryMs = 20;

export interface StolenPort {
  readonly port: number;
  /** Requests that the stranger has answered so far. */
  answered(): number;
  release(): Promise<void>;
}

export interface StealOptions {
  /** Try again every 20 ms until the port is free, instead of giving up. */
  readonly wait: boolean;
  readonly signal: AbortSignal;
  /** Called once, when there is something to wait for. */
  readonly onWaiting?: () => void;
}

/**
 * Takes a port with a server that claims to be healthy: the stranger that a supervisor must not believe.
 * @returns undefined when `signal` came first
 * @throws ErpError when the port is taken (exit code 5) or not ours to take
 */
export async function stealPort(port: number, options: StealOptions): Promise<StolenPort | undefined> {
  for (let attempt = 0; !options.signal.aborted; attempt += 1) {
    let answered = 0;
    const server = createServer((request, response) => {
      answered += 1;
      request.resume();
      response.writeHead(200, {'content-type': 'application/json', connection: 'close'});
      response.end('{"status":"healthy"}\n');
    });
    const failure = await listen(server, port);
    if (failure === undefined) return {port, answered: () => answered, release: () => release(server)};
    if (failure.code !== 'EADDRINUSE' || !options.wait) throw refusal(port, failure);
    if (attempt === 0) options.onWaiting?.();
    await pause(retryMs, undefined, {signal: options.signal}).catch(() => undefined);
  }
  return undefined;
}

// The same address as the demo's backend: a wildcard listener would get along with it on some systems.
function listen(server: Server, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({host: '127.0.0.1', port, exclusive: true}, () => {
      resolve(undefined);
    });
  });
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}

function refusal(port: number, failure: NodeJS.ErrnoException): ErpError {
  if (failure.code !== 'EADDRINUSE') {
    return new ErpError(`Port ${String(port)} cannot be taken: ${failure.message}.`, {
      code: 'ERP_PORT_REFUSED',
      exitCode: ExitCode.noPortFree,
      remedy: ['choose a port above 1023'],
      facts: {port},
      cause: failure,
    });
  }
  return new ErpError(`Port ${String(port)} is taken already, so there is nothing to steal.`, {
    code: 'ERP_PORT_TAKEN',
    exitCode: ExitCode.noPortFree,
    remedy: [
      `erp demo steal-port ${String(port)} --wait, and in another terminal: erp demo crash`,
      `erp ports ${String(port)} shows who holds it`,
    ],
    facts: {port},
    cause: failure,
  });
}
