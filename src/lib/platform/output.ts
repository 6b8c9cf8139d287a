import {closeSync, constants, mkdirSync, openSync, readlinkSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {FifoReader} from './fifo-reader.js';
import {isOurFifo, makeFifos, openFifo, type OpenFifo} from './fifos.js';
import {FolderStamp} from './folder-stamp.js';
import {assertFileName} from './file-name.js';
import {sizeOf} from './file-state.js';
import {LogRetention} from './log-retention.js';
import {MovingNotes} from './moving-notes.js';
import {OutputHolder} from './output-holder.js';
import type {ProcessTable} from './process-table.js';
import type {OnProblem} from './service-log.js';
import {ServiceLog} from './service-log.js';
import type {LoggingSpec, MachineSpec} from '../core/spec.js';
import type {Cancel, LogPlace, Outputs, SpawnError, SpawnPlan} from './types.js';

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

const followEveryMs = 250;
const retryMs = 1000;

/**
 * Output of services through FIFOs that they hold open read-write themselves: without a reader a write waits once 64 KiB
 * are in it, it never fails, so the supervisor's death costs neither the service nor a line. See docs/architecture.
 */
export class PosixOutputs implements Outputs {
  readonly #options: OutputOptions;
  readonly #logFolder: FolderStamp;
  readonly #logs = new Map<string, ServiceLog>();
  readonly #pipes = new Map<string, FifoReader>();
  readonly #hooks = new Map<string, Hook>();
  /** FIFOs that have lost their name while an adopted service still writes to them. */
  readonly #nameless = new Map<string, FifoReader>();
  readonly #files = new Set<string>();
  readonly #lifeStarts = new Map<string, Omit<LogPlace, 'to'>>();
  readonly #followers = new Map<string, number>();
  readonly retention: LogRetention;
  readonly #notes: MovingNotes;
  readonly #holder: OutputHolder;
  #followTimer: NodeJS.Timeout | null = null;
  readonly #unread = new Set<string>();
  #retryTimer: NodeJS.Timeout | null = null;

  constructor(options: OutputOptions, table: ProcessTable) {
    this.#options = options;
    this.#logFolder = new FolderStamp(options.logDir);
    this.#notes = new MovingNotes(join(options.runtimeDir, 'moving'));
    this.#holder = new OutputHolder(options.runtimeDir, table, options.onProblem);
    this.retention = new LogRetention(options.logDir, options.logging, options.machine, options.onProblem);
  }

  open(services: readonly string[], intoFile: readonly string[] = []): void {
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
    const interrupted = this.#notes.open(services);
    for (const service of services) {
      const log = this.#log(service);
      if (interrupted.includes(service)) this.#markInterrupted(service, log);
      if (intoFile.includes(service)) this.#intoFile(service);
      this.#listen(service);
      // A hook of an earlier supervisor that still runs.
      if (isOurFifo(this.#fifo(service, 'hook'))) this.hookStream(service, () => undefined);
    }
  }

  /** Now and then: what others may have done to files, pipes and disk. */
  look(): void {
    const isNamed = !this.#logFolder.changed();
    for (const log of this.#logs.values()) log.look(isNamed);
    this.retention.makeRoom();
    this.#holder.hold(() =>
      [...this.#logs.keys()].flatMap((service) => [this.#fifo(service, 'out'), this.#fifo(service, 'hook')]),
    );
  }

  beginLife(service: string): void {
    // What an earlier life has left in the pipe is its own and goes to the log first.
    this.drain(service);
    const log = this.#log(service);
    log.lines.forget();
    this.#lifeStarts.set(service, {path: log.path, from: sizeOf(log.path)});
  }

  lifePlace(service: string): LogPlace | null {
    const start = this.#lifeStarts.get(service);
    return start === undefined ? null : {...start, to: sizeOf(start.path)};
  }

  tail(service: string, lines: number): readonly string[] {
    this.#takeUp(service);
    return this.#log(service).lines.last(lines);
  }

  drain(service: string): void {
    this.#takeUp(service);
    this.#pipes.get(service)?.drain();
    this.#nameless.get(service)?.drain();
    this.#log(service).lines.closeLine();
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
    this.#takeUp(service);
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
    this.#holder.close();
    if (forGood) {
      this.#holder.release();
      for (const service of this.#logs.keys())
        for (const which of ['in', 'out', 'hook'] as const) rmSync(this.#fifo(service, which), {force: true});
    }
    for (const log of this.#logs.values()) log.close();
    this.#notes.close();
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
   * runtime folder that was cleaned), or it writes into its log itself; on Linux the process leads to either.
   */
  adopt(pid: number): void {
    for (const fd of [1, 2]) {
      const path = `/proc/${pid}/fd/${fd}`;
      try {
        const [, service, kind, deleted] = /\/([^/]+)\.(out|log)( \(deleted\))?$/.exec(readlinkSync(path)) ?? [];
        if (service === undefined || !this.#logs.has(service)) continue;
        if (kind === 'log' && deleted === undefined) this.#intoFile(service);
        if (kind === 'log' || !statSync(path).isFIFO()) continue;
        this.#throughPipe(service);
        if (deleted === undefined) continue;
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
        const reader = this.#reader(service, path, (bytes) => {
          log.lines.push(bytes);
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
      this.#throughPipe(service);
      // Removed and made again by somebody: then we would read a pipe that nobody writes to.
      if (this.#pipes.get(service)?.isSame(pipe) !== true) this.#listen(service);
      return pipe.fd;
    }
    this.#intoFile(service);
    return this.#log(service).openForChild();
  }

  #intoFile(service: string): void {
    this.#files.add(service);
    this.#log(service).followFromHere();
    this.#followIfWanted();
  }

  #throughPipe(service: string): void {
    if (!this.#files.delete(service)) return;
    this.#log(service).followNoMore();
    this.#followIfWanted();
  }

  /** What a service has written into its file by itself. */
  #takeUp(service: string): void {
    if (this.#files.has(service)) this.#log(service).follow(!this.#followers.has(service));
  }

  #markInterrupted(service: string, log: ServiceLog): void {
    const words = 'the supervisor was killed while it moved output: up to 64 KiB may be missing';
    log.mark(`${words} here`);
    this.#options.onProblem('WARNING', `${service}: ${words}; ${log.path} says where.`);
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
    const {lines} = this.#log(service);
    return this.#reader(
      service,
      path,
      (bytes) => lines.push(bytes),
      () => this.#retryLater(service),
    );
  }

  #reader(service: string, path: string, tell: (bytes: Buffer) => void, onLost?: () => void): FifoReader {
    const log = this.#log(service);
    const notes = this.#notes;
    return new FifoReader(
      path,
      {
        prepare: () => log.prepare(),
        moving: (isMoving) => notes.set(service, isMoving),
        store: (bytes) => log.store(bytes),
        tell,
      },
      onLost,
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
      log = new ServiceLog({
        service: assertFileName(service),
        logDir,
        maxFileBytes: logging.maxFileBytes,
        rotateEveryMs: logging.rotateEveryMs,
        onProblem,
        onRotated: (path) => this.retention.rotated(path),
        onFull: () => this.retention.giveUpOldest(),
      });
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
