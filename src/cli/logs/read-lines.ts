import {createReadStream} from 'node:fs';
import {open} from 'node:fs/promises';
import {createGunzip} from 'node:zlib';
import type {LogFile} from './log-files.js';
import {ArrivalTimes, logFilesOf, sizeOf} from './log-files.js';
import {ownTime} from './line-times.js';

export interface LogLine {
  readonly service: string;
  /** Milliseconds since the epoch; null: nobody knows. */
  readonly at: number | null;
  /** As it was written, without its end. */
  readonly text: string;
}

const chunkBytes = 64 * 1024;
/** What is longer is handed out in pieces: a program that never ends its line must not fill our memory. */
const longestLine = 1024 * 1024;

/** Where reading ends in the present file, when something else goes on from there; by path. */
export type Ends = ReadonlyMap<string, number>;
const wholeFiles: Ends = new Map();

/** All lines of a service from the last to the first; what is not asked for is not read. */
export async function* linesBackwards(logDir: string, service: string, ends = wholeFiles): AsyncGenerator<LogLine> {
  let later: number | null = null;
  for (const file of logFilesOf(logDir, service).reverse()) {
    const times = ArrivalTimes.read(file);
    for await (const {offset, text} of file.gzipped ? reversed(gunzipped(file)) : backwards(file, ends)) {
      const known = times.at(offset) ?? ownTime(text);
      // Clocks are set back, and lines without a time belong to what surrounds them: never later than what follows.
      const at: number | null = known === null ? later : later === null ? known : Math.min(known, later);
      later = at;
      yield {service, at, text};
    }
  }
}

/** All lines of a service from the first to the last; with `since`, earlier ones are left out where that is known. */
export async function* linesForwards(
  logDir: string,
  service: string,
  since: number | null,
  ends = wholeFiles,
): AsyncGenerator<LogLine> {
  let earlier: number | null = null;
  const files = logFilesOf(logDir, service);
  for (const [index, file] of files.entries()) {
    const times = ArrivalTimes.read(file);
    const from = since === null || file.gzipped ? 0 : times.offsetBefore(since);
    const next = files[index + 1];
    // A file was over when the next one began.
    if (since !== null && next !== undefined && (ArrivalTimes.read(next).at(0) ?? since) < since) continue;
    for await (const {offset, text} of file.gzipped ? gunzipped(file) : forwards(file, from, ends)) {
      const known = times.at(offset) ?? ownTime(text);
      const at: number | null = known === null ? earlier : earlier === null ? known : Math.max(known, earlier);
      earlier = at;
      yield {service, at, text};
    }
  }
}

interface Piece {
  /** In the (uncompressed) file. */
  readonly offset: number;
  readonly text: string;
}

const newline = 10;
const decode = (bytes: Buffer) => bytes.toString('utf8').replace(/\r$/, '');

/** Chunks from the end; a line's beginning may lie several chunks before its end. */
async function* backwards(file: LogFile, ends: Ends): AsyncGenerator<Piece> {
  const handle = await open(file.path, 'r').catch(() => null);
  if (handle === null) return; // rotated or removed since the folder was read
  try {
    let end = Math.min((await handle.stat()).size, ends.get(file.path) ?? Number.POSITIVE_INFINITY);
    let tail: Buffer = Buffer.alloc(0);
    let isLast = true;
    while (end > 0) {
      const start = Math.max(0, end - chunkBytes);
      const chunk = Buffer.alloc(end - start);
      const {bytesRead} = await handle.read(chunk, 0, chunk.length, start);
      let bytes: Buffer = Buffer.concat([chunk.subarray(0, bytesRead), tail]);
      for (let at = bytes.lastIndexOf(newline); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(newline, at - 1)) {
        const text = decode(bytes.subarray(at + 1));
        // Behind the last line end there is nothing, or a line that is still being written.
        if (!isLast || text !== '') yield {offset: start + at + 1, text};
        isLast = false;
        bytes = bytes.subarray(0, at);
      }
      tail = bytes;
      end = start;
      if (tail.length > longestLine) {
        yield {offset: start, text: decode(tail)};
        tail = Buffer.alloc(0);
      }
    }
    if (tail.length > 0 || !isLast) yield {offset: 0, text: decode(tail)};
  } finally {
    await handle.close();
  }
}

async function* forwards(file: LogFile, from: number, ends: Ends): AsyncGenerator<Piece> {
  const size = Math.min(sizeOf(file.path), ends.get(file.path) ?? Number.POSITIVE_INFINITY);
  if (size <= from) return;
  // As far as it goes now: whoever wants more follows.
  yield* split(createReadStream(file.path, {start: from, end: size - 1, highWaterMark: chunkBytes}), from);
}

async function* gunzipped(file: LogFile): AsyncGenerator<Piece> {
  const source = createReadStream(file.path);
  const plain = createGunzip();
  source.on('error', (error) => plain.destroy(error));
  yield* split(source.pipe(plain), 0);
}

async function* split(stream: AsyncIterable<Buffer>, from: number): AsyncGenerator<Piece> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = from;
  try {
    for await (const chunk of stream) {
      let bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, start)) {
        yield {offset: offset + start, text: decode(bytes.subarray(start, at))};
        start = at + 1;
      }
      bytes = bytes.subarray(start);
      offset += start;
      if (bytes.length > longestLine) {
        yield {offset, text: decode(bytes)};
        offset += bytes.length;
        bytes = Buffer.alloc(0);
      }
      rest = bytes;
    }
  } catch (error) {
    // A damaged or vanished file ends where it can't be read any more.
    if (!/^(ENOENT|EACCES|Z_)/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  if (rest.length > 0) yield {offset, text: decode(rest)};
}

/** A compressed file can only be read forwards; rotation keeps it small enough to hold. */
async function* reversed(pieces: AsyncIterable<Piece>): AsyncGenerator<Piece> {
  const all: Piece[] = [];
  for await (const piece of pieces) all.push(piece);
  for (let index = all.length - 1; index >= 0; index -= 1) yield all[index] as Piece;
}

/**
 * Several services as one stream. Lines of equal time stay together with their service, so that a traceback is not torn.
 * @param direction 1: every source ascends; -1: every source descends
 */
export async function* merged(sources: readonly AsyncGenerator<LogLine>[], direction: 1 | -1): AsyncGenerator<LogLine> {
  const heads: {source: AsyncGenerator<LogLine>; line: LogLine}[] = [];
  for (const source of sources) {
    const first = await source.next();
    if (first.done !== true) heads.push({source, line: first.value});
  }
  let last = -1;
  const rank = (line: LogLine) => (line.at ?? Number.NEGATIVE_INFINITY) * direction;
  try {
    while (heads.length > 0) {
      let best = last >= 0 && last < heads.length ? last : 0;
      for (const [index, head] of heads.entries()) {
        if (rank(head.line) < rank((heads[best] as {line: LogLine}).line)) best = index;
      }
      const head = heads[best] as (typeof heads)[number];
      yield head.line;
      const next = await head.source.next();
      last = best;
      if (next.done !== true) head.line = next.value;
      else {
        heads.splice(best, 1);
        last = -1;
      }
    }
  } finally {
    for (const {source} of heads) await source.return(undefined);
  }
}
