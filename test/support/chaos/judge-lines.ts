/** Was every line written exactly once and in order? Judged by the books that the services keep themselves. */

/** What stands in a service's log, in order. */
export type Entry =
  | {readonly tag: 'line'; readonly incarnation: number; readonly pid: number; readonly n: number; readonly at: number}
  /** erp says that it could not write so many lines. */
  | {readonly tag: 'dropped'; readonly lines: number}
  | {readonly tag: 'torn'; readonly text: string};

/** A life as the service itself has counted it. */
export interface Life {
  readonly incarnation: number;
  readonly pid: number;
  /** What write(2) has taken: owed. */
  readonly said: number;
  /** It was about to say so many: the last write of a killed process may have come or not. */
  readonly about: number;
}

/** When a supervisor was killed, or a disk was full, as far as it is known; epoch milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Loss {
  readonly why:
    | 'supervisor killed'
    | 'disk full'
    | 'supervisor killed while the disk was full'
    | 'old log removed for room';
  readonly lines: number;
  readonly text: string;
}

export interface LineVerdict {
  readonly lines: number;
  readonly violations: readonly string[];
  /** What is missing and may be: counted one by one. */
  readonly losses: readonly Loss[];
}

/** A supervisor reads at most so long after a line was written, unless it was stopped. */
const lagMs = 2000;
/** What it had read (64 KiB) and what the pipe held (64 KiB), in lines of 20 bytes or more. */
const mostOfAPiece = (2 * 64 * 1024) / 20;

export function readEntries(service: string, text: string): Entry[] {
  const entries: Entry[] = [];
  const pattern = new RegExp(`^${service} (\\d+):(\\d+) (\\d+) (\\d+)(?: x*)? \\.$`);
  for (const raw of text.split('\n')) {
    if (raw === '') continue;
    const line = pattern.exec(raw);
    const dropped = /^--- erp: (\d+) lines \(\d+ bytes\) of output are missing here/.exec(raw);
    if (line !== null) {
      const [incarnation = 0, pid = 0, n = 0, at = 0] = line.slice(1).map(Number);
      entries.push({tag: 'line', incarnation, pid, n, at});
    } else if (dropped !== null) entries.push({tag: 'dropped', lines: Number(dropped[1])});
    else if (!/^--- erp: |^Error: listen /.test(raw)) entries.push({tag: 'torn', text: raw});
  }
  return entries;
}

/** What may have cost lines. */
export interface Excuses {
  /** Each explains one piece that the killed supervisor had read and not written. */
  readonly kills?: readonly Span[];
  /** When nothing could be written: a supervisor that is killed then takes its count of dropped lines with it. */
  readonly full?: readonly Span[];
  /** Did erp say that it removed old logs of this service to make room? */
  readonly removed?: boolean;
}

/** @param lives in the order in which they began */
export function judgeLines(
  service: string,
  lives: readonly Life[],
  entries: readonly Entry[],
  excuses: Excuses = {},
): LineVerdict {
  return new Walk(service, lives, excuses).judge(entries);
}

/** Missing between two lines that are there: in one life, or over the ends of some. */
interface Hole {
  /** Pieces that are missing for sure, and how many lines each has. */
  readonly parts: readonly number[];
  readonly least: number;
  readonly most: number;
  readonly ends: number;
  readonly from: number;
  readonly to: number;
  readonly where: string;
}

class Walk {
  readonly #service: string;
  readonly #lives: readonly Life[];
  readonly #kills: Span[];
  readonly #full: readonly Span[];
  readonly #removed: boolean;
  readonly #violations: string[] = [];
  readonly #losses: Loss[] = [];
  /** Where we are: the life, and its last line that was there. */
  #life = -1;
  #n = 0;
  #at = 0;
  #dropped = 0;
  #torn: string[] = [];
  #lines = 0;

  constructor(service: string, lives: readonly Life[], {kills = [], full = [], removed = false}: Excuses) {
    this.#service = service;
    this.#lives = lives;
    this.#kills = [...kills];
    this.#full = full;
    this.#removed = removed;
  }

