import {chmodSync, lstatSync, mkdirSync, renameSync, rmSync, statSync} from 'node:fs';
import {createServer} from 'node:net';
import type {Server, Socket} from 'node:net';
import {dirname, join} from 'node:path';
import {controlSocketPath, socketPathLimitBytes} from './project-paths.js';

/**
 * The owner-only door. It hands accepted connections to whoever serves them (`httpServer.emit('connection', socket)`),
 * so that the door can be made anew without the server and its open connections noticing.
 */
export class ControlSocket {
  readonly path: string;
  readonly #onConnection: (socket: Socket) => void;
  #server: Server | null = null;
  #identity: string | null = null;
  #count = 0;

  constructor(runtimeDir: string, onConnection: (socket: Socket) => void) {
    this.path = controlSocketPath(runtimeDir);
    this.#onConnection = onConnection;
  }

  /**
   * Opens the door. The socket is bound under a name of its own and renamed over the public one: at no moment is there
   * no socket, or one that others may open.
   */
  async open(): Promise<void> {
    const server = createServer(this.#onConnection);
    if (process.platform === 'win32') {
      await listen(server, this.path);
    } else {
      mkdirSync(dirname(this.path), {recursive: true, mode: 0o700});
      const own = join(dirname(this.path), `control.${process.pid}.${++this.#count % 100}.sock`);
      if (Buffer.byteLength(own) > socketPathLimitBytes) throw new Error(`socket path too long: ${own}`);
      rmSync(own, {force: true});
      // bind(2) happens inside the call of listen(), so the mode is right from the first instant.
      const umask = process.umask(0o177);
      let listening: Promise<void>;
      try {
        listening = listen(server, own);
      } finally {
        process.umask(umask);
      }
      await listening;
      chmodSync(own, 0o600);
      this.#identity = identityOf(own);
      // A folder in this place is nobody's; rename(2) would not take it away.
      if (lstatSync(this.path, {throwIfNoEntry: false})?.isDirectory() === true) rmSync(this.path, {recursive: true});
      renameSync(own, this.path);
    }
    // What was accepted goes on; the old door itself leads nowhere any more.
    this.#server?.close();
    this.#server = server;
    server.on('error', () => undefined);
  }

  /** Is the public name still our socket? A folder may be cleaned by others, another supervisor may have taken over. */
  isOurs(): boolean {
    if (process.platform === 'win32') return this.#server !== null;
    return this.#identity !== null && identityOf(this.path) === this.#identity;
  }

  /** Nobody else's socket is ever removed. */
  close(): void {
    if (process.platform !== 'win32' && this.isOurs()) rmSync(this.path, {force: true});
    this.#server?.close();
    this.#server = null;
    this.#identity = null;
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function identityOf(path: string): string | null {
  const stats = statSync(path, {throwIfNoEntry: false});
  // An inode number is given again soon after; the time of creation tells the two apart.
  return stats === undefined ? null : `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
}
