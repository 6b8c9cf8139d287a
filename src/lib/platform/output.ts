import {spawnSync} from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  type Stats,
} from 'node:fs';
import {Socket} from 'node:net';
import type {SocketConstructorOpts, TcpNetConnectOpts} from 'node:net';
import {join} from 'node:path';
import {LogRetention} from './log-retention.js';
import type {OnProblem} from './service-log.js';
import {ServiceLog} from './service-log.js';
import type {LoggingSpec, MachineSpec} from '../core/spec.js';
import type {Cancel, Outputs, SpawnError, SpawnPlan} from './types.js';

export interface OutputOptions {
  readonly runtimeDir: string;
  readonly logDir: string;
  readonly logging: LoggingSpec;
  readonly machine: MachineSpec | null;
  readonly onProblem: OnProblem;
}

/** File descriptors for a child; `release` closes ours once it has its own. */
export interface ServiceStdio {
  readonly stdin?: number;
  readonly output: number;
  release(): void;
}

/** One pipe holds 64 KiB; more than this at an exit is somebody who goes on writing. */
const drainRounds = 16;
const followEveryMs = 250;
const retryMs = 1000;

/**
 * Output of services through FIFOs that they hold open read-write themselves: without a reader a write waits once 64 KiB
 * are in it, it never fails, so the supervisor's death costs neither the service nor a line. See docs/architecture.
 */
