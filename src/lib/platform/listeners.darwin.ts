import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import {mappedAsIPv4, type Listeners, type ListeningSocket} from './listeners.js';
import {parseDarwinNetstat} from './netstat.darwin.js';
import type {ProcessTable} from './process-table.js';
import type {Listener} from './types.js';

/** Listeners by lsof(8), as macOS has it. It does not show other users' sockets to us: those by netstat(1). */
export class DarwinListeners implements Listeners {
  readonly #runner: CommandRunner;
  readonly #table: ProcessTable;
  /** What lsof told about each process together with its sockets. */
  readonly #users = new Map<number, string>();

  constructor(table: ProcessTable, runner: CommandRunner = systemRunner) {
    this.#table = table;
    this.#runner = runner;
  }

  sockets(port: number, _age: 'recent' | 'now', callback: (sockets: readonly ListeningSocket[] | null) => void): void {
    this.#runner.run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-FpLtdPn'], (output) => {
      const found = parseLsof(output ?? '');
      for (const {pid, user} of found) if (user !== null) this.#users.set(pid, user);
      if (found.length > 0) callback(found);
      // lsof ends with 1 and says nothing when it finds nobody, and the same when it may not see somebody.
      else this.#ofAnybody(port, callback);
    });
  }

  #ofAnybody(port: number, callback: (sockets: readonly ListeningSocket[] | null) => void): void {
    this.#runner.run('netstat', ['-anvl', '-p', 'tcp'], (output) => {
      const listeners = parseDarwinNetstat(output ?? '')?.filter((one) => one.port === port) ?? null;
      callback(listeners?.map(({address, pid}) => ({address, port, inode: null, uid: null, pid})) ?? null);
    });
  }

  /** lsof is silent about other users, and silence would be taken for a free port; netstat shows all listeners. */
  listening(
    port: number,
    callback: (sockets: readonly Pick<ListeningSocket, 'address' | 'inode'>[] | null) => void,
  ): void {
    this.#runner.run('netstat', ['-anvl', '-p', 'tcp'], (output) => {
      const all = output === null ? null : parseDarwinNetstat(output);
      const here = all?.filter((listener) => listener.port === port) ?? null;
      callback(here?.map(({address, pid}) => ({address, inode: `${address}/${pid ?? '?'}`})) ?? null);
    });
  }

  connections(port: number, callback: (count: number | null) => void): void {
    // Its sockets are those of our own user, so lsof shows them; both ends where the client is on this machine, too.
    this.#runner.run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:ESTABLISHED', '-Fpn'], (output) =>
      callback(countConnections(output ?? '', port)),
    );
  }

  holders(
    sockets: readonly ListeningSocket[],
    _hints: readonly number[],
    callback: (pids: ReadonlyMap<ListeningSocket, readonly number[]>) => void,
  ): void {
    const known = sockets.filter((socket) => socket.pid !== null);
    setImmediate(() => callback(new Map(known.map((socket) => [socket, [socket.pid as number]]))));
  }

  describe(socket: ListeningSocket, pid: number | null, callback: (listener: Listener) => void): void {
    const listener: Listener = {
      pid,
      command: pid === null ? null : this.#table.commandLine(pid),
      user: pid === null ? null : (this.#users.get(pid) ?? null),
      startedAt: pid === null ? null : (this.#table.read(pid)?.startedAt ?? null),
      cwd: pid === null ? null : this.#table.cwd(pid),
      address: socket.address,
      inode: socket.inode,
    };
    setImmediate(() => callback(listener));
  }
}

/** Lines `n127.0.0.1:8001->127.0.0.1:52011`: those that end here. */
export function countConnections(output: string, port: number): number {
  return output.split('\n').filter((line) => line.startsWith('n') && line.includes(`:${port}->`)).length;
}

/** A listening socket as one process has it open. */
export interface LsofSocket extends ListeningSocket {
  readonly pid: number;
  readonly user: string | null;
}

/**
 * Output of `lsof -F`: a letter and its value a line; p begins a process, n ends what is told of a file. Connections
 * and other protocols are left out.
 */
export function parseLsof(output: string): readonly LsofSocket[] {
  const sockets: LsofSocket[] = [];
  let pid: number | null = null;
  let user: string | null = null;
  let file: Readonly<Record<string, string>> = {};
  for (const line of output.split('\n')) {
    const letter = line.charAt(0);
    const value = line.slice(1).trimEnd();
    if (letter === 'p') {
      pid = /^\d+$/.test(value) ? Number(value) : null;
      user = null;
    } else if (letter === 'L') user = value;
    else if (letter === 'n') {
      const socket = pid === null || (file['P'] ?? 'TCP') !== 'TCP' ? null : listening(value, file['t'] === 'IPv6');
      // The address of the kernel's structure names the socket as long as it lives.
      if (socket !== null && pid !== null)
        sockets.push({...socket, inode: file['d'] ?? `${pid}:${value}`, uid: null, pid, user});
      file = {};
    } else if (/[tdP]/.test(letter)) file = {...file, [letter]: value};
  }
  return sockets;
}

/** `*:8080`, `127.0.0.1:8080`, `[::1]:8080`; a connection has an arrow in it. */
function listening(name: string, isIPv6: boolean): {readonly address: string; readonly port: number} | null {
  const match = /^(\*|\[[^\]]+\]|[^[\]>]+):(\d+)$/.exec(name);
  if (match === null) return null;
  const host = mappedAsIPv4((match[1] as string).replace(/^\[|\]$/g, ''));
  return {address: host === '*' ? (isIPv6 ? '::' : '0.0.0.0') : host, port: Number(match[2])};
}
