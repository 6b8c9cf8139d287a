import type {Group} from './group.js';

const primes = [0x9e3779b1, 0x85ebca6b] as const;

/**
 * Words and glue of a message as a number, with any one word left out: a sum, so that leaving out costs nothing. 53 bits
 * from two independent sums.
 */
export class FormHash {
  readonly #one: Int32Array;
  readonly #two: Int32Array;
  #sumOne = 0;
  #sumTwo = 0;

  constructor({words, glue}: Group) {
    this.#one = new Int32Array(words.length);
    this.#two = new Int32Array(words.length);
    for (const [place, word] of words.entries()) {
      const hash = hashOf(word);
      this.#one[place] = mixed(hash, place, primes[0]);
      this.#two[place] = mixed(hash ^ word.length, place, primes[1]);
      this.#sumOne = (this.#sumOne + this.#one[place]) | 0;
      this.#sumTwo = (this.#sumTwo + this.#two[place]) | 0;
    }
    const hash = hashOf(glue.join('\u0001'));
    this.#sumOne = (this.#sumOne + mixed(hash, words.length, primes[1])) | 0;
    this.#sumTwo = (this.#sumTwo + mixed(hash, words.length, primes[0])) | 0;
  }

  without(place: number): number {
    const one = (this.#sumOne - (this.#one[place] as number)) >>> 0;
    const two = (this.#sumTwo - (this.#two[place] as number)) >>> 0;
    return one * 0x20_0000 + (two >>> 11);
  }
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

function mixed(hash: number, place: number, prime: number): number {
  const mix = Math.imul(hash ^ Math.imul(place + 1, 0x27d4eb2f), prime);
  return Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
}
