import {BlockReader, isField, kindAt} from './blocks.js';
import {isBlank, isLetter} from './bytes.js';
import {Folding, plainError, startsWith} from './folding.js';
import {Ints} from './grown.js';
import {MessageHash} from './hash.js';
import {formatCode, formats, HeaderReader} from './header.js';
import {RecordReader} from './json-line.js';
import {levelCode} from './level.js';
import {measured} from './measure-plan.js';
import {RequestReader} from './request.js';
import {type SegmentResult, shapeKind, type ShapeKind} from './segment.js';
import {ScanMemory, Tally} from './tally.js';
import {cleanBytes, decodeBytes, withoutEscapes} from './text.js';
import {TimeReader} from './time-reader.js';

export interface ScanOptions {
  /** ms: what dates without a year are before. */
  readonly reference: number;
  /** Only events from then on, ms; before then. */
  readonly since: number | null;
  readonly until: number | null;
  /** 1 to 5: only this level and worse; 0: all. */
  readonly level: number;
  /** Only events that all of these match. */
  readonly greps: readonly RegExp[];
  /** Keep which shape each line belongs to. */
  readonly labels: boolean;
}

const mostText = 4000;
/** Bytes of a message in which a request begins, if it is one. */
const requestWithin = 64;
const mostDetail = 1000;
const newline = 10;

/** An event whose continuation lines may still come. */
interface Pending {
  isOpen: boolean;
  /** A record is counted at once: its reader is needed for the next one. */
  isCounted: boolean;
  /** Where the message stands: the segment itself, or a cleaned copy of its line. */
  bytes: Buffer;
  lineFrom: number;
  from: number;
  to: number;
  /** In the segment, for the whole text. */
  textFrom: number;
  textTo: number;
  line: number;
  time: number;
  isTimed: boolean;
  level: number;
  format: number;
  kind: ShapeKind;
  detail: Buffer | null;
  duration: number;
  errorFrom: number;
  errorTo: number;
}

