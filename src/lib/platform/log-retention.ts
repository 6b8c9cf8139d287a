import {createReadStream, createWriteStream, readdirSync, renameSync, rmSync, statfsSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {pipeline} from 'node:stream';
import type {LoggingSpec, MachineSpec} from '../core/spec.js';
import type {OnProblem} from './service-log.js';

/** A rotated file rests first: in a flood retention may remove it before compressing it was worth the while. */
const restBeforeGzipMs = 10_000;
const sweepEveryMs = 60_000;
const dayMs = 24 * 3600 * 1000;

interface Rotated {
  readonly path: string;
  readonly service: string;
  readonly stamp: string;
  readonly bytes: number;
  readonly writtenAt: number;
  readonly gzipped: boolean;
}

/**
 * What becomes of rotated service logs: compressed in the background, one at a time, and removed by age, number and
 * sum. Only files of known services and of our own naming are ever touched: a log folder may be shared.
 */
export class LogRetention {
  readonly #services = new Set<string>();
  readonly #waiting: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #gzipTimer: NodeJS.Timeout | null = null;
  #compressing: string | null = null;
  #closed = false;

  readonly #logDir: string;
  readonly #logging: LoggingSpec;
  readonly #machine: MachineSpec | null;
  readonly #onProblem: OnProblem;

  constructor(logDir: string, logging: LoggingSpec, machine: MachineSpec | null, onProblem: OnProblem) {
    this.#logDir = logDir;
    this.#logging = logging;
    this.#machine = machine;
    this.#onProblem = onProblem;
  }

  watch(services: readonly string[]): void {
    for (const service of services) this.#services.add(service);
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.sweep(), sweepEveryMs).unref();
    setImmediate(() => {
      if (this.#closed) return;
      this.#takeUpLeftovers();
      this.sweep();
    });
  }

  rotated(path: string): void {
    if (this.#logging.gzip) this.#enqueue(path, restBeforeGzipMs);
    setImmediate(() => this.sweep());
  }

  sweep(): void {
    if (this.#closed) return;
    const files = this.#list();
    const counts = new Map<string, number>();
    const oldest = Date.now() - this.#logging.maxAgeDays * dayMs;
    let total = 0;
    for (const file of files.reverse()) {
      const count = (counts.get(file.service) ?? 0) + 1;
      counts.set(file.service, count);
      total += file.bytes;
      const isOver =
        file.writtenAt < oldest ||
        (this.#logging.maxFiles !== null && count > this.#logging.maxFiles) ||
        total > this.#logging.maxTotalBytes;
      if (isOver && this.#remove(file)) total -= file.bytes;
    }
    this.#makeRoom();
  }

  /** Removes the oldest rotated file; null: there is none left. */
  removeOldest(): {readonly path: string; readonly bytes: number} | null {
    for (const file of this.#list()) if (this.#remove(file)) return file;
    return null;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#gzipTimer !== null) clearTimeout(this.#gzipTimer);
  }

  /** Little space left: old logs go before new output does. */
  #makeRoom(): void {
    if (this.#machine === null) return;
    for (;;) {
      const lowBytes = this.#missingBytes(this.#machine);
      if (lowBytes <= 0) return;
      const removed = this.removeOldest();
      if (removed === null) return;
      this.#onProblem(
        'WARNING',
        `Little space on the disk: the old log ${removed.path} (${removed.bytes} bytes) was removed.`,
      );
    }
  }

  #missingBytes(machine: MachineSpec): number {
    try {
      const disk = statfsSync(this.#logDir);
      return Math.min(machine.minFreeBytes, machine.minFreeRatio * disk.blocks * disk.bsize) - disk.bavail * disk.bsize;
    } catch {
      return 0;
    }
  }

  /** Oldest first. */
  #list(): Rotated[] {
    let names: string[];
    try {
      names = readdirSync(this.#logDir);
    } catch {
      return [];
    }
    const files: Rotated[] = [];
    for (const name of names) {
      const match = /^(.+)-(\d{8}-\d{6})(?:-(\d+))?\.log(\.gz)?$/.exec(name);
      if (match === null || !this.#services.has(match[1] as string)) continue;
      const path = join(this.#logDir, name);
      const stats = statSync(path, {throwIfNoEntry: false});
      if (stats === undefined) continue;
      files.push({
        path,
        service: match[1] as string,
        stamp: `${match[2]}-${(match[3] ?? '').padStart(6, '0')}`,
        bytes: stats.size,
        writtenAt: stats.mtimeMs,
        gzipped: match[4] !== undefined,
      });
    }
    return files.sort((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0));
  }

  #remove(file: Rotated): boolean {
    if (file.path === this.#compressing) return false;
    try {
      rmSync(file.path, {force: true});
      rmSync(`${file.path.replace(/\.gz$/, '')}.times`, {force: true});
      return true;
    } catch (error) {
      this.#onProblem('WARNING', `The old log ${file.path} could not be removed: ${(error as Error).message}`);
      return false;
    }
  }

  /** A supervisor that died while compressing left a part, or both files. */
  #takeUpLeftovers(): void {
    for (const file of this.#list()) {
      if (file.gzipped) {
        // Complete, because it was renamed when it was: the plain one is not needed any more.
        rmSync(file.path.replace(/\.gz$/, ''), {force: true});
      } else if (this.#logging.gzip) {
        rmSync(`${file.path}.gz.part`, {force: true});
        this.#enqueue(file.path, 0);
      }
    }
  }

  #enqueue(path: string, restMs: number): void {
    this.#waiting.push(path);
    if (this.#compressing === null) this.#gzipTimer ??= setTimeout(() => this.#compressNext(), restMs).unref();
  }

  #compressNext(): void {
    this.#gzipTimer = null;
    const path = this.#waiting.shift();
    if (path === undefined || this.#closed) return;
    const stats = statSync(path, {throwIfNoEntry: false});
    if (stats === undefined) {
      this.#compressNext();
      return;
    }
    this.#compressing = path;
    const part = `${path}.gz.part`;
    // Level 1: a third of the processor time of the default for a tenth more bytes. Loaded late: most runs never rotate.
    const gzip = process.getBuiltinModule('node:zlib').createGzip({level: 1});
    pipeline(createReadStream(path), gzip, createWriteStream(part, {mode: 0o640}), (error) => {
      try {
        if (error) throw error;
        renameSync(part, `${path}.gz`);
        rmSync(path);
      } catch (failure) {
        rmSync(part, {force: true});
        this.#onProblem('WARNING', `The log ${path} could not be compressed: ${(failure as Error).message}`);
      }
      this.#compressing = null;
      if (this.#waiting.length > 0 && !this.#closed)
        this.#gzipTimer = setTimeout(() => this.#compressNext(), 100).unref();
    });
  }
}
