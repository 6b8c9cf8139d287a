import {closeSync} from 'node:fs';
import {kindOf, openInput, streamOf, textOf} from '../../platform/log-input.js';
import type {LogInput} from './collect-logs.js';

const mostHead = 2 * 1024 * 1024;
const mostTail = 24 * 1024 * 1024;

/** A log in memory. tail is null where all of it is in the head; else so many lines between them were left out. */
export interface WholeText {
  readonly head: Buffer;
  readonly tail: Buffer | null;
  readonly skippedLines: number;
}

/** @throws ErrnoException of open */
export async function wholeText({from}: LogInput): Promise<WholeText> {
  const kept = new Kept();
  if ('stream' in from) {
    let isFirst = true;
    for await (const chunk of from.stream as AsyncIterable<Buffer>) {
      // A pipe is read as it comes; UTF-16 is turned around by whoever wrote it.
      kept.push(isFirst ? chunk.subarray(kindOf(chunk).start) : chunk);
      isFirst = false;
    }
    return kept.whole();
  }
  const open = openInput(from.path);
  try {
    for await (const chunk of textOf(streamOf(open), open.kind, open.start)) kept.push(chunk);
  } finally {
    closeSync(open.fd);
  }
  return kept.whole();
}

class Kept {
  #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #dropped = 0;

  push(chunk: Buffer): void {
    if (this.#headBytes < mostHead) {
      this.#head.push(chunk);
      this.#headBytes += chunk.length;
      return;
    }
    this.#tail.push(chunk);
    this.#tailBytes += chunk.length;
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) > mostTail) {
      const gone = this.#tail.shift() as Buffer;
      this.#tailBytes -= gone.length;
      this.#dropped += newlinesIn(gone);
    }
  }

  whole(): WholeText {
    const head = Buffer.concat(this.#head);
    const rest = Buffer.concat(this.#tail);
    if (this.#dropped === 0) return {head: Buffer.concat([head, rest]), tail: null, skippedLines: 0};
    // Cut at lines: what the head begins and what the tail ends has no other half.
    const headEnd = head.lastIndexOf(10) + 1;
    const tailStart = rest.indexOf(10) + 1;
    return {
      head: head.subarray(0, headEnd),
      tail: rest.subarray(tailStart),
      skippedLines: this.#dropped + newlinesIn(head.subarray(headEnd)) + newlinesIn(rest.subarray(0, tailStart)),
    };
  }
}

function newlinesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
