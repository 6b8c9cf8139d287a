const token = /<\*>|[A-Za-z0-9_.$/-]+|\s+|[^\sA-Za-z0-9_.$/-]/g;
const mostTokens = 300;

/** The most specific text with `<*>` that stands for both: what they have in common, in its order. */
export function generalText(a: string, b: string): string {
  if (a === b) return a;
  const one = a.match(token) ?? [];
  const other = b.match(token) ?? [];
  let head = 0;
  while (head < one.length && head < other.length && one[head] === other[head]) head += 1;
  let tail = 0;
  while (
    tail < one.length - head &&
    tail < other.length - head &&
    one[one.length - 1 - tail] === other[other.length - 1 - tail]
  )
    tail += 1;
  // What is missing in one of them takes the blank before it along, not the one behind it.
  const isMissing = head + tail === Math.min(one.length, other.length);
  const longer = one.length > other.length ? one : other;
  if (isMissing && head > 0 && isBlank(one[head - 1]) && isBlank(longer[longer.length - 1 - tail])) {
    head -= 1;
    tail += 1;
  }
  const middle = between(one.slice(head, one.length - tail), other.slice(head, other.length - tail));
  return joined([...one.slice(0, head), ...middle, ...one.slice(one.length - tail)]);
}

const isBlank = (text: string | undefined): boolean => text !== undefined && text.trim() === '';

/** Longest common run of words, `<*>` wherever something else stands. */
function between(a: readonly string[], b: readonly string[]): string[] {
  if (a.length === 0 || b.length === 0 || a.length > mostTokens || b.length > mostTokens) return ['<*>'];
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] as number) + weightOf(a[i] as string)
          : Math.max(lengths[(i + 1) * width + j] as number, lengths[i * width + j + 1] as number);
  const out: string[] = [];
  let i = 0;
  let j = 0;
  let isGap = false;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      if (isGap) out.push('<*>');
      isGap = false;
      out.push(a[i] as string);
      i += 1;
      j += 1;
      continue;
    }
    isGap = true;
    if ((lengths[(i + 1) * width + j] as number) >= (lengths[i * width + j + 1] as number)) i += 1;
    else j += 1;
  }
  if (isGap || i < a.length || j < b.length) out.push('<*>');
  return out;
}

const weightOf = (word: string): number => (/^[A-Za-z0-9_]/.test(word) ? 4 : 1);

/** Neighbouring `<*>` are one; what only separates variables within one word is part of them. */
function joined(tokens: readonly string[]): string {
  const out: string[] = [];
  for (const one of tokens) {
    if (one === '<*>' && out.at(-1) === '<*>') continue;
    out.push(one);
  }
  return out.join('');
}
