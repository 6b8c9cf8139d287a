import {lookup} from 'node:dns';
import type {LookupAddress} from 'node:dns';
import type {LookupFunction} from 'node:net';

export type ResolveName = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/**
 * A lookup can't be cancelled and holds one of libuv's four threads for as long as the system's resolver likes (half a
 * minute without a network); the files of the whole process wait for these threads, too.
 */
const atOnce = 2;

/** Looks names up with few threads: one lookup for a name serves all who ask meanwhile, and few run at a time. */
export class NameLookup {
  readonly #resolve: ResolveName;
  readonly #waiting = new Map<string, Parameters<ResolveName>[1][]>();
  readonly #queue: string[] = [];
  #running = 0;

  constructor(resolve: ResolveName = systemResolve) {
    this.#resolve = resolve;
  }

  resolve(host: string, callback: Parameters<ResolveName>[1]): void {
    const others = this.#waiting.get(host);
    if (others !== undefined) {
      others.push(callback);
      return;
    }
    this.#waiting.set(host, [callback]);
    this.#queue.push(host);
    this.#next();
  }

  /** For `net.connect`, which asks for one address or for all. */
  readonly forSocket: LookupFunction = (host, options, callback) => {
    this.resolve(host, (error, addresses) => {
      const [first] = addresses;
      if (error !== null) callback(error, '', 0);
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first?.address ?? '', first?.family ?? 0);
    });
  };

  #next(): void {
    while (this.#running < atOnce) {
      const host = this.#queue.shift();
      if (host === undefined) return;
      this.#running += 1;
      this.#resolve(host, (error, addresses) => {
        this.#running -= 1;
        const asked = this.#waiting.get(host) ?? [];
        this.#waiting.delete(host);
        this.#next();
        for (const callback of asked) callback(error, addresses);
      });
    }
  }
}

const systemResolve: ResolveName = (host, callback) =>
  lookup(host, {all: true}, (error, addresses) => callback(error, error === null ? addresses : []));
