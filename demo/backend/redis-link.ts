import {RedisClient, type RedisAddress} from './redis-client.js';

// Together below a second, so that each switch is: 400 ms until we look, 300 ms until silence counts as an answer.
const intervalMs = 400;
const timeoutMs = 300;

export interface LinkEvents {
  /** Redis answers and takes writes. The link counts as up once this has ended well. */
  up(client: RedisClient): Promise<void>;
  down(reason: string): void;
}

/** Keeps a connection to Redis: looks every 400 ms whether it still answers, and connects anew as long as it does not. */
export class RedisLink {
  readonly #address: RedisAddress;
  readonly #events: LinkEvents;
  #client: RedisClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(address: RedisAddress, events: LinkEvents) {
    this.#address = address;
    this.#events = events;
  }

  get client(): RedisClient | undefined {
    return this.#client;
  }

  /** @returns after the first attempt, whatever it brought */
  async start(): Promise<void> {
    await this.#look();
  }

  /** For whoever learns that Redis does not do its work although it answers: out of memory, a read-only replica. */
  giveUp(client: RedisClient, reason: Error): void {
    if (this.#client === client) this.#down(reason);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#client?.close();
  }

  async #look(): Promise<void> {
    if (this.#client === undefined) await this.#connect();
    else await this.#ping(this.#client);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#look();
    }, intervalMs);
  }

  async #ping(client: RedisClient): Promise<void> {
    try {
      await client.command('PING');
    } catch (error) {
      this.giveUp(client, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #connect(): Promise<void> {
    let client: RedisClient | undefined;
    try {
      client = await RedisClient.connect(this.#address, timeoutMs);
      // PING says nothing about writes; without this a read-only Redis would make us switch to and fro.
      await client.command('SET', 'erp-demo:probe', '1', 'EX', '60');
      await this.#events.up(client);
      const connected = client;
      connected.onLost = (reason) => {
        this.giveUp(connected, reason);
      };
      this.#client = connected;
    } catch (error) {
      client?.close();
      this.#events.down(describe(error));
    }
  }

  #down(reason: Error): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close();
    if (!this.#closed) this.#events.down(describe(reason));
  }
}

// Node reports "localhost" that answers on neither ::1 nor 127.0.0.1 as an AggregateError with an empty message.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? error.name) : error.message;
}
