import type {ServiceSpec} from '../spec.js';
import {missingDependencies, type Services} from './dependencies.js';
import type {PlannedReason} from './state.js';

/** Restarts that nobody asks for at the moment they happen. */
export type UnaskedReason = Extract<PlannedReason, 'schedule' | 'memory' | 'port'>;

/**
 * Why a service is not restarted now although it is due. A planned restart replaces something that works: it must be able
 * to come back, or the plan would be the outage.
 * @returns null: nothing stands against it
 */
export function plannedRefusal(spec: ServiceSpec, services: Services, why: UnaskedReason): string | null {
  const service = services.get(spec.name);
  if (service === undefined || service.memory.wanted === 'down') return 'it is not wanted up';
  const {state} = service;
  // A life that has just begun has nothing that a schedule could renew.
  const isUp = state.tag === 'ready' || (state.tag === 'starting' && why === 'memory');
  if (!isUp) return `it is ${state.tag === 'preparing' ? 'starting' : state.tag}`;
  if (!state.life.own) return 'erp did not start it';
  const missing = missingDependencies(spec, services, true);
  return missing.length === 0 ? null : `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not well`;
}
