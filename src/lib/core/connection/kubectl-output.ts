import {masked} from './failures.js';
import type {ForwardFailure} from './forward-failure.js';
import {kubectlWith} from './forward-diagnosis.js';
import {kubectlWords} from './klog.js';
import type {ForwardAbout, KubectlRule} from './kubectl-rule.js';
import {login, ofTheKubeconfig, ofTheTarget, rights} from './kubectl-start-rules.js';
import {atLast, ofTheLocalPort, ofTheNetwork, ofTheNode, whileForwarding} from './kubectl-transport-rules.js';

export type {ForwardAbout};

export type KubectlLine =
  | {readonly tag: 'listening'; readonly address: string; readonly port: number}
  /** Nothing comes through any more, although kubectl lives. */
  | {readonly tag: 'half-dead'; readonly text: string}
  | {readonly tag: 'nothing'};

/** What a line of `kubectl port-forward` means while it runs. */
export function readKubectlLine(line: string): KubectlLine {
  const [, address, port] = /^Forwarding from \[?([^\]]+?)\]?:(\d+) -> \S+/.exec(line) ?? [];
  if (address !== undefined && port !== undefined) return {tag: 'listening', address, port: Number(port)};
  if (/error creating (error|forwarding) stream|timeout occurr?ed/i.test(line))
    return {tag: 'half-dead', text: evidence(kubectlWords(line))};
  return {tag: 'nothing'};
}

/** First cause before consequence, and what is certain before what only looks like it: in the order of the search. */
const kubectlRules: readonly KubectlRule[] = [
  ...login,
  ...whileForwarding,
  ...ofTheNode,
  ...ofTheLocalPort,
  ...ofTheKubeconfig,
  ...rights,
  ...ofTheTarget,
  ...ofTheNetwork,
  ...atLast,
];

const isChatter = (line: string): boolean =>
  line.trim() === '' || /^(Handling connection for|Forwarding from) /.test(line);

/** Why kubectl has ended, from what it said last. */
export function kubectlFailure(
  lines: readonly string[],
  exit: {readonly code: number | null; readonly signal: string | null},
  about: ForwardAbout,
): ForwardFailure {
  // No error of its own ends it like that, whatever it has said before.
  if (exit.signal !== null) return ended('killed-by-signal', exit.signal, `kubectl was ended by ${exit.signal}`);
  if (exit.code === 0) return ended('kubectl-ended', null, 'kubectl has ended without an error');
  const said = lines.filter((line) => !isChatter(line)).map(kubectlWords);
  for (const rule of kubectlRules) {
    const words = said.findLast((each) => rule.pattern.test(each));
    const match = words === undefined ? null : rule.pattern.exec(words);
    if (words !== undefined && match !== null) return failureOf(rule, match, about, [words, ...before(rule, said)]);
  }
  return unknownFailure(said.at(-1) ?? null, exit.code, about);
}

function failureOf(
  rule: KubectlRule,
  match: RegExpExecArray,
  about: ForwardAbout,
  words: readonly string[],
): ForwardFailure {
  return {
    kind: rule.kind,
    diagnosis: {
      cause: rule.cause,
      confidence: rule.confidence,
      subject: rule.subject?.(match, about) ?? null,
      evidence: words.map((each) => `kubectl: ${evidence(each)}`),
      remedy: rule.remedy?.(match, about) ?? null,
    },
  };
}

/** A program that logs in says itself what it lacks, before kubectl does. */
function before({cause}: KubectlRule, said: readonly string[]): readonly string[] {
  if (cause !== 'kube-login') return [];
  const at = said.findIndex((each) => /getting credentials/.test(each));
  return said.slice(Math.max(0, at - 1), Math.max(0, at));
}

function unknownFailure(last: string | null, code: number | null, about: ForwardAbout): ForwardFailure {
  if (last === null && code === null) return ended('kubectl-ended', null, 'kubectl has ended without a word');
  // What ran it was a script, which reports a signal so.
  if (last === null && code !== null && code > 128)
    return ended('killed-by-signal', `signal ${code - 128}`, `kubectl was ended by signal ${code - 128}`);
  const ports = `${about.localPort ?? ''}:${about.remotePort ?? ''}`;
  return {
    kind: 'other',
    diagnosis: {
      cause: 'kubectl-failed',
      confidence: 0.6,
      subject: code === null ? null : `code ${code}`,
      evidence: [last === null ? `kubectl ended with code ${code} and said nothing` : `kubectl: ${evidence(last)}`],
      remedy: `try it by hand: ${kubectlWith(about)} port-forward ${about.target} ${ports}`,
    },
  };
}

const ended = (cause: string, subject: string | null, text: string): ForwardFailure => ({
  kind: 'lost',
  diagnosis: {cause, confidence: 0.9, subject, evidence: [text], remedy: null},
});

const fullStart = 4;

/** Requests that a start with this outcome has cost; null: it went well. */
export function apiCost(failure: ForwardFailure | null): number {
  if (failure === null) return fullStart;
  if (failure.kind === 'tool-missing') return 0;
  const {cause, evidence: seen} = failure.diagnosis;
  const rules = kubectlRules.filter((rule) => rule.cause === cause);
  const rule = rules.find(({pattern}) => seen.some((line) => pattern.test(line))) ?? rules[0];
  return rule?.cost ?? fullStart;
}

const longest = 200;

/** Ids of containers tell nobody anything, and push the words out of sight. */
function evidence(words: string): string {
  const short = masked(words.replace(/^error: /i, '')).replaceAll(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1…');
  return short.length > longest ? `${short.slice(0, longest - 1)}…` : short;
}
