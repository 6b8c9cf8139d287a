import {createServer, type AddressInfo} from 'node:net';
import {holdsForOthers} from '../core/ports/well-known.js';
import type {Listeners, ListeningSocket} from './listeners.js';
import {reachedByLoopback} from './listeners.js';
import type {ProcessMemory} from './process-memory.js';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isProcessOf, variableOf} from './process-table.js';
import {kinship} from './stragglers.js';
import type {Listener, ListenerVerdict, Ports, PortState, ProcessIdentity} from './types.js';

/** A listener that was seen to be the leader's own. */
interface Proof {
  readonly inode: string;
  readonly leader: ProcessIdentity;
  /** Who holds it: the leader, or somebody below it. */
  readonly pid: number;
  /** It listens on 127.0.0.1 itself. */
  readonly isExact: boolean;
}

export class SystemPorts implements Ports {
  readonly #table: ProcessTable;
  readonly #listeners: Listeners;
  readonly #memory: ProcessMemory;
  /** Listeners that were proven to be a leader's own: a socket does not change hands. */
  readonly #proven = new Map<number, Proof>();

  constructor({table, listeners, memory}: {table: ProcessTable; listeners: Listeners; memory: ProcessMemory}) {
    this.#table = table;
    this.#listeners = listeners;
    this.#memory = memory;
  }

