import {isDigit, isUpper} from './bytes.js';
import {decimal} from './json-line.js';

/** Reads `"GET /api/orders/7?page=2 HTTP/1.1" 200 15 … 0.123` where an access line has it. */
export class RequestReader {
  methodTo = 0;
  pathFrom = 0;
  /** Without the query. */
  pathTo = 0;
  status = 0;
  /** Behind status and reason. */
  end = 0;
  /** ms; NaN: the line does not tell. */
  duration = Number.NaN;

  /** @param p of the quote */
  read(b: Buffer, p: number, end: number): boolean {
    let q = p + 1;
    while (q < end && isUpper(b[q]) && q - p <= 8) q += 1;
    if (q - p < 4 || b[q] !== 32) return false;
    this.methodTo = q;
    q += 1;
    if (b[q] !== 47 && b[q] !== 42 && b[q] !== 104) return false;
    this.pathFrom = q;
    while (q < end && b[q] !== 32 && b[q] !== 63 && b[q] !== 34) q += 1;
    this.pathTo = q;
    while (q < end && b[q] !== 34) q += b[q] === 92 ? 2 : 1;
    if (
      q >= end ||
      b[q + 1] !== 32 ||
      !isDigit(b[q + 2]) ||
      !isDigit(b[q + 3]) ||
      !isDigit(b[q + 4]) ||
      isDigit(b[q + 5])
    )
      return false;
    if (b[q - 4] !== 47 && b[q - 2] !== 47) return false; // HTTP/1.1, HTTP/2
    this.status = decimal(b, q + 2, q + 5);
    if (this.status < 100) return false;
    this.end = q + 5;
    this.duration = lastSeconds(b, this.end, end);
    return true;
  }
}

/** A last word like `0.123`, `rt=0.123` or `15ms`: how nginx, gunicorn and others write how long it took. */
function lastSeconds(b: Buffer, from: number, end: number): number {
  let q = end;
  let unit = 1000;
  if (b[q - 1] === 34 && isDigit(b[q - 2])) q -= 1;
  const to = q;
  if (b[q - 1] === 115) {
    q -= 1;
    if (b[q - 1] === 109) {
      q -= 1;
      unit = 1;
    }
  }
  const digitsTo = q;
  let dots = 0;
  while (q > from && (isDigit(b[q - 1]) || b[q - 1] === 46)) {
    q -= 1;
    if (b[q] === 46) dots += 1;
  }
  const before = b[q - 1];
  if (q === digitsTo || dots > 1 || (dots === 0 && to === digitsTo)) return Number.NaN;
  if (before !== 32 && before !== 61 && before !== 34) return Number.NaN;
  return decimal(b, q, digitsTo) * unit;
}
