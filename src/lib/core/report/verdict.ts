import {ExitCode} from '../exit-codes.js';
import type {ForwardStatus, ServiceStatus, StatusDocument} from './status.js';

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

type Seen = Pick<StatusDocument, 'services' | 'forwards'>;

/**
 * Is what somebody waits for reached, still possible, or out of reach until a person acts?
 * @param names only these services and port-forwards count; null: all that are wanted up
 */
export function verdictOf(
  document: Seen & Pick<StatusDocument, 'supervisor'>,
  goal: Goal,
  names: readonly string[] | null = null,
): Verdict {
  if (goal === 'stopped')
    return document.supervisor === null ||
      (document.services.every(isDown) && forwardsOf(document).every(({state}) => state === 'stopped'))
      ? 'reached'
      : 'pending';
  const services = meantBy(document.services, names);
  const forwards = meantBy(forwardsOf(document), names);
  if (services.some(isGivenUp) || forwards.some(needsSomebody)) return 'hopeless';
  return services.length + forwards.length > 0 &&
    services.every((service) => isThere(service, goal)) &&
    forwards.every(isForwardUp)
    ? 'reached'
    : 'pending';
}

const meantBy = <T extends ServiceStatus | ForwardStatus>(all: readonly T[], names: readonly string[] | null): T[] =>
  all.filter(({name, wanted}) => (names === null ? wanted === 'up' : names.includes(name)));

export const forwardsOf = ({forwards}: Pick<StatusDocument, 'forwards'>): readonly ForwardStatus[] => forwards ?? [];

/** Names that commands take: services, then port-forwards. */
export const namesIn = (document: Seen): string[] =>
  [...document.services, ...forwardsOf(document)].map(({name}) => name);

/** Verified; or it listens, and nothing is known that it would answer to (`probe: none`): then nothing better will come. */
export const isForwardUp = ({state, mark}: ForwardStatus): boolean =>
  state === 'verified' || (state === 'suspect' && mark === 'unknown');

/** Unauthorised, not found, no kubectl, or not to be started again: erp's own tries would not mend it. */
const needsSomebody = ({mark}: ForwardStatus): boolean => mark === 'failed';

const isDown = ({kind, state}: ServiceStatus) =>
  kind === 'external' || state === 'stopped' || state === 'failed' || state === 'done';

/** Supervised, and nothing that erp could observe would mend it. */
const isGivenUp = ({state, mark}: ServiceStatus) => state === 'failed' && mark === 'failed';

const isThere = ({state, health, mark}: ServiceStatus, goal: 'healthy' | 'ready') =>
  state === 'done' ||
  (state === 'ready' && (goal === 'ready' || (mark !== 'acting' && health !== 'degraded' && health !== 'unhealthy')));

const portCauses = new Set(['port-in-use', 'port-reserved']);

/** What a start that failed because of this service ends with. Its missing program is its own: 8 is for what erp needs. */
export function failureExitCode({
  state,
  diagnosis,
}: Pick<Supervised, 'diagnosis'> & {readonly state?: Supervised['state']}): ExitCode {
  if (state === 'tool-missing') return ExitCode.toolMissing;
  return diagnosis !== null && portCauses.has(diagnosis.cause) ? ExitCode.noPortFree : ExitCode.serviceFailed;
}

/** What a supervisor keeps up: a service or a port-forward. */
export type Supervised = ServiceStatus | ForwardStatus;

/** Supervised services among those somebody waits for; the first of them decides the exit code. */
export function givenUp(document: Seen, names: readonly string[] | null): Supervised[] {
  return failedAmong(document, names).filter(({mark}) => mark === 'failed');
}

/** Also those that erp tries again later: who starts something wants to know now, not after the cool-down. */
export function failedAmong(document: Seen, names: readonly string[] | null): Supervised[] {
  return [
    ...meantBy(document.services, names).filter(({state}) => state === 'failed'),
    ...meantBy(forwardsOf(document), names).filter(needsSomebody),
  ];
}