/** From bytes to counts: one pass over each line, strings only for what is new. */
export class Scanner {
  readonly #options: ScanOptions;
  readonly #times: TimeReader;
  #header: HeaderReader;
  #record: RecordReader;
  /** For a line that is read again while the next one has been read already. */
  #spareHeader: HeaderReader;
  #spareRecord: RecordReader;
  readonly #blocks: BlockReader;
  readonly #request = new RequestReader();
  readonly #hash = new MessageHash();
  readonly #folding = new Folding();
  readonly #tally: Tally;
  #line = 0;
  #events = 0;
  #untimed = 0;
  #formats: number[] = [];
  #invalid = false;
  #slots: Ints | null = null;
  #segment: Buffer = Buffer.alloc(0);
  readonly #event: Pending = {
    isOpen: false,
    isCounted: false,
    bytes: Buffer.alloc(0),
    lineFrom: 0,
    from: 0,
    to: 0,
    textFrom: 0,
    textTo: 0,
    line: 0,
    time: Number.NaN,
    isTimed: false,
    level: 0,
    format: 0,
    kind: 0,
    detail: null,
    duration: Number.NaN,
    errorFrom: 0,
    errorTo: 0,
  }; // prettier-ignore

  constructor(options: ScanOptions, memory: ScanMemory = new ScanMemory()) {
    this.#options = options;
    this.#times = new TimeReader(options.reference);
    this.#header = new HeaderReader(this.#times);
    this.#record = new RecordReader(this.#times);
    this.#blocks = new BlockReader(this.#times);
    this.#spareHeader = new HeaderReader(this.#times);
    this.#spareRecord = new RecordReader(this.#times);
    this.#tally = new Tally(memory);
  }

  /** Whether an event begins at p wherever it stands: where a log may be cut. */
  beginsAt(b: Buffer, p: number, end: number): boolean {
    const c = b[p] as number;
    if (c === 123) return this.#record.readJson(b, p, end);
    if ((c === 95 || c === 69) && kindAt(b, p, end) !== null) return true;
    // It may be what the event before it threw.
    if (isBlank(c) || (c === 69 && startsWith(b, p, end, plainError)) || isField(b, p, end)) return false;
    if (!this.#header.read(b, p, end)) return false;
    return this.#header.format !== formatCode.levelled || this.#header.time === this.#header.time || !isBelowJul(b, p);
  }

  /** @param b whole events: from the beginning of a line to the end of one */
  scan(b: Buffer, from = 0, end = b.length): SegmentResult {
    this.#segment = b;
    this.#line = this.#events = this.#untimed = 0;
    this.#formats = formats.map(() => 0);
    this.#invalid = false;
    this.#slots = this.#options.labels ? new Ints() : null;
    this.#event.isOpen = false;
    this.#folding.reset();
    let p = from;
    while (p < end) {
      let q = b.indexOf(newline, p);
      if (q === -1 || q > end) q = end;
      this.#line += 1;
      const to = q > p && b[q - 1] === 13 ? q - 1 : q;
      this.#one(b, p, to, p, to);
      p = q + 1;
    }
    if (this.#blocks.kind !== null) this.#endBlock();
    this.#commit();
    const slots = this.#slots;
    if (slots !== null) while (slots.length < this.#line) slots.push(-1);
    this.#segment = Buffer.alloc(0);
    return this.#tally.result({
      lines: this.#line,
      events: this.#events,
      untimed: this.#untimed,
      formats: this.#formats,
      invalidUtf8: this.#invalid,
      lineSlots: slots === null ? null : slots.taken(),
    });
  }

  /** One line, p to end in b; textFrom and textTo are its place in the segment. */
  #one(b: Buffer, p: number, end: number, textFrom: number, textTo: number, isBehindPrefix = false): void {
    const event = this.#event;
    if (this.#blocks.kind !== null && this.#inBlock(b, p, end, textTo)) return;
    if (p === end) return;
    const c = b[p] as number;
    if (c === 27 || c === 0) {
      const clean = cleanBytes(b, p, end);
      if (clean.length > 0 || c === 27) this.#one(clean, 0, clean.length, textFrom, textTo, isBehindPrefix);
      return;
    }
    const isThrown = c === 69 && event.isOpen && this.#folding.isThrown(b, p, end, event.isTimed ? event.level : 0);
    if (isBlank(c)) {
      if (event.isOpen) {
        event.textTo = textTo;
        return;
      }
    } else if (c === 123 && this.#record.readJson(b, p, end)) {
      this.#beginRecord(b, p, end, textFrom, textTo, formatCode.json);
      return;
    } else if ((c === 95 || c === 69 || c === 84) && b === this.#segment && this.#blocks.begins(b, p, end)) {
      const {kind, format} = this.#blocks;
      this.#blocks.kind = null;
      this.#commit();
      this.#blocks.kind = kind;
      this.#begin(b, p, p, end, textFrom, textTo);
      event.format = format;
      event.time = Number.NaN;
      event.level = 0;
      return;
    } else if (!isThrown && this.#header.read(b, p, end)) {
      if (this.#completes(b, p, end, textTo)) return;
      this.#beginLine(b, p, end, textFrom, textTo);
      return;
    } else if (isLetter(c) && !isThrown) {
      if (this.#record.readLogfmt(b, p, end)) {
        this.#beginRecord(b, p, end, textFrom, textTo, formatCode.logfmt);
        return;
      }
      // Once: a table has many.
      const behind = isBehindPrefix ? 0 : behindPrefix(b, p, end);
      if (behind > 0 && behind < end) {
        this.#one(b, behind, end, textFrom, textTo, true);
        return;
      }
    }
    // `# Fields: …`, `# Watchdog-Log gestartet am …`: what a log says of itself is no event.
    if (c === 35) return;
    if (event.isOpen && this.#folding.goesOn(b, p, end, event.level)) {
      event.textTo = textTo;
      if (this.#folding.isDetail) {
        event.detail = b.subarray(p, Math.min(end, p + mostDetail));
        if (event.level === 0) event.level = levelCode.error;
      }
      return;
    }
    this.#commit();
    this.#begin(b, p, p, end, textFrom, textTo);
    event.level = this.#folding.begin(b, p, end);
    event.format = formatCode.plain;
  }

  /** @returns whether the line belongs to the block; if not, the block is over and counted */
  #inBlock(b: Buffer, p: number, end: number, textTo: number): boolean {
    const event = this.#event;
    const blocks = this.#blocks;
    if ((p === end || !this.beginsAt(b, p, end)) && blocks.goesOn(b, p, end)) {
      event.textTo = textTo;
      return true;
    }
    this.#endBlock();
    this.#commit();
    return false;
  }

  #endBlock(): void {
    const event = this.#event;
    const {time, level, messageFrom, messageTo} = this.#blocks;
    this.#blocks.kind = null;
    event.time = time;
    event.isTimed = time === time;
    event.level = level;
    if (messageTo > messageFrom) {
      event.lineFrom = event.from = messageFrom;
      event.to = messageTo;
    }
  }

  #begin(b: Buffer, lineFrom: number, from: number, to: number, textFrom: number, textTo: number): void {
    const event = this.#event;
    event.isOpen = true;
    event.isCounted = false;
    event.bytes = b;
    event.lineFrom = lineFrom;
    event.from = from;
    event.to = to;
    event.textFrom = textFrom;
    event.textTo = textTo;
    event.line = this.#line;
    event.detail = null;
    event.duration = Number.NaN;
    event.errorFrom = event.errorTo = 0;
    event.kind = shapeKind.message;
    event.isTimed = false;
  }

  #beginLine(b: Buffer, p: number, end: number, textFrom: number, textTo: number): void {
    this.#commit();
    const header = this.#header;
    this.#begin(b, p, Math.min(header.from, end), end, textFrom, textTo);
    const event = this.#event;
    event.time = header.time;
    event.isTimed = header.time === header.time;
    event.level = header.level;
    event.format = header.format;
    this.#folding.reset();
  }

  /**
   * java.util.logging writes an entry in two lines: when and where, then level and message.
   * @returns whether the line that was read just now is the second one
   */
  #completes(b: Buffer, p: number, end: number, textTo: number): boolean {
    const event = this.#event;
    const header = this.#header;
    if (header.format !== formatCode.levelled || header.time === header.time) return false;
    if (!event.isOpen || event.isCounted || event.line !== this.#line - 1 || event.bytes !== b) return false;
    if (!isJulHeader(b, event.lineFrom)) return false;
    event.lineFrom = p;
    event.from = Math.min(header.from, end);
    event.to = end;
    event.textTo = textTo;
    event.level = header.level;
    event.format = formatCode.timestamped;
    return true;
  }

  #beginRecord(b: Buffer, p: number, end: number, textFrom: number, textTo: number, format: number): void {
    this.#commit();
    const record = this.#record;
    const hasMessage = record.messageTo > record.messageFrom;
    this.#begin(b, p, hasMessage ? record.messageFrom : p, hasMessage ? record.messageTo : end, textFrom, textTo);
    const event = this.#event;
    event.time = record.time;
    event.isTimed = record.time === record.time;
    event.level = record.level;
    event.format = format;
    event.duration = record.duration;
    event.errorFrom = record.errorFrom;
    event.errorTo = record.errorTo;
    if (record.isWrapped && this.#header.read(b, event.from, event.to)) {
      event.from = this.#header.from;
      event.level ||= this.#header.level;
    }
    this.#folding.reset();
    this.#commit();
    event.isOpen = true;
    event.isCounted = true;
  }

  #commit(): void {
    const event = this.#event;
    if (!event.isOpen) return;
    event.isOpen = false;
    if (event.isCounted) return;
    if (!this.#keyed()) return;
    const request = event.kind === shapeKind.access;
    const {time, line} = event;
    const tally = this.#tally;
    const at = event.isTimed ? time : tally.lastTime;
    if (!this.#passes(at)) {
      this.#label(-1);
      return;
    }
    this.#events += 1;
    this.#formats[event.format] = (this.#formats[event.format] as number) + 1;
    if (event.isTimed) tally.time(time, line);
    else this.#untimed += 1;
    const key = this.#hash.key;
    const slot = tally.count(key, event.kind * 8 + event.level, line, at);
    this.#label(slot);
    if (tally.wantsExample(slot)) this.#example(slot, key, at);
    if (event.kind === shapeKind.message) this.#measure(slot, key, at);
    if (request || (this.#record.status > 0 && this.#isRecord())) this.#endpoint(at, request);
  }

  #isRecord(): boolean {
    const {format} = this.#event;
    return format === formatCode.json || format === formatCode.logfmt;
  }

  /**
   * Hashes the message. Access lines are told by what they answer; where they went is counted beside.
   * @returns false: the line has to be read again without its escape sequences
   */
  #keyed(): boolean {
    const event = this.#event;
    const hash = this.#hash;
    const {bytes: b, from, to} = event;
    hash.begin(event.level);
    const quote = hash.words(b, from, to, this.#isRecord() ? 0 : from + requestWithin);
    if (quote >= 0) {
      if (this.#request.read(b, quote, to)) {
        this.#keyedByRequest();
        return true;
      }
      hash.begin(event.level);
      hash.words(b, from, to);
    }
    if (hash.sawEscape && event.bytes === this.#segment) return this.#again();
    if (event.detail !== null) hash.words(event.detail, 0, event.detail.length);
    else if (event.errorTo > event.errorFrom) hash.words(b, event.errorFrom, event.errorTo);
    return true;
  }

  #keyedByRequest(): void {
    const event = this.#event;
    event.kind = shapeKind.access;
    if (
      event.format === formatCode.plain ||
      event.format === formatCode.timestamped ||
      event.format === formatCode.bracketed
    )
      event.format = formatCode.access;
    this.#hash.begin(event.level + 16);
    this.#hash.number(this.#request.status);
  }

  /** The message has colours in it. */
  #again(): boolean {
    const {line, textFrom, textTo, detail, lineFrom, to} = this.#event;
    const isRecord = this.#isRecord();
    const clean = cleanBytes(this.#segment, lineFrom, isRecord ? this.#lineEnd(to) : to);
    const present = this.#line;
    this.#swap();
    this.#line = line;
    this.#one(clean, 0, clean.length, textFrom, textTo);
    this.#line = present;
    this.#event.detail ??= detail;
    this.#commit();
    this.#swap();
    return false;
  }

  #swap(): void {
    [this.#header, this.#spareHeader] = [this.#spareHeader, this.#header];
    [this.#record, this.#spareRecord] = [this.#spareRecord, this.#record];
  }

  #lineEnd(p: number): number {
    const at = this.#segment.indexOf(newline, p);
    return at === -1 ? this.#segment.length : at;
  }

  #passes(time: number): boolean {
    const {since, until, level, greps} = this.#options;
    if (since !== null && !(time >= since)) return false;
    if (until !== null && !(time <= until)) return false;
    if (level > 0 && this.#event.level < level) return false;
    if (greps.length === 0) return true;
    const text = this.#text();
    return greps.every((grep) => grep.test(text));
  }

  #text(): string {
    const {textFrom, textTo} = this.#event;
    return withoutEscapes(decodeBytes(this.#segment, textFrom, Math.min(textTo, textFrom + mostText)));
  }

  #label(slot: number): void {
    const slots = this.#slots;
    if (slots === null) return;
    while (slots.length < this.#event.line - 1) slots.push(-1);
    slots.push(slot);
  }

  #example(slot: number, key: number, time: number): void {
    const event = this.#event;
    const {bytes: b, from, to, lineFrom} = event;
    const text = this.#text();
    this.#invalid ||= !isUtf8(b, from, Math.min(to, from + mostText));
    this.#tally.example(slot, {
      key,
      line: event.line,
      time,
      kind: event.kind,
      level: event.level,
      format: event.format,
      text,
      message: this.#isRecord() ? unquoted(this.#decoded(from, to)) : this.#decoded(from, to),
      header: this.#isRecord() ? '' : this.#decoded(lineFrom, from),
      detail: this.#detail(),
    });
  }

  #decoded(from: number, to: number): string {
    return withoutEscapes(decodeBytes(this.#event.bytes, from, Math.min(to, from + mostText)));
  }

  #detail(): string | null {
    const {detail, errorFrom, errorTo} = this.#event;
    if (detail !== null) return withoutEscapes(decodeBytes(detail, 0, detail.length));
    if (errorTo === errorFrom) return null;
    return unquoted(this.#decoded(errorFrom, errorTo)).split('\n', 1)[0] ?? null;
  }

  #measure(slot: number, key: number, time: number): void {
    const event = this.#event;
    if (this.#isRecord()) {
      if (event.duration === event.duration) this.#tally.measure(slot, time, event.duration);
      return;
    }
    const {bytes: b, from, to} = event;
    let plan = this.#tally.plan(slot);
    if (plan === undefined) plan = this.#tally.findPlan(slot, key, this.#decoded(from, Math.min(to, from + 400)));
    if (plan !== null) this.#tally.measure(slot, time, measured(b, from, to, plan));
  }

  #endpoint(time: number, request: boolean): void {
    const {bytes: b, line, from} = this.#event;
    const hash = this.#hash;
    const source = request ? this.#request : this.#record;
    const methodFrom = request ? this.#quoteBefore(b, from) : this.#record.methodFrom;
    const {methodTo, pathFrom} = source;
    const pathTo = request ? this.#request.pathTo : withoutQuery(b, pathFrom, this.#record.pathTo);
    if (methodTo <= methodFrom || pathTo <= pathFrom) return;
    hash.begin(64);
    hash.exactly(b, methodFrom, methodTo);
    hash.words(b, pathFrom, pathTo);
    hash.number(source.status);
    const key = hash.key;
    const slot = this.#tally.count(key, shapeKind.endpoint * 8, line, time);
    const duration = request ? this.#request.duration : this.#event.duration;
    if (duration === duration) this.#tally.measure(slot, time, duration);
    if (!this.#tally.wantsExample(slot)) return;
    const method = b.toString('latin1', methodFrom, methodTo);
    const path = this.#decoded(pathFrom, pathTo);
    this.#tally.example(slot, {
      key,
      line,
      time,
      kind: shapeKind.endpoint,
      level: 0,
      format: 0,
      text: '',
      message: path,
      header: method,
      detail: String(source.status),
    }); // prettier-ignore
  }

  #quoteBefore(b: Buffer, from: number): number {
    let q = this.#request.methodTo;
    while (q > from && b[q - 1] !== 34) q -= 1;
    return q;
  }
}

