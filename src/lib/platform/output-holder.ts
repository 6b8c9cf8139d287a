import {spawn} from 'node:child_process';
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {basename, join} from 'node:path';
import {findExecutable} from './executable.posix.js';
import {FolderStamp} from './folder-stamp.js';
import type {ProcessTable} from './process-table.js';
import {isEnded, isProcessOf, variableOf} from './process-table.js';
import type {OnProblem} from './service-log.js';
import type {ProcessIdentity} from './types.js';

/** By this variable a holder is found of which nothing was written down. */
const variable = 'ERP_HOLDER';
/** Where everything was killed and its folders removed nobody ends it: it ends by itself. */
const lifeSeconds = 24 * 3600;
/** So much of its life is left at least when a supervisor dies. */
const renewAfterMs = (lifeSeconds / 2) * 1000;

interface Holder extends ProcessIdentity {
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  /** What it holds: `dev:ino` by name. */
  readonly pipes: Readonly<Record<string, string>>;
}

/**
 * A FIFO that nobody has open forgets what is in it. A service holds its own, so while one of both lives nothing is lost;
 * but a service that ends while no supervisor lives would take its last words with it. So a `sleep` holds all FIFOs of a
 * project as well. It knows nothing, does nothing, and may be killed at any time: it is made again, and twice a day anyway.
 */
export class OutputHolder {
  readonly #runtimeDir: string;
  readonly #folder: FolderStamp;
  readonly #file: string;
  readonly #table: ProcessTable;
  readonly #onProblem: OnProblem;
  #holder: Holder | null | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(runtimeDir: string, table: ProcessTable, onProblem: OnProblem) {
    this.#runtimeDir = runtimeDir;
    this.#folder = new FolderStamp(runtimeDir);
    this.#file = join(runtimeDir, 'holder.json');
    this.#table = table;
    this.#onProblem = onProblem;
  }

  /** Somebody beside us holds these FIFOs, all in the runtime folder, when this returns; cheap when that is so already. */
  hold(fifos: () => readonly string[]): void {
    const isFirst = this.#holder === undefined;
    const old = this.#known();
    const isYoung = old !== null && Math.abs(Date.now() - old.madeAt) < renewAfterMs;
    const isSame = !this.#folder.changed();
    if (isYoung && isSame && !this.#isFailing && this.#isAlive(old)) return;
    const paths = fifos();
    const wanted = pipesOf(paths);
    const isEnough = isYoung && Object.entries(wanted).every(([name, pipe]) => old.pipes[name] === pipe);
    if (!isEnough || !this.#isAlive(old)) {
      const fresh = this.#start(paths, wanted);
      if (fresh !== null) {
        this.#holder = fresh;
        this.#write(fresh);
        if (old !== null) this.#end(old);
      }
    }
    if (isFirst) this.#endUnknown();
  }

  /** Another supervisor takes over: what it starts is not ours to judge. */
  close(): void {
    this.#isClosed = true;
  }

  /** Nobody needs the FIFOs any more. */
  release(): void {
    const holder = this.#known();
    if (holder !== null) this.#end(holder);
    this.#holder = null;
    rmSync(this.#file, {force: true});
  }

  #known(): Holder | null {
    this.#holder ??= this.#read();
    return this.#holder;
  }

  #start(paths: readonly string[], pipes: Holder['pipes']): Holder | null {
    const fds: number[] = [];
    try {
      const env = {PATH: `${process.env['PATH'] ?? ''}:/usr/bin:/bin`};
      const sleep = findExecutable('sleep', '/', env);
      if ('missing' in sleep) throw new Error(sleep.message);
      for (const path of paths)
        if (basename(path) in pipes) fds.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
      // Not below 3: what has a FIFO of a service as standard stream is taken for a part of the service.
      const child = spawn(sleep.found, [String(lifeSeconds)], {
        argv0: shownName(sleep.found),
        cwd: '/',
        env: {[variable]: this.#runtimeDir, ...ownMark()},
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', ...fds],
      });
      child.on('error', () => undefined);
      child.unref();
      if (child.pid === undefined) throw new Error(`${sleep.found} can't be started`);
      this.#isFailing = false;
      const startTime = this.#table.read(child.pid)?.startTime ?? null;
      return {pid: child.pid, startTime, bootId: this.#table.bootId, madeAt: Date.now(), pipes};
    } catch (error) {
      if (!this.#isFailing)
        this.#onProblem(
          'WARNING',
          `Nobody beside the supervisor holds the pipes: ${(error as Error).message}. What a service says last is lost if it ends while no supervisor lives.`,
        );
      this.#isFailing = true;
      return null;
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  }

  #read(): Holder | null {
    try {
      const value = JSON.parse(readFileSync(this.#file, 'utf8')) as Partial<Holder>;
      const {pid, startTime, bootId, madeAt = 0, pipes} = value;
      if (typeof pid !== 'number' || typeof bootId !== 'string' || typeof pipes !== 'object') return null;
      return {pid, startTime: typeof startTime === 'string' ? startTime : null, bootId, madeAt, pipes};
    } catch {
      return null;
    }
  }

  #write(holder: Holder): void {
    try {
      writeFileSync(`${this.#file}.new`, `${JSON.stringify(holder)}\n`, {mode: 0o600});
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // The next supervisor finds it by its environment.
    }
  }

  #isAlive(holder: ProcessIdentity): boolean {
    // Without a start time it could be anybody.
    if (holder.bootId !== this.#table.bootId || holder.startTime === null) return false;
    const row = this.#table.read(holder.pid);
    return row !== null && !isEnded(row) && isProcessOf(holder, row);
  }

  #end(holder: ProcessIdentity): void {
    if (!this.#isAlive(holder)) return;
    try {
      process.kill(holder.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  /** A supervisor that was killed right after it had started one could not write it down. */
  #endUnknown(): void {
    this.#table.scan((rows) => {
      if (this.#isClosed) return;
      for (const row of rows) {
        if (isEnded(row) || row.pid === this.#holder?.pid || !/^sleep$|busybox|coreutils/.test(row.name)) continue;
        const environ = this.#table.environ(row.pid);
        if (environ === null || variableOf(environ, variable) !== this.#runtimeDir) continue;
        this.#end({pid: row.pid, startTime: row.startTime, bootId: this.#table.bootId});
      }
    });
  }
}

/** It is the supervisor's and nobody's stray, whatever group or parent it is found with. */
function ownMark(): Record<string, string> {
  const {ERP_MARK: mark} = process.env;
  return mark === undefined ? {} : {ERP_MARK: mark};
}

/** Those that are there, by name. */
function pipesOf(paths: readonly string[]): Record<string, string> {
  const pipes: Record<string, string> = {};
  for (const path of paths) {
    const stats = lstatSync(path, {throwIfNoEntry: false});
    if (stats?.isFIFO() === true) pipes[basename(path)] = `${stats.dev}:${stats.ino}`;
  }
  return pipes;
}

/** busybox and its like look at this name to know what they are. */
function shownName(executable: string): string {
  return basename(realpathSync(executable)) === 'sleep' ? 'erp-output-holder' : 'sleep';
}
