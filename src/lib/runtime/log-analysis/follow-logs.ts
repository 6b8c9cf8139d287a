import {closeSync, fstatSync, openSync, readSync, statSync} from 'node:fs';
import type {SourceFacts} from '../../core/logs/assemble.js';
import type {Collector} from '../../core/logs/scan/collector.js';
import {lastCut} from '../../core/logs/scan/cutting.js';
import {Scanner, type ScanOptions} from '../../core/logs/scan/scanner.js';

/** Whoever writes an event in pieces has this long for the next one. */
const idleMs = 1000;
const mostAtOnce = 8 * 1024 * 1024;

export interface FollowedLog {
  readonly name: string;
  readonly service: string | null;
  readonly path: string;
  /** Where reading goes on. */
  readonly from: number;
}

/** Reads on what is written into logs, over rotation, truncation, removal and return. */
export class LogFollower {
  readonly #collector: Collector;
  readonly #options: Omit<ScanOptions, 'reference'>;
  readonly #followed: Followed[];
  /** Of the sources that have come since. */
  readonly facts: (SourceFacts & {bytes: number})[] = [];

  /** @param first index of the source for each log */
  constructor(
    collector: Collector,
    logs: readonly FollowedLog[],
    first: readonly number[],
    options: Omit<ScanOptions, 'reference'>,
  ) {
    this.#collector = collector;
    this.#options = options;
    this.#followed = logs.map((log, index) => new Followed(log, first[index] as number));
  }

  /** @returns what the reader should know */
  poll(now: number): {readonly bytes: number; readonly notes: readonly string[]} {
    let bytes = 0;
    const notes: string[] = [];
    for (const one of this.#followed) {
      for (const change of one.look(now)) {
        if (change.kind === 'note') notes.push(change.text);
        else if (change.kind === 'anew') {
          one.source = this.#collector.begin();
          one.scanner = null;
          this.facts.push({name: one.log.name, service: one.log.service, bytes: 0, encoding: 'utf-8', notes: []});
        } else {
          one.scanner ??= new Scanner({...this.#options, reference: now});
          bytes += this.#take(one, one.scanner, change.bytes, change.isIdle);
        }
      }
    }
    return {bytes, notes};
  }

  close(): void {
    for (const one of this.#followed) one.close();
  }

  #take(one: Followed, scanner: Scanner, read: Buffer, isIdle: boolean): number {
    const all = one.kept.length === 0 ? read : Buffer.concat([one.kept, read]);
    const complete = all.lastIndexOf(10) + 1;
    const begun = isIdle || all.length > mostAtOnce ? complete : lastCut(scanner, all, complete);
    const cut = begun > 0 ? begun : 0;
    if (cut > 0) this.#collector.add(one.source, scanner.scan(all, 0, cut));
    one.kept = Buffer.from(all.subarray(cut));
    return cut;
  }
}

type Change =
  | {readonly kind: 'bytes'; readonly bytes: Buffer; readonly isIdle: boolean}
  | {readonly kind: 'anew'}
  | {readonly kind: 'note'; readonly text: string};

class Followed {
  readonly log: FollowedLog;
  source: number;
  scanner: Scanner | null = null;
  kept = Buffer.alloc(0);
  #fd: number | null = null;
  #at: number;
  #isGone = false;
  #lastAt = 0;

  constructor(log: FollowedLog, source: number) {
    this.log = log;
    this.source = source;
    this.#at = log.from;
    this.#open();
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  *look(now: number): Generator<Change> {
    if (this.#fd === null) {
      if (!this.#open()) return;
      this.#at = 0;
      this.#isGone = false;
      yield {kind: 'note', text: `${this.log.name} is there again`};
      yield {kind: 'anew'};
    }
    yield* this.#read(now);
    const fd = this.#fd as number;
    const named = statSync(this.log.path, {throwIfNoEntry: false});
    if (named === undefined) {
      if (!this.#isGone)
        yield {kind: 'note', text: `${this.log.name} was deleted or renamed; waiting for it to come back`};
      this.#isGone = true;
      return;
    }
    const ours = fstatSync(fd);
    if (named.ino === ours.ino && named.dev === ours.dev) return;
    // What was written between our reading and the renaming.
    yield* this.#read(now);
    if (this.kept.length > 0) yield {kind: 'bytes', bytes: Buffer.from('\n'), isIdle: true};
    this.close();
    if (!this.#open()) {
      yield {kind: 'note', text: `${this.log.name} can't be read any more`};
      return;
    }
    this.#at = 0;
    this.#isGone = false;
    yield {kind: 'note', text: `${this.log.name} was rotated; going on with the new one`};
    yield {kind: 'anew'};
    yield* this.#read(now);
  }

  *#read(now: number): Generator<Change> {
    const fd = this.#fd as number;
    const {size} = fstatSync(fd);
    if (size < this.#at) {
      yield {
        kind: 'note',
        text: `${this.log.name} was cut from ${this.#at} to ${size} bytes; going on from its beginning`,
      };
      this.#at = 0;
      this.kept = Buffer.alloc(0);
      yield {kind: 'anew'};
    }
    while (this.#at < size) {
      const chunk = Buffer.allocUnsafe(Math.min(mostAtOnce, size - this.#at));
      const count = readSync(fd, chunk, 0, chunk.length, this.#at);
      if (count === 0) break;
      this.#at += count;
      this.#lastAt = now;
      yield {kind: 'bytes', bytes: chunk.subarray(0, count), isIdle: false};
    }
    if (this.kept.length > 0 && now - this.#lastAt >= idleMs)
      yield {kind: 'bytes', bytes: Buffer.alloc(0), isIdle: true};
  }

  #open(): boolean {
    try {
      this.#fd = openSync(this.log.path, 'r');
      return true;
    } catch {
      return false;
    }
  }
}
