import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {classifyConnectError} from './connect-error.js';
import {HttpAnswer} from './http-answer.js';
import {judgeAnswer} from './http-health.js';
import type {Cancel, ProbeAnswer, ProbeTarget, Prober} from './types.js';

/** A server whose own back end is away accepts a connection and closes it at once; this long we wait to see that. */
const settleMs = 20;
const knownUrls = 200;

type Silence = Extract<ProbeAnswer, {tag: 'silent'}>;

/**
 * Probes over plain sockets: node:http costs twice the processor time, fetch six times (6,000 probes: 0.36, 0.65, 2.2 s).
 */
export class SocketProber implements Prober {
  readonly #urls = new Map<string, URL | null>();

  probe(target: ProbeTarget, timeoutMs: number, callback: (answer: ProbeAnswer) => void): Cancel {
    const startedAt = performance.now();
    let socket: Socket | null = null;
    let over = false;
    let progress: (() => ProbeAnswer | null) | null = null;
    const end = (): void => {
      over = true;
      clearTimeout(timer);
      socket?.destroy();
    };
    const answer = (result: ProbeAnswer): void => {
      if (over) return;
      end();
      callback(result);
    };
    const latency = (): number => performance.now() - startedAt;
    const timer = setTimeout(() => {
      answer(progress?.() ?? silent('timeout', `no answer within ${Math.round(timeoutMs)} ms`));
    }, timeoutMs);

    const url = target.type === 'http' ? this.#parse(target.url) : null;
    if (target.type === 'http' && (url === null || !/^https?:$/.test(url.protocol))) {
      setImmediate(() => answer(silent('error', `${target.url} is no http or https URL`)));
      return end;
    }
    const isTls = url?.protocol === 'https:';
    const host = target.type === 'tcp' ? target.host : bare((url as URL).hostname);
    const port = target.type === 'tcp' ? target.port : Number((url as URL).port || (isTls ? 443 : 80));
    if (!(port > 0 && port < 65536)) {
      setImmediate(() => answer(silent('error', `${port} is no port`)));
      return end;
    }

    const attempt = (addresses: readonly string[]): void => {
      const [address, ...others] = addresses as [string, ...string[]];
      let connected = false;
      const failed = (error: NodeJS.ErrnoException): void => {
        if (over) return;
        const silence = silenceOf(error);
        const mayTryNext = !connected && (silence.reason === 'refused' || silence.reason === 'unreachable');
        socket?.destroy();
        if (mayTryNext && others.length > 0) {
          attempt(others);
          return;
        }
        answer((connected ? progress?.() : null) ?? silence);
      };
      try {
        socket = isTls ? connectTls(address, port, host) : connect({host: address, port});
      } catch (error) {
        setImmediate(() => failed(error as NodeJS.ErrnoException));
        return;
      }
      const current = socket;
      current.on('error', failed);
      current.once(isTls ? 'secureConnect' : 'connect', () => {
        connected = true;
        if (over) return;
        progress =
          target.type === 'tcp'
            ? watchTcp(current, latency, answer)
            : ask(current, target, url as URL, latency, answer);
      });
    };
    // Programs listen on one of the two, and which one "localhost" means differs by system and by program.
    attempt(host === 'localhost' ? ['127.0.0.1', '::1'] : [host]);
    return () => {
      if (!over) end();
    };
  }

  #parse(text: string): URL | null {
    let url = this.#urls.get(text);
    if (url !== undefined) return url;
    try {
      url = new URL(text);
    } catch {
      url = null;
    }
    if (this.#urls.size >= knownUrls) this.#urls.clear();
    this.#urls.set(text, url);
    return url;
  }
}

