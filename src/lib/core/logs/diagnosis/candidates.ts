import type {Cause} from './log-diagnosis.js';
import type {Line} from './lines.js';
import {Needles} from './needles.js';
import {type Pattern, patterns, requiredTexts} from './patterns.js';
import {type Context, type Rule, type Subject, subjectOf} from './rule.js';

/** A line in which a rule saw its cause. */
export interface Candidate {
  readonly rule: Rule;
  readonly cause: Cause;
  readonly subject: Subject;
  readonly line: Line;
  readonly index: number;
  /** The program says that it goes on all the same. */
  readonly isTolerated: boolean;
}

/** The same, found when this was built: the supervisor's helper would need a third of its time for it. */
declare const ERP_REQUIRED_TEXTS: ReturnType<typeof requiredTexts> | undefined;
const literals = typeof ERP_REQUIRED_TEXTS === 'undefined' ? requiredTexts() : ERP_REQUIRED_TEXTS;
const needles = new Needles(
  literals.flatMap((texts, number) => (texts ?? []).map((text): readonly [string, number] => [text, number])),
);
/** No text is sure to be in what they match. */
const always = literals.flatMap((texts, number) => (texts === null ? [number] : []));

const tolerates =
  /\boptional\b|continu(?:e|ing) (?:without|with|anyway)|without (?:it|cache|caching)|\bignor(?:ed|ing|e)\b|\bskipp(?:ed|ing)\b|fall(?:ing)? ?back|non-?fatal|harmless|degraded mode|using (?:the )?default|will (?:be )?retr(?:y|ied)|retrying|retry(?: \d+)? in|try(?:ing)? again|reconnect(?:ing)? (?:in|attempt)|attempt \d+ ?(?:\/|of)|(?<!un)handled|recovered|disabled|may not work properly until/i;

const mostCandidates = 4000;
const mostInnocent = 50_000;
const nearLines = 4;

export function findCandidates(lines: readonly Line[], platform: NodeJS.Platform): Candidate[] {
  const found: Candidate[] = [];
  // Lines that differ only in digits say the same: most of a long log is asked once.
  const innocent = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (found.length >= mostCandidates) break;
    const key = line.text.replace(/\d+/g, '0');
    if (innocent.has(key) || isDetail(lines, index)) continue;
    const seen = candidatesOf(line, index, lines, platform);
    if (seen.length === 0 && innocent.size < mostInnocent) innocent.add(key);
    found.push(...seen);
  }
  return found;
}

/** `code: 'ENOENT'` of an error object, whose message has said it; the source that raises what is told below. */
function isDetail(lines: readonly Line[], index: number): boolean {
  if (/^\s+raise [A-Z]\w+\(/.test((lines[index] as Line).text)) return true;
  const code = /^\s+(?:code|errno|syscall): '?([A-Z_]{4,})/.exec((lines[index] as Line).text)?.[1];
  return code !== undefined && blockOf(lines, index).some((text) => text.includes(`${code}: `));
}

function candidatesOf(line: Line, index: number, lines: readonly Line[], platform: NodeJS.Platform): Candidate[] {
  const asked = new Set(always);
  needles.collect(line.text, asked);
  const matches = new Map<Rule, Subject>();
  for (const number of [...asked].sort((a, b) => a - b)) {
    const {rule, when} = patterns[number] as Pattern;
    const match = when.exec(line.text);
    if (match !== null) matches.set(rule, {...subjectOf(match.groups), ...matches.get(rule)});
  }
  const found: Candidate[] = [];
  let context: Context | null = null;
  for (const [rule, named] of matches) {
    if (rule.unless?.test(line.text) === true) continue;
    context ??= contextOf(lines, index, platform);
    const subject = rule.read === undefined ? named : rule.read(named, line.text, context);
    if (subject === null) continue;
    const cause = rule.decide?.(subject, line.text, context) ?? rule.cause;
    found.push({rule, cause, subject, line, index, isTolerated: tolerates.test(line.text)});
  }
  return found;
}

const contextOf = (lines: readonly Line[], index: number, platform: NodeJS.Platform): Context => ({
  block: blockOf(lines, index),
  near: lines.slice(Math.max(0, index - nearLines), index + nearLines + 1).map(({text}) => text),
  platform,
});

/** The traceback or message that a line belongs to; of a long one its end and its beginning. */
function blockOf(lines: readonly Line[], index: number): string[] {
  const {block} = lines[index] as Line;
  return lines
    .slice(Math.max(0, index - mostAway), index + mostAway)
    .filter((line) => line.block === block)
    .map(({text}) => text);
}

const mostAway = 80;
