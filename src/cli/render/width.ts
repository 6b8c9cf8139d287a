/** Width in terminal cells. Terminals differ over emoji; where in doubt this counts too much, so that nothing wraps. */
export function cellWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  let last = 0;
  for (const character of text) {
    const point = character.codePointAt(0) as number;
    // Variation selector 16 asks for the emoji form of a narrow character: two cells.
    if (point === 0xfe0f) {
      if (last === 1) width += 1;
      last = 0;
      continue;
    }
    last = pointWidth(point, character);
    width += last;
  }
  return width;
}

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\p{Zl}\p{Zp}]$/u;

function pointWidth(point: number, character: string): 0 | 1 | 2 {
  if (point < 0x300) return point < 0x20 || (point >= 0x7f && point < 0xa0) || point === 0xad ? 0 : 1;
  if (zeroWidth.test(character)) return 0;
  // Hangul vowels and final consonants join the syllable before them.
  if (point >= 0x1160 && point <= 0x11ff) return 0;
  return isWide(point) ? 2 : 1;
}

const isWide = (point: number) =>
  (point >= 0x1100 && point <= 0x115f) ||
  (point >= 0x231a && point <= 0x231b) ||
  (point >= 0x23e9 && point <= 0x23f3) ||
  (point >= 0x2614 && point <= 0x2615) ||
  (point >= 0x2648 && point <= 0x2653) ||
  (point >= 0x26a1 && point <= 0x27bf && emojiDefault.test(String.fromCodePoint(point))) ||
  (point >= 0x2b1b && point <= 0x2b55 && emojiDefault.test(String.fromCodePoint(point))) ||
  (point >= 0x2e80 && point <= 0x303e) ||
  (point >= 0x3041 && point <= 0xa4cf) ||
  (point >= 0xa960 && point <= 0xa97c) ||
  (point >= 0xac00 && point <= 0xd7a3) ||
  (point >= 0xf900 && point <= 0xfaff) ||
  (point >= 0xfe10 && point <= 0xfe19) ||
  (point >= 0xfe30 && point <= 0xfe6f) ||
  (point >= 0xff01 && point <= 0xff60) ||
  (point >= 0xffe0 && point <= 0xffe6) ||
  (point >= 0x16fe0 && point <= 0x18cff) ||
  (point >= 0x1aff0 && point <= 0x1b2ff) ||
  (point >= 0x1f004 && point <= 0x1faff) ||
  (point >= 0x20000 && point <= 0x3fffd);

const emojiDefault = /^\p{Emoji_Presentation}$/u;

/** The longest beginning that fits into `max` cells, combining characters with their base. */
function headOf(text: string, max: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    const next = cellWidth(text.slice(0, end + character.length));
    if (next > max) break;
    width = next;
    end += character.length;
  }
  return width > max ? '' : text.slice(0, end);
}

/** The longest end that fits into `max` cells and does not begin with a combining character. */
function tailOf(text: string, max: number): string {
  const characters = [...text];
  let tail = '';
  for (let index = characters.length - 1; index >= 0; index -= 1) {
    const next = `${characters[index]}${tail}`;
    if (cellWidth(next) > max) break;
    tail = next;
  }
  while (tail !== '' && zeroWidth.test([...tail][0] as string)) tail = tail.slice(([...tail][0] as string).length);
  return tail;
}

/** `very-long-na…` */
export function cutEnd(text: string, max: number, cut: string): string {
  if (cellWidth(text) <= max) return text;
  return max < 1 ? '' : `${headOf(text, max - 1)}${cut}`;
}

/** `very-l…g-name`: of names the beginning and the end tell most. */
export function cutMiddle(text: string, max: number, cut: string): string {
  if (cellWidth(text) <= max) return text;
  if (max < 3) return cutEnd(text, max, cut);
  const head = headOf(text, Math.ceil((max - 1) / 2));
  return `${head}${cut}${tailOf(text, max - 1 - cellWidth(head))}`;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cellWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - cellWidth(text))) + text;
}

/** Breaks at spaces; what is longer than a line by itself is broken where it ends, so that nothing gets lost. */
export function wrap(text: string, width: number): string[] {
  if (width < 1 || cellWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    if (line !== '' && cellWidth(`${line} ${word}`) <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (cellWidth(word) > width) {
      const head = headOf(word, width) || ([...word][0] as string);
      lines.push(head);
      word = word.slice(head.length);
    }
    line = word;
  }
  if (line !== '') lines.push(line);
  return lines;
}
