import {isBlank, isDigit, isLetter, isUpper} from './bytes.js';

/**
 * Which lines without a header go on with the event before them.
 *
 *   ┌───────┐ Traceback   ┌────────┐ KeyError: 'x'  ┌────────┐
 *   │ plain ├────────────►│ frames ├───────────────►│ raised │ During handling …, Traceback: frames again
 *   └─┬───┬─┘             └────────┘                └────────┘
 *     │   │ a.b.XException, Caused by: ┌──────┐      any line with a header, and any other line that does not
 *     │   ╰───────────────────────────►│ java │      belong to it: plain
 *     │ goroutine 1 [running]:, panic: ├──────┤
 *     ╰───────────────────────────────►│ dump │ everything up to the next header
 *                                      └──────┘
 *   Node names the place first: plain ─ /srv/a.js:4 ─► place ─ the line there ─► source ─ TypeError: … ─► java
 */
export type Fold = 'plain' | 'frames' | 'raised' | 'java' | 'dump' | 'place' | 'source';

export class Folding {
  state: Fold = 'plain';
  /** The line names the error of the event. */
  isDetail = false;

  /** A line with a header has begun an event. */
  reset(): void {
    this.state = 'plain';
  }

  /**
   * @param level of the event before it
   * @returns whether the line goes on with it
   */
  goesOn(b: Buffer, p: number, end: number, level: number): boolean {
    this.isDetail = false;
    const c = b[p] as number;
    if (isBlank(c)) return true;
    if (this.state === 'dump') return true;
    if (c === 84 && startsWith(b, p, end, traceback)) {
      const goesOn = this.state === 'raised' || level >= 3;
      this.state = 'frames';
      return goesOn;
    }
    if (this.state === 'place' || this.state === 'source') {
      const isNamed = isException(b, p, end);
      const goesOn = isNamed || this.state === 'place';
      this.state = isNamed ? 'java' : this.state === 'place' ? 'source' : 'plain';
      this.isDetail = isNamed;
      if (goesOn) return true;
    }
    if (this.state === 'frames') {
      this.state = 'raised';
      this.isDetail = true;
      return true;
    }
    if (this.state === 'raised') {
      if (c === 91 || c === 40) return true;
      // What a worker raised, between two lines of these.
      if (c === 34 && b[p + 1] === 34 && b[p + 2] === 34) return true;
      if (startsWith(b, p, end, during) || startsWith(b, p, end, direct)) return true;
      this.state = 'plain';
    }
    if (c === 67 && startsWith(b, p, end, causedBy)) {
      this.isDetail = true;
      this.state = 'java';
      return true;
    }
    if (c === 46 && b[p + 1] === 46 && b[p + 2] === 46) return true;
    if (c === 125 || c === 41 || c === 93 || c === 94) return true;
    if (level >= 5 && c === 91 && startsWith(b, p, end, signal)) return true;
    if (this.state === 'java' && (startsWith(b, p, end, node) || startsWith(b, p, end, requires))) return true;
    if (this.state === 'java' && c === 45 && b[p + 1] === 32) return true;
    if (c === 103 && startsWith(b, p, end, goroutine)) {
      this.state = 'dump';
      return true;
    }
    if (level >= 4 && this.state === 'plain' && isException(b, p, end)) {
      this.isDetail = true;
      this.state = 'java';
      return true;
    }
    return false;
  }

  /**
   * `Error: …` looks like a header; behind a record of an error, or behind the place of one, it is what was thrown.
   * @param level of the event before it, which has a time; 0: it has none
   */
  isThrown(b: Buffer, p: number, end: number, level: number): boolean {
    if (!startsWith(b, p, end, plainError)) return false;
    return this.state === 'plain' ? level >= 4 : this.state === 'place' || this.state === 'source';
  }

  /** A line without a header that begins an event of its own. @returns its level */
  begin(b: Buffer, p: number, end: number): number {
    this.state = 'plain';
    if (startsWith(b, p, end, traceback)) {
      this.state = 'frames';
      return 4;
    }
    // All its lines are indented, so that they go on with whatever they stand behind.
    if (startsWith(b, p, end, group)) return 4;
    if (startsWith(b, p, end, panic)) {
      this.state = 'dump';
      return 5;
    }
    if (isException(b, p, end)) {
      this.state = 'java';
      return 4;
    }
    if (isPlace(b, p, end)) this.state = 'place';
    return 0;
  }
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const traceback = bytesOf('Traceback (most recent call last)');
const group = bytesOf('  + Exception Group Traceback (most recent');
const during = bytesOf('During handling of the above');
const direct = bytesOf('The above exception was the direct');
const causedBy = bytesOf('Caused by: ');
const goroutine = bytesOf('goroutine ');
const panic = bytesOf('panic: ');
const signal = bytesOf('[signal ');
const node = bytesOf('Node.js v');
const requires = bytesOf('Require stack:');
export const plainError = bytesOf('Error: ');

export function startsWith(b: Buffer, p: number, end: number, prefix: Uint8Array): boolean {
  if (end - p < prefix.length) return false;
  for (let i = 0; i < prefix.length; i += 1) if (b[p + i] !== prefix[i]) return false;
  return true;
}

/** `/srv/erp/app.js:4`, `node:internal/modules/cjs/loader:1210`, `C:\\erp\\app.js:4`, `[eval]:1`, alone on its line. */
function isPlace(b: Buffer, p: number, end: number): boolean {
  let q = end;
  while (q > p && isDigit(b[q - 1])) q -= 1;
  if (q === end || q - p < 3 || end - p > 400 || b[q - 1] !== 58) return false;
  if (
    b[p] !== 47 &&
    !(b[p + 1] === 58 && b[p + 2] === 92) &&
    !placeStarts.some((start) => startsWith(b, p, end, start))
  )
    return false;
  for (let r = p; r < q; r += 1) if (b[r] === 32) return false;
  return true;
}
const placeStarts = ['node:', 'file:///', '[eval]'].map(bytesOf);

/** `TypeError: …`, `java.sql.SQLException: …`, `Uncaught RangeError: …`, `sqlalchemy.exc.OperationalError`. */
export function isException(b: Buffer, p: number, end: number): boolean {
  let q = p;
  if (startsWith(b, q, end, uncaught)) q += uncaught.length;
  if (startsWith(b, q, end, inThread)) return true;
  const limit = Math.min(end, q + 120);
  const from = q;
  while (q < limit) {
    const c = b[q] as number;
    if (!isLetter(c) && c !== 46 && c !== 95 && c !== 36 && !(c >= 48 && c <= 57)) break;
    q += 1;
  }
  if (q - from < 5 || (q < end && b[q] !== 58 && b[q] !== 32)) return false;
  if (q < end && b[q] === 32 && b[q + 1] !== 91) return false; // `Error [ERR_X]: …` only
  const isNamed = endsWith(b, from, q, error) || endsWith(b, from, q, exception) || endsWith(b, from, q, throwable);
  return isNamed && (isUpper(b[from]) || b.subarray(from, q).includes(46));
}
const uncaught = bytesOf('Uncaught ');
const inThread = bytesOf('Exception in thread ');
const error = bytesOf('Error');
const exception = bytesOf('Exception');
const throwable = bytesOf('Throwable');

function endsWith(b: Buffer, from: number, to: number, suffix: Uint8Array): boolean {
  return to - from >= suffix.length && startsWith(b, to - suffix.length, to, suffix);
}
