import {withoutObjects} from './objects.js';

/** A message as words and what stands between them. */
export interface Message {
  readonly words: readonly string[];
  /** One more than words: before the first, between, behind the last. */
  readonly glue: readonly string[];
  readonly key: string;
}

export const variable = '<*>';
const mostWords = 120;
const mostCharacters = 4000;
/** What is a value as a whole though it has separators in it: dates, URLs, Windows paths with spaces. */
const values: readonly RegExp[] = [
  /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6} {1,2}\d{1,2}|\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6})(?:,? \d{4})?,? \d{1,2}:\d{2}(?::\d{2})?(?: \d{4})?/g,
  /\b[a-z][a-z0-9+]{1,9}:\/\/[^\s"'<>,;()[\]{}]+/g,
  /\b[A-Za-z]:\\(?:[\w.$~-]{1,80}(?: [\w.$~()-]{1,40}){0,3}\\){0,30}[\w.$~*-]*/g,
];
// A quoted value of some words is one value; a quoted sentence is not.
const word =
  /(?<=")[A-Za-z_*][^"\s\d/=:,;()[\]{}<>|]{0,40}(?: [^"\s\d/=:,;()[\]{}<>|]{1,30}){1,2}(?=")|[^\s=:,;()[\]{}"'<>|]+/g;

export function readMessage(text: string, detail: string | null): Message {
  const whole = plain(detail === null ? text : `${text} ⏎ ${detail}`);
  const words: string[] = [];
  const glue: string[] = [];
  let at = 0;
  for (const match of whole.matchAll(word)) {
    if (words.length >= mostWords) break;
    const between = whole.slice(at, match.index);
    at = match.index + match[0].length;
    push(words, glue, between, masked(match[0], whole.slice(at, at + 2)), whole[at] === '=');
  }
  const rest = words.length >= mostWords ? '' : whole.slice(at);
  if (words.length >= mostWords && at < whole.length) push(words, glue, ' ', variable, false);
  const tail = withEmpties(words, glue, rest);
  glue.push(tail);
  return {words, glue, key: words.map((one, i) => `${glue[i]}${one}`).join('') + tail};
}

function plain(text: string): string {
  let whole = text.slice(0, mostCharacters).trimEnd();
  if (text.length > mostCharacters) whole += ' 0';
  whole = withoutObjects(whole);
  for (const pattern of values) whole = whole.replace(pattern, '0');
  return whole;
}

function push(words: string[], glue: string[], between: string, value: string, isKey: boolean): void {
  // `key= value, key2=`: a value a blank away is no empty value.
  const isApart = !isKey && /^\s*=\s+$/.test(between);
  const rest = isApart ? between.replace(/\s+/g, ' ') : withEmpties(words, glue, between);
  // A list of values is one value, however many it has.
  if (value === variable && words.at(-1) === variable && /^(?:, ?| |, )$/.test(rest)) return;
  glue.push(rest);
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

/** @param next the two characters behind it */
function masked(text: string, next: string): string {
  const isCall = next.startsWith('(');
  // mail.example.org:25
  if (/^:\d/.test(next) && /^[a-z][\w-]*(?:\.[\w-]+)+$/i.test(text)) return variable;
  // jk2_init(): a digit within a name.
  if (isCall && /^[A-Za-z_.]{2,}\d?[A-Za-z_.]*$/.test(text)) return text;
  if (/^[A-Za-z]{2,7}\d$/.test(text) && !/^[0-9a-f]{6,}$/.test(text)) return text;
  if (/\d/.test(text)) return variable;
  if (/^(?:\/[\w.-]+){2,}\/?$/.test(text) || /^[\w.-]*(?:\/[\w.-]+){3,}$/.test(text)) return variable;
  if (/^\\?[\w.-]+(?:\\[\w.-]+)+\\?$/.test(text)) return variable;
  if (/^\*+$/.test(text)) return variable;
  return text;
}