  judge(entries: readonly Entry[]): LineVerdict {
    for (const entry of entries) {
      if (entry.tag === 'dropped') this.#dropped += entry.lines;
      else if (entry.tag === 'torn') this.#torn.push(entry.text);
      else this.#line(entry);
    }
    this.#close(this.#holeBefore(this.#lives.length, 0, Number.POSITIVE_INFINITY));
    return {lines: this.#lines, violations: this.#violations, losses: this.#losses};
  }

  #line(entry: Extract<Entry, {tag: 'line'}>): void {
    const {incarnation, pid, n, at} = entry;
    const index = this.#lives.findIndex((life) => life.incarnation === incarnation && life.pid === pid);
    const name = `${this.#service} ${incarnation}:${pid} line ${n}`;
    const life = this.#lives[index];
    if (life === undefined) this.#violations.push(`${name} is of a life that nobody began`);
    else if (index < this.#life) this.#violations.push(`${name} comes after a line of a later life`);
    else if (index === this.#life && n <= this.#n)
      this.#violations.push(`${name} comes ${n === this.#n ? 'twice' : `after line ${this.#n}`}`);
    else if (n > life.about) this.#violations.push(`${name} was never written (${life.about} were)`);
    else {
      // Who tells no time may have said it at any.
      this.#close(this.#holeBefore(index, n, at === 0 ? Number.POSITIVE_INFINITY : at));
      this.#life = index;
      this.#n = n;
      this.#at = at;
      this.#lines += 1;
    }
  }

  /** What is missing between the last line and line n of that life. */
  #holeBefore(index: number, n: number, at: number): Hole {
    const passed = this.#lives.slice(Math.max(this.#life, 0), index);
    const begun = index === this.#life ? this.#n : 0;
    const sure = passed.map((life, i) => life.said - (i === 0 && this.#life >= 0 ? this.#n : 0));
    const maybe = passed.map((life, i) => life.about - (i === 0 && this.#life >= 0 ? this.#n : 0));
    const head = Math.max(0, n - 1 - begun);
    const parts = [...sure.map((lines) => Math.max(0, lines)), head].filter((lines) => lines > 0);
    const from = this.#lives[this.#life];
    const to = this.#lives[index];
    return {
      parts,
      least: sum(parts),
      most: sum(maybe) + head,
      ends: passed.length,
      from: this.#at,
      to: at,
      where: `${this.#service}: between ${from === undefined ? 'the beginning' : `${from.incarnation}:${from.pid} line ${this.#n}`} and ${to === undefined ? 'the end' : `${to.incarnation}:${to.pid} line ${n}`}`,
    };
  }

  #close(hole: Hole): void {
    const dropped = this.#dropped;
    const torn = this.#torn;
    this.#dropped = 0;
    this.#torn = [];
    // The line end that erp sets behind an unfinished life may be among what it counts.
    if (dropped > hole.most + hole.ends)
      this.#violations.push(`${hole.where}: erp says that ${dropped} lines are missing, ${hole.least} are`);
    if (dropped > 0) this.#losses.push({why: 'disk full', lines: Math.min(dropped, hole.most), text: hole.where});
    const unexplained = hole.least - dropped;
    if (unexplained > 0) {
      const wasFull = this.#full.some((span) => overlaps(span, hole));
      const pieces = dropped > 0 || wasFull ? 1 : hole.parts.length;
      const lost = (why: Loss['why']) => this.#losses.push({why, lines: unexplained, text: hole.where});
      // The oldest go first.
      if (this.#removed && this.#life === -1) lost('old log removed for room');
      else if (!wasFull && unexplained > pieces * mostOfAPiece)
        this.#violations.push(`${hole.where}: ${unexplained} lines are missing, more than a supervisor holds`);
      else if (this.#take(pieces, hole))
        lost(wasFull ? 'supervisor killed while the disk was full' : 'supervisor killed');
      else this.#violations.push(`${hole.where}: ${unexplained} lines are missing`);
    } else if (torn.length > 0 && dropped === 0)
      this.#violations.push(`${hole.where}: what is this? ${JSON.stringify(torn[0]?.slice(0, 200))}`);
  }

  /** Uses up so many kills that may have cost something here. */
  #take(pieces: number, hole: Hole): boolean {
    const able = this.#kills.filter((kill) => overlaps(kill, hole));
    if (able.length < pieces) return false;
    for (const kill of able.slice(0, pieces)) this.#kills.splice(this.#kills.indexOf(kill), 1);
    return true;
  }
}

const overlaps = (span: Span, {from, to}: Hole): boolean => span.to >= from && span.from <= to + lagMs;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
