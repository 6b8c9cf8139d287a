import {formatDuration} from '../report/format.js';
import type {ForwardSpec} from '../spec.js';
import type {ForwardFailure} from './forward-failure.js';

/** `kubectl -n monitoring --context prod`, for remedies. */
export function kubectlWith({context, namespace}: Pick<ForwardSpec, 'context' | 'namespace'>): string {
  return [
    'kubectl',
    ...(context === null ? [] : ['--context', context]),
    ...(namespace === null ? [] : ['-n', namespace]),
  ].join(' ');
}

/** kubectl lives and carries nothing: that is erp's to mend. */
export function noAnswer({target}: ForwardSpec, detail: string): ForwardFailure {
  return {
    kind: 'half-dead',
    diagnosis: {
      cause: 'forward-half-dead',
      confidence: 0.8,
      subject: target,
      evidence: [`kubectl lives, but nothing answers through it: ${detail}`],
      remedy: null,
    },
  };
}

/** A new kubectl did not help. */
export function appSilent(spec: ForwardSpec, detail: string): ForwardFailure {
  return {
    kind: 'other',
    diagnosis: {
      cause: 'app-no-answer',
      confidence: 0.7,
      subject: spec.target,
      evidence: [`the API server answers and kubectl was replaced, still nothing answers: ${detail}`],
      remedy: `see what the app does: ${kubectlWith(spec)} logs ${spec.target} --tail 50`,
    },
  };
}

export function hangingStart(spec: ForwardSpec, afterMs: number): ForwardFailure {
  return {
    kind: 'other',
    diagnosis: {
      cause: 'kubectl-hangs',
      confidence: 0.8,
      subject: 'kubectl',
      evidence: [`kubectl did not listen within ${formatDuration(afterMs)} and said nothing`],
      remedy: `try it by hand: ${kubectlWith(spec)} get ${spec.target}`,
    },
  };
}
