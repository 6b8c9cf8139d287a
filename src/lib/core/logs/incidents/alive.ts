import type {Analysis, LogTemplate} from '../analysis.js';
import type {LogDiagnosis} from '../diagnosis/log-diagnosis.js';
import type {Body} from './body.js';
import {messageIn} from './reading.js';

/**
 * A program that never got healthy although its process lived: it hangs, or listens elsewhere. Nobody can tell which from
 * its supervisor's log, so this is a guess by its confidence.
 * @returns null where nothing shows that it lived
 */
export function hangOfTheLiving({lead, names, evidence, group}: Body, analysis: Analysis): LogDiagnosis | null {
  const endedItself = group.some(({others}) => others.some(({meanings}) => meanings.has('exit')));
  const signs = signsOfLife(analysis);
  if (endedItself || signs === null) return null;
  const proof = [lead.first, ...evidence.map(({spot}) => spot)].filter(({line}) => line > 0);
  const name = names[0];
  return {
    cause: 'hang',
    confidence: 0.4,
    subject: name === undefined ? {} : {name},
    evidence: proof
      .slice(0, 3)
      .map((spot) => ({line: spot.line, text: evidence.find((one) => one.spot === spot)?.text ?? ''})),
    remedy: 'start it by hand and see where it listens: erp ports --all',
    explanation: `It hangs, or it listens elsewhere: the process lived (${signs}). Its own output is not in this log.`,
    isPermanent: false,
    mendedBy: null,
  };
}

/** `85 MB, 14 to 24 threads`, from lines that sample a process. */
function signsOfLife({templates}: Analysis): string | null {
  for (const template of templates) {
    if (
      !/\b(?:ram|rss|memory|mem|speicher)\b\W{0,3}\S*/i.test(template.text) ||
      !/\b(?:pid|threads?|cpu)\b/i.test(template.text)
    )
      continue;
    const memory = memoryOf(template);
    const threads = valuesOf(template, /\bthreads?\W{1,3}(\d+)/i);
    const parts = [
      ...(memory === null ? [] : [memory]),
      ...(threads.length < 2 ? [] : [`${atShare(threads, 0.1)} to ${atShare(threads, 0.95)} threads`]),
    ];
    if (parts.length > 0) return parts.join(', ');
  }
  return null;
}

function memoryOf(template: LogTemplate): string | null {
  const found = valuesOf(template, /\b(?:ram|rss|memory|mem|speicher)\W{0,3}(\d+(?:\.\d+)?) ?[MG]i?B/i);
  return found.length === 0 ? null : `${Math.round(atShare(found, 0.5))} MB`;
}

/** Ascending. */
function valuesOf(template: LogTemplate, pattern: RegExp): number[] {
  return template.examples
    .flatMap(({text}) => {
      const value = pattern.exec(messageIn(text, template.text))?.[1];
      return value === undefined ? [] : [Number(value)];
    })
    .sort((a, b) => a - b);
}

/** The one sample at the very start, with one thread and little memory, says nothing: hence shares, no extremes. */
const atShare = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
