import type {Cause, Mend} from './log-diagnosis.js';

export type Subject = Readonly<Record<string, string | number>>;

/** What a rule may look at besides its line. */
export interface Context {
  /** The lines of the same traceback or message, this one included. */
  readonly block: readonly string[];
  /** A few lines around it. */
  readonly near: readonly string[];
  readonly platform: NodeJS.Platform;
}

/** A way to recognise a cause in one line. Named groups of the expression become keys of the subject. */
export interface Rule {
  readonly id: string;
  readonly cause: Cause;
  /** Tried on the cleaned line, any one will do; must not be able to run away. What all that match name is the subject. */
  readonly when: RegExp | readonly RegExp[];
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
  /** What it has to recognise. */
  readonly examples: readonly Example[];
}

/** A line (or several), the subject that it shows, and its cause where the rule decides between some. */
export type Example = string | readonly [text: string, subject: Subject, cause?: Cause];

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