/** `Nov 23, 2026 6:13:26 AM erp.Main main` */
const isJulHeader = (b: Buffer, p: number): boolean =>
  isLetter(b[p]) && b[p + 3] === 32 && (b[p + 5] === 44 || b[p + 6] === 44);

/** The line before the one at p may be the first of two; where it is not in sight, nobody knows. */
function isBelowJul(b: Buffer, p: number): boolean {
  if (p < 2) return p > 0;
  const before = b.lastIndexOf(newline, p - 2);
  return before === -1 || isJulHeader(b, before + 1);
}

function withoutQuery(b: Buffer, from: number, to: number): number {
  for (let q = from; q < to; q += 1) if (b[q] === 63) return q;
  return to;
}

/** `api_1  | text`: how several services are merged into one stream. @returns where the text begins; 0: no prefix */
function behindPrefix(b: Buffer, p: number, end: number): number {
  const limit = Math.min(end, p + 40);
  let q = p;
  while (q < limit) {
    const c = b[q] as number;
    if (!isLetter(c) && c !== 45 && c !== 95 && c !== 46 && !(c >= 48 && c <= 57)) break;
    q += 1;
  }
  while (q < limit && b[q] === 32) q += 1;
  if (q >= limit || b[q] !== 124) return 0;
  return b[q + 1] === 32 ? q + 2 : q + 1;
}

function isUtf8(b: Buffer, from: number, to: number): boolean {
  for (let q = from; q < to; q += 1)
    if ((b[q] as number) > 127) return !b.toString('utf8', q, to).slice(0, -1).includes('\ufffd');
  return true;
}

/** The text between the quotes of a JSON string. */
function unquoted(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
