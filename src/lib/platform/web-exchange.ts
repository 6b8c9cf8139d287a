import {type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions} from 'node:http';
import {request as httpsRequest} from 'node:https';
import {isIP, type Socket} from 'node:net';
import {connect as tlsConnect} from 'node:tls';
import type {Variables} from '../core/config/variables.js';
import type {WebAnswer, WebFailure} from '../core/explain/problems.js';
import type {HttpRequest} from '../core/explain/protocols.js';
import {classifyConnectError} from './connect-error.js';
import {type WebProxy, webRoute} from './web-proxy.js';

export interface ExchangeLimits {
  /** Of the whole exchange, from the look-up of the name to the last byte. */
  readonly timeoutMs: number;
  /** Of the body of the answer. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** For the proxy. */
  readonly env: Variables;
}

/**
 * One request, one answer, nothing kept open. It follows no redirect (the text would go to somebody else) and believes no
 * certificate that the system does not, whatever NODE_TLS_REJECT_UNAUTHORIZED says.
 */
export async function exchange(sent: HttpRequest, limits: ExchangeLimits): Promise<WebAnswer | WebFailure> {
  const url = new URL(sent.url);
  const route = webRoute(url, limits.env);
  if ('problem' in route) return {tag: 'failed', kind: 'error', detail: route.problem};
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const signal = AbortSignal.any([deadline, limits.signal]);
  const place = `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
  try {
    const outgoing = await open(url, route.proxy, sent, signal);
    const response = await answerOf(outgoing, sent.body);
    return await read(response, limits.maxBytes);
  } catch (error) {
    if (limits.signal.aborted) return {tag: 'failed', kind: 'cancelled', detail: 'cancelled'};
    if (deadline.aborted) return {tag: 'failed', kind: 'timeout', detail: ''};
    if (error instanceof ProxyRefused) return {tag: 'failed', kind: 'error', detail: error.message};
    return failure(
      error as NodeJS.ErrnoException,
      route.proxy === null ? place : `${route.proxy.host}:${route.proxy.port}`,
    );
  }
}

class ProxyRefused extends Error {}

const tlsCodes =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH|INVALID_CA)/;

function failure(error: NodeJS.ErrnoException, place: string): WebFailure {
  const {tag, code, message} = classifyConnectError(error);
  if (tlsCodes.test(code)) return {tag: 'failed', kind: 'certificate', detail: `${code}: ${message}`, place};
  if (code.startsWith('HPE_')) return {tag: 'failed', kind: 'error', detail: `${place} does not speak HTTP`};
  return {tag: 'failed', kind: tag, detail: message, place};
}

async function open(url: URL, proxy: WebProxy | null, sent: HttpRequest, signal: AbortSignal): Promise<ClientRequest> {
  const length = sent.body === null ? {} : {'content-length': String(Buffer.byteLength(sent.body))};
  // No compression: a small answer could become a huge one.
  const headers = {...sent.headers, ...length, 'accept-encoding': 'identity', 'user-agent': 'erp', connection: 'close'};
  const options: RequestOptions = {method: sent.method, headers, agent: false, signal};
  const isTls = url.protocol === 'https:';
  if (proxy === null)
    return isTls ? httpsRequest(url, {...options, rejectUnauthorized: true}) : httpRequest(url, options);
  const authorization = proxy.authorization === null ? {} : {'proxy-authorization': proxy.authorization};
  if (!isTls) {
    const {host} = url;
    return toProxy(proxy, {...options, path: url.href, headers: {...headers, host, ...authorization}});
  }
  const tunnel = await tunnelTo(url, proxy, authorization, signal);
  const {agent: _, ...withoutAgent} = options;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // Only names are told to the server; what it proves is compared with the host either way.
  const servername = isIP(host) === 0 ? host : '';
  return httpsRequest(url, {
    // An agent, also none, would make a connection of its own.
    ...withoutAgent,
    createConnection: () =>
      tlsConnect({socket: tunnel, host, servername, ALPNProtocols: ['http/1.1'], rejectUnauthorized: true}),
  });
}

function toProxy(proxy: WebProxy, options: RequestOptions): ClientRequest {
  const to = {...options, host: proxy.host, port: proxy.port};
  return proxy.isTls ? httpsRequest({...to, rejectUnauthorized: true}) : httpRequest(to);
}

function tunnelTo(
  url: URL,
  proxy: WebProxy,
  authorization: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Socket> {
  const target = `${url.hostname}:${url.port || 443}`;
  return new Promise((resolve, reject) => {
    const asked = toProxy(proxy, {
      method: 'CONNECT',
      path: target,
      headers: {host: target, ...authorization},
      agent: false,
      signal,
    });
    asked.on('connect', (response: IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) {
        // The request is done with its signal; the tunnel has to end with it all the same.
        signal.addEventListener('abort', () => socket.destroy(), {once: true});
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(
        new ProxyRefused(
          `the proxy ${proxy.host}:${proxy.port} (${proxy.from}) refuses the way to ${target}: HTTP ${response.statusCode}`,
        ),
      );
    });
    asked.on('response', (response) => {
      response.destroy();
      reject(
        new ProxyRefused(
          `the proxy ${proxy.host}:${proxy.port} (${proxy.from}) makes no tunnel: HTTP ${response.statusCode}`,
        ),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

function answerOf(outgoing: ClientRequest, body: string | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body ?? undefined);
  });
}

async function read(response: IncomingMessage, maxBytes: number): Promise<WebAnswer | WebFailure> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the stream and with it the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return {tag: 'failed', kind: 'endless', detail: ''};
    chunks.push(chunk);
  }
  const {location, 'retry-after': retryAfter, 'content-encoding': encoding} = response.headers;
  if (encoding !== undefined && encoding !== 'identity')
    return {tag: 'failed', kind: 'error', detail: 'the answer is compressed, which was not asked for'};
  return {
    tag: 'answer',
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8'),
    location: location ?? null,
    retryAfter: retryAfter ?? null,
  };
}
