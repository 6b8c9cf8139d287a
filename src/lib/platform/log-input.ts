import {closeSync, createReadStream, fstatSync, openSync, readSync} from 'node:fs';
import type {Readable} from 'node:stream';
import {createGunzip} from 'node:zlib';

export type InputKind = 'plain' | 'gzip' | 'utf-16le' | 'utf-16be';

/** A file that is open for the whole analysis: who rotates or deletes it meanwhile takes nothing away. */
export interface OpenInput {
  readonly fd: number;
  readonly kind: InputKind;
  /** Bytes when it was opened; what is written later is not read. 0 for what is no regular file. */
  readonly size: number;
  readonly isRegular: boolean;
  /** Where the text begins, behind a byte order mark. */
  readonly start: number;
  /** ms */
  readonly modifiedAt: number;
}

/** @throws ErrnoException of open; EISDIR for a folder */
export function openInput(path: string): OpenInput {
  const fd = openSync(path, 'r');
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), {code: 'EISDIR'});
    const isRegular = stat.isFile();
    const head = Buffer.alloc(4096);
    const length = isRegular ? readSync(fd, head, 0, head.length, 0) : 0;
    const {kind, start} = kindOf(head.subarray(0, length));
    return {fd, kind, start, isRegular, size: isRegular ? stat.size : 0, modifiedAt: stat.mtimeMs};
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** From the first bytes of a file or stream. */
export function kindOf(head: Buffer): {readonly kind: InputKind; readonly start: number} {
  const [one, two, three] = head;
  if (one === 0x1f && two === 0x8b) return {kind: 'gzip', start: 0};
  if (one === 0xff && two === 0xfe) return {kind: 'utf-16le', start: 2};
  if (one === 0xfe && two === 0xff) return {kind: 'utf-16be', start: 2};
  if (one === 0xef && two === 0xbb && three === 0xbf) return {kind: 'plain', start: 3};
  // PowerShell's redirection on some systems leaves the mark away: every second byte of Western text is zero.
  if (head.length >= 32) {
    let odd = 0;
    let even = 0;
    for (let i = 0; i + 1 < 32; i += 2) {
      if (head[i] === 0) even += 1;
      if (head[i + 1] === 0) odd += 1;
    }
    if (odd >= 14 && even === 0) return {kind: 'utf-16le', start: 0};
    if (even >= 14 && odd === 0) return {kind: 'utf-16be', start: 0};
  }
  return {kind: 'plain', start: 0};
}

/** Reads as much as is there, at most length bytes. */
export function readFully(fd: number, into: Buffer, length: number, position: number): number {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, into, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** Bytes of a text in UTF-8 (or cp1252), whatever the input is; rejects where it is damaged. */
export async function* textOf(stream: Readable, kind: InputKind, start: number): AsyncGenerator<Buffer, void> {
  if (kind === 'gzip') {
    const unpacked = createGunzip();
    stream.on('error', (error) => unpacked.destroy(error));
    stream.pipe(unpacked);
    let isFirst = true;
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      if (isFirst) {
        const inner = kindOf(chunk);
        if (inner.kind === 'utf-16le' || inner.kind === 'utf-16be') throw new Error('UTF-16 within gzip is not read');
        yield chunk.subarray(inner.start);
      } else yield chunk;
      isFirst = false;
    }
    return;
  }
  let skip = start;
  const decoder = kind === 'plain' ? null : new TextDecoder(kind);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const rest = chunk.subarray(skip);
    skip = 0;
    if (rest.length > 0) yield decoder === null ? rest : Buffer.from(decoder.decode(rest, {stream: true}));
  }
}

export const streamOf = (input: OpenInput): Readable =>
  createReadStream('', {
    fd: input.fd,
    autoClose: false,
    highWaterMark: 1024 * 1024,
    ...(input.isRegular ? {start: 0, end: Math.max(0, input.size - 1)} : {}),
  });
