import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Log} from './log.js';

export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function sendJson(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  const text = reply.body === undefined ? '' : `${JSON.stringify(reply.body)}\n`;
  response.writeHead(reply.status, {
    ...(text === '' ? {} : {'content-type': 'application/json; charset=utf-8'}),
    // Without a body a 204 must not announce a length either (RFC 9110, 8.6).
    ...(reply.status === 204 ? {} : {'content-length': Buffer.byteLength(text)}),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...reply.headers,
  });
  response.end(text);
}

/** The target as a URL whose path is normalised (no `..` left), or undefined where it is none. */
export function targetOf(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '';
  // "//host/…" is a path to us, not another host; "http://host/…" is meant for a proxy that we are not.
  if (!target.startsWith('/')) return undefined;
  try {
    return new URL(`http://local${target.replace(/^\/+/, '/')}`);
  } catch {
    return undefined;
  }
}

export interface Service {
  readonly server: Server;
  /** Stops accepting, lets running requests end, for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens on loopback and says so. A port that is taken ends the program as Node does it, with the uncaught
 * `Error: listen EADDRINUSE: address already in use 127.0.0.1:8000`: there is nothing that we could do about it.
 */
export function serve(
  port: number,
  log: Log,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Service {
  let closing = false;
  const server = createServer((request, response) => {
    // A kept-alive connection would hold up our end until its idle time is over.
    if (closing) response.setHeader('connection', 'close');
    response.on('error', () => undefined);
    handle(request, response);
  });
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  server.listen(port, '127.0.0.1', () => {
    log.info(`listening on http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  });
  return {
    server,
    close: (graceMs) =>
      new Promise((resolve) => {
        closing = true;
        const cut = setTimeout(() => {
          server.closeAllConnections();
        }, graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}

/** One access line when the answer is out. A probe that went well is not worth a line every second. */
export function logAccess(log: Log, request: IncomingMessage, response: ServerResponse): void {
  const startedMs = performance.now();
  response.once('close', () => {
    const status = response.writableFinished ? response.statusCode : 499;
    const target = request.url ?? '';
    if (target === '/health' && status === 200) return;
    log.info(
      `${request.socket.remoteAddress ?? '-'} "${request.method ?? ''} ${target}" ${String(status)} ${(performance.now() - startedMs).toFixed(1)}ms`,
    );
  });
}
