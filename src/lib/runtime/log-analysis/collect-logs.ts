import {closeSync, fstatSync} from 'node:fs';
import type {Readable} from 'node:stream';
import type {SourceFacts} from '../../core/logs/assemble.js';
import {Collector} from '../../core/logs/scan/collector.js';
import {cutAt, lastCut} from '../../core/logs/scan/cutting.js';
import {Scanner, type ScanOptions} from '../../core/logs/scan/scanner.js';
import type {SegmentResult} from '../../core/logs/scan/segment.js';
import {kindOf, openInput, type OpenInput, readFully, streamOf, textOf} from '../../platform/log-input.js';
import {type ScanPool, scanHere, scanInWorkers} from './scan-pool.js';
import type {ScanTask} from './scan-task.js';

/** What is to be read. */
export interface LogInput {
  /** As it is shown. */
  readonly name: string;
  readonly service: string | null;
  readonly from: {readonly path: string} | {readonly stream: Readable};
}

export interface CollectOptions {
  readonly filter: Pick<ScanOptions, 'since' | 'until' | 'level' | 'greps'>;
  readonly labels: boolean;
  /** null: everything in this thread. */
  readonly workerFile: string | null;
  readonly workers: number;
  /** ms since 1970; dates without a year in a stream are before it. */
  readonly now: number;
  readonly segmentBytes?: number;
  /** Leave an incomplete last line to whoever follows the log. */
  readonly completeLines?: boolean;
  readonly onProgress?: (bytes: number, ofBytes: number) => void;
}

export interface Collected {
  readonly collector: Collector;
  readonly facts: readonly SourceFacts[];
  /** Files that could not be read at all. */
  readonly unreadable: readonly {readonly name: string; readonly code: string; readonly message: string}[];
}

const usualSegment = 4 * 1024 * 1024;
/** Less than that is read before workers have started. */
const worthWorkers = 24 * 1024 * 1024;
const peekBytes = 64 * 1024;
const mostLine = 16 * 1024 * 1024;
const mostUncut = 1024 * 1024;

interface Plan {
  readonly input: LogInput;
  readonly open: OpenInput | null;
  readonly source: number;
  bytes: number;
  encoding: SourceFacts['encoding'];
  readonly notes: string[];
}

/**
 * Reads logs in stretches of whole events and adds up what is in them. The result is the same for any number of workers
 * and any size of the stretches.
 */
export async function collectLogs(inputs: readonly LogInput[], options: CollectOptions): Promise<Collected> {
  const collector = new Collector();
  const unreadable: {name: string; code: string; message: string}[] = [];
  const plans: Plan[] = [];
  for (const input of inputs) {
    try {
      const opened = 'path' in input.from ? openInput(input.from.path) : null;
      const open = opened !== null && options.completeLines === true ? upToLastLine(opened) : opened;
      plans.push({input, open, source: collector.begin(), bytes: 0, encoding: 'utf-8', notes: []});
    } catch (error) {
      const {code = 'unknown', message} = error as NodeJS.ErrnoException;
      unreadable.push({name: input.name, code, message});
    }
  }
  const total = plans.reduce((sum, {open}) => sum + (open?.size ?? 0), 0);
  const pool =
    options.workerFile !== null && options.workers > 1 && total >= worthWorkers
      ? scanInWorkers(options.workerFile, options.workers)
      : scanHere();
  try {
    let done = 0;
    await inOrder(pool, tasksOf(plans, options), (task, result) => {
      collector.add(task.source, result);
      done += task.kind === 'range' ? task.to - task.from : task.bytes.byteLength;
      options.onProgress?.(done, total);
    });
  } finally {
    await pool.close();
    for (const plan of plans) leave(plan);
  }
  return {
    collector,
    unreadable,
    facts: plans.map(({input, bytes, encoding, notes}) => ({
      name: input.name,
      service: input.service,
      bytes,
      encoding,
      notes,
    })),
  };
}

function upToLastLine(open: OpenInput): OpenInput {
  if (!open.isRegular || open.kind !== 'plain') return open;
  const b = Buffer.allocUnsafe(peekBytes);
  for (let end = open.size; end > open.start; end -= b.length) {
    const from = Math.max(open.start, end - b.length);
    const at = b.subarray(0, readFully(open.fd, b, end - from, from)).lastIndexOf(10);
    if (at >= 0) return {...open, size: from + at + 1};
  }
  return {...open, size: open.start};
}

/** Several tasks are under way, their results are handed over in the order of the tasks. */
async function inOrder(
  pool: ScanPool,
  tasks: AsyncIterable<ScanTask>,
  take: (task: ScanTask, result: SegmentResult) => void,
): Promise<void> {
  const running: {readonly task: ScanTask; readonly result: Promise<SegmentResult>}[] = [];
  const oldest = async (): Promise<void> => {
    const first = running.shift();
    if (first !== undefined) take(first.task, await first.result);
  };
  for await (const task of tasks) {
    const result = pool.run(task);
    result.catch(() => {}); // it is awaited in its turn
    running.push({task, result});
    if (running.length >= pool.width) await oldest();
  }
  while (running.length > 0) await oldest();
}

async function* tasksOf(plans: readonly Plan[], options: CollectOptions): AsyncGenerator<ScanTask> {
  for (const plan of plans) {
    const scan: ScanOptions = {
      ...options.filter,
      labels: options.labels,
      reference: plan.open === null || !plan.open.isRegular ? options.now : plan.open.modifiedAt,
    };
    const segment = options.segmentBytes ?? usualSegment;
    if (plan.open?.isRegular === true && plan.open.kind === 'plain') yield* ranges(plan, plan.open, scan, segment);
    else yield* pieces(plan, scan, segment);
  }
}

