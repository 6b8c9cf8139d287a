import {createHash, randomBytes} from 'node:crypto';
import type {Log} from '../lib/log.js';
import type {RedisAddress, RedisClient} from './redis-client.js';
import {RedisLink} from './redis-link.js';

export interface Session {
  readonly user: string;
  /** ISO 8601 */
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface SessionStatus {
  readonly status: 'healthy' | 'degraded';
  readonly store: 'redis' | 'memory';
  readonly reason?: string;
}

const lifetimeSeconds = 8 * 3600;
const maxLocal = 10_000;

/**
 * Sessions lie in Redis while it answers; this process keeps a copy of those that it has seen. When Redis is away the
 * copy takes over, so nobody is logged out; when it is back, what was changed meanwhile is carried over.
 */
export class SessionStore {
  readonly #local = new Map<string, Session>();
  readonly #changedMeanwhile = new Set<string>();
  readonly #log: Log;
  readonly #link: RedisLink | undefined;
  #reason: string | undefined;
  #announced: 'redis' | 'memory' | undefined;

  constructor(address: RedisAddress | undefined, log: Log) {
    this.#log = log;
    if (address === undefined) return;
    const place = `Redis at ${address.host}:${String(address.port)}`;
    this.#link = new RedisLink(address, {
      up: async (client) => {
        await this.#carryOver(client);
        this.#reason = undefined;
        this.#announce('redis', `sessions are kept in ${place}`);
      },
      down: (reason) => {
        this.#reason = reason;
        this.#announce('memory', `sessions are kept in memory, ${place} is away: ${reason}`);
      },
    });
  }

  async start(): Promise<void> {
    if (this.#link === undefined) this.#log.info('sessions are kept in memory, REDIS_URL is not set');
    await this.#link?.start();
  }

  close(): void {
    this.#link?.close();
  }

  status(): SessionStatus {
    if (this.#link === undefined) return {status: 'healthy', store: 'memory'};
    if (this.#link.client !== undefined) return {status: 'healthy', store: 'redis'};
    return {status: 'degraded', store: 'memory', reason: this.#reason ?? 'not connected yet'};
  }

  async create(user: string): Promise<{token: string; session: Session}> {
    const token = randomBytes(32).toString('base64url');
    const nowMs = Date.now();
    const session = {
      user,
      createdAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + lifetimeSeconds * 1000).toISOString(),
    };
    const key = keyOf(token);
    this.#remember(key, session);
    await this.#write(key, (client) => store(client, key, session));
    return {token, session};
  }

  async find(token: string): Promise<Session | undefined> {
    const key = keyOf(token);
    const answer = await this.#ask((client) => client.command('GET', key));
    if (answer === undefined) return this.#recall(key);
    if (typeof answer.value !== 'string') {
      this.#local.delete(key); // ended by another backend, or expired
      return undefined;
    }
    const session = JSON.parse(answer.value) as Session;
    this.#remember(key, session);
    return session;
  }

  async remove(token: string): Promise<void> {
    const key = keyOf(token);
    this.#local.delete(key);
    await this.#write(key, (client) => client.command('DEL', key));
  }

  async #write(key: string, write: (client: RedisClient) => Promise<unknown>): Promise<void> {
    if ((await this.#ask(write)) === undefined && this.#link !== undefined) this.#changedMeanwhile.add(key);
  }

  // undefined: there is no Redis to ask, the copy counts.
  async #ask<T>(question: (client: RedisClient) => Promise<T>): Promise<{value: T} | undefined> {
    const client = this.#link?.client;
    if (client === undefined) return undefined;
    try {
      return {value: await question(client)};
    } catch (error) {
      this.#link?.giveUp(client, error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  async #carryOver(client: RedisClient): Promise<void> {
    // A Set's iteration also visits what is added while we wait for Redis.
    for (const key of this.#changedMeanwhile) {
      const session = this.#recall(key);
      await (session === undefined ? client.command('DEL', key) : store(client, key, session));
      this.#changedMeanwhile.delete(key);
    }
  }

  #remember(key: string, session: Session): void {
    this.#local.delete(key); // to the end: what was used last is forgotten last
    this.#local.set(key, session);
    for (const oldest of this.#local.keys()) {
      if (this.#local.size <= maxLocal) break;
      this.#local.delete(oldest);
      this.#changedMeanwhile.delete(oldest);
    }
  }

  #recall(key: string): Session | undefined {
    const session = this.#local.get(key);
    if (session === undefined || Date.parse(session.expiresAt) > Date.now()) return session;
    this.#local.delete(key);
    return undefined;
  }

  #announce(store: 'redis' | 'memory', message: string): void {
    if (this.#announced === store) return;
    this.#announced = store;
    if (store === 'redis') this.#log.info(message);
    else this.#log.warning(message);
  }
}

async function store(client: RedisClient, key: string, session: Session): Promise<void> {
  const seconds = Math.max(1, Math.ceil((Date.parse(session.expiresAt) - Date.now()) / 1000));
  await client.command('SET', key, JSON.stringify(session), 'EX', String(seconds));
}

// The token itself stays with its owner: who reads Redis cannot log in with what he finds.
function keyOf(token: string): string {
  return `erp-demo:session:${createHash('sha256').update(token).digest('hex')}`;
}
