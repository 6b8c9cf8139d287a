import type {Cause, Mend} from './log-diagnosis.js';

export type Subject = Readonly<Record<string, string | number>>;

/** What a rule may look at besides its line. */
export interface Context {
  /** The lines of the same traceback or message, this one included. */
  readonly block: readonly string[];
  /** A few lines around it. */
  readonly near: readonly string[];
  /** All that tells which programs and libraries write here: file names, loggers. */
  readonly technologies: ReadonlySet<string>;
  readonly platform: NodeJS.Platform;
}

/** A way to recognise a cause in one line. Named groups of the expression become keys of the subject. */
export interface Rule {
  readonly id: string;
  readonly cause: Cause;
  /** Tried on the cleaned line; must not be able to run away. */
  readonly when: RegExp;
  readonly unless?: RegExp;
  /** 0..1: what the line alone proves. */
  readonly strength: number;
  /** More of the subject than the groups tell; null: it is not this cause after all. */
  readonly read?: (subject: Subject, line: string, context: Context) => Subject | null;
  /** Another cause, as the circumstances tell. */
  readonly decide?: (subject: Subject, line: string, context: Context) => Cause;
  /** What happened, in a sentence. */
  readonly explain?: (subject: Subject) => string;
  readonly remedy?: (subject: Subject, platform: NodeJS.Platform) => string;
  readonly mend?: (subject: Subject) => Mend | null;
  /** Lines it has to recognise, with the subject that they show. */
  readonly examples: readonly (string | readonly [line: string, subject: Subject])[];
}

export const numbers = new Set(['port', 'line']);

export function subjectOf(
  groups: Readonly<Record<string, string | undefined>> | undefined,
): Record<string, string | number> {
  const subject: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(groups ?? {})) {
    if (value === undefined || value === '') continue;
    const key = name.replace(/_?\d+$/, '');
    if (key in subject) continue;
    subject[key] = numbers.has(key) && /^\d+$/.test(value) ? Number(value) : value.trim();
  }
  return subject;
}
