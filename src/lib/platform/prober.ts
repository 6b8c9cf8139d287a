import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {askHttp} from './probe-http.js';
import {askProtocol, watchHeld, watchTcp} from './probe-protocols.js';
import {silenceOf, silent} from './probe-answers.js';
import type {Cancel, ProbeAnswer, ProbeTarget, Prober} from './types.js';

const knownUrls = 200;

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
    const host = target.type === 'http' ? bare((url as URL).hostname) : target.host;
    const port = target.type === 'http' ? Number((url as URL).port || (isTls ? 443 : 80)) : target.port;
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
        // What has come of an HTTP answer counts; a connection that was only held has been let go of.
        answer((connected && target.type === 'http' ? progress?.() : null) ?? silence);
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
        progress = begin(current, target, url, latency, answer);
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

/** What is asked on a connection. Returns what can be said when time is up. */
function begin(
  socket: Socket,
  target: ProbeTarget,
  url: URL | null,
  latency: () => number,
  answer: (result: ProbeAnswer) => void,
): () => ProbeAnswer | null {
  switch (target.type) {
    case 'http':
      return askHttp(socket, target, url as URL, latency, answer);
    case 'tcp':
      return watchTcp(socket, latency, answer);
    case 'held-open':
      return watchHeld(socket, latency, answer);
    case 'postgres':
    case 'redis':
    case 'mysql':
      return askProtocol(socket, target.type, latency, answer);
  }
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

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');
