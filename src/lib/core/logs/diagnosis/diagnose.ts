import {signalNames} from '../../diagnosis/signals.js';
import {advice} from './advice.js';
import {type Candidate, findCandidates} from './candidates.js';
import {judge, type Verdict} from './judge.js';
import {type Line, readLines} from './lines.js';
import type {Cause, LogDiagnosis, ProgramEnd} from './log-diagnosis.js';
import {placeIn} from './places.js';
import type {Subject} from './rule.js';

/** Longer logs are judged by their beginning and their end. */
const mostHead = 5000;
const mostTail = 25_000;
const least = 0.55;
const mostEvidence = 8;

/**
 * Why a program failed, from what it wrote and how it ended.
 * @param raw lines of its output, oldest first, escape sequences and all
 */
export function diagnose(
  raw: readonly string[],
  end: ProgramEnd,
  about: {readonly platform?: NodeJS.Platform} = {},
): LogDiagnosis {
  const platform = about.platform ?? 'linux';
  const isWhole = raw.length <= mostHead + mostTail;
  const lines = isWhole
    ? readLines(raw)
    : [...readLines(raw.slice(0, mostHead)), ...readLines(raw.slice(-mostTail), raw.length - mostTail + 1)];
  const candidates = findCandidates(lines, platform);
  const verdicts = judge(candidates, lines, end);
  if (end.code === 0 && !hasDied(lines)) {
    const [best] = verdicts;
    return best !== undefined && endedIt(best, lines)
      ? told(best, platform)
      : nothing('It ended as it should, with exit code 0.');
  }
  return (
    bySignal(end, verdicts, platform) ??
    byWords(verdicts, end, platform) ??
    bySilence(lines, end) ??
    nothing('Nothing in it speaks of a failure.')
  );
}

/** Whoever starts it may swallow its exit code. */
const hasDied = (lines: readonly Line[]): boolean =>
  lines.slice(-12).some(({text}) => /Kernel pid terminated|Crash dump is being written|\bBOOT FAILED\b/.test(text));

/** Some programs fail with exit code 0: then their last words have to be errors, and no farewell. */
function endedIt({score, cause, candidates: candidatesOfAll}: Verdict, lines: readonly Line[]): boolean {
  const [best] = candidatesOfAll;
  if (best === undefined || score < least + 0.4 || cause === 'unhandled-exception' || cause === 'killed-by-signal')
    return false;
  const broken = new Set(candidatesOfAll.map(({line}) => line.block)).size;
  if (broken >= 3 && keepsFailing.has(cause)) return true;
  if (lines.slice(-12).some(({text}) => testsPassed.test(text))) return false;
  const isError =
    best.line.level >= 4 || /^(?:error|fatal|panic)\b|\b(?:FATAL|BOOT FAILED|Error):/i.test(best.line.text);
  const lastWords = lines.slice(best.index + 1).filter(({text}) => text.trim() !== '');
  return (
    isError &&
    !lastWords
      .slice(-4)
      .some(({text, level}) => level < 4 && wellDone.test(text) && !/\b(?:crash|error|fail)/i.test(text))
  );
}

