import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import {ApiError} from '../lib/api-error.js';
import {DemoError} from '../lib/demo-error.js';
import {sendJson} from '../lib/http.js';
import {securityHeaders} from './static-files.js';

/** Meant for one connection only (RFC 9110, 7.6.1), so they are not passed on. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** @throws DemoError (exit code 3) */
export function parseBackendUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' && url.pathname === '/') return url;
  throw new DemoError(`BACKEND_URL is "${text}": something like http://127.0.0.1:8000 is needed.`, 3);
}

/** Passes requests on to the backend; where that does not answer, it says so in the API's own words. */
export class BackendProxy {
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #agent = new Agent({keepAlive: true, maxSockets: 100});

  constructor(url: URL, timeoutMs: number) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
  }

  /** @param path path and query to ask the backend for; the host is always the backend's */
  forward(path: string, request: IncomingMessage, response: ServerResponse): void {
    const headers = passedOn(request.headers, request.headers.connection);
    delete headers['host'];
    // Replaced, not extended: this is the first machine that saw the request. The backend provokes nothing with it.
    headers['x-forwarded-for'] = request.socket.remoteAddress ?? 'unknown';
    // A body without a length came in chunks, and goes on in chunks.
    if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
    const upstream = httpRequest(
      {
        agent: this.#agent,
        host: this.#url.hostname.replace(/^\[|\]$/g, ''),
        port: this.#url.port === '' ? 80 : Number(this.#url.port),
        method: request.method,
        path,
        headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, {
          ...passedOn(answer.headers, answer.headers.connection),
          ...securityHeaders,
        });
        answer.pipe(response);
        // Cut off in the middle: the client has to notice, so its connection is cut too.
        answer.on('error', () => response.destroy());
      },
    );
    let failure: ApiError | undefined;
    upstream.setTimeout(this.#timeoutMs, () => {
      failure = new ApiError(
        504,
        'backend_timeout',
        `The backend did not answer within ${String(this.#timeoutMs / 1000)} s.`,
      );
      upstream.destroy();
    });
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      failure ??= new ApiError(
        502,
        'backend_away',
        `The backend at ${this.#url.host} does not answer (${error.code ?? error.message}).`,
      );
      if (response.headersSent) response.destroy();
      else sendJson(response, {status: failure.status, body: failure.toJSON(), headers: securityHeaders});
      request.unpipe();
      request.resume();
    });
    response.on('close', () => {
      if (!response.writableFinished) upstream.destroy();
    });
    request.on('error', () => upstream.destroy());
    request.pipe(upstream);
  }

  /** Asks the backend's /health. @returns undefined when it is fine, else why not */
  probe(timeoutMs: number): Promise<string | undefined> {
    return new Promise((resolve) => {
      const upstream = httpRequest(
        new URL('/health', this.#url),
        {agent: this.#agent, timeout: timeoutMs},
        (answer) => {
          answer.resume();
          const status = answer.statusCode ?? 0;
          resolve(status >= 200 && status < 300 ? undefined : `it answers ${String(status)}`);
        },
      );
      upstream.on('timeout', () => {
        resolve(`no answer within ${String(timeoutMs)} ms`);
        upstream.destroy();
      });
      upstream.on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
      upstream.end();
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function passedOn(headers: IncomingHttpHeaders, connection: string | undefined): Record<string, string | string[]> {
  const named = new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopByHop.has(name) && !named.has(name)) kept[name] = value;
  }
  return kept;
}
