/**
 * Objects that a program printed into its message: `<Timer object at 0x7f…>`, `{'a': 1}`, `['x', 'y']`, `Entry(name='x')`.
 * However many parts one has, it is one value.
 */
const opening =
  /<(?=[A-Za-z_])|\{(?=\s*["'][^"'\n]{0,80}["']\s*:)|\[(?=\s*(?:["'<{(]|[A-Z]\w{0,60}\([a-z_]\w{0,60}=))|\b(?:[a-z_]\w{0,60}\.){0,8}[A-Z]\w{0,60}\((?=[a-z_]\w{0,60}=)/g;
const longest = 4000;
/** Brackets that close nowhere, before the rest is taken for text. */
const mostUnclosed = 20;
/** What is between angle brackets is an object only with its address or its fields. */
const printed = /\b0x[0-9a-f]{4,}|[A-Za-z_]=/;
const closes: Readonly<Record<string, string>> = {'<': '>', '{': '}', '[': ']', '(': ')'};

/** The message with `0` in the place of each object; what begins with one stays, as it may be nothing else. */
export function withoutObjects(text: string): string {
  let out = '';
  let at = 0;
  let unclosed = 0;
  opening.lastIndex = 0;
  for (let match = opening.exec(text); match !== null && unclosed < mostUnclosed; match = opening.exec(text)) {
    const last = opening.lastIndex - 1;
    const end = endOf(text, last);
    if (end === 0) unclosed += 1;
    const isObject =
      end > 0 &&
      /[A-Za-z]/.test(text.slice(0, match.index)) &&
      (text[last] !== '<' || printed.test(text.slice(last, end)));
    if (!isObject) continue;
    out += `${text.slice(at, match.index)}0`;
    at = end;
    opening.lastIndex = end;
  }
  return at === 0 ? text : out + text.slice(at);
}

/** @returns behind the bracket that closes the one at `from`; 0: there is none */
function endOf(text: string, from: number): number {
  const expected: string[] = [];
  const limit = Math.min(text.length, from + longest);
  for (let i = from; i < limit; i += 1) {
    const c = text[i] as string;
    if (isQuote(text, i)) {
      const end = text.indexOf(c, i + 1);
      if (end < 0 || end >= limit) return 0;
      i = end;
    } else if (c === expected.at(-1)) {
      expected.pop();
      if (expected.length === 0) return i + 1;
    } else if (closes[c] !== undefined && (c !== '<' || /[A-Za-z_]/.test(text[i + 1] ?? ''))) expected.push(closes[c]);
  }
  return 0;
}

/** An apostrophe within a word opens nothing. */
const isQuote = (text: string, i: number): boolean =>
  text[i] === '"' || (text[i] === "'" && !/\w/.test(text[i - 1] ?? ''));
