import {portsToldTo} from '../config/references.js';
import type {ProjectSpec, ServiceSpec} from '../spec.js';
import {missingDependencies, type Services} from './dependencies.js';
import type {Service} from './state.js';

/** A running service that was started with a port which another one has no longer. */
export interface OldPort {
  /** Whose port. */
  readonly name: string;
  /** null: not known. */
  readonly told: number | null;
  readonly port: number;
}

/** Ports that this running service was started with and that are others by now. Only who is ready on its port counts. */
export function oldPorts(spec: ServiceSpec, {state}: Service, services: Services): readonly OldPort[] {
  if ((state.tag !== 'starting' && state.tag !== 'ready') || !state.life.own || spec.kind !== 'service') return [];
  const {told} = state.life;
  return portsToldTo(spec).flatMap((name): readonly OldPort[] => {
    const forward = services.forwards?.get(name);
    if (forward !== undefined) {
      const before = told?.[name];
      if (!forward.isUp || forward.port === null || before === undefined || before === forward.port) return [];
      return [{name, told: before, port: forward.port}];
    }
    const other = services.get(name);
    if (other?.state.tag !== 'ready' || other.memory.port === null) return [];
    const {port, announcedPort} = other.memory;
    // Nobody knows what it was told: if the other one has never moved, it can't have been anything else.
    if (told === null) return announcedPort === null ? [] : [{name, told: null, port}];
    const before = told[name];
    return before === undefined || before === port ? [] : [{name, told: before, port}];
  });
}

/**
 * Has this service to be restarted because a port it was started with has changed? Once: not while another one that it
 * names is still on its way, and only when it can come back.
 */
export function followsPort(spec: ServiceSpec, service: Service, services: Services): readonly OldPort[] {
  if (spec.policy.onPortChange === 'ignore') return [];
  const old = oldPorts(spec, service, services);
  if (old.length === 0 || portsToldTo(spec).some((name) => isOnItsWay(services.get(name)))) return [];
  return missingDependencies(spec, services, true).length === 0 ? old : [];
}

/** Who runs, was started with the port of one of these and is to be restarted when it changes. */
export function followersOf(spec: ProjectSpec, names: readonly string[], services: Services): readonly string[] {
  return spec.services.flatMap((service) => {
    const {name, kind, policy} = service;
    const state = services.get(name)?.state;
    const runs = (state?.tag === 'starting' || state?.tag === 'ready') && state.life.own;
    const follows = portsToldTo(service).some((other) => names.includes(other));
    return runs && follows && kind === 'service' && policy.onPortChange !== 'ignore' && !names.includes(name)
      ? [name]
      : [];
  });
}

/** "backend is on 8001 now, not on 8000" */
export function oldPortsText(old: readonly OldPort[]): string {
  return old
    .map(({name, told, port}) => `${name} is on ${port} now${told === null ? '' : `, not on ${told}`}`)
    .join('; ');
}

/** It will be ready, or not, within the time that a start has. */
function isOnItsWay(service: Service | undefined): boolean {
  if (service === undefined || service.memory.wanted === 'down') return false;
  const {state} = service;
  switch (state.tag) {
    case 'preparing':
    case 'clearing':
      return true;
    case 'starting':
      return state.life.own && state.deadline !== null;
    case 'stopping':
      return state.goal.then !== 'stop';
    default:
      return false;
  }
}
