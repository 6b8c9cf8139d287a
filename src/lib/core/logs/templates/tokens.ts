/** A message as words and what stands between them. */
export interface Message {
  readonly words: readonly string[];
  /** One more than words: before the first, between, behind the last. */
  readonly glue: readonly string[];
  readonly key: string;
}

export const variable = '<*>';
const mostWords = 120;
const dates =
  /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* {1,2}\d{1,2}|\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*)(?:,? \d{4})?,? \d{1,2}:\d{2}(?::\d{2})?(?: \d{4})?/g;
const word = /[^\s=:,;()[\]{}"'<>|]+/g;

export function readMessage(text: string, detail: string | null): Message {
  const whole = (detail === null ? text : `${text} ⏎ ${detail}`).slice(0, 4000).replace(dates, '0');
  const words: string[] = [];
  const glue: string[] = [];
  let at = 0;
  for (const match of whole.trimEnd().matchAll(word)) {
    if (words.length >= mostWords) break;
    const between = whole.slice(at, match.index);
    at = match.index + match[0].length;
    push(words, glue, between, masked(match[0], whole[at] === '('));
  }
  const rest = words.length >= mostWords ? '' : whole.slice(at).trimEnd();
  const tail = withEmpties(words, glue, rest);
  glue.push(tail);
  return {words, glue, key: words.map((one, i) => `${glue[i]}${one}`).join('') + tail};
}

function push(words: string[], glue: string[], between: string, value: string): void {
  const plain = withEmpties(words, glue, between);
  // A list of values is one value, however many it has.
  if (value === variable && words.at(-1) === variable && /^(?:, ?| |, )$/.test(plain)) return;
  glue.push(plain);
  words.push(value);
}

/** `key= ` and ` ()` with nothing in them have an empty value. */
function withEmpties(words: string[], glue: string[], between: string): string {
  const collapsed = between.replace(/\s+/g, ' ');
  const empty = /^(=|[^=(]*[ :,]\()([ ,;)].*)$/.exec(collapsed);
  if (empty === null) return collapsed;
  const [, before = '', after = ''] = empty;
  glue.push(before);
  words.push(variable);
  return after;
}

function masked(text: string, isCall: boolean): string {
  // jk2_init(): a digit within a name.
  if (isCall && /^[A-Za-z_.]{2,}\d?[A-Za-z_.]*$/.test(text)) return text;
  if (/^[A-Za-z]{2,7}\d$/.test(text)) return text;
  if (/\d/.test(text)) return variable;
  if (/^(?:\/[\w.-]+){2,}\/?$/.test(text) || /^[\w.-]*(?:\/[\w.-]+){3,}$/.test(text)) return variable;
  if (/^\*+$/.test(text)) return variable;
  return text;
}
