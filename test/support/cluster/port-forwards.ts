import type {IncomingMessage} from 'node:http';
import {connect, type Socket} from 'node:net';
import {forbidden, notFound, refusal, refuseUpgrade, unauthorised, type Refusal} from './answers.js';
import type {Conditions} from './conditions.js';
import type {FrontDoor, Passage} from './front-door.js';
import type {ApiObject, ObjectStore} from './objects.js';
import type {PodProgram} from './pod-program.js';
import {SpdySession, type SpdyStream} from './spdy.js';
import {acceptKey, WebSocketChannel} from './websocket.js';

/** A port-forward connection that is open. */
export interface OpenForward {
  readonly id: number;
  readonly program: PodProgram;
  readonly protocol: 'spdy' | 'websocket';
  readonly startedAt: number;
  readonly session: SpdySession;
  /** Its way through the front door. */
  readonly passage: Passage | null;
  /** Connections of clients so far. */
  streams: number;
  /** Ends it in the order of the protocol. */
  readonly finish: () => void;
}

/** What a client's connection consists of. */
interface StreamPair {
  readonly data: SpdyStream;
  readonly error: SpdyStream;
}

const upgradePath = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/portforward$/;
const protocolName = 'SPDY/3.1+portforward.k8s.io';

/** The subresource `pods/NAME/portforward`: SPDY, and SPDY in a WebSocket. */
export class PortForwards {
  readonly open = new Map<number, OpenForward>();
  readonly #store: ObjectStore;
  readonly #conditions: Conditions;
  readonly #door: () => FrontDoor;
  readonly #programOf: (pod: ApiObject) => PodProgram | null;
  #lastId = 0;

  constructor(
    store: ObjectStore,
    conditions: Conditions,
    door: () => FrontDoor,
    programOf: (pod: ApiObject) => PodProgram | null,
  ) {
    this.#store = store;
    this.#conditions = conditions;
    this.#door = door;
    this.#programOf = programOf;
  }

  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => {});
    const go = (): void => {
      const found = this.#find(request);
      if ('body' in found) refuseUpgrade(socket, found);
      else this.#start(request, socket, head, found);
    };
    if (this.#conditions.delayMs > 0) setTimeout(go, this.#conditions.delayMs);
    else go();
  }

  #find(request: IncomingMessage): PodProgram | Refusal {
    const {auth, refusal: wanted} = this.#conditions;
    if (auth === '401') return unauthorised;
    const {pathname} = new URL(request.url ?? '/', 'http://api');
    const [, namespace = '', pod = ''] = upgradePath.exec(pathname) ?? [];
    if (pod === '') return refusal(404, 'NotFound', 'not found');
    if (auth !== 'ok')
      return forbidden(request.method === 'GET' ? 'get' : 'create', namespace, 'pods', pod, 'portforward');
    if (isWebSocket(request) && !this.#takesWebSocket(request))
      return refusal(400, 'BadRequest', 'unable to upgrade: unsupported websocket subprotocol');
    const object = this.#store.get('pods', namespace, pod);
    const program = object === null ? null : this.#programOf(object);
    if (program === null) return notFound('pods', pod);
    return wanted === null ? program : refusal(wanted.code, 'InternalError', wanted.message);
  }

  #takesWebSocket({headers}: IncomingMessage): boolean {
    return this.#conditions.hasWebSockets && (headers['sec-websocket-protocol'] ?? '').includes(protocolName);
  }

  #start(request: IncomingMessage, socket: Socket, head: Buffer, program: PodProgram): void {
    socket.setNoDelay(true);
    const channel = isWebSocket(request)
      ? new WebSocketChannel(
          (data) => socket.write(data),
          (body) => session.feed(body),
          () => void socket.end(),
        )
      : null;
    const session = new SpdySession((data) => (channel ?? socket).write(data));
    session.answersPings = this.#conditions.answersPings;
    socket.write(channel === null ? spdyAnswer : webSocketAnswer(request));
    const forward = this.#register(program, session, socket, channel);
    const feed = (data: Buffer): void => (channel ?? session).feed(data);
    socket.on('data', feed);
    if (head.length > 0) feed(head);
    const over = (): void => {
      this.open.delete(forward.id);
      session.close();
    };
    socket.once('close', over);
    socket.once('end', () => {
      socket.end();
      over();
    });
  }

  #register(program: PodProgram, session: SpdySession, socket: Socket, channel: WebSocketChannel | null): OpenForward {
    const forward: OpenForward = {
      id: (this.#lastId += 1),
      program,
      protocol: channel === null ? 'spdy' : 'websocket',
      startedAt: Date.now(),
      session,
      passage: this.#door().passageOf(socket.remotePort ?? 0),
      streams: 0,
      finish: () => {
        channel?.sayClose();
        socket.end();
      },
    };
    this.open.set(forward.id, forward);
    const halves = new Map<string, Partial<StreamPair>>();
    session.on('stream', (stream) => {
      session.reply(stream);
      const {requestid = '', streamtype = '', port} = stream.headers;
      const {data, error} = {...halves.get(requestid), [streamtype]: stream} as Partial<StreamPair>;
      if (data === undefined || error === undefined) {
        halves.set(requestid, {...(data && {data}), ...(error && {error})});
        return;
      }
      halves.delete(requestid);
      forward.streams += 1;
      this.#connect(program, Number(port), {data, error}, socket);
    });
    return forward;
  }

  /** What kubelet and the container runtime do for one connection of a client. */
  #connect(program: PodProgram, port: number, pair: StreamPair, socket: Socket): void {
    const {sandbox, netns} = program;
    const fail = (why: string): void =>
      this.#fail(pair, `error forwarding port ${port} to pod ${sandbox}, uid : ${why}`);
    const inNetns = `failed to execute portforward in network namespace "${netns}":`;
    if (program.isGone) {
      fail(`failed to find sandbox "${sandbox}" in store: not found`);
      return;
    }
    const localPort = program.localPort(port);
    if (localPort === null) {
      const refused = `IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address `;
      fail(`${inNetns} failed to connect to localhost:${port} inside namespace "${sandbox}", ${refused}`);
      return;
    }
    join(pair, connect({host: '127.0.0.1', port: localPort, allowHalfOpen: true}), socket, port, (why) =>
      fail(`${inNetns} ${why}`),
    );
  }

  #fail({data, error}: StreamPair, text: string): void {
    error.write(Buffer.from(text));
    for (const stream of this.#conditions.runtime === 'new' ? [data, error] : [error, data])
      if (this.#conditions.runtime === 'new') stream.reset();
      else stream.end();
  }
}

