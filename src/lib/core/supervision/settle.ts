import type {ProjectSpec, ServiceSpec} from '../spec.js';
import type {Event} from './events.js';
import {isAtRest, mayRun, type Service} from './state.js';

export interface Move {
  readonly service: string;
  readonly event: Event;
}

export type Services = ReadonlyMap<string, Service>;

/**
 * What the dependencies among services ask for now: who may go on, who may stop, who has to follow a restart. Called
 * after every change until it answers with nothing.
 */
export function settle(spec: ProjectSpec, services: Services): readonly Move[] {
  const moves: Move[] = [];
  for (const service of spec.services) {
    const now = services.get(service.name);
    if (now === undefined) continue;
    if (now.state.tag === 'waiting' && missingDependencies(service, services).length === 0) {
      moves.push({service: service.name, event: {tag: 'go'}});
    } else if (
      now.memory.wanted === 'down' &&
      now.state.tag !== 'stopping' &&
      !isAtRest(now.state) &&
      dependentsStopped(spec, service, services)
    ) {
      moves.push({service: service.name, event: {tag: 'stop', now: false, why: 'operator'}});
    } else if ((now.state.tag === 'starting' || now.state.tag === 'ready') && now.memory.wanted === 'up') {
      const {spawnedAt} = now.state.life;
      const newer = service.restartWith.some((name) => {
        const other = services.get(name)?.state;
        return other?.tag === 'ready' && other.life.spawnedAt > spawnedAt;
      });
      if (newer) moves.push({service: service.name, event: {tag: 'restart', why: 'dependency'}});
    }
  }
  return moves;
}

/** Names of what it needs that is not there yet. What nobody wants up holds nobody back. */
export function missingDependencies(service: ServiceSpec, services: Services): readonly string[] {
  return service.dependsOn
    .map(({name}) => name)
    .filter((name) => {
      const dependency = services.get(name);
      if (dependency === undefined || dependency.memory.wanted === 'down') return false;
      return dependency.state.tag !== 'ready' && dependency.state.tag !== 'done';
    });
}

/** Stop in reverse order: what needs it and shall stop as well goes first. */
function dependentsStopped(spec: ProjectSpec, service: ServiceSpec, services: Services): boolean {
  return spec.services.every((other) => {
    if (!other.dependsOn.some(({name}) => name === service.name)) return true;
    const dependent = services.get(other.name);
    return dependent === undefined || dependent.memory.wanted === 'up' || !mayRun(dependent.state);
  });
}

/** Who would lose something they need, directly or not, in the order of the configuration. */
export function runningDependents(
  spec: ProjectSpec,
  names: ReadonlySet<string>,
  services: Services,
): readonly string[] {
  const affected = new Set(names);
  for (let grew = true; grew; ) {
    grew = false;
    for (const other of spec.services) {
      if (affected.has(other.name) || !other.dependsOn.some(({name}) => affected.has(name))) continue;
      const state = services.get(other.name);
      if (state === undefined || state.memory.wanted === 'down' || isAtRest(state.state)) continue;
      affected.add(other.name);
      grew = true;
    }
  }
  return spec.services.map(({name}) => name).filter((name) => affected.has(name) && !names.has(name));
}

/** The named services and all they need, in the order of the configuration. */
export function withDependencies(spec: ProjectSpec, names: readonly string[]): readonly string[] {
  const byName = new Map(spec.services.map((service) => [service.name, service]));
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const service = byName.get(name);
    if (service === undefined || wanted.has(name)) return;
    wanted.add(name);
    for (const dependency of service.dependsOn) add(dependency.name);
  };
  for (const name of names) add(name);
  return spec.services.map(({name}) => name).filter((name) => wanted.has(name));
}
