import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import {mappedAsIPv4, type Listeners, type ListeningSocket} from './listeners.js';
import {parseCimProcesses, powershell, processQuery} from './process-table.windows.js';
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
      const found = parseNetstat(output ?? '');
      // A Windows without any listener does not exist: then it was no output of netstat.
      this.#sockets = found.length === 0 ? null : found;
      this.#takenAt = performance.now();
      answer();
    });
  }

  connections(port: number, callback: (count: number | null) => void): void {
    this.#runner.run('netstat.exe', ['-ano'], (output) =>
      callback(output === null ? null : countConnections(output, port)),
    );
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
    this.#runner.run('powershell.exe', powershell(processQuery([pid])), (output) =>
      callback(listener(parseCimProcesses(output ?? '')[0]?.user ?? null)),
    );
  }
}

/**
 * `  TCP    0.0.0.0:8000    0.0.0.0:0    LISTENING    4711`; the word is ABHÖREN in German (in whatever code page) and
 * something else elsewhere, of one word or two, so a listener is known by its foreign address: all zeros.
 */
export function parseNetstat(output: string): readonly ListeningSocket[] {
  const sockets: ListeningSocket[] = [];
  for (const line of output.split(/\r?\n/)) {
    const fields = line.trim().split(/\s+/);
    const local = /^(?:\[([^\]]+)\]|(\d+(?:\.\d+){3})):(\d+)$/.exec(fields[1] ?? '');
    if (fields[0] !== 'TCP' || local === null || !nobody.has(fields[2] ?? '')) continue;
    const last = fields.at(-1) ?? '';
    const pid = fields.length > 3 && /^\d+$/.test(last) && last !== '0' ? Number(last) : null;
    const address = mappedAsIPv4((local[1] ?? local[2]) as string);
    sockets.push({address, port: Number(local[3]), inode: `${fields[1]}/${pid ?? '?'}`, uid: null, pid});
  }
  return sockets;
}

/**
 * Connections that end at this port, whatever the word for their state: what waits for its end only (TIME_WAIT) belongs to
 * nobody any more, pid 0.
 */
export function countConnections(output: string, port: number): number {
  return output.split(/\r?\n/).filter((line) => {
    const fields = line.trim().split(/\s+/);
    const isHere = fields[0] === 'TCP' && fields[1]?.endsWith(`:${port}`) === true;
    return isHere && !nobody.has(fields[2] ?? '') && fields.at(-1) !== '0';
  }).length;
}

const nobody: ReadonlySet<string> = new Set(['0.0.0.0:0', '[::]:0', '*:*']);
