import type {Socket} from 'node:net';
import {HttpAnswer} from './http-answer.js';
import {judgeAnswer} from './http-health.js';
import {closedWithoutAnswer, healthy, silent} from './probe-answers.js';
import type {ProbeAnswer, ProbeTarget} from './types.js';

/** Sends the request. Returns what can be said when time is up. */
export function askHttp(
  socket: Socket,
  target: Extract<ProbeTarget, {type: 'http'}>,
  url: URL,
  latency: () => number,
  answer: (result: ProbeAnswer) => void,
): () => ProbeAnswer | null {
  const response = new HttpAnswer(target.method === 'HEAD');
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
  // Nothing, or nothing that is HTTP.
  const other = (): ProbeAnswer => {
    if (response.isEmpty) return closedWithoutAnswer;
    const words = response.firstBytes();
    return target.anyAnswer === true
      ? healthy(`it answers, not in HTTP: ${words}`, latency())
      : silent('garbage', `not an HTTP answer: ${words}`);
  };
  socket.on('data', (bytes: Buffer) => {
    response.push(bytes);
    if (response.state === 'garbage') answer(other());
    else if (response.state === 'complete') answer(result(true) ?? other());
  });
  socket.on('end', () => {
    response.end();
    answer(result(response.state === 'complete') ?? other());
  });
  socket.on('close', () => answer(result(false) ?? other()));
  socket.write(request(url, target.headers, target.method ?? 'GET'));
  return () => result(false) ?? (target.anyAnswer === true && !response.isEmpty ? other() : null);
}

function request(url: URL, headers: Readonly<Record<string, string>>, method: 'GET' | 'HEAD' | 'POST'): string {
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
