import type {Analysis, LogTemplate, Spot} from '../analysis.js';
import {type Meaning, meaningsOf} from './meanings.js';
import {nameIn} from './names.js';

/** A template and what it tells about the life of programs. */
export interface Reading {
  readonly template: LogTemplate;
  readonly meanings: ReadonlySet<Meaning>;
  /** Programs that it is about, as far as its examples tell. */
  readonly names: readonly string[];
  /** More of it is bad news. */
  readonly isBad: boolean;
  /** How much it tells about the cause, 0..5. */
  readonly telling: number;
}

const causes: readonly Meaning[] = [
  'out-of-memory',
  'memory-limit',
  'port-taken',
  'refused',
  'name-unknown',
  'exhausted',
  'disk-full',
  'exception',
];
const effects: readonly Meaning[] = ['offline', 'health-failed', 'exit', 'kill', 'gave-up', 'not-responding'];
/** Bad at any level: supervisors report exits as information. */
const alwaysBad: readonly Meaning[] = ['exit', 'out-of-memory', 'gave-up', 'port-taken', 'failed-request'];
const badFromWarning: readonly Meaning[] = [...causes.filter((cause) => cause !== 'exception'), ...effects];

export function readTemplates(analysis: Analysis): Reading[] {
  return analysis.templates.map(readTemplate);
}

export function readTemplate(template: LogTemplate): Reading {
  const meanings = meaningsOfTemplate(template);
  const has = (some: readonly Meaning[]) => some.some((meaning) => meanings.has(meaning));
  const severe = template.level === 'ERROR' || template.level === 'CRITICAL';
  const quiet = template.level === 'INFO' || template.level === 'DEBUG';
  const fails = /\b(?:error|failed|failure|fatal|fehler|fehlgeschlagen)\b/i;
  const isBad =
    severe ||
    has(alwaysBad) ||
    (!quiet && has(badFromWarning)) ||
    (template.level === null && !meanings.has('failed-request') && (has(causes) || fails.test(template.text)));
  return {
    template,
    meanings,
    names: meanings.size === 0 && template.measures.length === 0 ? [] : namesOf(template),
    isBad,
    telling:
      has(causes) && !quiet ? 5 : has(effects) ? 4 : severe ? 3 : meanings.has('failed-request') ? 2 : quiet ? 0 : 1,
  };
}

/** What the text hides behind `<*>`, the examples show: `health check <*> <*>` may be `… failed` each time. */
function meaningsOfTemplate(template: LogTemplate): ReadonlySet<Meaning> {
  const own = meaningsOf(template.text);
  if (own.size > 0 || !template.text.includes('<*>') || template.level === 'DEBUG') return own;
  const samples = template.examples.slice(0, 5).map(({text}) => meaningsOf(messageIn(text, template.text)));
  const shared = [...(samples[0] ?? [])].filter((meaning) => samples.every((sample) => sample.has(meaning)));
  return new Set(shared);
}

function namesOf(template: LogTemplate): string[] {
  const name = nameIn(template.text);
  if (name !== null) return [name];
  if (!template.text.includes('<*>')) return [];
  const names = template.examples.map(({text}) => nameIn(messageIn(text, template.text)));
  return [...new Set(names.filter((found) => found !== null))];
}

/** Nobody reads on, and no pattern should. */
const mostLine = 4000;

/** The message of a whole event: without time, level and what else stands before it; its first line. */
export function messageIn(event: string, template: string): string {
  const line = event.slice(0, mostLine).split('\n', 1)[0] ?? '';
  const message = template.split(' ⏎ ', 1)[0] ?? '';
  const head = message.split('<*>', 1)[0] ?? '';
  if (head !== '') {
    const at = line.indexOf(head);
    return at < 0 ? line : line.slice(at);
  }
  const rest = message.split('<*>').find((part) => part.trim() !== '');
  const at = rest === undefined ? -1 : line.indexOf(rest);
  if (at < 0) return line;
  const start = line.lastIndexOf(' ', at - 1);
  return line.slice(start + 1);
}

/** The events of a template that are known one by one, with their whole text where it was kept. */
export function textAt(template: LogTemplate, spot: Spot): string {
  const example = template.examples.find((one) => one.spot.source === spot.source && one.spot.line === spot.line);
  return example === undefined ? template.text : sentence(example.text, template.text);
}

/** The message of an event; of a traceback also its last line, which says what went wrong. */
export function sentence(event: string, template: string): string {
  const message = messageIn(event, template);
  const last = template.includes(' ⏎ ') ? event.split('\n').findLast((line) => line.trim() !== '') : undefined;
  return last === undefined ? message : `${message} ⏎ ${last.trim().slice(0, mostLine)}`;
}
