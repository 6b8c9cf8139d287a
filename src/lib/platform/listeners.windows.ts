import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import type {Listeners, ListeningSocket} from './listeners.js';
import {powershell} from './process-table.windows.js';
import type {ProcessTable} from './process-table.js';
import type {Listener} from './types.js';

const snapshotMs = 1000;

/** Listeners by `netstat -ano`: every Windows has it, and it answers ten times as fast as PowerShell. */
export class WindowsListeners implements Listeners {
  readonly #runner: CommandRunner;
  readonly #table: ProcessTable;
  #sockets: readonly ListeningSocket[] | null = null;
  #takenAt = -Infinity;

  constructor(table: ProcessTable, runner: CommandRunner = systemRunner) {
    this.#table = table;
    this.#runner = runner;
  }

  sockets(port: number, age: 'recent' | 'now', callback: (sockets: readonly ListeningSocket[] | null) => void): void {
    const answer = (): void => callback(this.#sockets?.filter((socket) => socket.port === port) ?? null);
    if (age === 'recent' && performance.now() - this.#takenAt < snapshotMs) {
      setImmediate(answer);
      return;
    }
    this.#runner.run('netstat.exe', ['-ano'], (output) => {
      this.#sockets = output === null ? null : parseNetstat(output);
      this.#takenAt = performance.now();
      answer();
    });
  }

  holders(
    sockets: readonly ListeningSocket[],
    _hints: readonly number[],
    callback: (pids: ReadonlyMap<ListeningSocket, readonly number[]>) => void,
  ): void {
    const known = sockets.filter((socket) => socket.pid !== null && socket.pid > 0);
    setImmediate(() => callback(new Map(known.map((socket) => [socket, [socket.pid as number]]))));
  }

  describe(socket: ListeningSocket, pid: number | null, callback: (listener: Listener) => void): void {
    const listener = (user: string | null): Listener => ({
      pid,
      command: pid === null ? null : (this.#table.commandLine(pid) ?? this.#table.read(pid)?.name ?? null),
      user,
      startedAt: pid === null ? null : (this.#table.read(pid)?.startedAt ?? null),
      cwd: null,
      address: socket.address,
      inode: socket.inode,
    });
    if (pid === null) {
      setImmediate(() => callback(listener(null)));
      return;
    }
    const script = `$o=Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}'|Invoke-CimMethod -MethodName GetOwner;if($o.User){"$($o.Domain)\\$($o.User)"}`;
    this.#runner.run('powershell.exe', powershell(script), (output) => callback(listener(output?.trim() || null)));
  }
}

/**
 * `  TCP    0.0.0.0:8000    0.0.0.0:0    LISTENING    4711`; the word is ABHÖREN in German (in whatever code page) and
 * something else elsewhere, so a listener is known by its foreign address: port 0.
 */
export function parseNetstat(output: string): readonly ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of output.split(/\r?\n/)) {
    const fields = line.trim().split(/\s+/);
    const [protocol, local, foreign] = fields;
    if (protocol !== 'TCP' || local === undefined || foreign === undefined) continue;
    if (!/:0$/.test(foreign) || fields.length < 5) continue;
    const colon = local.lastIndexOf(':');
    const pid = Number(fields.at(-1));
    if (!Number.isInteger(pid)) continue;
    sockets.push({
      address: local.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(local.slice(colon + 1)),
      inode: `${local}/${pid}`,
      uid: null,
      pid,
    });
  }
  return sockets;
}