/** Whoever can't write says so until he is stopped. */
const keepsFailing: ReadonlySet<Cause> = new Set(['disk-full', 'disk-read-only', 'redis-misconf']);
/** Tests provoke failures on purpose: their runner has the last word. */
const testsPassed =
  /^(?:[#ℹ] fail 0|Tests: +(?!.*failed).*\bpassed|\s*\d+ passing\b|=+ \d+ passed\b(?!.*(?:failed|error))|OK(?: \(.*\))?|test result: ok\b|ok {2,}\t?\S+)/;
const wellDone =
  /\b(?:done|(?<!not )connected|synchroni[sz]ed|written|imported|exported|shut(?:ting)? ?down|stopp(?:ed|ing)|bye|terminat(?:ed|ing)|exiting|completed|finished|succeeded|success(?:fully)?|ready|passed|up to date|passed|added \d+|found 0)\b/i;

/** How it ended says most where somebody else ended it, or the processor did. */
function bySignal(end: ProgramEnd, verdicts: readonly Verdict[], platform: NodeJS.Platform): LogDiagnosis | null {
  const signal = end.signal ?? (end.code !== null && end.code > 128 ? signalNames[end.code - 128] : undefined);
  if (signal === undefined) return null;
  const [best] = verdicts;
  const memory = verdicts.find(({cause, score}) => cause === 'out-of-memory' && score > 0.6);
  if (memory !== undefined) return told(memory, platform);
  const ownWords =
    best !== undefined && best.score > 1 && best.cause !== 'killed-by-signal' && best.cause !== 'unhandled-exception';
  if ((signal === 'SIGABRT' || signal === 'SIGTERM') && ownWords) return told(best, platform);
  const seen = verdicts.find(({cause}) => cause === 'killed-by-signal');
  const crash = signal !== 'SIGKILL' && signal !== 'SIGTERM' && signal !== 'SIGINT' && signal !== 'SIGHUP';
  const evidence = (seen?.candidates ?? [])
    .filter(() => crash)
    .slice(0, mostEvidence)
    .map(({line}) => ({line: line.number, text: shown(line)}));
  return {
    cause: 'killed-by-signal',
    confidence: signal === 'SIGKILL' ? 0.9 : 0.95,
    subject: {signal},
    evidence,
    remedy: advice['killed-by-signal'].remedy({signal}, platform),
    explanation: advice['killed-by-signal'].explain({signal}),
    isPermanent: false,
    mendedBy: null,
  };
}

function byWords(verdicts: readonly Verdict[], end: ProgramEnd, platform: NodeJS.Platform): LogDiagnosis | null {
  const [best] = verdicts;
  if (best === undefined) return null;
  const isEnded = end.code !== null;
  if (best.score < (isEnded ? 0.35 : least)) return null;
  return told(best, platform);
}

/** No word of a failure, and yet it failed or stands still. */
function bySilence(lines: readonly Line[], end: ProgramEnd): LogDiagnosis | null {
  const last = lines.findLast(({text}) => text.trim() !== '');
  if (end.code === 13)
    return hang(0.7, last, 'Node ended with exit code 13: an await at the top of a module never ended.', false);
  if (end.code === 127)
    return {
      ...empty,
      cause: 'missing-module',
      confidence: 0.6,
      explanation: 'The shell did not find a program (exit code 127).',
      remedy: 'check PATH and spelling of the command',
      isPermanent: true,
    };
  if (end.code === 126)
    return {
      ...empty,
      cause: 'permission-denied',
      confidence: 0.6,
      explanation: 'The program may not be executed (exit code 126).',
      remedy: 'chmod +x, or is it for another system?',
      isPermanent: true,
    };
  if (end.code !== null) {
    if (last === undefined) return null;
    return {
      ...empty,
      cause: 'unhandled-exception',
      confidence: 0.3,
      subject: raisedIn(last, lines),
      evidence: [{line: last.number, text: shown(last)}],
      explanation: `It ended with exit code ${end.code} and does not say why.`,
      remedy: 'look at its last lines',
    };
  }
  if (last === undefined)
    return end.signal === null ? hang(0.5, last, 'It runs and has never said anything.', false) : null;
  const waits =
    /\b(?:acquir(?:e|ing)|wait(?:s|ing)?\b(?! for (?:the |an? |new |more |incoming |next )*(?:connections?|requests?|jobs?|tasks?|messages?|events?|file changes|runs?|next|work|clients?|commands?|orders?|schedule))|locking|(?:wait|waiting) for (?:the )?lock|blocking|connecting|fetching|loading|opening|reading from|handshak|joining|syncing|warte(?:t|n)? auf)\b/i;
  return lines.length <= 400 &&
    waits.test(last.text) &&
    !/\b(?:done|ready|connected|finished|listening|complete)/i.test(last.text)
    ? hang(0.6, last, 'It has said nothing since, and does not end: it waits for something that does not come.', true)
    : null;
}

/** Where a traceback of a kind that no rule knows came from: not each exception is called an error. */
function raisedIn(last: Line, lines: readonly Line[]): Subject {
  const block = lines
    .slice(-80)
    .filter((line) => line.block === last.block)
    .map(({text}) => text);
  if (!block.some((text) => text.startsWith('Traceback (most recent call last)'))) return {};
  const name = /^(?:[a-z_]\w*\.)*[A-Z]\w+(?=:|$)/.exec(last.text)?.[0];
  return {...placeIn(last.text, {block, near: []}), ...(name === undefined ? {} : {name})};
}

const empty: LogDiagnosis = {
  cause: null,
  confidence: 0,
  subject: {},
  evidence: [],
  remedy: null,
  explanation: '',
  isPermanent: false,
  mendedBy: null,
};

const hang = (confidence: number, last: Line | undefined, explanation: string, isSeen: boolean): LogDiagnosis => ({
  ...empty,
  cause: 'hang',
  confidence,
  evidence: last !== undefined && isSeen ? [{line: last.number, text: shown(last)}] : [],
  explanation,
  remedy: 'look where it stands: py-spy dump --pid PID, kill -QUIT PID (Java, Go), node --inspect',
});

function nothing(explanation: string): LogDiagnosis {
  return {...empty, confidence: 0.8, explanation};
}

function told({cause, score, candidates}: Verdict, platform: NodeJS.Platform): LogDiagnosis {
  const [best] = candidates as [Candidate, ...Candidate[]];
  const subject = subjectOf(candidates);
  return {
    cause,
    confidence: Math.round(Math.max(0.3, Math.min(0.98, score)) * 100) / 100,
    subject,
    evidence: evidenceOf(candidates),
    remedy: masked((best.rule.remedy ?? advice[cause].remedy)(subject, platform)),
    explanation: masked((best.rule.explain ?? advice[cause].explain)(subject)) ?? '',
    isPermanent: advice[cause].isPermanent,
    mendedBy: (best.rule.mend ?? advice[cause].mend)(subject),
  };
}

/** The best line's things, and what other lines of the same trouble add. */
function subjectOf(candidates: readonly Candidate[]): Subject {
  const subject: Record<string, string | number> = {};
  for (const {subject: some} of candidates.slice(0, 12))
    for (const [key, value] of Object.entries(some))
      if (!(key in subject)) subject[key] = typeof value === 'string' ? (masked(value.slice(0, 160)) ?? '') : value;
  return subject;
}

function evidenceOf(candidates: readonly Candidate[]): LogDiagnosis['evidence'] {
  const [best] = candidates as [Candidate, ...Candidate[]];
  const seen = new Set<number>();
  const evidence: {line: number; text: string}[] = [];
  for (const {line} of [best, ...candidates.filter(({rule}) => rule === best.rule)]) {
    if (seen.has(line.number) || evidence.length >= mostEvidence) continue;
    seen.add(line.number);
    evidence.push({line: line.number, text: shown(line)});
  }
  return evidence;
}

const shown = (line: Line): string => masked(line.text.trim().slice(0, 300)) ?? '';

/** Passwords in addresses and settings do not leave the log. */
function masked(text: string | null): string | null {
  return text === null
    ? null
    : text
        .replace(/(:\/\/[^\s:/@]{0,64}:)[^\s@/]{1,128}@/g, '$1***@')
        .replace(/\b((?:password|passwd|pwd|secret|token|api[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;&]{3,}/gi, '$1***');
}
