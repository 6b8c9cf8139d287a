import {connect} from 'node:net';

/** What one request on a fresh connection brought. */
export interface ProbeResult {
  readonly isGood: boolean;
  readonly ms: number;
  /** `shop/api`: who answered; null: nobody, or no app of the fake cluster. */
  readonly app: string | null;
  readonly pod: string | null;
  /** `timeout`, `end`, an error's code; null: answered. */
  readonly failure: string | null;
}

export interface ProbeOptions {
  readonly timeoutMs?: number;
  readonly path?: string;
}

/** Our own, apart from erp's: GET through a local port. Good is a 200 of an app of the fake cluster. */
export function probe(port: number, {timeoutMs = 1000, path = '/'}: ProbeOptions = {}): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const socket = connect({port, host: '127.0.0.1'});
    let text = '';
    const done = (result: Partial<ProbeResult>): void => {
      clearTimeout(timer);
      socket.destroy();
      const ms = Math.round(performance.now() - startedAt);
      resolve({isGood: false, app: null, pod: null, failure: null, ...result, ms});
    };
    const timer = setTimeout(() => done({failure: 'timeout'}), timeoutMs);
    socket.once('connect', () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (data) => {
      text += data.toString('latin1');
      const [head, status] = /^HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n/.exec(text) ?? [];
      if (head === undefined) return;
      const header = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1] ?? null;
      const app = header('x-fake-app');
      done({isGood: status === '200' && app !== null, app, pod: header('x-fake-pod')});
    });
    socket.once('end', () => done({failure: 'end'}));
    socket.once('error', (error: NodeJS.ErrnoException) => done({failure: error.code ?? error.message}));
  });
}
