import type {LogDiagnosis, Mend} from '../logs/diagnosis/log-diagnosis.js';
import type {LifeVerdict} from '../supervision/events.js';
import type {Blocker} from '../supervision/state.js';
import type {Diagnosis} from './diagnosis.js';
import {plain} from './plain.js';

/** Below this it is a guess: the end itself tells as much. */
const leastConfidence = 0.3;
/** Above this the output says why a service hung, and not only that it did. */
const tellsMore = 0.6;
/** Of what its restart can't mend it has to be sure: stopping for a guess would be worse than trying. */
const sureEnough = 0.6;
const mostEvidence = 4;

export interface LogContext {
  /** The log as it is shown. */
  readonly shownLog: string;
  /** Number in the file of a line, counted from 1 among those that were read; null: not known. */
  lineNumber(line: number): number | null;
  /** What would mend it where no single file is known. */
  readonly elsewhere: Extract<Blocker, {kind: 'files'}>;
  /** What it was seen doing when it did not answer; null: it ended by itself. */
  readonly hang: Diagnosis | null;
  /** Makes a path absolute that the program names from where it works. */
  absolute(path: string): string;
}

/**
 * What the supervisor makes of a diagnosis of a life's output. `waitsFor` is somebody else's to find out: it takes a
 * connection.
 * @returns null: it tells no more than the end itself
 */
export function lifeVerdict(found: LogDiagnosis, context: LogContext): Omit<LifeVerdict, 'waitsFor'> | null {
  const {hang} = context;
  if (hang !== null && !explainsHang(found)) return {diagnosis: hang, isPermanent: false, mendedBy: null};
  if (found.cause === null || found.confidence < leastConfidence) return null;
  const evidence = found.evidence.slice(0, mostEvidence).map(({line, text}) => {
    const number = context.lineNumber(line);
    return `${context.shownLog}${number === null ? '' : `:${number}`} "${plain(text).trim()}"`;
  });
  const diagnosis: Diagnosis = {
    cause: found.cause,
    confidence: found.confidence,
    subject: subjectText(found.subject),
    evidence: [...(hang?.evidence ?? []), ...evidence],
    remedy: found.remedy,
    ...(found.explanation === '' ? {} : {explanation: found.explanation}),
  };
  const isPermanent = found.isPermanent && found.confidence >= sureEnough;
  return {diagnosis, isPermanent, mendedBy: blockerOf(found.mendedBy, context)};
}

const explainsHang = ({cause, confidence}: LogDiagnosis): boolean =>
  cause !== null && cause !== 'hang' && cause !== 'killed-by-signal' && confidence >= tellsMore;

/** `port 8001`, `db.erp.local:5432`, `fastapi`. */
export function subjectText(subject: LogDiagnosis['subject']): string | null {
  const {host, port, ...others} = subject;
  const address = port === undefined ? host : host === undefined ? `port ${port}` : `${String(host)}:${port}`;
  const words = [...(address === undefined ? [] : [address]), ...Object.values(others)].map(String).filter(Boolean);
  return words.length === 0 ? null : [...new Set(words)].join(', ').slice(0, 200);
}

function blockerOf(mend: Mend | null, context: LogContext): Blocker | null {
  switch (mend?.kind) {
    case undefined:
      return null;
    case 'file':
      return {kind: 'file', path: context.absolute(mend.path)};
    case 'port':
      return {kind: 'port', port: mend.port};
    case 'listener':
      return {kind: 'listener', host: mend.host, port: mend.port, service: null};
    case 'configuration':
      return context.elsewhere;
  }
}
