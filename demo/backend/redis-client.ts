import {createConnection, type Socket} from 'node:net';
import {DemoError} from '../lib/demo-error.js';
import {encodeCommand, RespError, RespParser, type RespValue} from './resp.js';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: number;
}

/** `redis://[[user]:password@]host[:port][/database]` @throws DemoError (exit code 3) for anything else */
export function parseRedisUrl(text: string): RedisAddress {
  try {
    const url = new URL(text);
    const database = url.pathname.replace(/^\//, '');
    if (url.protocol !== 'redis:' || url.hostname === '' || !/^\d*$/.test(database)) throw new Error('unsuitable');
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 6379 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: Number(database),
    };
  } catch (error) {
    // Never the value itself: it may hold a password.
    throw new DemoError('REDIS_URL is not of the form redis://[[user]:password@]host[:port][/database].', 3, error);
  }
}

interface Waiting {
  readonly resolve: (value: RespValue) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * One connection, from `connect` until it is lost; it never reconnects by itself. Replies come in the order of the
 * commands, so after one that timed out no later reply could be trusted: a timeout ends the connection.
 */
export class RedisClient {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #parser = new RespParser();
  readonly #waiting: Waiting[] = [];
  #lost: Error | undefined;
  /** Called once, when the connection is lost for whatever reason. */
  onLost: (reason: Error) => void = () => undefined;

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#receive(chunk);
    });
    socket.on('error', (error) => {
      this.#lose(error);
    });
    socket.on('close', () => {
      this.#lose(new Error('the connection was closed'));
    });
  }

  /** Connects, authenticates, selects the database and waits for a PONG. `timeoutMs` holds for each step. */
  static async connect(address: RedisAddress, timeoutMs: number): Promise<RedisClient> {
    const socket = createConnection({host: address.host, port: address.port});
    const client = new RedisClient(socket, timeoutMs);
    try {
      await client.#connected();
      if (address.password !== '') {
        await client.command('AUTH', ...(address.user === '' ? [] : [address.user]), address.password);
      }
      if (address.database !== 0) await client.command('SELECT', String(address.database));
      // A server that still reads its data set from disk answers everything with "LOADING …".
      await client.command('PING');
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** @throws RespError when the server refuses, Error when it is gone or silent */
  async command(...words: string[]): Promise<Exclude<RespValue, RespError>> {
    const lost = this.#lost;
    if (lost !== undefined) throw lost;
    const value = await new Promise<RespValue>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(new Error(`no answer to ${words[0] ?? ''} within ${String(this.#timeoutMs)} ms`));
      }, this.#timeoutMs);
      this.#waiting.push({resolve, reject, timer});
      this.#socket.write(encodeCommand(words));
    });
    if (value instanceof RespError) throw value;
    return value;
  }

  close(): void {
    this.#lose(new Error('closed by us'));
  }

  #connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#lose(new Error(`no connection within ${String(this.#timeoutMs)} ms`));
      }, this.#timeoutMs);
      this.onLost = (reason) => {
        clearTimeout(timer);
        reject(reason);
      };
      this.#socket.once('connect', () => {
        clearTimeout(timer);
        this.onLost = () => undefined;
        resolve();
      });
    });
  }

  #receive(chunk: Buffer): void {
    try {
      for (const reply of this.#parser.push(chunk)) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) throw new Error('a reply that nobody asked for');
        clearTimeout(waiting.timer);
        waiting.resolve(reply);
      }
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #lose(reason: Error): void {
    if (this.#lost !== undefined) return;
    this.#lost = reason;
    this.#socket.destroy();
    for (const {reject, timer} of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(reason);
    }
    this.onLost(reason);
  }
}