export class PosixOutputs implements Outputs {
  readonly #options: OutputOptions;
  readonly #logs = new Map<string, ServiceLog>();
  readonly #pipes = new Map<string, FifoReader>();
  readonly #hooks = new Map<string, Hook>();
  /** FIFOs that have lost their name while an adopted service still writes to them. */
  readonly #nameless = new Map<string, FifoReader>();
  readonly #files = new Set<string>();
  readonly #followers = new Map<string, number>();
  readonly retention: LogRetention;
  #followTimer: NodeJS.Timeout | null = null;
  readonly #unread = new Set<string>();
  #retryTimer: NodeJS.Timeout | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.retention = new LogRetention(options.logDir, options.logging, options.machine, options.onProblem);
  }

  open(services: readonly string[]): void {
    const {runtimeDir, onProblem} = this.#options;
    try {
      mkdirSync(runtimeDir, {recursive: true, mode: 0o700});
    } catch (error) {
      onProblem('ERROR', `The runtime folder ${runtimeDir} can't be made: ${(error as Error).message}`);
    }
    makeFifos(
      services.flatMap((service) => [this.#fifo(service, 'out'), this.#fifo(service, 'in')]),
      onProblem,
    );
    for (const service of services) {
      this.#log(service);
      this.#listen(service);
      // A hook of an earlier supervisor that still runs.
      if (isOurFifo(this.#fifo(service, 'hook'))) this.hookStream(service, () => undefined);
    }
  }

  beginLife(service: string): void {
    // What an earlier life has left in the pipe is its own and goes to the log first.
    this.drain(service);
    this.#log(service).lines.forget();
  }

  tail(service: string, lines: number): readonly string[] {
    const log = this.#log(service);
    if (this.#files.has(service)) log.follow();
    return log.lines.last(lines);
  }

  drain(service: string): void {
    const log = this.#log(service);
    if (this.#files.has(service)) log.follow();
    this.#pipes.get(service)?.drain();
    this.#nameless.get(service)?.drain();
    log.lines.closeLine();
  }

  onLine(service: string, callback: (line: string) => void): Cancel {
    const cancel = this.#log(service).onLine(callback);
    this.#followers.set(service, (this.#followers.get(service) ?? 0) + 1);
    this.#followIfWanted();
    let done = false;
    return () => {
      if (done) return;
      done = true;
      cancel();
      const left = (this.#followers.get(service) ?? 1) - 1;
      if (left > 0) this.#followers.set(service, left);
      else this.#followers.delete(service);
      this.#followIfWanted();
    };
  }

  mark(service: string, text: string): void {
    if (this.#files.has(service)) this.#log(service).follow();
    this.#log(service).mark(text);
  }

  /** Output that came another way. */
  write(service: string, bytes: Buffer): void {
    this.#log(service).write(bytes);
  }

  /** @param forGood nothing runs any more that could hold the other end: the FIFOs go too */
  close(forGood = false): void {
    this.retention.close();
    if (this.#followTimer !== null) clearInterval(this.#followTimer);
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    for (const pipe of [...this.#pipes.values(), ...this.#nameless.values()]) {
      pipe.drain();
      pipe.close();
    }
    for (const hook of this.#hooks.values()) hook.reader.close();
    if (forGood) {
      for (const service of this.#logs.keys())
        for (const which of ['in', 'out', 'hook'] as const) rmSync(this.#fifo(service, which), {force: true});
    }
    for (const log of this.#logs.values()) log.close();
    this.#pipes.clear();
    this.#hooks.clear();
    this.#logs.clear();
  }

  /** Standard streams for the next life of a service. */
  stdio(plan: Pick<SpawnPlan, 'service' | 'stdin' | 'output'>): ServiceStdio | SpawnError {
    // What the last life has left unfinished is not the beginning of this one's first line.
    this.#log(plan.service).endLine();
    this.#nameless.get(plan.service)?.close();
    this.#nameless.delete(plan.service);
    const fds: number[] = [];
    const release = (): void => {
      for (const fd of fds.splice(0)) closeSync(fd);
    };
    try {
      const stdin = plan.stdin === 'open' ? (this.#open(plan.service, 'in')?.fd ?? null) : null;
      if (stdin !== null) fds.push(stdin);
      const output = this.#outputFor(plan);
      fds.push(output);
      return stdin === null ? {output, release} : {stdin, output, release};
    } catch (error) {
      release();
      const {code, message} = error as NodeJS.ErrnoException;
      return {code: code ?? 'UNKNOWN', message: `The standard streams of ${plan.service} can't be opened: ${message}`};
    }
  }

  /**
   * Takes up the output of a service that an earlier supervisor has started. Its FIFO may have lost its name since (a
   * runtime folder that was cleaned); on Linux the process itself still leads to it.
   */
  adopt(pid: number): void {
    for (const fd of [1, 2]) {
      const path = `/proc/${pid}/fd/${fd}`;
      try {
        const [, service] = /\/([^/]+)\.out \(deleted\)$/.exec(readlinkSync(path)) ?? [];
        if (service === undefined || !this.#logs.has(service) || !statSync(path).isFIFO()) continue;
        this.#nameless.get(service)?.close();
        this.#nameless.set(service, this.#read(service, path));
        return;
      } catch {
        // No such system, or not ours to read.
      }
    }
  }

  /** A pipe for what a hook writes: into the service's log, and to `onBytes`. null: none can be made. */
  hookStream(
    service: string,
    onBytes: (bytes: Buffer) => void,
  ): {readonly fd: number; drain(): void; close: Cancel} | null {
    const path = this.#fifo(service, 'hook');
    const log = this.#log(service);
    let hook = this.#hooks.get(service);
    let fd: number;
    try {
      if (!isOurFifo(path)) makeFifos([path], this.#options.onProblem);
      fd = openSync(path, constants.O_RDWR);
      if (hook === undefined) {
        const listeners = new Set<(bytes: Buffer) => void>();
        const reader = new FifoReader(path, (bytes) => {
          log.write(bytes);
          for (const listener of listeners) listener(bytes);
        });
        this.#hooks.set(service, (hook = {reader, listeners}));
      }
    } catch (error) {
      this.#options.onProblem('WARNING', `A hook of ${service} gets no pipe: ${(error as Error).message}`);
      return null;
    }
    const {reader, listeners} = hook;
    // Each run counts, even if two give the same function.
    const listener = (bytes: Buffer): void => onBytes(bytes);
    listeners.add(listener);
    let open = true;
    return {
      fd,
      drain: () => reader.drain(),
      close: () => {
        if (!open) return;
        open = false;
        listeners.delete(listener);
        closeSync(fd);
        if (listeners.size > 0) return;
        reader.close();
        this.#hooks.delete(service);
        rmSync(path, {force: true});
      },
    };
  }

  /** Paths that only this service's processes have as standard streams. */
  streamsOf(service: string): readonly string[] {
    return [this.#fifo(service, 'out'), this.#fifo(service, 'in')];
  }

  #outputFor(plan: Pick<SpawnPlan, 'service' | 'output'>): number {
    const {service} = plan;
    const pipe = plan.output === 'pipe' ? this.#open(service, 'out') : null;
    if (pipe !== null) {
      this.#files.delete(service);
      this.#followIfWanted();
      // Removed and made again by somebody: then we would read a pipe that nobody writes to.
      if (this.#pipes.get(service)?.isSame(pipe) !== true) this.#listen(service);
      return pipe.fd;
    }
    this.#files.add(service);
    this.#followIfWanted();
    return this.#log(service).openForChild();
  }

  /**
   * Opens a FIFO for a child; makes it again if somebody has removed it. Each life gets an open file of its own: a
   * program that makes its output non-blocking must not do so for the next one. null: there is no FIFO.
   */
  #open(service: string, which: 'in' | 'out'): OpenFifo | null {
    const path = this.#fifo(service, which);
    const open = openFifo(path);
    if (open !== null) return open;
    try {
      mkdirSync(this.#options.runtimeDir, {recursive: true, mode: 0o700});
    } catch {
      return null;
    }
    makeFifos([path], this.#options.onProblem);
    return openFifo(path);
  }

  #listen(service: string): void {
    const path = this.#fifo(service, 'out');
    this.#pipes.get(service)?.drain();
    this.#pipes.get(service)?.close();
    this.#pipes.delete(service);
    if (!isOurFifo(path)) return;
    try {
      this.#pipes.set(service, this.#read(service, path));
      this.#unread.delete(service);
    } catch (error) {
      if (!this.#unread.has(service))
        this.#options.onProblem('ERROR', `The output of ${service} can't be read: ${(error as Error).message}`);
      this.#retryLater(service);
    }
  }

  #read(service: string, path: string): FifoReader {
    const log = this.#log(service);
    return new FifoReader(
      path,
      (bytes) => log.write(bytes),
      () => this.#retryLater(service),
    );
  }

  /** Nobody reads: after 64 KiB the service would wait for ever, so we try again for as long as it takes. */
  #retryLater(service: string): void {
    this.#unread.add(service);
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = null;
      for (const one of [...this.#unread]) this.#listen(one);
    }, retryMs).unref();
  }

  /** A service that writes into its file is asked for news only while somebody listens. */
  #followIfWanted(): void {
    const isWanted = [...this.#followers.keys()].some((service) => this.#files.has(service));
    if (isWanted) this.#followTimer ??= setInterval(() => this.#follow(), followEveryMs);
    else if (this.#followTimer !== null) {
      clearInterval(this.#followTimer);
      this.#followTimer = null;
    }
  }

  #follow(): void {
    for (const service of this.#followers.keys()) if (this.#files.has(service)) this.#log(service).follow();
  }

  #log(service: string): ServiceLog {
    let log = this.#logs.get(service);
    if (log === undefined) {
      const {logDir, logging, onProblem} = this.#options;
      log = new ServiceLog(assertFileName(service), logDir, logging.maxFileBytes, onProblem, (path) =>
        this.retention.rotated(path),
      );
      this.#logs.set(service, log);
      this.retention.watch([service]);
    }
    return log;
  }

  #fifo(service: string, which: 'in' | 'out' | 'hook'): string {
    return join(this.#options.runtimeDir, `${assertFileName(service)}.${which}`);
  }
}

interface Hook {
  readonly reader: FifoReader;
  readonly listeners: Set<(bytes: Buffer) => void>;
}

// Read callbacks are synchronous and never nest, so all pipes share one buffer; draining happens inside them.
const readBuffer = Buffer.allocUnsafe(64 * 1024);
const drainBuffer = Buffer.allocUnsafe(64 * 1024);

const smallPiece = 16 * 1024;
const floodPieces = 40;
const floodWindowMs = 4;
const fillMs = 0.2;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let piecesSince = 0;
let pieces = 0;

/**
 * A program that writes line by line as fast as it can wakes us for each few lines: 95,000 reads for a million lines.
 * When pieces come by the dozen in a few milliseconds, we sleep for a fifth of one, and a whole pipe is there at once.
 * That halves our processor time and lets the writer write; nothing else waits noticeably.
 */
function letPipesFill(): void {
  if (++pieces < floodPieces) return;
  const now = performance.now();
  if (now - piecesSince > floodWindowMs) {
    piecesSince = now;
    pieces = 0;
    return;
  }
  pieces = floodPieces - 2;
  piecesSince = now;
  Atomics.wait(sleeper, 0, 0, fillMs);
}

class FifoReader {
  readonly #fd: number;
  readonly #stats: Pick<Stats, 'ino' | 'dev'>;
  readonly #socket: Socket;
  readonly #onBytes: (bytes: Buffer) => void;
  #closed = false;

  constructor(path: string, onBytes: (bytes: Buffer) => void, onLost: () => void = () => undefined) {
    this.#onBytes = onBytes;
    // Read-write although we only read: a FIFO without a writer is at its end again and again.
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#stats = fstatSync(this.#fd);
    const options: SocketConstructorOpts & Pick<TcpNetConnectOpts, 'onread'> = {
      fd: this.#fd,
      readable: true,
      writable: false,
      // Without `onread` each piece gets a buffer of its own, which is half of the cost of a flood.
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          onBytes(readBuffer.subarray(0, length));
          if (length < smallPiece) letPipesFill();
          return true;
        },
      },
    };
    this.#socket = new Socket(options);
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      if (this.#closed) return;
      this.#closed = true;
      onLost();
    });
  }

  isSame({ino, dev}: OpenFifo): boolean {
    return !this.#closed && this.#stats.ino === ino && this.#stats.dev === dev;
  }

  drain(): void {
    try {
      for (let round = 0; round < drainRounds && !this.#closed; round++) {
        const length = readSync(this.#fd, drainBuffer, 0, drainBuffer.length, null);
        if (length === 0) return;
        this.#onBytes(drainBuffer.subarray(0, length));
      }
    } catch {
      // EAGAIN: it is empty.
    }
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }
}

/** One process makes them all: starting one costs more than a thousand FIFOs. */
function makeFifos(paths: readonly string[], onProblem: OnProblem): void {
  const missing = paths.filter((path) => !isOurFifo(path));
  if (missing.length === 0) return;
  for (const path of missing) {
    try {
      rmSync(path, {recursive: true, force: true});
    } catch (error) {
      onProblem('ERROR', `${path} is in the way of a FIFO: ${(error as Error).message}`);
    }
  }
  const env = {PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin`};
  const made = spawnSync('mkfifo', ['-m', '600', ...missing], {env, encoding: 'utf8', timeout: 10_000});
  if (made.status !== 0) {
    const why = made.error?.message ?? made.stderr.trim();
    onProblem('ERROR', `FIFOs can't be made, output goes straight into the log files: ${why}`);
  }
}

interface OpenFifo {
  readonly fd: number;
  readonly ino: number;
  readonly dev: number;
}

/** null: there is none, or it is not ours. */
function openFifo(path: string): OpenFifo | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EISDIR', 'EACCES', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null;
    throw error;
  }
  const stats = fstatSync(fd);
  if (isOurs(stats)) {
    if ((stats.mode & 0o077) !== 0) fchmodSync(fd, 0o600);
    return {fd, ino: stats.ino, dev: stats.dev};
  }
  closeSync(fd);
  return null;
}

const isOurs = (stats: Stats): boolean => stats.isFIFO() && stats.uid === process.geteuid?.();

function isOurFifo(path: string): boolean {
  try {
    const stats = lstatSync(path);
    if (!isOurs(stats)) return false;
    if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o600);
    return true;
  } catch {
    return false;
  }
}

/** Names are checked with the configuration; a path made of one must stay in its folder even if that fails one day. */
export function assertFileName(service: string): string {
  if (!/^[A-Za-z0-9._-]+$/.test(service) || /^\.+$/.test(service))
    throw new Error(`not a service name: ${JSON.stringify(service)}`);
  return service;
}
