/** Whether a word was made by chance: a key or token without a name and without a known beginning. */
export function looksRandom(word: string): boolean {
  if (/^[0-9a-f]{32,}$/i.test(word)) return /\d/.test(word) && /[a-f]/i.test(word);
  if (/^[A-Za-z0-9+/]{40,}={0,2}$/.test(word) && !word.startsWith('/') && isMixed(word, 0.22)) return true;
  return word.split(/[/.:]/).some((part) => part.length >= 20 && isRandomPart(part));
}

function isRandomPart(part: string): boolean {
  if (isMixed(part, 0.25)) return true;
  // Without capitals: names of pods and containers hold dashes, keys of this kind don't.
  return part
    .split(/[-_]/)
    .some((piece) => piece.length >= 24 && count(piece, /\d/g) >= 4 && changes(piece) / piece.length >= 0.2);
}

const isMixed = (text: string, least: number): boolean =>
  count(text, /\d/g) >= 2 &&
  count(text, /[A-Z]/g) >= 2 &&
  count(text, /[a-z]/g) >= 2 &&
  changes(text) / text.length >= least;

/** Class by class; the capital that begins a word of a camelCaseName counts once. */
const changes = (text: string): number => count(text, /[a-z](?=[A-Z])|[a-zA-Z](?=\d)|\d(?=[a-zA-Z])/g);

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
