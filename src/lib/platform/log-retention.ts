import {readdirSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {compressLog, isCompressed} from './compressed-log.js';
import {diskSpace} from './disk-space.js';
import {byAge, parseRotated, type RotatedName} from './rotated-name.js';
import type {LoggingSpec, MachineSpec} from '../core/spec.js';
import type {OnProblem} from './service-log.js';

/** A rotated file rests first: in a flood retention may remove it before compressing it was worth the while. */
const restBeforeGzipMs = 10_000;
const pauseBetweenGzipsMs = 100;
const sweepEveryMs = 60_000;
/** What could not be compressed (no room for it) is tried again. */
const gzipAgainAfterMs = 10 * 60_000;
const dayMs = 24 * 3600 * 1000;

interface Rotated extends RotatedName {
  readonly path: string;
  readonly bytes: number;
  readonly writtenAt: number;
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
  #gzipFailedAt: number | null = null;
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
    this.makeRoom();
    if (this.#gzipFailedAt !== null && Date.now() - this.#gzipFailedAt > gzipAgainAfterMs) {
      this.#gzipFailedAt = null;
      this.#takeUpLeftovers();
    }
  }

  /** Little space left: old logs go before new output does. */
  makeRoom(): void {
    if (this.#closed) return;
    while (this.#machine !== null && this.#missingBytes(this.#machine) > 0) {
      if (!this.#giveUpOldest('Little space on the disk')) return;
    }
  }

  /** The disk is full: the oldest rotated file goes. False: there is none left. */
  giveUpOldest(): boolean {
    return !this.#closed && this.#giveUpOldest('The disk is full');
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#gzipTimer !== null) clearTimeout(this.#gzipTimer);
  }

  #giveUpOldest(why: string): boolean {
    const removed = this.#list().find((file) => this.#remove(file));
    if (removed !== undefined)
      this.#onProblem('WARNING', `${why}: the old log ${removed.path} (${removed.bytes} bytes) was removed.`);
    return removed !== undefined;
  }

  #missingBytes(machine: MachineSpec): number {
    const disk = diskSpace(this.#logDir);
    return disk === null ? 0 : Math.min(machine.minFreeBytes, machine.minFreeRatio * disk.sizeBytes) - disk.freeBytes;
  }

  /** Oldest first. */
  #list(): Rotated[] {
    const files: Rotated[] = [];
    for (const name of this.#names()) {
      const rotated = parseRotated(name);
      if (rotated === null || !this.#services.has(rotated.service)) continue;
      const path = join(this.#logDir, name);
      const stats = statSync(path, {throwIfNoEntry: false});
      if (stats !== undefined) files.push({...rotated, path, bytes: stats.size, writtenAt: stats.mtimeMs});
    }
    return files.sort(byAge);
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#logDir);
    } catch {
      return [];
    }
  }

  #remove(file: Rotated): boolean {
    const plain = file.path.replace(/\.gz$/, '');
    if (plain === this.#compressing) return false;
    try {
      rmSync(file.path, {force: true});
      rmSync(`${plain}.times`, {force: true});
      return true;
    } catch (error) {
      this.#onProblem('WARNING', `The old log ${file.path} could not be removed: ${(error as Error).message}`);
      return false;
    }
  }

  /** A supervisor that died while compressing left a part, or both files. */
  #takeUpLeftovers(): void {
    for (const name of this.#names()) {
      const part = name.endsWith('.log.gz.part') ? parseRotated(name.slice(0, -'.part'.length)) : null;
      const path = join(this.#logDir, name);
      if (part !== null && this.#services.has(part.service) && path !== `${this.#compressing}.gz.part`)
        rmSync(path, {force: true});
    }
    if (this.#logging.gzip)
      for (const {path, gzipped} of this.#list()) if (!gzipped && !this.#waiting.includes(path)) this.#enqueue(path, 0);
  }

  #enqueue(path: string, restMs: number): void {
    this.#waiting.push(path);
    if (this.#compressing === null) this.#gzipTimer ??= setTimeout(() => this.#compressNext(), restMs).unref();
  }

  #compressNext(): void {
    this.#gzipTimer = null;
    const path = this.#waiting.find((one) => statSync(one, {throwIfNoEntry: false}) !== undefined);
    this.#waiting.splice(0, path === undefined ? this.#waiting.length : this.#waiting.indexOf(path) + 1);
    if (path === undefined || this.#closed) return;
    this.#compressing = path;
    if (statSync(`${path}.gz`, {throwIfNoEntry: false}) === undefined) {
      compressLog(path, (error) => this.#compressed(path, error));
      return;
    }
    isCompressed(path, `${path}.gz`, (isSo) => {
      if (isSo) rmSync(path, {force: true});
      if (isSo) this.#compressed(path, null);
      else compressLog(path, (error) => this.#compressed(path, error));
    });
  }

  #compressed(path: string, error: Error | null): void {
    this.#compressing = null;
    if (error !== null && !this.#closed) {
      this.#gzipFailedAt = Date.now();
      this.#onProblem('WARNING', `The log ${path} could not be compressed: ${error.message}`);
    }
    if (this.#waiting.length > 0 && !this.#closed)
      this.#gzipTimer = setTimeout(() => this.#compressNext(), pauseBetweenGzipsMs).unref();
  }
}
