import type {Analysis, Spot} from '../analysis.js';
import type {LogDiagnosis, ProgramEnd} from '../diagnosis/log-diagnosis.js';
import type {Incident} from '../report.js';
import {hangOfTheLiving} from './alive.js';
import type {Body, Part} from './body.js';
import {eventsBefore, type KnownEvent} from './context.js';
import {diagnosed} from './diagnosed.js';
import {sentence} from './reading.js';

const mostEvidence = 8;

/** Lines that show it: the most telling templates' first events in that time. */
export function evidenceOf(parts: readonly Part[], from: number | null, to: number | null): Incident['evidence'] {
  const found: {spot: Spot; text: string}[] = [];
  for (const {reading} of parts.slice(0, mostEvidence)) {
    const within = reading.template.examples.filter(({spot: {time}}) => isWithin(time, from, to));
    for (const {spot, text} of within.slice(0, found.length === 0 ? 2 : 1)) {
      found.push({spot, text: sentence(text, reading.template.text)});
    }
  }
  return found.slice(0, mostEvidence);
}

const isWithin = (time: number | null, from: number | null, to: number | null) =>
  time === null || from === null || to === null || (time >= from - 60_000 && time <= to + 60_000);

/** The cause, where lines of that time prove one; else null. */
export function causeOf(body: Body, analysis: Analysis): LogDiagnosis | null {
  const known = body.group.find(({diagnosis}) => diagnosis !== undefined)?.diagnosis;
  if (known !== undefined) return known;
  if (body.kind === 'slow') return null;
  const events = telling(body, analysis);
  const found = events.length === 0 ? causeByLikeness(body) : diagnosed(events, endOf(body));
  // What its supervisor sees from outside, such as a refused health check, is no cause of a program's own trouble.
  if (body.kind === 'never-healthy') return hangOfTheLiving(body, analysis) ?? found;
  return found;
}

/**
 * Of a frequent message only its first events are known word for word. What those prove holds for its later ones, too;
 * the evidence is the later ones' lines.
 */
function causeByLikeness({first, parts}: Body): LogDiagnosis | null {
  const template = parts[0]?.reading.template;
  if (template === undefined || first.spot.line === 0) return null;
  const found = diagnosed(template.examples.slice(0, 1), {code: null, signal: null});
  return found === null ? null : {...found, evidence: [{line: first.spot.line, text: first.text}]};
}

/** A program's last words before its end; else the events of the templates that tell most. */
function telling(body: Body, analysis: Analysis): KnownEvent[] {
  const {kind, parts, first, lead, from, to} = body;
  if ((kind === 'crash' || kind === 'restart-loop') && first.spot.line > 0)
    return eventsBefore(analysis, first.spot, lead.last);
  const most = parts[0]?.reading.telling ?? 0;
  return parts
    .filter(({reading}) => reading.telling >= Math.min(4, most))
    .slice(0, 3)
    .flatMap(({reading: {template}}) => {
      const within = template.examples.filter(({spot: {time}}) => isWithin(time, from, to));
      // One traceback says where; several say it in several places.
      return within.slice(0, within[0]?.text.includes('\n') ? 1 : 4);
    })
    .sort((a, b) => a.spot.source - b.spot.source || a.spot.line - b.spot.line);
}

/** How the program ended, as its supervisor reported it. */
function endOf({kind, first, evidence}: Body): ProgramEnd {
  if (kind !== 'crash' && kind !== 'restart-loop') return {code: null, signal: null};
  const text =
    [first.text, ...evidence.map((one) => one.text)].find((one) => /\bexit|\bsignal\b|\bSIG[A-Z]{2,}/i.test(one)) ?? '';
  const code = /\b(?:code|status)[ =:[(]*(\d{1,3})\b/.exec(text)?.[1];
  const signal = /\bSIG[A-Z]{2,6}\d?\b/.exec(text)?.[0] ?? null;
  return {code: code === undefined || signal !== null ? null : Number(code), signal};
}
