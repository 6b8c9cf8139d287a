import {constants, fstatSync, openSync, readSync, type Stats} from 'node:fs';
import type {OpenFifo} from './fifos.js';
import {type ReadableSignal, readableSignal} from './readable-signal.js';

/** Where the bytes of a pipe go. */
export interface ByteSink {
  /** Everything that may take its time and has to come before the next piece: nothing is in our hands yet. */
  prepare(): void;
  /** We are about to take a piece out of the pipe (true), or have put it where it belongs (false). */
  moving(isMoving: boolean): void;
  /** Puts a piece where it belongs. Between the pipe and this nothing may come: who is killed here has lost it. */
  store(bytes: Buffer): void;
  /** What was stored, for those who look at it; valid during the call. */
  tell(bytes: Buffer): void;
}

/** At once in our hands, and so what a killed supervisor loses of a flood at most. */
const pieceBytes = 16 * 1024;
const pipeBytes = 64 * 1024;
// All reading is synchronous, so all pipes share one buffer; a listener of `tell` may drain another pipe, hence two.
const readBuffer = Buffer.allocUnsafe(pipeBytes);
const drainBuffer = Buffer.allocUnsafe(pipeBytes);
/** More than this at an exit is somebody who goes on writing. */
const drainLimitBytes = 16 * pipeBytes;

/** A chatty service is read at most this often: what is in its pipe can't be lost by our death, what we hold can. */
const longestPauseMs = 16;
const shortestPauseMs = 1;

const floodBytes = 32 * 1024;
const stillFloodBytes = 4 * 1024;
const floodRounds = 20;
const fillMs = 0.2;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const flooded = new Set<FifoReader>();

/**
 * A program that writes line by line as fast as it can would wake us for each few lines: 95,000 reads for a million.
 * We sleep for a fifth of a millisecond instead, and a whole pipe is there at once. That halves our processor time and
 * lets the writer write; all that flood are read in turn, and after 4 ms everything else has its turn.
 */
function readFloods(): void {
  for (let round = 0; round < floodRounds && flooded.size > 0; round++) {
    Atomics.wait(sleeper, 0, 0, fillMs);
    for (const reader of flooded) if (!reader.readFlood()) flooded.delete(reader);
  }
  if (flooded.size > 0) setImmediate(readFloods);
}

/** Moves what comes out of a FIFO into a sink. */
export class FifoReader {
  readonly #fd: number;
  readonly #stats: Pick<Stats, 'ino' | 'dev'>;
  readonly #sink: ByteSink;
  readonly #signal: ReadableSignal;
  #timer: NodeJS.Timeout | null = null;
  #pauseMs = shortestPauseMs;
  #readAt = 0;
  #closed = false;

  /** @throws if the FIFO can't be opened */
  constructor(path: string, sink: ByteSink, onLost: () => void = () => undefined) {
    this.#sink = sink;
    // Read-write although we only read: a FIFO without a writer is at its end again and again.
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#stats = fstatSync(this.#fd);
    this.#signal = readableSignal(
      this.#fd,
      () => this.#onReadable(),
      () => {
        this.#closed = true;
        onLost();
      },
    );
    // What is compiled at its first use is compiled now, and not with the first piece in our hands.
    sink.store(readBuffer.subarray(0, 0));
    this.#signal.arm();
  }

  isSame({ino, dev}: Pick<OpenFifo, 'ino' | 'dev'>): boolean {
    return !this.#closed && this.#stats.ino === ino && this.#stats.dev === dev;
  }

  /** Reads what is in the pipe now. */
  drain(): void {
    this.#take(drainBuffer, drainLimitBytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    flooded.delete(this);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#signal.close();
  }

  /** False: this pipe is no longer flooded, and was left to its own pace. */
  readFlood(): boolean {
    if (this.#closed) return false;
    const bytes = this.#take(readBuffer, pipeBytes);
    if (bytes >= stillFloodBytes) return true;
    this.#goOn(bytes);
    return false;
  }

  #onReadable(): void {
    if (this.#closed) return;
    // Soon again: it talks a lot, and is read at intervals from now on.
    const isSoon = performance.now() - this.#readAt < 2 * longestPauseMs;
    this.#pauseMs = isSoon ? Math.min(2 * this.#pauseMs, longestPauseMs) : shortestPauseMs;
    this.#goOn(this.#take(readBuffer, pipeBytes));
  }

  #goOn(bytes: number): void {
    if (this.#closed) return;
    if (bytes === 0) {
      this.#signal.arm();
      return;
    }
    if (bytes >= floodBytes) {
      this.#pauseMs = shortestPauseMs;
      if (flooded.size === 0) setImmediate(readFloods);
      flooded.add(this);
      return;
    }
    const wanted = bytes * 8 > pipeBytes ? this.#pauseMs / 2 : this.#pauseMs;
    this.#pauseMs = Math.max(wanted, shortestPauseMs);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
      this.#goOn(this.#take(readBuffer, pipeBytes));
    }, this.#pauseMs);
  }

  /** @returns how many bytes were there */
  #take(buffer: Buffer, limitBytes: number): number {
    let taken = 0;
    for (let bytes = buffer.length; bytes === buffer.length && taken < limitBytes && !this.#closed; taken += bytes) {
      this.#sink.prepare();
      bytes = this.#move(buffer);
      if (bytes > 0) this.#sink.tell(bytes === buffer.length ? buffer : buffer.subarray(0, bytes));
    }
    this.#readAt = performance.now();
    return taken;
  }

  #move(buffer: Buffer): number {
    const sink = this.#sink;
    let moved = 0;
    sink.moving(true);
    try {
      for (let bytes = pieceBytes; bytes === pieceBytes && moved < buffer.length; moved += bytes) {
        bytes = readSync(this.#fd, buffer, moved, pieceBytes, null);
        if (bytes > 0) sink.store(buffer.subarray(moved, moved + bytes));
      }
    } catch {
      // EAGAIN: it is empty.
    }
    sink.moving(false);
    return moved;
  }
}
