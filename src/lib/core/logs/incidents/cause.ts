import type {Analysis, Spot} from '../analysis.js';
import type {LogDiagnosis} from '../diagnosis/log-diagnosis.js';
import type {Incident} from '../report.js';
import {hangOfTheLiving} from './alive.js';
import type {Body, Part} from './body.js';
import {peersOf} from './peers.js';
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

/** The cause, where the evidence names one; else null. */
export function causeOf(body: Body, analysis: Analysis): LogDiagnosis | null {
  return body.kind === 'never-healthy' ? hangOfTheLiving(body, analysis) : null;
}

/** What to do about it, where no diagnosis says more. */
export function nextStep(body: Body): string | null {
  const {kind, names, parts} = body;
  const name = names[0] ?? null;
  switch (kind) {
    case 'never-healthy':
      return 'start it by hand and see where it listens: erp ports --all';
    case 'port-conflict':
      return 'see who holds the port: erp ports --all';
    case 'dependency-outage': {
      const peers = peersOf(body);
      return peers.length === 0
        ? 'see whether the service it needs runs: erp status'
        : `see whether ${peers.join(', ')} ${peers.length === 1 ? 'runs and listens' : 'run and listen'}: erp ports --all`;
    }
    case 'memory-growth':
      return `see what ${name ?? 'it'} keeps in memory, and what came before the first line above`;
    case 'errors':
      return (
        'see what was changed shortly before; all of its events: erp logs analyze --template ' +
        (parts[0]?.reading.template.id ?? '')
      );
    case 'restart-loop':
    case 'crash':
    case 'hang':
      return name === null
        ? 'see its last lines before the end'
        : `see its last lines before the end: erp logs ${name}`;
    case 'slow':
      return 'see what else began at that time; compare with a usual day: erp logs analyze --compare';
    default:
      return null;
  }
}
