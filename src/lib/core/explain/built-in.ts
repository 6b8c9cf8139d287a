import type {LogDiagnosis} from '../logs/diagnosis/log-diagnosis.js';
import {oneLine} from './neutralise.js';

/** What we know ourselves, in whole sentences: the answer when nobody else has one. */
export function builtInText({cause, confidence, explanation, evidence, remedy}: LogDiagnosis): string {
  if (cause === null && explanation === '') return 'Nothing in these lines says that something failed.';
  const certainty = confidence >= 0.9 ? '' : confidence >= 0.6 ? 'Likely: ' : 'Perhaps: ';
  const [proof] = evidence;
  return [
    `${certainty}${explanation === '' ? `${cause ?? 'no cause'}.` : explanation}`,
    proof === undefined ? null : `Line ${proof.line}: ${oneLine(proof.text, 300)}`,
    remedy === null ? null : `What to do: ${remedy}`,
  ]
    .filter((line) => line !== null)
    .join('\n');
}