/** Passes bytes between a client's streams and the app, in both directions with back pressure. */
function join({data, error}: StreamPair, app: Socket, socket: Socket, port: number, fail: (why: string) => void): void {
  app.setNoDelay(true);
  let isOver = false;
  let localPort: number | undefined;
  app.once('connect', () => (localPort = app.localPort));
  const finish = (why?: string): void => {
    if (isOver) return;
    isOver = true;
    if (why === undefined) {
      data.end();
      error.end();
    } else fail(why);
  };
  data.on('data', (bytes) => {
    if (app.write(bytes)) return;
    socket.pause();
    app.once('drain', () => socket.resume());
  });
  data.on('end', () => app.end());
  data.on('reset', () => {
    isOver = true;
    app.destroy();
    if (!error.isDead) error.end();
  });
  app.on('data', (bytes) => {
    if (data.write(bytes)) return;
    app.pause();
    socket.once('drain', () => app.resume());
  });
  app.on('end', () => {
    finish();
    app.end();
  });
  app.on('error', (problem: NodeJS.ErrnoException) => {
    const reset = `read tcp4 127.0.0.1:${localPort ?? 0}->127.0.0.1:${port}: read: connection reset by peer`;
    finish(problem.code === 'ECONNRESET' ? reset : problem.message);
  });
  app.on('close', () => {
    socket.resume();
    finish();
  });
}

const isWebSocket = ({headers}: IncomingMessage): boolean => /websocket/i.test(headers.upgrade ?? '');

const spdyAnswer = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: SPDY/3.1',
  'X-Stream-Protocol-Version: portforward.k8s.io',
  '\r\n',
].join('\r\n');

const webSocketAnswer = ({headers}: IncomingMessage): string =>
  [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(headers['sec-websocket-key'] ?? '')}`,
    `Sec-WebSocket-Protocol: ${protocolName}`,
    '\r\n',
  ].join('\r\n');