/** Sends the request. Returns what can be said when time is up. */
function ask(
  socket: Socket,
  target: Extract<ProbeTarget, {type: 'http'}>,
  url: URL,
  latency: () => number,
  answer: (result: ProbeAnswer) => void,
): () => ProbeAnswer | null {
  const response = new HttpAnswer();
  const result = (complete: boolean): ProbeAnswer | null =>
    response.status === null
      ? null
      : {
          tag: 'answered',
          ...judgeAnswer(
            {status: response.status, body: response.body(), complete},
            target.expect,
            response.location(),
          ),
          status: response.status,
          latencyMs: latency(),
        };
  const garbage = (): Silence => silent('garbage', `not an HTTP answer: ${response.firstBytes()}`);
  socket.on('data', (bytes: Buffer) => {
    response.push(bytes);
    if (response.state === 'garbage') answer(garbage());
    else if (response.state === 'complete') answer(result(true) ?? garbage());
  });
  socket.on('end', () => {
    response.end();
    if (response.state === 'complete' || response.status !== null)
      answer(result(response.state === 'complete') ?? garbage());
    else if (response.isEmpty) answer(silent('reset', 'the connection was closed without an answer'));
    else answer(garbage());
  });
  socket.on('close', () => answer(result(false) ?? silent('reset', 'the connection was closed without an answer')));
  socket.write(request(url, target.headers, target.method ?? 'GET'));
  return () => result(false);
}

function request(url: URL, headers: Readonly<Record<string, string>>, method: 'GET' | 'POST'): string {
  const fields = new Map<string, [string, string]>();
  const set = (name: string, value: string): void => {
    // A line break in a header from the configuration would begin another header, or another request.
    fields.set(name.toLowerCase(), [name.replace(/[^\w!#$%&'*+.^`|~-]/g, ''), value.replace(/[\r\n\0]+/g, ' ')]);
  };
  set('Host', url.host);
  set('User-Agent', 'erp-probe');
  set('Accept', '*/*');
  if (url.username !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    set('Authorization', `Basic ${Buffer.from(user).toString('base64')}`);
  }
  for (const [name, value] of Object.entries(headers)) set(name, value);
  set('Connection', 'close');
  if (method === 'POST') set('Content-Length', '0');
  const lines = [...fields.values()].map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** An accepted connection is an answer, unless it is dropped in the same breath. */
function watchTcp(socket: Socket, latency: () => number, answer: (result: ProbeAnswer) => void): () => ProbeAnswer {
  const latencyMs = latency();
  const good: ProbeAnswer = {tag: 'answered', health: 'healthy', status: null, detail: null, latencyMs};
  const dropped = silent('reset', 'the connection was accepted and closed at once');
  const timer = setTimeout(() => answer(good), settleMs);
  socket.on('data', () => answer(good)); // a greeting, as of a mail or database server
  socket.on('end', () => answer(dropped));
  socket.on('close', () => {
    clearTimeout(timer);
    answer(dropped);
  });
  return () => good;
}

function connectTls(address: string, port: number, host: string): Socket {
  const isLoopback = host === 'localhost' || host === '::1' || host.startsWith('127.');
  const isName = !/^[\d.]+$/.test(host) && !host.includes(':');
  // Loaded late: few probes use it, and it costs three megabytes.
  return process.getBuiltinModule('node:tls').connect({
    host: address,
    port,
    ...(isName ? {servername: host} : {}),
    // Nobody has a certificate for 127.0.0.1 that a public authority signed.
    rejectUnauthorized: !isLoopback,
  });
}

const silent = (reason: Silence['reason'], detail: string): Silence => ({tag: 'silent', reason, detail});

function silenceOf(error: NodeJS.ErrnoException): Silence {
  const {tag, code, message} = classifyConnectError(error);
  switch (tag) {
    case 'refused':
      return silent('refused', 'connection refused: nobody listens there');
    case 'reset':
      return silent('reset', 'the connection was reset');
    case 'timeout':
      return silent('timeout', 'the connection timed out');
    case 'no-name':
      return silent('unreachable', `the name has no address (${code})`);
    case 'unreachable':
      return silent('unreachable', `the address can't be reached (${code})`);
    case 'error':
      return code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG'
        ? silent('garbage', 'it does not speak TLS (try http:// instead of https://)')
        : silent('error', code === '' ? message : `${message} (${code})`);
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
