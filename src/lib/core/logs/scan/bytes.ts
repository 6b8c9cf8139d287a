/** Bytes by what they mean in a log line, for loops that make no strings. */

export const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57;
export const isUpper = (c: number | undefined): boolean => c !== undefined && c >= 65 && c <= 90;
export const isLetter = (c: number | undefined): boolean =>
  c !== undefined && ((c >= 65 && c <= 90) || (c >= 97 && c <= 122));
export const isBlank = (c: number | undefined): boolean => c === 32 || c === 9;

export const byteClass = {word: 0, digit: 1, separator: 2, escape: 3, quote: 4} as const;

/** What takes part in a word, what ends it. Bytes above 127 are parts of words, whatever the encoding. */
export const classOf: Uint8Array = (() => {
  const table = new Uint8Array(256).fill(byteClass.word);
  for (let c = 0; c < 33; c += 1) table[c] = byteClass.separator;
  for (const c of "!#$%&'()*+,/:;<=>?@[\\]^`{|}~") table[c.charCodeAt(0)] = byteClass.separator;
  for (let c = 48; c <= 57; c += 1) table[c] = byteClass.digit;
  table[34] = byteClass.quote;
  table[27] = byteClass.escape;
  table[127] = byteClass.separator;
  return table;
})();

/** Two digits; -1: they are none. */
export function twoDigits(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
