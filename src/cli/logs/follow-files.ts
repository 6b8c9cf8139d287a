import {closeSync, fstatSync, openSync, readSync, statSync, watch} from 'node:fs';
import {join} from 'node:path';
import {StringDecoder} from 'node:string_decoder';
import type {Ends, LogLine} from './read-lines.js';

/** Where a file's last complete line ends: reading goes up to there, following goes on from there. */
export function completeSizes(logDir: string, services: readonly string[]): Map<string, number> {
  return new Map(
    services.map((service) => {
      const path = join(logDir, `${service}.log`);
      return [path, completeSize(path)];
    }),
  );
}

function completeSize(path: string): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return 0;
  }
  try {
    const chunk = Buffer.alloc(64 * 1024);
    for (let end = fstatSync(fd).size; end > 0; end -= Math.min(end, chunk.length)) {
      const start = Math.max(0, end - chunk.length);
      const bytes = readSync(fd, chunk, 0, end - start, start);
      const at = chunk.subarray(0, bytes).lastIndexOf(10);
      if (at >= 0) return start + at + 1;
    }
    return 0;
  } finally {
    closeSync(fd);
  }
}

/** Some file systems (network, containers' bind mounts) tell of no changes. */
const lookEveryMs = 1000;

/**
 * Calls for each new complete line, also over rotation (the old file is read to its end first), truncation and removal.
 * @returns stops
 */
export function followFiles(
  logDir: string,
  services: readonly string[],
  from: Ends,
  onLine: (line: LogLine) => void,
): () => void {
  const files = services.map((service) => {
    const path = join(logDir, `${service}.log`);
    return new Followed(path, from.get(path) ?? 0, (text) => onLine({service, at: Date.now(), text}));
  });
  const look = () => {
    for (const file of files) file.look();
  };
  const timer = setInterval(look, lookEveryMs);
  let watcher: ReturnType<typeof watch> | null = null;
  try {
    watcher = watch(logDir, look);
    watcher.on('error', () => watcher?.close());
  } catch {
    // No folder yet, or no watches left: the timer is enough.
  }
  look();
  return () => {
    clearInterval(timer);
    watcher?.close();
    for (const file of files) file.close();
  };
}

class Followed {
  readonly #path: string;
  readonly #onText: (text: string) => void;
  #fd: number | null = null;
  #at: number;
  #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(path: string, at: number, onText: (text: string) => void) {
    this.#path = path;
    this.#at = at;
    this.#onText = onText;
  }

  look(): void {
    if (this.#fd === null && !this.#open()) return;
    this.#read();
    const named = statSync(this.#path, {throwIfNoEntry: false});
    const ours = this.#fd === null ? null : fstatSync(this.#fd);
    if (ours === null || named === undefined || (named.ino === ours.ino && named.dev === ours.dev)) return;
    // Rotated: what was written between our reading and the renaming has to be read from the old file.
    this.#read();
    this.close();
    this.#at = 0;
    if (this.#open()) this.#read();
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): boolean {
    try {
      this.#fd = openSync(this.#path, 'r');
      return true;
    } catch {
      return false;
    }
  }

  #read(): void {
    if (this.#fd === null) return;
    const {size} = fstatSync(this.#fd);
    if (size < this.#at) {
      this.#at = 0;
      this.#rest = '';
      this.#decoder = new StringDecoder('utf8');
    }
    const chunk = Buffer.allocUnsafe(64 * 1024);
    for (let bytes = 1; bytes > 0 && this.#at < size; this.#at += bytes) {
      bytes = readSync(this.#fd, chunk, 0, Math.min(chunk.length, size - this.#at), this.#at);
      const lines = (this.#rest + this.#decoder.write(chunk.subarray(0, bytes))).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#onText(line.replace(/\r$/, ''));
    }
  }
}
