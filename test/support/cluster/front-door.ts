import {connect, createServer, type AddressInfo, type Server, type Socket} from 'node:net';

/** Bytes of one direction that wait for the end of a black hole. */
interface Direction {
  readonly held: Buffer[];
  isEnded: boolean;
  readonly flush: () => void;
}

/** A connection through the door. */
export interface Passage {
  readonly client: Socket;
  readonly server: Socket;
  /** Its bytes are lost for ever, and nobody is told. */
  isStranded: boolean;
  readonly up: Direction;
  readonly down: Direction;
}

export type Which = (passage: Passage) => boolean;
const all: Which = () => true;

/** The TCP door of the API server: every byte passes here, so that faults of the network need no rights. */
export class FrontDoor {
  readonly host: string;
  port: number;
  latencyMs = 0;
  /** Connections that were accepted so far. */
  accepted = 0;
  readonly #backPort: number;
  readonly #passages = new Set<Passage>();
  readonly #byInnerPort = new Map<number, Passage>();
  #server: Server | null = null;
  #isBlackHole = false;

  constructor(host: string, port: number, backPort: number) {
    this.host = host;
    this.port = port;
    this.#backPort = backPort;
  }

  get isOpen(): boolean {
    return this.#server !== null;
  }

  get isBlackHole(): boolean {
    return this.#isBlackHole;
  }

  /** The passage behind a connection as the API server sees it. */
  passageOf(innerPort: number): Passage | null {
    return this.#byInnerPort.get(innerPort) ?? null;
  }

  async open(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer({allowHalfOpen: true}, (client) => this.#accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, this.host, resolve);
    });
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Nobody listens any more, and open connections are reset. */
  shut(): void {
    this.#server?.close();
    this.#server = null;
    this.reset();
  }

  /** Everything is accepted, nothing answers; what was sent meanwhile arrives at the end. */
  blackHole(on: boolean): void {
    this.#isBlackHole = on;
    if (on) return;
    for (const passage of this.#passages) {
      if (passage.isStranded) continue;
      passage.up.flush();
      passage.down.flush();
      passage.client.resume();
      passage.server.resume();
      if (passage.server.destroyed) passage.client.destroySoon();
    }
  }

  strand(which: Which = all): number {
    const chosen = [...this.#passages].filter(which);
    for (const passage of chosen) {
      passage.isStranded = true;
      passage.client.pause();
    }
    return chosen.length;
  }

  reset(which: Which = all): number {
    const chosen = [...this.#passages].filter(which);
    for (const passage of chosen) {
      passage.client.resetAndDestroy();
      passage.server.destroy();
    }
    return chosen.length;
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    const server = connect({host: '127.0.0.1', port: this.#backPort, allowHalfOpen: true});
    client.setNoDelay(true);
    server.setNoDelay(true);
    const passage: Passage = {
      client,
      server,
      isStranded: false,
      up: direction(server),
      down: direction(client),
    };
    this.#passages.add(passage);
    let inner: number | undefined;
    server.once('connect', () => {
      inner = server.localPort;
      if (inner !== undefined) this.#byInnerPort.set(inner, passage);
    });
    client.once('close', () => {
      server.destroy();
      this.#passages.delete(passage);
      if (inner !== undefined) this.#byInnerPort.delete(inner);
    });
    server.once('close', () => {
      if (!this.#swallows(passage)) client.destroySoon();
    });
    this.#pump(passage, client, server, passage.up);
    this.#pump(passage, server, client, passage.down);
  }

  #swallows(passage: Passage): boolean {
    return passage.isStranded || this.#isBlackHole;
  }

  #pump(passage: Passage, from: Socket, to: Socket, way: Direction): void {
    const pass = (data: Buffer): void => {
      if (passage.isStranded) return;
      if (this.#isBlackHole) {
        way.held.push(data);
        from.pause();
      } else if (!to.write(data)) from.pause();
    };
    to.on('drain', () => {
      if (!this.#swallows(passage)) from.resume();
    });
    const line = new Line();
    from.on('data', (data) => {
      line.add(this.#swallows(passage) ? 0 : this.latencyMs, () => pass(data));
    });
    from.on('end', () => {
      if (this.#swallows(passage)) way.isEnded = true;
      else line.add(this.latencyMs, () => to.end());
    });
    from.on('error', () => {
      if (!this.#swallows(passage)) to.destroy();
    });
  }
}

/** What is late goes in the order in which it came, also when the latency ends: it is a stream. */
class Line {
  readonly #waiting: {readonly dueAt: number; readonly go: () => void}[] = [];

  add(lateMs: number, go: () => void): void {
    if (this.#waiting.length === 0 && lateMs <= 0) {
      go();
      return;
    }
    this.#waiting.push({dueAt: performance.now() + lateMs, go});
    if (this.#waiting.length === 1) this.#wait();
  }

  #wait(): void {
    const [first] = this.#waiting;
    // A timer may be a moment early.
    if (first !== undefined) setTimeout(() => this.#goOn(), Math.ceil(first.dueAt - performance.now()));
  }

  #goOn(): void {
    for (
      let [first] = this.#waiting;
      first !== undefined && first.dueAt <= performance.now();
      [first] = this.#waiting
    ) {
      this.#waiting.shift();
      first.go();
    }
    this.#wait();
  }
}

function direction(to: Socket): Direction {
  const way: Direction = {
    held: [],
    isEnded: false,
    flush: () => {
      for (const data of way.held.splice(0)) to.write(data);
      if (way.isEnded) to.end();
    },
  };
  return way;
}