function* ranges(plan: Plan, open: OpenInput, options: ScanOptions, segment: number): Generator<ScanTask> {
  const {fd, size} = open;
  const scanner = new Scanner(options);
  let from = open.start;
  while (from < size) {
    const boundary = from + segment;
    const cut = boundary >= size ? {to: size, next: size} : cutFile(scanner, fd, boundary, size);
    yield {kind: 'range', source: plan.source, options, fd, from, to: cut.to};
    if (cut.next > cut.to) plan.notes.push(`a line of more than ${mostLine / 1024 / 1024} MB is cut`);
    from = cut.next;
  }
  plan.bytes = size;
}

/** Where the stretch that reaches `boundary` ends, and where the next one begins. */
function cutFile(scanner: Scanner, fd: number, boundary: number, size: number): {to: number; next: number} {
  let looked = peekBytes;
  for (;;) {
    const b = Buffer.allocUnsafe(Math.min(looked, size - boundary + 1));
    // From the byte before the boundary: it may end a line.
    const length = readFully(fd, b, b.length, boundary - 1);
    const seen = b.subarray(0, length);
    const cut = cutAt(scanner, seen, 0, false);
    if (cut >= 0) return {to: boundary - 1 + cut, next: boundary - 1 + cut};
    if (length < looked || looked >= size - boundary + 1) return {to: size, next: size};
    const line = seen.indexOf(10);
    // Nothing that surely begins an event: any line will do.
    if (line >= 0 && looked >= mostUncut) return {to: boundary + line, next: boundary + line};
    if (looked >= mostLine) return {to: boundary + mostLine, next: behindLine(fd, boundary + mostLine, size)};
    looked *= 4;
  }
}

function behindLine(fd: number, from: number, size: number): number {
  const b = Buffer.allocUnsafe(1024 * 1024);
  for (let at = from; at < size; at += b.length) {
    const length = readFully(fd, b, Math.min(b.length, size - at), at);
    const end = b.subarray(0, length).indexOf(10);
    if (end >= 0) return at + end + 1;
    if (length === 0) break;
  }
  return size;
}

/** What has to be read from its beginning: compressed, in UTF-16, a pipe. */
async function* pieces(plan: Plan, options: ScanOptions, segment: number): AsyncGenerator<ScanTask> {
  const scanner = new Scanner(options);
  let kept: Buffer[] = [];
  let length = 0;
  let limit = segment;
  const task = (bytes: Buffer): ScanTask => {
    // A buffer of its own: it is handed over to a worker.
    const own = new Uint8Array(bytes.length);
    own.set(bytes);
    return {kind: 'bytes', source: plan.source, options, bytes: own};
  };
  try {
    for await (const chunk of bytesOf(plan)) {
      plan.bytes += chunk.length;
      kept.push(chunk);
      length += chunk.length;
      if (length < limit) continue;
      const b = Buffer.concat(kept, length);
      const last = lastCut(scanner, b, b.length);
      const cut = last > 0 ? last : length >= segment + mostUncut ? b.lastIndexOf(10) + 1 : 0;
      if (cut > 0) {
        yield task(b.subarray(0, cut));
        kept = [b.subarray(cut)];
        length -= cut;
        limit = Math.max(segment, length + segment / 2);
      } else if (length > mostLine + segment) {
        yield task(b.subarray(0, mostLine));
        plan.notes.push(`a line of more than ${mostLine / 1024 / 1024} MB is cut`);
        kept = [];
        length = 0;
        limit = segment;
      } else {
        kept = [b];
        limit = length * 2;
      }
    }
  } catch (error) {
    plan.notes.push(`not read to its end: ${(error as Error).message}`);
  }
  if (length > 0) yield task(Buffer.concat(kept, length));
}

async function* bytesOf(plan: Plan): AsyncGenerator<Buffer> {
  const {from} = plan.input;
  if (plan.open !== null && plan.open.isRegular) {
    plan.encoding = plan.open.kind === 'utf-16le' || plan.open.kind === 'utf-16be' ? plan.open.kind : 'utf-8';
    yield* textOf(streamOf(plan.open), plan.open.kind, plan.open.start);
    return;
  }
  const stream = plan.open !== null ? streamOf(plan.open) : (from as {readonly stream: Readable}).stream;
  // A pipe is known by its first bytes only.
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await iterator.next();
  if (first.done === true) return;
  const {kind, start} = kindOf(first.value);
  plan.encoding = kind === 'utf-16le' || kind === 'utf-16be' ? kind : 'utf-8';
  const {Readable: Stream} = await import('node:stream');
  async function* whole(): AsyncGenerator<Buffer> {
    yield first.value as Buffer;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  yield* textOf(Stream.from(whole(), {objectMode: false}), kind, start);
}

/** What has become of the file meanwhile. */
function leave(plan: Plan): void {
  const {open, notes} = plan;
  if (open === null) return;
  try {
    if (open.isRegular) {
      const now = fstatSync(open.fd);
      if (now.size > open.size) notes.push(`grew by ${now.size - open.size} bytes while it was read; these are not in`);
      else if (now.size < open.size) notes.push(`was cut from ${open.size} to ${now.size} bytes while it was read`);
      else if (now.nlink === 0) notes.push('was deleted while it was read');
    }
  } finally {
    closeSync(open.fd);
  }
}
