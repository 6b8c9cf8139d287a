import {closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync} from 'node:fs';
import type {Listeners, ListeningSocket} from './listeners.js';
import type {ProcessTable} from './process-table.js';
import {inSlices} from './slices.js';
import type {Listener} from './types.js';

/** One read of /proc/net serves all services of a tick. */
const snapshotMs = 200;
const listening = ' 0A ';

/**
 * Listeners from /proc, without ss, lsof or netstat: slim containers have none of them, and tools that call them then
 * say "nobody listens". 35 ports in 15 ms.
 */
export class LinuxListeners implements Listeners {
  readonly #table: ProcessTable;
  #takenAt = -Infinity;
  #sockets: readonly ListeningSocket[] | null = null;
  #connectionsAt = -Infinity;
  /** By local port. */
  #connections: ReadonlyMap<number, number> | null = null;
  /** Who held a socket when we last looked; asked first. */
  readonly #known = new Map<string, number>();
  /** Where in a process's folder a socket was last seen, by inode. */
  readonly #links = new Map<string, string>();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  sockets(port: number, age: 'recent' | 'now', callback: (sockets: readonly ListeningSocket[] | null) => void): void {
    setImmediate(() => {
      const now = performance.now();
      if (age === 'now' || now - this.#takenAt > snapshotMs) {
        this.#sockets = readSockets();
        this.#takenAt = now;
      }
      callback(this.#sockets?.filter((socket) => socket.port === port) ?? null);
    });
  }

