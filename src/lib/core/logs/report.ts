import type {Analysis, LogTemplate, Series, Spot} from './analysis.js';
import type {LogDiagnosis} from './diagnosis/log-diagnosis.js';

export type IncidentKind =
  | 'crash'
  | 'hang'
  | 'restart-loop'
  | 'never-healthy'
  | 'dependency-outage'
  | 'port-conflict'
  | 'memory-growth'
  | 'errors'
  | 'slow';

/** From the first bad sign to the recovery. */
export interface Incident {
  readonly kind: IncidentKind;
  /** One line: `postgres refused connections`, `never healthy: 18 starts, 15 restarts wasted`. */
  readonly title: string;
  readonly from: number | null;
  readonly to: number | null;
  /** It was over, as far as the log reaches. */
  readonly isOver: boolean;
  /** What happened first. */
  readonly first: {readonly spot: Spot; readonly text: string};
  readonly end: {readonly spot: Spot; readonly text: string} | null;
  /** The templates that stand out in it, the telling one first. */
  readonly templates: readonly {
    readonly id: string;
    readonly text: string;
    readonly count: number;
    readonly usual: number;
  }[];
  readonly evidence: readonly {readonly spot: Spot; readonly text: string}[];
  /** null: no cause can be named. */
  readonly diagnosis: LogDiagnosis | null;
  readonly recovery: string | null;
  readonly next: string | null;
  /** Where it came in several stretches, one for each run of the supervisor or each outage: when, and the line that ended it. */
  readonly spells?: readonly {readonly from: number; readonly to: number; readonly end: Spot | null}[];
}

/** What is known of one supervised program's lives. */
export interface Reliability {
  readonly name: string;
  readonly starts: number;
  readonly exits: number;
  readonly restarts: number;
  /** 0..1 of the observed time; null: nothing tells. */
  readonly availability: number | null;
  /** Mean time between failures and to repair, ms; null: fewer than one failure. */
  readonly mtbfMs: number | null;
  readonly mttrMs: number | null;
}

export interface Burst {
  readonly template: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly usual: number;
}

/** Everything that the report shows. */
export interface LogReport {
  readonly analysis: Analysis;
  readonly incidents: readonly Incident[];
  /** Templates that were first seen late, or last seen early, with when. */
  readonly appeared: readonly {readonly template: LogTemplate; readonly at: number}[];
  readonly vanished: readonly {readonly template: LogTemplate; readonly at: number}[];
  readonly bursts: readonly Burst[];
  readonly reliability: readonly Reliability[];
  /** What to do now, the most urgent first. */
  readonly next: readonly string[];
  readonly runs: number;
}

/** `--compare A B`. */
export interface Comparison {
  readonly a: Analysis;
  readonly b: Analysis;
  readonly changes: readonly TemplateChange[];
}

export interface TemplateChange {
  readonly kind: 'new' | 'gone' | 'more' | 'less';
  readonly text: string;
  readonly level: LogTemplate['level'];
  /** Events in A and in B, and what B's length would make of A's. */
  readonly countA: number;
  readonly countB: number;
  readonly expectedB: number;
  /** That chance alone does this, 0..1, after correction for the number of templates. */
  readonly significance: number;
  readonly example: {readonly spot: Spot; readonly text: string};
  readonly series: Series;
}
