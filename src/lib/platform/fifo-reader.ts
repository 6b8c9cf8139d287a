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

/** All that a pipe holds: a program that writes whole lines is read in whole lines. */
const pipeBytes = 64 * 1024;
// All reading is synchronous, so all pipes share one buffer; a listener of `tell` may drain another pipe, hence two.
const readBuffer = Buffer.allocUnsafe(pipeBytes);
const drainBuffer = Buffer.allocUnsafe(pipeBytes);
/** More than this at an exit is somebody who goes on writing. */
const drainLimitBytes = 16 * pipeBytes;

/** A chatty service is read at most this often: what is in its pipe can't be lost by our death, what we hold can. */
const longestPauseMs = 16;
const shortestPauseMs = 1;

/** So much at once is a flood; it is one as long as eight times that much comes within the window. */
const floodBytes = 32 * 1024;
const floodWindowMs = 40;

/** Code that runs for the first time is slow, and a pipe is full when we come late: the first pieces are small ones. */
const firstPieceBytes = 4096;
let firstPieces = 4;

const smallPiece = 16 * 1024;
const manyPieces = 40;
const manyWithinMs = 4;
/** Half the time that a fast writer needs for a pipe: at twice that it waits for us, at a third we wake twice as often. */
const fillMs = 0.15;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let piecesSince = 0;
let pieces = 0;

/**
 * A program that writes line by line as fast as it can wakes us for each few lines: 95,000 reads for a million lines.
 * When pieces come by the dozen in a few milliseconds, we sleep for a moment, and half a pipe is there at once.
 * That halves our processor time and lets the writer write; nothing else waits noticeably.
 */
function letPipesFill(): void {
  if (++pieces < manyPieces) return;
  const now = performance.now();
  if (now - piecesSince > manyWithinMs) {
    piecesSince = now;
    pieces = 0;
    return;
  }
  pieces = manyPieces - 2;
  piecesSince = now;
  Atomics.wait(sleeper, 0, 0, fillMs);
}

interface Flood {
  since: number;
  /** Since then. */
  bytes: number;
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
  #flood: Flood | null = null;
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

  isSame({ino, dev}: OpenFifo): boolean {
    return !this.#closed && this.#stats.ino === ino && this.#stats.dev === dev;
  }

  /** Reads what is in the pipe now. */
  drain(): void {
    this.#take(drainBuffer, drainLimitBytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#signal.close();
  }

  #onReadable(): void {
    if (this.#closed) return;
    if (this.#flood !== null) {
      this.#readFlood(this.#flood);
      return;
    }
    this.#signal.disarm();
    // Soon again: it talks a lot, and is read at intervals from now on.
    const isSoon = performance.now() - this.#readAt < 2 * longestPauseMs;
    this.#pauseMs = isSoon ? Math.min(2 * this.#pauseMs, longestPauseMs) : shortestPauseMs;
    this.#goOn(this.#take(readBuffer, pipeBytes));
  }

  /** As fast as it comes; the signal stays armed. */
  #readFlood(flood: Flood): void {
    const bytes = this.#take(readBuffer, pipeBytes);
    flood.bytes += bytes;
    if (bytes < smallPiece) letPipesFill();
    if (this.#readAt - flood.since < floodWindowMs) return;
    if (flood.bytes < 8 * floodBytes) {
      this.#flood = null;
      this.#signal.disarm();
      this.#goOn(bytes);
      return;
    }
    flood.since = this.#readAt;
    flood.bytes = 0;
  }

  #goOn(bytes: number): void {
    if (this.#closed) return;
    if (bytes === 0) {
      this.#signal.arm();
      return;
    }
    if (bytes >= floodBytes) {
      this.#pauseMs = shortestPauseMs;
      this.#flood = {since: this.#readAt, bytes: 0};
      this.#signal.arm();
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
    for (let isMore = true; isMore && taken < limitBytes && !this.#closed; ) {
      const piece = firstPieces > 0 ? buffer.subarray(0, firstPieceBytes) : buffer;
      this.#sink.prepare();
      const bytes = this.#move(piece);
      if (bytes > 0) this.#sink.tell(piece.subarray(0, bytes));
      if (bytes > 0 && firstPieces > 0) firstPieces--;
      taken += bytes;
      isMore = bytes === piece.length;
    }
    this.#readAt = performance.now();
    return taken;
  }

  #move(buffer: Buffer): number {
    const sink = this.#sink;
    sink.moving(true);
    const bytes = this.#read(buffer);
    if (bytes > 0) sink.store(buffer.subarray(0, bytes));
    sink.moving(false);
    return bytes;
  }

  #read(buffer: Buffer): number {
    try {
      return readSync(this.#fd, buffer, 0, buffer.length, null);
    } catch {
      return 0; // EAGAIN: it is empty.
    }
  }
}
