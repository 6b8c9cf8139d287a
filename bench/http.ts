// Asking services on loopback, and a supervisor on its socket.
import {spawn} from 'node:child_process';
import {request} from 'node:http';
import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {now} from './commands.js';

/** The pid that answers /health; null: nobody, or not in time. */
export function answering(port: number, timeoutMs = 300): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect({host: '127.0.0.1', port});
    let text = '';
    const finish = (pid: number | null) => {
      socket.destroy();
      resolve(pid);
    };
    socket.setTimeout(timeoutMs, () => finish(null));
    socket.on('error', () => finish(null));
    socket.on('close', () => finish(null));
    socket.on('data', (chunk) => {
      text += chunk.toString();
      const pid = /"pid":(\d+)/.exec(text)?.[1];
      if (pid !== undefined) finish(Number(pid));
    });
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  });
}

/** @returns how many still do not answer at the limit */
export async function allAnswer(ports: readonly number[], limitMs: number, signal?: AbortSignal): Promise<number> {
  const silent = new Set(ports);
  const until = now() + limitMs;
  for (;;) {
    await Promise.all(
      [...silent].slice(0, 16).map(async (port) => {
        if ((await answering(port)) !== null) silent.delete(port);
      }),
    );
    if (silent.size === 0 || now() > until || signal?.aborted === true) return silent.size;
    await sleep(3);
  }
}

/**
 * Signals a process and asks every 0.2 ms, in C, until another one answers.
 * @returns milliseconds since the signal; null: nobody within the limit
 */
export function untilReplaced(
  svc: string,
  target: {readonly port: number; readonly pid: number; readonly signal: number},
  limitMs: number,
): Promise<number | null> {
  const args = ['probe', target.port, target.pid, limitMs, target.signal].map(String);
  return new Promise((resolve) => {
    const child = spawn(svc, args, {stdio: ['ignore', 'pipe', 'inherit']});
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('close', () => {
      const ms = /^([\d.]+) \d+/.exec(text)?.[1];
      resolve(ms === undefined ? null : Number(ms));
    });
  });
}

/** One request over a unix socket; rejects when there is no answer. */
export function askSocket(socketPath: string, method: 'GET' | 'POST', path: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const message = request({socketPath, method, path, timeout: 10_000}, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.once('end', () => {
        if (answer.statusCode !== undefined && answer.statusCode < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
      answer.once('error', reject);
    });
    message.once('timeout', () => message.destroy(new Error(`${method} ${path}: no answer`)));
    message.once('error', reject);
    if (body !== undefined) message.setHeader('content-type', 'application/json');
    message.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
