import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import type {Listeners, ListeningSocket} from './listeners.js';
import type {ProcessTable} from './process-table.js';
import type {Listener} from './types.js';

/** Listeners by lsof(8), as macOS has it. Other users' sockets are not shown to us: "nobody" then means "not known". */
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
    this.#runner.run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-FpLdn'], (output) => {
      // lsof ends with 1 and says nothing when it finds nobody, and the same when it may not see somebody.
      const found = parseLsof(output ?? '');
      for (const {pid, user} of found) if (pid !== null && user !== null) this.#users.set(pid, user);
      callback(found);
    });
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

/** Output of `lsof -F`: a letter and its value a line; p begins a process, f a file. */
export function parseLsof(output: string): readonly (ListeningSocket & {readonly user: string | null})[] {
  const sockets: (ListeningSocket & {readonly user: string | null})[] = [];
  let pid: number | null = null;
  let user: string | null = null;
  let device: string | null = null;
  for (const line of output.split('\n')) {
    const value = line.slice(1);
    switch (line.charAt(0)) {
      case 'p':
        pid = Number(value);
        user = null;
        break;
      case 'L':
        user = value;
        break;
      case 'f':
        device = null;
        break;
      case 'd':
        device = value;
        break;
      case 'n': {
        const colon = value.lastIndexOf(':');
        const address = value.slice(0, colon).replace(/^\[|\]$/g, '');
        sockets.push({
          address: address === '*' ? '0.0.0.0' : address,
          port: Number(value.slice(colon + 1)),
          // The address of the kernel's structure names the socket as long as it lives.
          inode: device ?? `${pid}:${value}`,
          uid: null,
          pid,
          user,
        });
        break;
      }
      default:
    }
  }
  return sockets;
}
