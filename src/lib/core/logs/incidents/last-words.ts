import type {Analysis, Spot} from '../analysis.js';
import type {Cause} from '../diagnosis/log-diagnosis.js';
import type {IncidentKind} from '../report.js';
import {diagnosed} from './diagnosed.js';
import type {Finding} from './finding.js';
import {whole} from './life-findings.js';
import type {Reading} from './reading.js';

/** What one program wrote until it failed is short, and ends with that. */
const mostEvents = 150;
const mostAfter = 3;
const mostCalm = 10;
const leastConfidence = 0.84;
/** Who answers so many requests lives, whatever it complains about. */
const mostRequests = 15;

/**
 * The failure that a short log ends with, where nothing in its lives or rates shows one. A log that goes on after its
 * errors is none, and neither is the end of a busy one, which may happen to be an error.
 */
export function lastWords(analysis: Analysis, readings: readonly Reading[]): Finding[] {
  const requests = analysis.endpoints.reduce((sum, {count}) => sum + count, 0);
  if (analysis.sources.length !== 1 || analysis.events > mostEvents || requests >= mostRequests) return [];
  const events = readings
    .flatMap((reading) => reading.template.examples.map(({spot, text}) => ({spot, text, reading})))
    .sort((a, b) => a.spot.line - b.spot.line);
  const found = diagnosed(events, {code: null, signal: null});
  if (found === null || found.cause === null || found.confidence < leastConfidence) return [];
  const lines = found.evidence.map(({line}) => line);
  const [from, to] = [Math.min(...lines), Math.max(...lines)];
  const after = events.filter(({spot}) => spot.line > to);
  const calm = events.filter(({spot, reading}) => spot.line > from && isCalm(reading));
  if (after.length > mostAfter || calm.length > mostCalm) return [];
  const at = (line: number) => events.findLast(({spot}) => spot.line <= line);
  const [first, last] = [at(from), at(to)];
  if (first === undefined || last === undefined) return [];
  const title = found.explanation.split(/(?<=\.)\s/, 1)[0]?.replace(/\.$/, '') ?? found.cause;
  return [
    {...whole(first.reading, kinds[found.cause] ?? 'crash', title), ...span(first.spot, last.spot), diagnosis: found},
  ];
}

const isCalm = ({template: {level}}: Reading) => level === null || level === 'INFO' || level === 'DEBUG';
const span = (first: Spot, last: Spot) => ({first, last, from: first.time, to: last.time});

const kinds: Readonly<Partial<Record<Cause, IncidentKind>>> = {
  'port-in-use': 'port-conflict',
  'database-unreachable': 'dependency-outage',
  'redis-unreachable': 'dependency-outage',
  'broker-unreachable': 'dependency-outage',
  'connection-refused-upstream': 'dependency-outage',
  'upstream-timeout': 'dependency-outage',
  'cluster-unreachable': 'dependency-outage',
  'dns-failure': 'dependency-outage',
  'forward-lost': 'dependency-outage',
  'out-of-memory': 'memory-growth',
  hang: 'hang',
};
