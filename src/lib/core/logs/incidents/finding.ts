import type {LogTemplate, Spot} from '../analysis.js';
import type {LogDiagnosis} from '../diagnosis/log-diagnosis.js';
import type {IncidentKind} from '../report.js';
import type {Reading} from './reading.js';

/** One thing that went wrong in one stretch of time, by one kind of message or in one program's life. */
export interface Finding {
  readonly kind: IncidentKind;
  readonly from: number | null;
  readonly to: number | null;
  readonly first: Spot;
  readonly last: Spot;
  readonly reading: Reading | null;
  readonly count: number;
  readonly usual: number;
  /** Natural logarithm of the odds against chance. */
  readonly evidence: number;
  /** It is bad news by itself; others only accompany those. */
  readonly isSeed: boolean;
  /** Its beginning is sharp: before it, there was next to nothing. */
  readonly isSharp: boolean;
  /** Templates of a program's life that belong to it. */
  readonly others: readonly Reading[];
  /** Who it is about. */
  readonly name: string | null;
  readonly title: string | null;
  /** Where its cause is known already. */
  readonly diagnosis?: LogDiagnosis;
  readonly spells?: readonly {readonly from: number; readonly to: number; readonly end: Spot | null}[];
}

/** Line 0: no event of the template is known at that time, only that there was one. */
export const unknownSpot = (template: LogTemplate, time: number): Spot => ({
  source: template.sources[0] ?? 0,
  line: 0,
  time,
});

/** The kind of trouble that a message stands for. */
export function kindOf({meanings}: Reading): IncidentKind {
  if (meanings.has('port-taken')) return 'port-conflict';
  if (meanings.has('out-of-memory') || meanings.has('memory-limit')) return 'memory-growth';
  if (['refused', 'exhausted', 'offline', 'name-unknown'].some((one) => meanings.has(one as 'refused')))
    return 'dependency-outage';
  if (meanings.has('not-responding') || meanings.has('health-failed')) return 'hang';
  if (meanings.has('exit') || meanings.has('kill')) return 'crash';
  return 'errors';
}
