/**
 * Texts of which a line must hold at least one, in lower case, if an expression is to match it: what most lines lack.
 * @returns null: none can be told, the expression has to be tried on each line.
 */
export function requiredLiterals(expression: RegExp): readonly string[] | null {
  const reader = {source: expression.source, at: 0};
  const found = alternatives(reader);
  return found === null || found.some((text) => text.length < shortest) ? null : found;
}

const shortest = 3;

interface Reader {
  readonly source: string;
  at: number;
}

/** Of each alternative one text has to be there. */
function alternatives(reader: Reader): readonly string[] | null {
  const all: string[] = [];
  let isKnown = true;
  for (;;) {
    const one = sequence(reader);
    if (one === null) isKnown = false;
    else all.push(...one);
    if (reader.source[reader.at] !== '|') break;
    reader.at += 1;
  }
  return isKnown ? all : null;
}

/** The best of the parts that stand one behind the other: that whose shortest text is the longest. */
function sequence(reader: Reader): readonly string[] | null {
  let best: readonly string[] | null = null;
  let run = '';
  const offer = (texts: readonly string[] | null): void => {
    if (texts !== null && worth(texts) > worth(best)) best = texts;
  };
  const endRun = (): void => {
    if (run !== '') offer([run.toLowerCase()]);
    run = '';
  };
  for (let c = reader.source[reader.at]; c !== undefined && c !== '|' && c !== ')'; c = reader.source[reader.at]) {
    const part = atom(reader);
    const isOptional = quantified(reader);
    if (typeof part === 'string' && isOptional === 'once') run += part;
    else {
      endRun();
      // Once or more: it is there, but what follows need not touch it.
      if (isOptional !== 'perhaps') offer(typeof part === 'string' ? [part.toLowerCase()] : part);
    }
  }
  endRun();
  return best;
}

const worth = (texts: readonly string[] | null): number =>
  texts === null || texts.length === 0 ? 0 : Math.min(...texts.map(({length}) => length));

/** One character, or a group's texts, or null for what may be many things. Leaves the reader behind it. */
function atom(reader: Reader): string | readonly string[] | null {
  const {source} = reader;
  const c = source[reader.at] as string;
  if (c === '\\') {
    const escaped = source[reader.at + 1] as string;
    reader.at += 2;
    if (escaped === 'u') reader.at += 4;
    return /[\w]/.test(escaped) ? null : escaped;
  }
  if (c === '[') return skipClass(reader);
  if (c === '(') return group(reader);
  reader.at += 1;
  return c === '.' || c === '^' || c === '$' ? null : c;
}

function skipClass(reader: Reader): null {
  const {source} = reader;
  reader.at += 1;
  while (reader.at < source.length && source[reader.at] !== ']') reader.at += source[reader.at] === '\\' ? 2 : 1;
  reader.at += 1;
  return null;
}

function group(reader: Reader): readonly string[] | null {
  const {source} = reader;
  const head = /^\((?:\?(?::|<[A-Za-z]\w*>|=|!|<=|<!))?/.exec(source.slice(reader.at, reader.at + 40))?.[0] ?? '(';
  reader.at += head.length;
  const found = alternatives(reader);
  reader.at += 1;
  return head === '(?!' || head === '(?<!' ? null : found;
}

/** How often the part before comes: a boundary matters only where it may be missing or come again. */
function quantified(reader: Reader): 'once' | 'again' | 'perhaps' {
  const match = /^(?:[?*+]|\{(\d+)(?:,\d*)?\})\??/.exec(reader.source.slice(reader.at, reader.at + 16));
  if (match === null) return 'once';
  reader.at += match[0].length;
  const [text] = match;
  return text[0] === '?' || text[0] === '*' || match[1] === '0' ? 'perhaps' : 'again';
}
