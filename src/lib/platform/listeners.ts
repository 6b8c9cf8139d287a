import type {Listener} from './types.js';

/** One listening socket. */
export interface ListeningSocket {
  /** As an operator writes it: `127.0.0.1`, `::1`, `0.0.0.0`, `::`. IPv4 addresses mapped into IPv6 are shown as IPv4. */
  readonly address: string;
  readonly port: number;
  /** Identifies the socket where the system tells; else made of what it tells. */
  readonly inode: string | null;
  /** Owner of the socket; null: not told. */
  readonly uid: number | null;
  /** Where the system tells the process together with the socket. */
  readonly pid: number | null;
}

/** Who listens on this machine. Callbacks come later, never at once. */
export interface Listeners {
  /** Sockets that listen on this port; null: can't be found out. `recent`: may be as old as a tick. */
  sockets(port: number, age: 'recent' | 'now', callback: (sockets: readonly ListeningSocket[] | null) => void): void;
  /** As `sockets`, where another way sees more of them and less of who holds them. */
  listening?(
    port: number,
    callback: (sockets: readonly Pick<ListeningSocket, 'address' | 'inode'>[] | null) => void,
  ): void;
  /** Established connections to this port of ours, whoever asks; missing: can't be told. */
  connections?(port: number, callback: (count: number | null) => void): void;
  /** Processes that hold these sockets, by inode. Missing: not readable for us. `hints`: who it probably is. */
  holders(
    sockets: readonly ListeningSocket[],
    hints: readonly number[],
    callback: (pids: ReadonlyMap<ListeningSocket, readonly number[]>) => void,
  ): void;
  /** Does this process still have this socket open? Much cheaper than asking who listens. Missing: can't be told. */
  holds?(pid: number, inode: string): boolean;
  describe(socket: ListeningSocket, pid: number | null, callback: (listener: Listener) => void): void;
}

/** `::ffff:127.0.0.1`, which Java and others listen on, is 127.0.0.1 to everybody else. */
export const mappedAsIPv4 = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/**
 * The sockets that a client on this machine reaches under `127.0.0.1`, or if nobody is there, `::1`. A socket on
 * exactly that address wins over one on all addresses; several with the same address share the connections.
 */
export function reachedByLoopback(sockets: readonly ListeningSocket[]): readonly ListeningSocket[] {
  for (const address of ['127.0.0.1', '0.0.0.0', '::', '::1']) {
    const exact = sockets.filter((socket) => socket.address === address);
    if (exact.length > 0) return exact;
  }
  return sockets;
}
