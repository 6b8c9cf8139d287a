import {createServer, type IncomingHttpHeaders, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo} from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Behaviour = (seen: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server that speaks what the three providers speak, until a test tells it to behave otherwise. */
export class AiServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  /** By the end of the path: `/models`, `/chat/completions`, … */
  readonly behaviours = new Map<string, Behaviour>();
  readonly #server: Server;
  readonly #isTls: boolean;

  private constructor(server: Server, isTls: boolean) {
    this.#server = server;
    this.#isTls = isTls;
  }

  static async start(tls: {key: string; cert: string} | null = null): Promise<AiServer> {
    const server = tls === null ? createServer() : createTlsServer(tls);
    const started = new AiServer(server, tls !== null);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const {method = '', url = '', headers} = request;
        const seen = {method, path: url, headers, body: Buffer.concat(chunks).toString()};
        started.seen.push(seen);
        const path = new URL(url, 'http://x').pathname;
        const own = [...started.behaviours].find(([end]) => path.endsWith(end))?.[1];
        (own ?? usual)(seen, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#isTls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** Every request whose body is not empty: what was told about the log. */
  get told(): readonly SeenRequest[] {
    return this.seen.filter(({body}) => body !== '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const answerJson =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, {'content-type': 'application/json', ...headers}).end(JSON.stringify(body));
  };

/** As the documentations of the three describe it. */
function usual(seen: SeenRequest, response: ServerResponse): void {
  const path = new URL(seen.path, 'http://x').pathname;
  const text = 'The port is taken by nginx.';
  const isAnthropic = seen.headers['anthropic-version'] !== undefined;
  if (path.endsWith('/models')) {
    const data = [{id: isAnthropic ? 'claude-haiku-4-5' : 'gpt-5-mini'}, {id: 'other'}];
    answerJson(200, {object: 'list', data})(seen, response);
  } else if (path.endsWith('/chat/completions')) {
    answerJson(200, {choices: [{index: 0, message: {role: 'assistant', content: text}, finish_reason: 'stop'}]})(
      seen,
      response,
    );
  } else if (path.endsWith('/messages')) {
    answerJson(200, {type: 'message', role: 'assistant', content: [{type: 'text', text}], stop_reason: 'end_turn'})(
      seen,
      response,
    );
  } else if (path.endsWith('/api/tags')) {
    answerJson(200, {models: [{name: 'llama3.2:latest'}, {name: 'phi4:latest'}]})(seen, response);
  } else if (path.endsWith('/api/chat')) {
    answerJson(200, {model: 'llama3.2:latest', message: {role: 'assistant', content: text}, done: true})(
      seen,
      response,
    );
  } else answerJson(404, {error: 'not found'})(seen, response);
}
