import {byteClass, classOf, isLetter, isUpper} from './bytes.js';

/** Longer messages are told apart by their beginning. */
const mostHashed = 2048;
/** Stands for each word with a digit in it. */
const masked = 0x7ffffff;

/**
 * A message as a number: equal for messages that differ only in words with digits in them. 53 bits from two
 * independent sums, so that a collision among a million messages is as good as impossible.
 */
export class MessageHash {
  #one = 0;
  #two = 0;
  /** An escape sequence was met: the line has to be cleaned first. */
  sawEscape = false;

  /** @param seed what else tells messages apart: kind, level */
  begin(seed: number): void {
    this.#one = Math.imul(seed + 0x3c6ef372, 0x9e3779b1) | 0;
    this.#two = Math.imul(seed ^ 0x5bd1e995, 0x85ebca6b) | 0;
    this.sawEscape = false;
  }

  get key(): number {
    return (this.#one >>> 0) * 0x20_0000 + (this.#two >>> 11);
  }

  /**
   * Words with digits count as one and the same, unless they are names.
   * @param requestTo stops at the first quote before it where a request may begin: then the hash is of no use
   * @returns where it stopped; -1: at the end
   */
  words(b: Buffer, p: number, end: number, requestTo = 0): number {
    const limit = end - p > mostHashed ? p + mostHashed : end;
    let one = this.#one;
    let two = this.#two;
    let sum = 0;
    let digits = 0;
    for (let q = p; q < limit; q += 1) {
      const c = b[q] as number;
      const kind = classOf[c] as number;
      // One branch for nine bytes of ten: what decides the speed of the whole analysis.
      if (kind < byteClass.separator) {
        sum = (Math.imul(sum, 0x6f4f2a35) + c) | 0;
        digits += kind;
      } else {
        if (kind >= byteClass.escape) {
          if (kind === byteClass.escape) this.sawEscape = true;
          else if (q < requestTo) {
            if (isUpper(b[q + 1])) return q;
            requestTo = 0;
          }
        }
        if (digits > 0 && (digits > 1 || !isName(b, q))) sum = masked;
        one = (Math.imul(one ^ sum, 0x9e3779b1) + c) | 0;
        two = (Math.imul(two + sum, 0x85ebca6b) ^ c) | 0;
        one ^= one >>> 15;
        two ^= two >>> 13;
        sum = digits = 0;
      }
    }
    if (digits > 0 && (digits > 1 || !isName(b, limit))) sum = masked;
    one = Math.imul(one ^ sum, 0xc2b2ae35);
    two = Math.imul(two + sum, 0x27d4eb2f);
    this.#one = one ^ (one >>> 16);
    this.#two = two ^ (two >>> 14);
    return -1;
  }

  /** Bytes as they are. */
  exactly(b: Buffer, p: number, end: number): void {
    let one = this.#one;
    let two = this.#two;
    for (let q = p; q < end; q += 1) {
      one = Math.imul(one ^ (b[q] as number), 0x01000193);
      two = (Math.imul(two, 31) + (b[q] as number)) | 0;
    }
    this.#one = one ^ (one >>> 15);
    this.#two = two ^ (two >>> 13);
  }

  number(value: number): void {
    this.#one = Math.imul(this.#one ^ value, 0x9e3779b1);
    this.#two = Math.imul(this.#two + value, 0x85ebca6b);
  }
}

/** `eth0`, `IPv6`, `utf8`: letters and one digit at the end are a name, not a number. */
function isName(b: Buffer, end: number): boolean {
  if (classOf[b[end - 1] as number] !== byteClass.digit) return false;
  let q = end - 2;
  while (q >= 0 && end - q <= 9 && isLetter(b[q])) q -= 1;
  const length = end - 1 - (q + 1);
  return length >= 2 && length <= 7 && (q < 0 || (classOf[b[q] as number] as number) >= byteClass.separator);
}

/** From a key to a small number, without objects: the keys that a segment of a log has met. */
export class KeyTable {
  #keys = new Float64Array(4096).fill(-1);
  #slots = new Int32Array(4096);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns its number, ~number if it is new */
  slot(key: number): number {
    const mask = this.#keys.length - 1;
    let at = (key ^ (key / 4_294_967_296)) & mask;
    for (;;) {
      const there = this.#keys[at] as number;
      if (there === key) return this.#slots[at] as number;
      if (there === -1) break;
      at = (at + 1) & mask;
    }
    const slot = this.#size;
    this.#keys[at] = key;
    this.#slots[at] = slot;
    this.#size += 1;
    if (this.#size * 2 > this.#keys.length) this.#grow();
    return ~slot;
  }

  clear(): void {
    this.#keys.fill(-1);
    this.#size = 0;
  }

  #grow(): void {
    const keys = this.#keys;
    const slots = this.#slots;
    this.#keys = new Float64Array(keys.length * 2).fill(-1);
    this.#slots = new Int32Array(keys.length * 2);
    const mask = this.#keys.length - 1;
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] as number;
      if (key === -1) continue;
      let at = (key ^ (key / 4_294_967_296)) & mask;
      while (this.#keys[at] !== -1) at = (at + 1) & mask;
      this.#keys[at] = key;
      this.#slots[at] = slots[i] as number;
    }
  }
}
