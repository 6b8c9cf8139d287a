import type {machine} from '../machine.js';

export interface LadderRung {
  readonly what: string;
  /** Wall time of each repeat, ms. */
  readonly times: readonly number[];
  /** Highest memory of the program, bytes; null: not measured. */
  readonly rss: number | null;
}

export interface TemplateScore {
  readonly set: string;
  readonly ga: number;
  readonly fga: number;
  readonly pa: number;
  readonly fta: number;
}

export interface DiagnosisScore {
  readonly name: string;
  readonly cases: number;
  readonly failing: number;
  /** As the scorer prints them: `99.0 %  (100/101)`. */
  readonly cause: string;
  readonly subject: string;
  readonly evidence: string;
  readonly falseAlarms: string;
}

export interface IncidentScore {
  readonly seed: number;
  readonly megabytes: number;
  readonly found: number;
  readonly planted: number;
  readonly invented: number;
  /** Longest delay of a first sign, seconds. */
  readonly delay: number | null;
  readonly events: number;
  readonly expectedEvents: number;
}

export interface LogsRun {
  readonly startedAt: string;
  readonly commit: string;
  readonly machine: Awaited<ReturnType<typeof machine>>;
  readonly loadAtStart: string;
  readonly loadAtEnd: string;
  readonly log: {readonly bytes: number; readonly lines: number; readonly command: string};
  readonly ladder: readonly LadderRung[];
  readonly templates: readonly TemplateScore[];
  readonly diagnoses: readonly DiagnosisScore[];
  readonly incidents: readonly IncidentScore[];
}
