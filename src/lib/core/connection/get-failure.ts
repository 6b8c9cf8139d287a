import {certainFailure, excerpt} from './failures.js';
import type {ForwardFailure} from './forward-failure.js';
import type {HelperOutcome} from './helper-outcome.js';
import {fileFailure, runFailure} from './kubeconfig-failure.js';
import {kubectlFailure} from './kubectl-output.js';

export interface GetQuestion {
  readonly command: readonly string[];
  /** As shown: `kubectl get svc/api -n shop`. */
  readonly call: string;
  readonly target: string;
  readonly context: string | null;
  readonly namespace: string | null;
  readonly timeoutMs: number;
}

/** `kubectl get` has not answered. */
export function getFailure(question: GetQuestion, outcome: HelperOutcome): ForwardFailure {
  const {call, target} = question;
  if (outcome.isTooLate) {
    const evidence = `${call} did not end within ${question.timeoutMs / 1000}s`;
    return certainFailure('network', 'api-timeout', target, [evidence], null);
  }
  const evidence = [`${call}: ${excerpt(outcome.stderr)}`];
  const broken = runFailure(question, outcome) ?? fileFailure(outcome.stderr, evidence);
  if (broken !== null) return broken;
  const about = {...question, forward: target, remotePort: null, localPort: null};
  const failure = kubectlFailure(outcome.stderr.split(/\r?\n/).filter(Boolean), outcome, about);
  // Its other remedies fit here, too; this one names what was not run.
  return failure.diagnosis.cause === 'kubectl-failed'
    ? {...failure, diagnosis: {...failure.diagnosis, remedy: `try it by hand: ${call}`}}
    : failure;
}