  tryBind(port: number, addresses: readonly string[], callback: (state: PortState) => void): void {
    let wasTested = false;
    let bound = port;
    const test = (index: number, missing: string | null): void => {
      const address = addresses[index];
      if (address === undefined) {
        const nothingThere = missing !== null && !wasTested;
        setImmediate(() =>
          callback(
            nothingThere
              ? {state: 'refused', code: missing, address: addresses.join(', ')}
              : {state: 'free', port: bound},
          ),
        );
        return;
      }
      const server = createServer((socket) => socket.destroy());
      server.once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code ?? 'UNKNOWN';
        // A machine without IPv6 has no `::1` to take; the other addresses decide.
        if (address.includes(':') && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) test(index + 1, code);
        else callback(code === 'EADDRINUSE' ? {state: 'taken', code} : {state: 'refused', code, address});
      });
      try {
        // One address after the other, each closed before the next: `::` would collide with our own 0.0.0.0.
        server.listen({port: bound, host: address, exclusive: true}, () => {
          wasTested = true;
          // Port 0: what the system gave for the first address has to be free on the others too.
          bound = (server.address() as AddressInfo).port;
          server.close(() => test(index + 1, missing));
        });
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
        setImmediate(() => callback({state: 'refused', code, address}));
      }
    };
    test(0, null);
  }

  owners(port: number, callback: (listeners: readonly Listener[] | null) => void): void {
    this.#listeners.sockets(port, 'now', (sockets) => {
      if (sockets === null || sockets.length === 0) {
        callback(sockets === null ? null : []);
        return;
      }
      this.#listeners.holders(sockets, [], (holders) => this.#describe(sockets, holders, callback));
    });
  }

  listening(port: number, callback: (sockets: readonly Pick<Listener, 'address' | 'inode'>[] | null) => void): void {
    if (this.#listeners.listening === undefined) this.#listeners.sockets(port, 'recent', callback);
    else this.#listeners.listening(port, callback);
  }

  connections(port: number, callback: (count: number | null) => void): void {
    if (this.#listeners.connections === undefined) setImmediate(() => callback(null));
    else this.#listeners.connections(port, callback);
  }

  holder(
    port: number,
    leader: ProcessIdentity,
    markPrefix: string,
    callback: (verdict: ListenerVerdict) => void,
  ): void {
    const known = this.#proven.get(port);
    const proven = known?.leader.pid === leader.pid && known.leader.startTime === leader.startTime ? known : undefined;
    // The table of all sockets costs the kernel a millisecond and more. Before a socket on exactly this address no other
    // can come: as long as it is open, nothing has changed.
    if (proven?.isExact === true && this.#listeners.holds?.(proven.pid, proven.inode) === true) {
      setImmediate(() => callback({verdict: 'own', inode: proven.inode}));
      return;
    }
    this.#listeners.sockets(port, 'recent', (recent) => {
      if (proven !== undefined && reachedByLoopback(recent ?? []).some((socket) => socket.inode === proven.inode)) {
        callback({verdict: 'own', inode: proven.inode});
        return;
      }
      // Anything but "as before" is judged by how it is now, not how it was at the beginning of the tick.
      this.#listeners.sockets(port, 'now', (sockets) => {
        if (sockets === null) {
          callback({verdict: 'unknown', why: 'listeners can not be read on this machine'});
          return;
        }
        const reached = reachedByLoopback(sockets);
        if (reached.length === 0) {
          callback({verdict: 'unknown', why: 'no listener of this machine was found'});
          return;
        }
        this.#listeners.holders(reached, [leader.pid], (holders) =>
          this.#judge(port, leader, markPrefix, reached, holders, callback),
        );
      });
    });
  }

  #judge(
    port: number,
    leader: ProcessIdentity,
    markPrefix: string,
    sockets: readonly ListeningSocket[],
    holders: ReadonlyMap<ListeningSocket, readonly number[]>,
    callback: (verdict: ListenerVerdict) => void,
  ): void {
    for (const socket of sockets) {
      const own = (holders.get(socket) ?? []).find((pid) => this.#belongs(pid, leader, markPrefix));
      if (own === undefined) continue;
      if (socket.inode !== null)
        this.#proven.set(port, {inode: socket.inode, leader, pid: own, isExact: socket.address === '127.0.0.1'});
      callback({verdict: 'own', inode: socket.inode});
      return;
    }
    const socket = sockets.find((one) => holders.has(one)) ?? sockets[0];
    if (socket === undefined) {
      callback({verdict: 'unknown', why: 'no listener of this machine was found'});
      return;
    }
    const pid = holders.get(socket)?.[0] ?? null;
    this.#listeners.describe(socket, pid, (listener) => {
      const name = pid === null ? null : (this.#table.read(pid)?.name ?? null);
      if (pid === null) {
        const whose = listener.user === null ? 'somebody' : `user ${listener.user}`;
        callback({verdict: 'unknown', why: `a process of ${whose} listens that can not be read`});
      } else if (name !== null && holdsForOthers(name)) {
        callback({verdict: 'unknown', why: `${name} (pid ${pid}) listens for somebody else`});
      } else callback({verdict: 'foreign', listener});
    });
  }

  /** Group, session, ancestors, memory, mark: the cheap ones first. */
  #belongs(pid: number, leader: ProcessIdentity, markPrefix: string): boolean {
    const row = this.#table.read(pid);
    if (row === null) return false;
    const byPid = {get: (number: number): ProcessRow | null => this.#table.read(number)};
    const service = markPrefix.split('/').at(-2) ?? '';
    const isBelow = (): boolean => {
      let ancestor: ProcessRow | null = row;
      for (let depth = 0; ancestor !== null && ancestor.pid > 1 && depth < 64; depth++) {
        if (isProcessOf(leader, ancestor)) return true;
        const parent = this.#table.read(ancestor.ppid);
        // Windows keeps a dead parent's number; elsewhere orphans belong to process 1.
        if (parent === null && ancestor.ppid === leader.pid) return true;
        ancestor = parent;
      }
      return false;
    };
    const environ = (): string | null => this.#table.environ(pid);
    const isMarked = (): boolean => variableOf(environ() ?? '', 'ERP_MARK')?.startsWith(markPrefix) ?? false;
    if (kinship(row, [leader], byPid) !== null || this.#memory.isBelow(leader, service, pid, row.startTime))
      return true;
    // An escapee of an earlier life is not ours to believe but to sweep.
    if (this.#memory.knows(service, pid, row.startTime)) return false;
    if (!isBelow() && !isMarked()) return false;
    // Seen below the leader once, it stays the service's, even if it becomes a daemon.
    this.#memory.remember(service, leader, [row]);
    return true;
  }

  #describe(
    sockets: readonly ListeningSocket[],
    holders: ReadonlyMap<ListeningSocket, readonly number[]>,
    callback: (listeners: readonly Listener[]) => void,
  ): void {
    const listeners: Listener[] = [];
    const next = (index: number): void => {
      const socket = sockets[index];
      if (socket === undefined) {
        callback(listeners);
        return;
      }
      this.#listeners.describe(socket, holders.get(socket)?.[0] ?? null, (listener) => {
        listeners.push(listener);
        next(index + 1);
      });
    };
    next(0);
  }
}
