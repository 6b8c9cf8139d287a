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

/**
 * Asks the last one until it answers and only then the others: a hundred questions every few milliseconds would be the
 * greatest load of the whole measurement.
 * @returns how many still do not answer at the limit
 */
export async function allAnswer(ports: readonly number[], limitMs: number, signal?: AbortSignal): Promise<number> {
  const until = now() + limitMs;
  let silent = ports;
  for (;;) {
    const awaited = silent.at(-1);
    if (awaited === undefined) return 0;
    if ((await answering(awaited)) !== null) silent = await stillSilent(silent.slice(0, -1));
    else if (now() > until || signal?.aborted === true) return silent.length;
    else await sleep(2);
  }
}

async function stillSilent(ports: readonly number[]): Promise<number[]> {
  const answers = await Promise.all(ports.map((port) => answering(port)));
  return ports.filter((_, index) => answers[index] === null);
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
