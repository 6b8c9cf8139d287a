import {ExitCode} from '../exit-codes.js';
import type {ServiceStatus, StatusDocument} from './status.js';

/** What `erp status` ends with: 0 healthy, degraded or on the way, 4 something is down, 6 nothing runs. */
export function statusExitCode(document: Pick<StatusDocument, 'overall'>): ExitCode {
  switch (document.overall) {
    case 'healthy':
    case 'degraded':
    case 'starting':
    case 'stopping':
      return ExitCode.done;
    case 'unhealthy':
      return ExitCode.serviceFailed;
    case 'stopped':
    case 'no-supervisor':
      return ExitCode.noSupervisor;
  }
}

export type Goal = 'healthy' | 'ready' | 'stopped';
export type Verdict = 'reached' | 'pending' | 'hopeless';

/**
 * Is what somebody waits for reached, still possible, or out of reach until a person acts?
 * @param names only these count; null: all that are wanted up
 */
export function verdictOf(
  document: Pick<StatusDocument, 'services' | 'supervisor'>,
  goal: Goal,
  names: readonly string[] | null = null,
): Verdict {
  if (goal === 'stopped')
    return document.supervisor === null || document.services.every(isDown) ? 'reached' : 'pending';
  const meant = document.services.filter(({name, wanted}) => (names === null ? wanted === 'up' : names.includes(name)));
  if (meant.some(isGivenUp)) return 'hopeless';
  return meant.length > 0 && meant.every((service) => isThere(service, goal)) ? 'reached' : 'pending';
}

const isDown = ({kind, state}: ServiceStatus) =>
  kind === 'external' || state === 'stopped' || state === 'failed' || state === 'done';

/** Failed, and nothing that erp could observe would mend it. */
const isGivenUp = ({state, mark}: ServiceStatus) => state === 'failed' && mark === 'failed';

const isThere = ({state, health, mark}: ServiceStatus, goal: 'healthy' | 'ready') =>
  state === 'done' ||
  (state === 'ready' && (goal === 'ready' || (mark !== 'acting' && health !== 'degraded' && health !== 'unhealthy')));

const portCauses = new Set(['port-taken', 'port-reserved']);

/** What a start that failed because of this service ends with. Its missing program is its own: 8 is for what erp needs. */
export function failureExitCode({diagnosis}: Pick<ServiceStatus, 'diagnosis'>): ExitCode {
  return diagnosis !== null && portCauses.has(diagnosis.cause) ? ExitCode.noPortFree : ExitCode.serviceFailed;
}

/** Failed services among those somebody waits for; the first of them decides the exit code. */
export function givenUp(document: Pick<StatusDocument, 'services'>, names: readonly string[] | null): ServiceStatus[] {
  return failedAmong(document, names).filter(isGivenUp);
}

/** Also those that erp tries again later: who starts something wants to know now, not after the cool-down. */
export function failedAmong(
  document: Pick<StatusDocument, 'services'>,
  names: readonly string[] | null,
): ServiceStatus[] {
  return document.services.filter(
    ({name, state, wanted}) => state === 'failed' && (names === null ? wanted === 'up' : names.includes(name)),
  );
}
