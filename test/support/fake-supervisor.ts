import {chmodSync, mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Hello, StreamMessage} from '../../src/lib/core/report/api.js';
import type {
  ContextStatus,
  ErpEvent,
  ForwardStatus,
  ServiceStatus,
  StatusDocument,
} from '../../src/lib/core/report/status.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export type Reply = {readonly status: number; readonly body: unknown};

/**
 * Speaks the control API with scripted answers, and records what it was asked. It supervises nothing: what the real
 * one decides is tested where that is decided.
 */
export class FakeSupervisor {
  hello: Hello;
  status: StatusDocument;
  events: ErpEvent[] = [];
  #last: StreamMessage | null = null;
  /** Called for each POST; the default sets everything in motion at once. */
  onPost: (received: Received) => Reply = (received) => ({
    status: 200,
    body: received.path.endsWith('stop')
      ? {stopping: this.status.services.map((service) => service.name), notRunning: [], after: this.lastSeq}
      : {started: this.status.services.map((service) => service.name), alreadyRunning: [], after: this.lastSeq},
  });
  readonly received: Received[] = [];
  readonly leases: string[] = [];
  readonly socketPath: string;
  /** What the answers claim to speak for; another one than the project's must be refused. */
  claims: string;
  readonly #streams = new Set<{response: ServerResponse; status: boolean}>();
  #waiting: {test: (received: Received) => boolean; resolve: (received: Received) => void}[] = [];
  #server: Server | null = null;

  constructor(
    socketPath: string,
    project: string,
    services: readonly ServiceStatus[] = [service('backend', {state: 'ready', health: 'healthy', mark: 'good'})],
  ) {
    this.socketPath = socketPath;
    this.claims = project;
    this.hello = {
      project,
      pid: 8817,
      version: '0.1.0',
      specHash: 'hash',
      configFile: join(project, 'erp.config.yaml'),
      user: 'ops1',
      lease: null,
    };
    this.status = statusDocument(project, services);
  }

  get lastSeq(): number {
    return this.events.at(-1)?.seq ?? 0;
  }

  async listen(): Promise<this> {
    rmSync(this.socketPath, {force: true});
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
    chmodSync(this.socketPath, 0o600);
    return this;
  }

  /** As `kill -9` of a supervisor looks to its clients: connections break, the socket's file stays. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const stream of this.#streams) stream.response.socket?.destroy();
    this.#streams.clear();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
    rmSync(this.socketPath, {force: true});
  }

  emit(type: string, text: string, details: Partial<ErpEvent> = {}): ErpEvent {
    const event: ErpEvent = {
      seq: this.lastSeq + 1,
      at: '2026-05-22T09:05:33.000+00:00',
      level: 'INFO',
      service: null,
      type,
      text,
      ...details,
    };
    this.events.push(event);
    this.#send({type: 'event', event});
    return event;
  }

  setStatus(status: StatusDocument): void {
    this.status = status;
    this.#send({type: 'status', status});
  }

  end(message: Omit<Extract<StreamMessage, {type: 'end'}>, 'type'>): void {
    this.#last = {type: 'end', ...message};
    this.#send(this.#last);
    for (const stream of this.#streams) stream.response.end();
    this.#streams.clear();
  }

  /** Resolves with the first request, past or to come, that satisfies the test. */
  asked(test: (received: Received) => boolean): Promise<Received> {
    const past = this.received.find(test);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => this.#waiting.push({test, resolve}));
  }

