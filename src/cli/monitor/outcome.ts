import {ExitCode} from '../../lib/core/exit-codes.js';
import type {ForwardStatus, StatusDocument} from '../../lib/core/report/status.js';
import {forwardsOf, isForwardUp} from '../../lib/core/report/verdict.js';
import type {ForwardSpec} from '../../lib/core/spec.js';

export interface ForwardsOutcome {
  readonly forwards: readonly ForwardStatus[];
  /** Nothing that is waited for would change what is told. */
  readonly isSettled: boolean;
  readonly exitCode: ExitCode;
}

/**
 * What `--once` says of these port-forwards: 0 all answer, 4 something does not, 8 no kubectl, 9 nobody knows yet.
 * @param isStarting they are being started: a document that knows nothing of it yet is older than that
 */
export function outcomeOf(
  document: StatusDocument | null,
  specs: readonly ForwardSpec[],
  isStarting = false,
): ForwardsOutcome {
  const all = document === null ? [] : forwardsOf(document);
  const forwards = specs.map((spec) => all.find(({name}) => name === spec.name) ?? stoppedForward(spec));
  const isOver = (forward: ForwardStatus) => isBad(forward) || (!isStarting && isAway(forward));
  const bad = forwards.filter(isOver);
  return {
    forwards,
    isSettled: forwards.every((forward) => isForwardUp(forward) || isOver(forward)),
    exitCode: forwards.some(({state}) => state === 'tool-missing')
      ? ExitCode.toolMissing
      : bad.length > 0
        ? ExitCode.serviceFailed
        : forwards.every(isForwardUp)
          ? ExitCode.done
          : ExitCode.timedOut,
  };
}

/** A first try may meet a pod that has just gone; who has failed three times is broken. */
const manyTries = 2;

const isBad = ({mark, state, restarts}: ForwardStatus): boolean =>
  mark === 'failed' || (state === 'broken' && restarts >= manyTries);

/** Nobody wants it. */
const isAway = ({state, wanted}: ForwardStatus): boolean => state === 'stopped' && wanted === 'down';

/** As a supervisor that has not started it would tell of it. */
export function stoppedForward({name, context, namespace, target, remotePort, primary}: ForwardSpec): ForwardStatus {
  return {
    name,
    state: 'stopped',
    mark: 'stopped',
    turn: null,
    wanted: 'down',
    context,
    namespace,
    target,
    remotePort,
    port: null,
    primaryPort: primary,
    portNote: null,
    pid: null,
    startedAt: null,
    answeredAt: null,
    answeredAgoMs: null,
    latencyMs: null,
    restarts: 0,
    totalRestarts: 0,
    note: null,
    diagnosis: null,
    nextTryAt: null,
    nextTryInMs: null,
    lastLoss: null,
  };
}
