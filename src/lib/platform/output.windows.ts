import {appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {LogRetention} from './log-retention.js';
import {assertFileName} from './file-name.js';
import type {OutputOptions} from './output.js';
import {RecentLines} from './recent-lines.js';
import {sizeOf} from './file-state.js';
import {nextRotated} from './rotated-name.js';
import type {Cancel, LogPlace, Outputs} from './types.js';

const followEveryMs = 250;

interface Followed {
  readonly path: string;
  readonly lines: RecentLines;
  readAt: number;
  /** Lines of ours that could not be written while the service's cmd held the file. */
  marks: string[];
  listeners: number;
}

/**
 * Output on Windows: cmd.exe redirects each service into its log itself, and while it does, nobody else may open the
 * file for writing. So we only read what has come, write our own lines when the service has ended, and rotate before
 * a start.
 */
export class WindowsOutputs implements Outputs {
  readonly #options: OutputOptions;
  readonly #files = new Map<string, Followed>();
  readonly #lifeStarts = new Map<string, Omit<LogPlace, 'to'>>();
  readonly retention: LogRetention;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.retention = new LogRetention(options.logDir, options.logging, options.machine, options.onProblem);
  }

  open(services: readonly string[]): void {
    for (const service of services) this.#file(service);
    this.retention.watch(services);
  }

  beginLife(service: string): void {
    const file = this.#file(service);
    this.#read(file);
    file.lines.forget();
    this.#lifeStarts.set(service, {path: file.path, from: sizeOf(file.path)});
  }

  lifePlace(service: string): LogPlace | null {
    const start = this.#lifeStarts.get(service);
    return start === undefined ? null : {...start, to: sizeOf(start.path)};
  }

  tail(service: string, lines: number): readonly string[] {
    const file = this.#file(service);
    this.#read(file);
    return file.lines.last(lines);
  }

  drain(service: string): void {
    const file = this.#file(service);
    this.#read(file);
    file.lines.closeLine();
    this.#writeMarks(file);
  }

  onLine(service: string, callback: (line: string) => void): Cancel {
    const file = this.#file(service);
    this.#read(file);
    const cancel = file.lines.onLine(callback);
    file.listeners++;
    this.#timer ??= setInterval(() => {
      for (const one of this.#files.values()) if (one.listeners > 0) this.#read(one);
    }, followEveryMs);
    let done = false;
    return () => {
      if (done) return;
      done = true;
      cancel();
      file.listeners--;
      if (this.#timer === null || [...this.#files.values()].some((one) => one.listeners > 0)) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  mark(service: string, text: string): void {
    const file = this.#file(service);
    file.marks.push(text.startsWith('---') ? text : `--- erp: ${text} ---`);
    if (file.marks.length > 100) file.marks.shift();
    this.#writeMarks(file);
  }

  /** The log for the next life of a service; rotated first when it is full. */
  fileFor(service: string): string {
    const file = this.#file(service);
    this.#read(file);
    this.#writeMarks(file);
    if ((statSync(file.path, {throwIfNoEntry: false})?.size ?? 0) >= this.#options.logging.maxFileBytes)
      this.#rotate(file);
    return file.path;
  }

  /** Now and then: is there room left? */
  look(): void {
    this.retention.makeRoom();
  }

  close(): void {
    this.retention.close();
    if (this.#timer !== null) clearInterval(this.#timer);
    for (const file of this.#files.values()) this.#writeMarks(file);
  }

  #file(service: string): Followed {
    let file = this.#files.get(service);
    if (file === undefined) {
      const path = join(this.#options.logDir, `${assertFileName(service)}.log`);
      try {
        mkdirSync(this.#options.logDir, {recursive: true});
      } catch (error) {
        this.#options.onProblem(
          'ERROR',
          `The log folder ${this.#options.logDir} can't be made: ${(error as Error).message}`,
        );
      }
      const size = statSync(path, {throwIfNoEntry: false})?.size ?? 0;
      file = {path, lines: new RecentLines(), readAt: Math.max(0, size - 64 * 1024), marks: [], listeners: 0};
      this.#files.set(service, file);
      this.#read(file);
    }
    return file;
  }

  #read(file: Followed): void {
    let fd: number | null = null;
    try {
      fd = openSync(file.path, 'r');
      const {size} = fstatSync(fd);
      if (file.readAt > size) file.readAt = 0;
      const chunk = Buffer.allocUnsafe(64 * 1024);
      while (file.readAt < size) {
        const bytes = readSync(fd, chunk, 0, Math.min(chunk.length, size - file.readAt), file.readAt);
        if (bytes === 0) break;
        file.readAt += bytes;
        file.lines.push(chunk.subarray(0, bytes));
      }
    } catch {
      file.readAt = 0; // there is no file: whatever comes is new
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  #writeMarks(file: Followed): void {
    if (file.marks.length === 0) return;
    try {
      appendFileSync(file.path, `${file.lines.isInLine ? '\n' : ''}${file.marks.join('\n')}\n`);
      file.marks = [];
    } catch {
      // EBUSY or EPERM: the service still has it. They are written when it has ended.
    }
  }

  #rotate(file: Followed): void {
    const target = nextRotated(file.path, new Date());
    try {
      renameSync(file.path, target);
      file.readAt = 0;
      this.retention.rotated(target);
    } catch (error) {
      this.#options.onProblem('WARNING', `The log ${file.path} could not be rotated: ${(error as Error).message}`);
    }
  }
}
