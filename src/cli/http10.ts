import {connect, type Socket} from 'node:net';

/**
 * HTTP/1.0 over a unix socket (or a Windows pipe), as much of it as our own supervisor needs: one request a connection,
 * the answer ends where the connection ends. node:http would cost a tenth of the whole start of `erp status`.
 */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** What went wrong below HTTP; `code` as of the system, `ETIMEDOUT` for silence, `EPROTO` for an answer that is none. */
export class TransportError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'TransportError';
    this.code = code;
  }
}

/** An answer is at most as long as the status of a thousand services. */
const longest = 32 * 1024 * 1024;

export function ask(socketPath: string, request: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = open(socketPath, request);
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => fail('ETIMEDOUT', `no answer within ${request.timeoutMs} ms`), request.timeoutMs);
    const fail = (code: string, message: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new TransportError(code, message));
    };
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > longest) fail('EPROTO', 'the answer does not end');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'EIO', error.message));
    socket.on('end', () => {
      clearTimeout(timer);
      socket.destroy();
      const answer = parseAnswer(Buffer.concat(chunks).toString('utf8'));
      if (answer === null) reject(new TransportError('EPROTO', 'the answer is not HTTP'));
      else resolve(answer);
    });
  });
}

export interface LineStream {
  close(): void;
}

/**
 * Follows an answer that does not end, line by line.
 * @param onHead once, before the first line; an answer other than 200 is passed whole and ends the stream
 * @param onEnd once: `null` when the other side ended in order, else what happened
 */
export function follow(
  socketPath: string,
  path: string,
  on: {
    readonly head: (answer: Omit<Answer, 'body'>) => void;
    readonly line: (line: string) => void;
    readonly end: (error: TransportError | null) => void;
  },
): LineStream {
  const socket = open(socketPath, {method: 'GET', path, timeoutMs: 0});
  const decoder = new TextDecoder();
  let buffered = '';
  let inBody = false;
  let ended = false;
  const finish = (error: TransportError | null) => {
    if (ended) return;
    ended = true;
    socket.destroy();
    on.end(error);
  };
  const take = () => {
    if (!inBody) {
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const answer = parseAnswer(buffered.slice(0, end + 4));
      if (answer === null) {
        finish(new TransportError('EPROTO', 'the answer is not HTTP'));
        return;
      }
      inBody = true;
      buffered = buffered.slice(end + 4);
      on.head(answer);
    }
    for (let end = buffered.indexOf('\n'); end >= 0 && !ended; end = buffered.indexOf('\n')) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 1);
      if (line !== '') on.line(line);
    }
  };
  socket.on('data', (chunk) => {
    buffered += decoder.decode(chunk, {stream: true});
    take();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => finish(new TransportError(error.code ?? 'EIO', error.message)));
  socket.on('close', () => {
    // An answer that is no stream (an error document) may come without a line end.
    if (inBody && buffered !== '' && !ended) on.line(buffered);
    finish(inBody ? null : new TransportError('ECONNRESET', 'the connection ended without an answer'));
  });
  return {
    close: () => {
      ended = true;
      socket.destroy();
    },
  };
}

function open(socketPath: string, request: Request): Socket {
  const socket = connect(socketPath);
  const body = request.body ?? '';
  const length = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  // Not `end()`: a half-closed connection looks to the server like a client that has gone away.
  socket.write(`${request.method} ${request.path} HTTP/1.0\r\nhost: erp\r\n${length}\r\n${body}`);
  return socket;
}

export function parseAnswer(text: string): Answer | null {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
  if (status === undefined) return null;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return {status: Number(status), headers, body: text.slice(end + 4)};
}
