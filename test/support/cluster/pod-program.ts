import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {createServer as createHttpServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {createServer, type AddressInfo, type Server, type Socket} from 'node:net';
import type {PodPort} from './description.js';
import {speakers} from './speeches.js';

const block = Buffer.from(Uint8Array.from({length: 1 << 20}, (_, index) => (index * 31 + (index >> 8)) & 255));

/** What runs in a pod: a real server for each of its ports. */
export class PodProgram {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly ports: readonly PodPort[];
  readonly sandbox = randomBytes(32).toString('hex');
  readonly netns = `/var/run/netns/cni-${randomUUID()}`;
  readonly closedPorts = new Set<number>();
  restarts = 0;
  isHung = false;
  slowMs = 0;
  /** Its sandbox is no more: whoever still asks for it is told so. */
  isGone = false;
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Set<Socket>();

  constructor(namespace: string, name: string, app: string, ports: readonly PodPort[]) {
    this.namespace = namespace;
    this.name = name;
    this.app = app;
    this.ports = ports;
  }

  async start(): Promise<void> {
    for (const port of this.ports) {
      const server = this.#serverOf(port);
      server.on('connection', (socket) => this.#onConnection(socket));
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
      this.#servers.set(port.containerPort, server);
    }
  }

  stop(): void {
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** The local port where this port of the pod answers; null: connection refused. */
  localPort(containerPort: number): number | null {
    const server = this.#servers.get(containerPort);
    if (server === undefined || this.closedPorts.has(containerPort)) return null;
    return (server.address() as AddressInfo).port;
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
  }

  #serverOf(port: PodPort): Server {
    const {speaks = 'http'} = port;
    if (speaks === 'http') {
      const server = createHttpServer((request, response) => void this.#answer(request, response, port));
      server.keepAliveTimeout = 60_000;
      return server;
    }
    return createServer((socket) => {
      if (!this.isHung) setTimeout(() => speakers[speaks](socket), this.slowMs);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse, port: PodPort): Promise<void> {
    if (this.isHung) return;
    if (this.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, this.slowMs));
    const url = new URL(request.url ?? '/', 'http://pod');
    const number = (name: string, without: number): number => Number(url.searchParams.get(name) ?? without);
    response.setHeader('x-fake-pod', `${this.namespace}/${this.name}`);
    response.setHeader('x-fake-app', `${this.namespace}/${this.app}`);
    response.setHeader('x-fake-port', String(port.containerPort));
    response.setHeader('x-fake-restarts', String(this.restarts));
    if (url.pathname === '/big') sendBlocks(response, number('mb', 50));
    else if (url.pathname === '/hash') sendHash(request, response);
    else if (url.pathname === '/slow') setTimeout(() => response.end('slow\n'), number('ms', 1000));
    else if (url.pathname === '/reset') request.socket.resetAndDestroy();
    else if (url.pathname === '/status') response.writeHead(number('code', 500)).end('status\n');
    else {
      const {name: pod, namespace, app, restarts} = this;
      const about = {pod, namespace, app, port: port.containerPort, restarts, path: url.pathname};
      response.setHeader('content-type', 'application/json').end(`${JSON.stringify(about)}\n`);
    }
  }
}

/** So many MiB, with their sum in a header. */
function sendBlocks(response: ServerResponse, count: number): void {
  const hash = createHash('sha256');
  for (let index = 0; index < count; index += 1) hash.update(block);
  response.writeHead(200, {'content-length': count * block.length, 'x-sha256': hash.digest('hex')});
  let sent = 0;
  const next = (): void => {
    while (sent < count) {
      sent += 1;
      if (response.write(block)) continue;
      response.once('drain', next);
      return;
    }
    response.end();
  };
  next();
}

function sendHash(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  let bytes = 0;
  request.on('data', (data: Buffer) => {
    hash.update(data);
    bytes += data.length;
  });
  request.on('end', () => response.end(`${JSON.stringify({bytes, sha256: hash.digest('hex')})}\n`));
}
