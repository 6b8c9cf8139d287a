import {ExitCode} from '../exit-codes.js';
import type {Mark, ServiceStatus, StatusDocument} from './status.js';

type Facts = Pick<ServiceStatus, 'state' | 'health' | 'wanted' | 'incarnation' | 'turn'>;

/** The mark of one service (table in ux.md 2). */
export function serviceMark(service: Facts & Pick<ServiceStatus, 'unstable'>): Mark {
  switch (service.state) {
    case 'ready':
      if (service.health === 'unhealthy') return 'acting';
      return service.health === 'degraded' || service.unstable ? 'degraded' : 'good';
    case 'done':
      return 'good';
    case 'starting':
    case 'stopping':
      return 'moving';
    case 'backing-off':
      return 'acting';
    case 'waiting':
      // Waiting for its turn in a start is nothing to worry about; waiting again after a life is.
      return service.incarnation === 0 ? 'stopped' : 'acting';
    case 'failed':
      return 'failed';
    case 'stopped':
      return 'stopped';
  }
}

export type Overall = Pick<StatusDocument, 'overall' | 'mark'>;

/** The answer of line one, from the worst to the best. */
export function overallOf(services: readonly (Facts & {readonly mark: Mark})[]): Overall {
  const some = (test: (service: Facts & {readonly mark: Mark}) => boolean) => services.some(test);
  if (some((service) => service.state === 'failed')) return {overall: 'unhealthy', mark: 'failed'};
  if (some((service) => service.mark === 'acting')) return {overall: 'unhealthy', mark: 'acting'};
  if (some((service) => service.state === 'stopping') && !some((service) => service.wanted === 'up')) {
    return {overall: 'stopping', mark: 'moving'};
  }
  if (some((service) => service.state === 'starting' || service.state === 'waiting' || service.state === 'stopping')) {
    return {overall: 'starting', mark: 'moving'};
  }
  if (!some((service) => service.state === 'ready')) {
    return some((service) => service.state === 'done' && service.wanted === 'up')
      ? {overall: 'healthy', mark: 'good'}
      : {overall: 'stopped', mark: 'stopped'};
  }
  return some((service) => service.mark === 'degraded')
    ? {overall: 'degraded', mark: 'degraded'}
    : {overall: 'healthy', mark: 'good'};
}

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

export type WaitGoal = 'healthy' | 'ready' | 'stopped';

/** Is what `status --wait GOAL` waits for reached, still possible, or out of reach until somebody acts? */
export function waitVerdict(document: StatusDocument, goal: WaitGoal): 'reached' | 'pending' | 'hopeless' {
  const wanted = document.services.filter((service) => service.wanted === 'up');
  if (goal === 'stopped') {
    const quiet = document.services.every(
      (service) => service.kind === 'external' || ['stopped', 'failed', 'done'].includes(service.state),
    );
    return document.supervisor === null || quiet ? 'reached' : 'pending';
  }
  if (wanted.some((service) => service.state === 'failed' && service.nextTryAt === null)) return 'hopeless';
  if (wanted.length === 0) return 'pending';
  const good = wanted.every(
    (service) =>
      service.state === 'done' ||
      (service.state === 'ready' && (goal === 'ready' || service.health === 'healthy' || service.health === 'unknown')),
  );
  return good ? 'reached' : 'pending';
}
