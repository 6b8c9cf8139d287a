import {isLetter} from './bytes.js';
import {levelOf, levelOfSeverity} from './level.js';
import {formatCode} from './header.js';
import type {TimeReader} from './time-reader.js';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');
const cursor = ascii('__CURSOR=');
const realtime = ascii('__REALTIME_TIMESTAMP=');
const priority = ascii('PRIORITY=');
const message = ascii('MESSAGE=');
const windowsEvent = ascii('Event[');
const timeCreated = ascii('TimeCreated');

/**
 * Events that take several lines of `name=value` or `name: value`: journald's export, events of Windows as wevtutil and
 * Get-WinEvent | Format-List write them.
 */
export class BlockReader {
  /** null: not within a block. */
  kind: 'journal' | 'event' | 'list' | null = null;
  time = Number.NaN;
  level = 0;
  messageFrom = 0;
  messageTo = 0;
  readonly #times: TimeReader;
  #isDescription = false;

  constructor(times: TimeReader) {
    this.#times = times;
  }

  get format(): number {
    return this.kind === 'journal' ? formatCode['journald-export'] : formatCode['windows-event'];
  }

  /** Whether a block begins with this line; it is read then. */
  begins(b: Buffer, p: number, end: number): boolean {
    const kind = kindAt(b, p, end);
    if (kind === null) return false;
    this.kind = kind;
    this.time = Number.NaN;
    this.level = this.messageFrom = this.messageTo = 0;
    this.#isDescription = false;
    this.goesOn(b, p, end);
    return true;
  }

  /** The next line. @returns false: the block has ended before it */
  goesOn(b: Buffer, p: number, end: number): boolean {
    if (this.kind === 'journal') {
      if (p === end) return false;
      this.#journal(b, p, end);
      return true;
    }
    if (this.kind === 'list' && p === end) return false;
    if (this.messageTo === 0 && this.#isDescription && p < end) {
      this.messageFrom = p;
      this.messageTo = end;
    }
    const at = colon(b, p, end);
    if (at > 0) this.#named(b, p, at, end);
    return true;
  }

  #journal(b: Buffer, p: number, end: number): void {
    if (startsWith(b, p, end, realtime)) {
      if (this.#times.epoch(Number(b.toString('latin1', p + realtime.length, end)))) this.time = this.#times.time;
    } else if (startsWith(b, p, end, priority)) this.level = levelOfSeverity((b[p + priority.length] as number) - 48);
    else if (startsWith(b, p, end, message)) {
      this.messageFrom = p + message.length;
      this.messageTo = end;
    }
  }

  #named(b: Buffer, p: number, at: number, end: number): void {
    if (this.#isDescription) return;
    const name = b.toString('latin1', p, at).trim();
    let from = at + 1;
    while (from < end && b[from] === 32) from += 1;
    switch (name) {
      case 'Date':
      case 'TimeCreated':
      case 'Datum':
        if (this.#times.read(b, from, end)) this.time = this.#times.time;
        break;
      case 'Level':
      case 'LevelDisplayName':
      case 'EntryType':
      case 'Ebene':
        this.level = levelOf(b, from, end);
        break;
      case 'Message':
      case 'Meldung':
        this.messageFrom = from;
        this.messageTo = end;
        break;
      case 'Description':
      case 'Beschreibung':
        this.#isDescription = true;
        if (from < end) {
          this.messageFrom = from;
          this.messageTo = end;
        }
    }
  }
}

/** What kind of block begins with this line, wherever it stands. */
export function kindAt(b: Buffer, p: number, end: number): BlockReader['kind'] {
  const c = b[p];
  if (c === 95) return startsWith(b, p, end, cursor) ? 'journal' : null;
  if (c === 69) return startsWith(b, p, end, windowsEvent) ? 'event' : null;
  return c === 84 && startsWith(b, p, end, timeCreated) && colon(b, p, end) > 0 ? 'list' : null;
}

/** `Message   : …`, as Format-List writes: it is no header, whatever stands behind the colon. */
export function isField(b: Buffer, p: number, end: number): boolean {
  let q = p;
  while (q < end && q - p < 34 && isLetter(b[q])) q += 1;
  if (q === p || b[q] !== 32) return false;
  while (q < end && q - p < 34 && b[q] === 32) q += 1;
  return b[q] === 58 && b[q + 1] === 32;
}

/** The colon behind a name of at most 30 letters; 0: none. */
function colon(b: Buffer, p: number, end: number): number {
  const limit = Math.min(end, p + 34);
  for (let q = p; q < limit; q += 1) if (b[q] === 58) return q;
  return 0;
}

function startsWith(b: Buffer, p: number, end: number, prefix: Buffer): boolean {
  return end - p >= prefix.length && b.compare(prefix, 0, prefix.length, p, p + prefix.length) === 0;
}
