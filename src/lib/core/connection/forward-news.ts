import {formatDuration} from '../report/format.js';
import type {ForwardFailure} from './forward-failure.js';
import type {ForwardContext, ForwardEffect, ForwardMemory} from './forward-state.js';

/** What people are told of a forward. The same fact is told once in an incident. */

export function proven(
  memory: ForwardMemory,
  port: number,
  isProof: boolean,
  {now, spec}: ForwardContext,
): readonly ForwardEffect[] {
  const {loss, beganAt, totalRestarts, restarts} = memory;
  const where = port === spec.primary ? `on ${port}` : `on ${port} instead of ${spec.primary}`;
  const what = isProof ? 'verified' : "listens, can't be verified:";
  const after = loss !== null ? now - loss.at : beganAt !== null ? now - beganAt : null;
  const again =
    loss === null
      ? after === null
        ? ''
        : ` after ${formatDuration(after)}`
      : ` again, away ${formatDuration(now - loss.at)}${restarts > 0 ? ', replaced' : ''}`;
  return [
    {
      tag: 'report',
      level: 'INFO',
      type: 'forward-verified',
      text: `${what} ${where}${again}`,
      facts: {
        port,
        primary: spec.primary,
        isProof,
        totalRestarts,
        ...(loss === null
          ? after === null
            ? {}
            : {afterMs: Math.round(after)}
          : {recoveryMs: Math.round(now - loss.at), reason: loss.reason}),
      },
    },
  ];
}

/** It answered until now. */
export function lost(
  memory: ForwardMemory,
  failure: ForwardFailure | null,
  _ctx: ForwardContext,
): readonly ForwardEffect[] {
  if (memory.toldCause !== null || memory.loss === null) return [];
  return [
    {
      tag: 'report',
      level: 'WARNING',
      type: 'forward-lost',
      text: `lost: ${memory.loss.text}`,
      facts: {reason: memory.loss.reason},
      ...(failure === null ? {} : {diagnosis: failure.diagnosis}),
    },
  ];
}

export function replaced(
  memory: ForwardMemory,
  failure: ForwardFailure,
  _ctx: ForwardContext,
): readonly ForwardEffect[] {
  if (memory.toldCause === failure.diagnosis.cause) return [];
  return [
    {
      tag: 'report',
      level: 'WARNING',
      type: 'forward-lost',
      text: `${failure.diagnosis.evidence[0] ?? 'no answer'}; kubectl is replaced`,
      diagnosis: failure.diagnosis,
    },
  ];
}

/** A try has failed, or what had worked has ended. */
export function wentBad(
  memory: ForwardMemory,
  failure: ForwardFailure,
  _ctx: ForwardContext,
): readonly ForwardEffect[] {
  const {kind, diagnosis} = failure;
  if (memory.toldCause === diagnosis.cause) return [];
  const isYours = kind === 'needs-you' || kind === 'tool-missing';
  return [
    {
      tag: 'report',
      level: isYours ? 'ERROR' : 'WARNING',
      type: isYours ? 'forward-needs-you' : memory.failures > 1 ? 'forward-broken' : 'forward-lost',
      text: diagnosis.evidence[0] ?? diagnosis.cause,
      diagnosis,
    },
  ];
}
