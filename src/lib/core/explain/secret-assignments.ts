/**
 * Finds the value that a secret's name introduces, in the ways in which programs print it. `maskText` is for our own screens
 * and leaves as much as can be read; this is for text that leaves the machine: of two readings it takes the longer one.
 */
const secretWord =
  /(?:pass(?:word|wd|phrase|code)|passwor[td]|(?<![a-z])pass(?![a-z])|kennwort|(?<![a-z])pwd|secret|token|(?<![a-z])jwt|api[-_ ]?key|[a-z0-9]{2}[-_]?key(?![a-z])|credential|authorization|cookie|session[-_]?id|(?<![a-z])sid(?![a-z])|csrf|xsrf|signature|(?<![a-z])sig(?![a-z])|(?<![a-z])otp(?![a-z])|(?<![a-z])pin(?![a-z])|identified\s+by)[\w.-]{0,64}/gi;

const attribute = /\\*["']?\s{0,4},?\s{0,4}\\*["']?value\\*["']?\s{0,4}[:=]\s{0,8}/iy;
const assigned = /(\\*["'`\]]{0,2})\s{0,8}(?:=>|:=|={1,2}|:)\s{0,8}/y;
const listed = /\\*["']\s{0,4},\s{0,4}(?=\\*["'])/y;
const element = />\s{0,8}/y;
const said = /\s{1,4}(?:is|was|ist|war|lautet):?\s{1,4}/iy;
const quotedNext = /\s{1,4}(?=\\*["'`])/y;
const spaced = /\s{1,4}(?=[^\s-])/y;
const scheme = /(?:bearer|basic|digest|token|negotiate|apikey)\s{1,4}/iy;
const opening = /(\\*)(["'`])/y;
/** They say that there is no secret, which may be the cause. */
const nothing =
  /^(?:null|none|nil|undefined|true|false|missing|empty|\*+|""|''|\[secret\]|[|>][-+]?|\$\{[A-Z_]+\})?[,;)}\]]*$/i;

export interface Masked {
  readonly text: string;
  readonly count: number;
  /** A secret's name ends the line: its value stands in the next one. */
  readonly isOpen: boolean;
}

export function maskAssignments(line: string, mark: string): Masked {
  let text = '';
  let done = 0;
  let count = 0;
  let isOpen = false;
  for (const match of line.matchAll(secretWord)) {
    if (match.index < done) continue;
    const span = valueAfter(line, match.index, match[0]);
    if (span === null) continue;
    const [from, to] = span;
    isOpen = /^[|>]?[-+]?\s*$/.test(line.slice(from));
    if (nothing.test(line.slice(from, to))) continue;
    text += line.slice(done, from) + mark;
    done = to;
    count += 1;
  }
  return {text: text + line.slice(done), count, isOpen};
}

/** @returns from and to; null where the name introduces nothing */
function valueAfter(line: string, at: number, name: string): readonly [number, number] | null {
  const end = at + name.length;
  const isWhole = /authorization|cookie/i.test(name);
  const attributeEnd = after(attribute, line, end);
  if (attributeEnd !== null) return [attributeEnd, valueEnd(line, attributeEnd, isWhole, true)];
  assigned.lastIndex = end;
  const assignment = assigned.exec(line);
  if (assignment !== null) {
    const from = end + assignment[0].length;
    return [from, valueEnd(line, from, isWhole, /["'`]/.test(assignment[1] ?? ''))];
  }
  const list = after(listed, line, end) ?? after(quotedNext, line, end);
  if (list !== null) return [list, valueEnd(line, list, isWhole, false)];
  const inner = after(element, line, end);
  if (inner !== null) {
    const close = line.indexOf('<', inner);
    return [inner, close === -1 ? line.length : close];
  }
  return spokenValue(line, at, end);
}

/** `password is s3cr3t`, `--password s3cr3t`; not `password is wrong`. */
function spokenValue(line: string, at: number, end: number): readonly [number, number] | null {
  const prose = after(said, line, end);
  if (prose !== null) {
    const to = valueEnd(line, prose, false, false);
    return /^[\p{L}.,;!]*$/u.test(line.slice(prose, to)) ? null : [prose, to];
  }
  const isFlag = /(?:^|[\s"'`[=])--?[\w.-]{0,40}$/.test(line.slice(Math.max(0, at - 48), at));
  const flag = isFlag ? after(spaced, line, end) : null;
  return flag === null ? null : [flag, valueEnd(line, flag, false, false)];
}

function after(pattern: RegExp, line: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(line) ? pattern.lastIndex : null;
}

function valueEnd(line: string, at: number, isWhole: boolean, isJson: boolean): number {
  const from = after(scheme, line, at) ?? at;
  opening.lastIndex = from;
  const quote = opening.exec(line);
  if (quote !== null) return closingEnd(line, opening.lastIndex, quote[2] ?? '"', quote[1]?.length ?? 0);
  if (isWhole) return line.length;
  if (line[from] === '{' || line[from] === '[') return bracketEnd(line, from);
  const stop = isJson ? /[\s,}\]]/g : /\s/g;
  stop.lastIndex = from;
  return stop.exec(line)?.index ?? line.length;
}

/** Behind the quote that ends what one with so many backslashes began; the end of the line when there is none. */
function closingEnd(line: string, from: number, quote: string, escapes: number): number {
  for (let at = line.indexOf(quote, from); at !== -1; at = line.indexOf(quote, at + 1)) {
    let before = 0;
    while (at - before - 1 >= from && line[at - before - 1] === '\\') before += 1;
    const isClosing = escapes === 0 ? before % 2 === 0 : before === escapes;
    if (!isClosing) continue;
    // SQL writes a quote within a text twice.
    if (line[at + 1] === quote && at > from) at += 1;
    else return at + 1;
  }
  return line.length;
}

function bracketEnd(line: string, from: number): number {
  let depth = 0;
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '{' || line[at] === '[') depth += 1;
    if (line[at] === '}' || line[at] === ']') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return line.length;
}