  #send(message: StreamMessage): void {
    for (const {response, status} of this.#streams) {
      if (message.type !== 'status' || status) response.write(`${JSON.stringify(message)}\n`);
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://erp');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const received: Received = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: text === '' ? null : JSON.parse(text),
    };
    response.setHeader('x-erp-project', encodeURI(this.claims));
    response.setHeader('x-erp-version', this.hello.version);
    response.setHeader('content-type', 'application/json');
    const answer = (status: number, body: unknown) => {
      response.statusCode = status;
      response.end(JSON.stringify(body));
    };
    if (received.method === 'POST') {
      const reply = this.onPost(received);
      answer(reply.status, reply.body);
    } else if (received.path === '/v1/hello') answer(200, this.hello);
    else if (received.path === '/v1/status') answer(200, this.status);
    else if (received.path === '/v1/events') this.#stream(received, response);
    else answer(404, {error: {code: 'ERP_NOT_FOUND', message: 'no such door', remedy: [], exitCode: 1}});
    this.received.push(received);
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.test(received)) waiting.resolve(received);
      return !waiting.test(received);
    });
  }

  #stream(received: Received, response: ServerResponse): void {
    const stream = {response, status: received.query['status'] === '1'};
    if (received.query['lease'] !== undefined) this.leases.push(received.query['lease']);
    response.on('close', () => this.#streams.delete(stream));
    response.writeHead(200);
    response.flushHeaders();
    const after = Number(received.query['after'] ?? this.lastSeq);
    for (const event of this.events) {
      if (event.seq > after) response.write(`${JSON.stringify({type: 'event', event})}\n`);
    }
    if (stream.status) response.write(`${JSON.stringify({type: 'status', status: this.status})}\n`);
    // As the real one: whoever comes at the very end still hears it.
    if (this.#last !== null) response.write(`${JSON.stringify(this.#last)}\n`);
    if (received.query['follow'] === '0' || this.#last !== null) response.end();
    else this.#streams.add(stream);
  }
}

/** A folder of its own for a project and its socket, gone afterwards. */
export function scratch(): {readonly dir: string; readonly socketPath: string} & Disposable {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'erp-cli-')));
  return {
    dir,
    socketPath: join(dir, 'socket'),
    [Symbol.dispose]: () => rmSync(dir, {recursive: true, force: true}),
  };
}

export function service(name: string, facts: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name,
    kind: 'service',
    role: null,
    state: 'ready',
    health: 'healthy',
    mark: 'good',
    turn: null,
    wanted: 'up',
    pid: 4107,
    port: 8000,
    primaryPort: 8000,
    portNote: null,
    startedAt: '2026-05-22T09:05:30.000Z',
    uptimeMs: 187_200_000,
    incarnation: 1,
    restartsUsed: 0,
    maxRestarts: 5,
    totalRestarts: 0,
    cpuRatio: 0.004,
    memoryBytes: 12 * 1024 * 1024,
    lastExit: null,
    lastErrorLine: null,
    nextTryAt: null,
    nextTryInMs: null,
    note: null,
    diagnosis: null,
    waitsFor: [],
    listener: 'own',
    answeredAt: '2026-05-22T09:05:33.000Z',
    critical: false,
    observed: null,
    borrowed: false,
    unstable: false,
    ...facts,
  };
}

export function forward(name: string, facts: Partial<ForwardStatus> = {}): ForwardStatus {
  return {
    name,
    state: 'verified',
    mark: 'good',
    turn: null,
    wanted: 'up',
    context: 'prod',
    namespace: 'monitoring',
    target: `svc/${name}`,
    remotePort: 80,
    port: 3000,
    primaryPort: 3000,
    portNote: null,
    pid: 4120,
    startedAt: '2026-05-22T09:05:30.000Z',
    answeredAt: '2026-05-22T09:41:05.000Z',
    answeredAgoMs: 2000,
    latencyMs: 3.2,
    restarts: 0,
    totalRestarts: 0,
    note: null,
    diagnosis: null,
    nextTryAt: null,
    nextTryInMs: null,
    lastLoss: null,
    ...facts,
  };
}

export function context(name: string, facts: Partial<ContextStatus> = {}): ContextStatus {
  return {
    name,
    server: '10.8.0.1:6443',
    state: 'online',
    mark: 'good',
    since: '2026-05-22T09:05:30.000Z',
    note: null,
    diagnosis: null,
    lastOutage: null,
    ...facts,
  };
}

export function statusDocument(
  project: string,
  services: readonly ServiceStatus[],
  facts: Partial<StatusDocument> = {},
): StatusDocument {
  return {
    schema: 1,
    project: {name: 'acme-erp', dir: project, configFile: join(project, 'erp.config.yaml'), instance: null},
    supervisor: {
      pid: 8817,
      version: '0.1.0',
      startedAt: '2026-05-21T22:48:30.000Z',
      uptimeMs: 39_120_000,
      specHash: 'hash',
      user: 'ops1',
    },
    overall: 'healthy',
    mark: 'good',
    sampledAt: '2026-05-22T09:41:04.000Z',
    services,
    machine: null,
    at: '2026-05-22T09:41:07.000Z',
    ...facts,
  };
}
