import type {Cause} from './log-diagnosis.js';
import type {Line} from './lines.js';
import {type Context, type Rule, type Subject, subjectOf} from './rule.js';
import {rules} from './rules/index.js';

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

/** Without one of these no rule says anything: nine lines of ten are turned away by it. */
const trouble =
  /err|fail|fatal|panic|except|refus|denied|verweiger|time(?:d )?[ _-]?out|TIMEDOUT|deadline|not found|no such|not exist|cannot|can[’']t|could not|couldn|unable|invalid|unknown|missing|required|requires|already|in use|belegt|taken|expired|abgelaufen|unauthor|forbidden|\bE[A-Z]{4,}\b|\b1006[01]\b|syntax|unexpected|import|locked|lock|full|space|memory|speicher|OOM|kill|signal|SIG[A-Z]|core dumped|segment|too many|limit|certificate|zertifikat|x509|self[- ]sign|SSL|TLS|NOAUTH|WRONGPASS|NOPERM|MISCONF|LOADING|READONLY|DOWN|lost|gone away|closed|terminat|unavailable|not available|not set|unset|unbound|undefined|must|should be|should not|instead|bad|wrong|illegal|malformed|unrecognized|unsupported|version|compatible|migration|revision|schema|column|relation|table|directive|keyword|option|variable|variablen|configur|Konfig|property|validation|permission|berechtigung|read-only|root|owner|exited|timeout|await|deadlock|asleep|stuck|respond|WORKER|blocked|nicht|kein|existiert|Datei|Caused by|throttl|429|quota|not permitted|not allowed|not recognized|resolve|lookup|host|Broker|Loading|>>>|P[12]0\d\d|allocation|Multiple head|expected|needs |no rule|attempt to|heartbeat|licen[cs]e|lizenz|token/i;

const tolerates =
  /\boptional\b|continu(?:e|ing) (?:without|with|anyway)|without (?:it|cache|caching)|\bignor(?:ed|ing|e)\b|\bskipp(?:ed|ing)\b|fall(?:ing)? ?back|non-?fatal|harmless|degraded mode|using (?:the )?default|will (?:be )?retr(?:y|ied)|retrying|retry(?: \d+)? in|try(?:ing)? again|reconnect(?:ing)? (?:in|attempt)|attempt \d+ ?(?:\/|of)|(?<!un)handled|recovered|disabled|may not work properly until/i;

const mostCandidates = 4000;
const nearLines = 4;

export function findCandidates(lines: readonly Line[], platform: NodeJS.Platform): Candidate[] {
  const found: Candidate[] = [];
  // Lines that differ only in digits say the same: most of a long log is asked once.
  const innocent = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (found.length >= mostCandidates) break;
    if (!trouble.test(line.text)) continue;
    const key = line.text.replace(/\d+/g, '0');
    if (innocent.has(key) || isDetail(lines, index)) continue;
    const before = found.length;
    for (const rule of rules) {
      const candidate = tryRule(rule, line, index, lines, platform);
      if (candidate !== null) found.push(candidate);
    }
    if (found.length === before) innocent.add(key);
  }
  return found;
}

/** `code: 'ENOENT'` of an error object, whose message has said it. */
function isDetail(lines: readonly Line[], index: number): boolean {
  const code = /^\s+(?:code|errno|syscall): '?([A-Z_]{4,})/.exec((lines[index] as Line).text)?.[1];
  return code !== undefined && blockOf(lines, index).some((text) => text.includes(`${code}: `));
}

function tryRule(
  rule: Rule,
  line: Line,
  index: number,
  lines: readonly Line[],
  platform: NodeJS.Platform,
): Candidate | null {
  const match = rule.when.exec(line.text);
  if (match === null || rule.unless?.test(line.text) === true) return null;
  const context: Context = {
    block: blockOf(lines, index),
    near: lines.slice(Math.max(0, index - nearLines), index + nearLines + 1).map(({text}) => text),
    technologies: new Set(),
    platform,
  };
  const first = subjectOf(match.groups);
  const subject = rule.read === undefined ? first : rule.read(first, line.text, context);
  if (subject === null) return null;
  return {
    rule,
    cause: rule.decide?.(subject, line.text, context) ?? rule.cause,
    subject,
    line,
    index,
    isTolerated: tolerates.test(line.text),
  };
}

/** The traceback or message that a line belongs to; of a long one its end and its beginning. */
function blockOf(lines: readonly Line[], index: number): string[] {
  const {block, service} = lines[index] as Line;
  let from = index;
  let to = index;
  while (from > 0 && index - from < 60 && (lines[from - 1] as Line).block === block) from -= 1;
  while (to + 1 < lines.length && to - index < 60 && (lines[to + 1] as Line).block === block) to += 1;
  return lines
    .slice(from, to + 1)
    .filter((line) => line.service === service)
    .map(({text}) => text);
}