  /** Reads every connection of the machine: only for who waits for a quiet moment. */
  connections(port: number, callback: (count: number | null) => void): void {
    setImmediate(() => {
      const now = performance.now();
      if (now - this.#connectionsAt > snapshotMs) {
        this.#connections = countEstablished();
        this.#connectionsAt = now;
      }
      callback(this.#connections === null ? null : (this.#connections.get(port) ?? 0));
    });
  }

  holders(
    sockets: readonly ListeningSocket[],
    hints: readonly number[],
    callback: (pids: ReadonlyMap<ListeningSocket, readonly number[]>) => void,
  ): void {
    inSlices(this.#search(sockets, hints), callback);
  }

  holds(pid: number, inode: string): boolean {
    const target = `socket:[${inode}]`;
    const link = this.#links.get(inode);
    if (link !== undefined && leadsTo(link, target)) return true;
    const folder = `/proc/${pid}/fd`;
    const fd = directory(folder).find((name) => leadsTo(`${folder}/${name}`, target));
    if (this.#links.size > 10_000) this.#links.clear();
    if (fd === undefined) this.#links.delete(inode);
    else this.#links.set(inode, `${folder}/${fd}`);
    return fd !== undefined;
  }

  describe(socket: ListeningSocket, pid: number | null, callback: (listener: Listener) => void): void {
    const row = pid === null ? null : this.#table.read(pid);
    const uid = pid === null ? socket.uid : (this.#table.uid(pid) ?? socket.uid);
    const listener: Listener = {
      pid,
      command: pid === null ? null : this.#table.commandLine(pid),
      user: uid === null ? null : userName(uid),
      startedAt: row?.startedAt ?? null,
      cwd: pid === null ? null : this.#table.cwd(pid),
      address: socket.address,
      inode: socket.inode,
    };
    setImmediate(() => callback(listener));
  }

  *#search(
    sockets: readonly ListeningSocket[],
    hints: readonly number[],
  ): Generator<undefined, ReadonlyMap<ListeningSocket, readonly number[]>> {
    const wanted = new Map(sockets.map((socket) => [`socket:[${socket.inode}]`, socket]));
    const found = new Map<ListeningSocket, number[]>();
    const look = (pid: number): void => {
      for (const target of openFiles(pid)) {
        const socket = wanted.get(target);
        if (socket === undefined) continue;
        const pids = found.get(socket);
        if (pids === undefined) found.set(socket, [pid]);
        else if (!pids.includes(pid)) pids.push(pid);
        this.#known.set(target, pid);
      }
    };
    const first = sockets.map((socket) => this.#known.get(`socket:[${socket.inode}]`) ?? 0);
    for (const pid of new Set([...hints, ...first])) if (pid > 0) look(pid);
    yield;
    // Whoever was found first is enough: those who share a socket have inherited it from one parent.
    if (found.size < wanted.size) {
      for (const name of directory('/proc')) {
        if (!/^\d/.test(name)) continue;
        look(Number(name));
        if (found.size === wanted.size) break;
        yield;
      }
    }
    if (this.#known.size > 10_000) this.#known.clear();
    return found;
  }
}

/** Everything that listens in our network namespace; null: can't be read. */
export function readSockets(): readonly ListeningSocket[] | null {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(readListening).filter((text) => text !== null);
  return tables.length === 0 ? null : tables.flatMap(parseProcNetTcp); // no IPv6 on this machine: one of the two
}

/** Established connections by their local port; one read for all who ask in a tick. */
function countEstablished(): ReadonlyMap<number, number> | null {
  const counts = new Map<number, number>();
  let tables = 0;
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    try {
      const text = readFileSync(path, 'latin1');
      tables += 1;
      for (const [, port = ''] of text.matchAll(established)) {
        const number = Number.parseInt(port, 16);
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
    } catch {
      // no IPv6 on this machine: one of the two
    }
  }
  return tables === 0 ? null : counts;
}

/** Its local port; `01` is ESTABLISHED. */
const established = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 01 /gm;

const piece = Buffer.allocUnsafe(64 * 1024);

/**
 * The listening part of the table. The kernel walks through its listeners first and its connections afterwards, and a
 * busy server has tens of thousands of those: we stop reading at the first of them.
 */
function readListening(path: string): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    let text = '';
    for (;;) {
      const bytes = readSync(fd, piece, 0, piece.length, null);
      text += piece.toString('latin1', 0, bytes);
      if (bytes === 0 || connection.test(text)) return text;
    }
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** A line in any state but the listening one. */
const connection = /^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:[0-9A-F]{4} (?!0A)[0-9A-F]{2} /m;

const listeningState = '0A';

/** A connection as seen from this side. */
export interface Connection extends ListeningSocket {
  readonly remotePort: number;
  /** TIME_WAIT and the like: the kernel keeps it for a while, no process has it any more. */
  readonly isOver: boolean;
}

/** Connections of which one of these ports is the near end. Reads the whole table. */
export function connectionsOn(ports: ReadonlySet<number>): readonly Connection[] {
  const ends = [...ports].map((port) => port.toString(16).toUpperCase().padStart(4, '0')).join('|');
  const line = new RegExp(`^ *\\d+: [0-9A-F]+:(?:${ends}) [0-9A-F]+:[0-9A-F]{4} (?!${listeningState}).*$`, 'gm');
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => (whole(path)?.match(line) ?? []).flatMap(connectionOf));
}

/** Public for tests. */
export function connectionOf(line: string): readonly Connection[] {
  const socket = socketOf(line);
  if (socket === null) return [];
  const remotePort = Number.parseInt(line.trim().split(/\s+/)[2]?.split(':')[1] ?? '', 16);
  const isOver = socket.inode === null || socket.inode === '0';
  // The kernel prints 0 for the owner then, which is nobody and not root.
  return [isOver ? {...socket, remotePort, isOver, uid: null, inode: null} : {...socket, remotePort, isOver}];
}

/** Lines `sl local_address rem_address st … uid timeout inode` of /proc/net/tcp and tcp6. */
export function parseProcNetTcp(text: string): readonly ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of text.split('\n')) {
    if (!line.includes(listening)) continue;
    const socket = socketOf(line, listeningState);
    if (socket !== null) sockets.push(socket);
  }
  return sockets;
}

function socketOf(line: string, wantedState?: string): ListeningSocket | null {
  const fields = line.trim().split(/\s+/);
  const [, local, , state] = fields;
  if (local === undefined || (wantedState !== undefined && state !== wantedState)) return null;
  const colon = local.indexOf(':');
  return {
    address: addressOf(local.slice(0, colon)),
    port: Number.parseInt(local.slice(colon + 1), 16),
    uid: Number(fields[7]),
    inode: fields[9] ?? null,
    pid: null,
  };
}

function whole(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** The kernel prints each 32-bit word as the machine holds it: on little-endian machines the bytes are turned round. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  return isMapped ? bytes.subarray(12).join('.') : shortestIPv6(bytes);
}

/** RFC 5952: no leading zeros, the longest run of zeros is `::`. */
function shortestIPv6(bytes: Buffer): string {
  const groups = Array.from({length: 8}, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  let best = {start: 0, length: 0};
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = {start, length};
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const targets: string[] = [];
  for (const fd of directory(folder)) {
    try {
      targets.push(readlinkSync(`${folder}/${fd}`));
    } catch {
      // closed meanwhile
    }
  }
  return targets;
}

function leadsTo(link: string, target: string): boolean {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false; // closed, or the process has gone
  }
}

/** Names in a folder; none when it has gone or is another user's. */
export function directory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // gone, or another user's
  }
}

let users: ReadonlyMap<number, string> | null = null;

/** The number where the name is not in /etc/passwd. */
export function userName(uid: number): string {
  users ??= new Map(
    passwd()
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length > 2)
      .map((fields): [number, string] => [Number(fields[2]), fields[0] as string])
      .reverse(), // the first entry of a number is the one that counts
  );
  return users.get(uid) ?? String(uid);
}

const passwd = (): string => whole('/etc/passwd') ?? '';
