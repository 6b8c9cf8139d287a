import type {ProjectSpec} from '../spec.js';
import {missingDependencies, type Services} from './dependencies.js';
import type {Dependents} from './dependents.js';
import type {Event} from './events.js';
import {followsPort, oldPortsText} from './port-following.js';
import {isAtRest, mayRun, type Service} from './state.js';

export interface Move {
  readonly service: string;
  readonly event: Event;
}

/**
 * What the dependencies among services ask for now: who may go on, who may stop, who has to follow a restart. Called
 * after every change until it answers with nothing.
 * @param changed services that are not what they were at the last call; only they and whom they concern are looked at
 */
export function settle(dependents: Dependents, services: Services, changed: Iterable<string>): readonly Move[] {
  const moves: Move[] = [];
  for (const name of dependents.affectedBy(changed)) {
    const service = dependents.spec(name);
    const now = services.get(name);
    if (service === undefined || now === undefined) continue;
    if (now.memory.wanted === 'down') {
      if (shallStop(dependents, name, now, services))
        moves.push({service: name, event: {tag: 'stop', now: false, why: 'operator'}});
    } else if (now.state.tag === 'waiting') {
      if (missingDependencies(service, services).length === 0) moves.push({service: name, event: {tag: 'go'}});
    } else if (now.state.tag === 'starting' || now.state.tag === 'ready') {
      const {spawnedAt} = now.state.life;
      const newer = service.restartWith.some((needed) => {
        const other = services.get(needed)?.state;
        return other?.tag === 'ready' && other.life.spawnedAt > spawnedAt;
      });
      const old = newer ? [] : followsPort(service, now, services);
      if (newer) moves.push({service: name, event: {tag: 'restart', why: 'dependency'}});
      else if (old.length > 0)
        moves.push({service: name, event: {tag: 'restart', why: 'port', text: oldPortsText(old)}});
    }
  }
  return moves;
}

function shallStop(dependents: Dependents, name: string, {state}: Service, services: Services): boolean {
  if (isAtRest(state)) return false;
  // It is going down already, but would come up again behind that.
  if (state.tag === 'stopping') return state.goal.then !== 'stop';
  // Nobody can be using what does not run.
  if (state.tag !== 'starting' && state.tag !== 'ready') return true;
  return dependentsStopped(dependents, name, services);
}

/** Stop in reverse order: what needs it, directly or not, and shall stop as well goes first. */
function dependentsStopped(dependents: Dependents, name: string, services: Services): boolean {
  return dependents.all(name).every((other) => {
    const forward = services.forwards?.get(other);
    if (forward !== undefined) return forward.wanted === 'up' || !forward.mayRun;
    const dependent = services.get(other);
    return dependent === undefined || dependent.memory.wanted === 'up' || !mayRun(dependent.state);
  });
}

/** Services and port-forwards that would lose something they need, directly or not, in the order of the configuration. */
export function runningDependents(
  spec: ProjectSpec,
  names: ReadonlySet<string>,
  services: Services,
): readonly string[] {
  const all = [...spec.services, ...spec.portForwards];
  const affected = new Set(names);
  for (let grew = true; grew; ) {
    grew = false;
    for (const other of all) {
      if (affected.has(other.name) || !other.dependsOn.some(({name}) => affected.has(name))) continue;
      if (!isInUse(other.name, services)) continue;
      affected.add(other.name);
      grew = true;
    }
  }
  return all.map(({name}) => name).filter((name) => affected.has(name) && !names.has(name));
}

/** A port-forward comes back by itself as long as somebody wants it. */
function isInUse(name: string, services: Services): boolean {
  const forward = services.forwards?.get(name);
  if (forward !== undefined) return forward.wanted === 'up';
  const service = services.get(name);
  return service !== undefined && service.memory.wanted === 'up' && !isAtRest(service.state);
}

/** The named services and port-forwards and all they need, in the order of the configuration, services first. */
export function withDependencies(spec: ProjectSpec, names: readonly string[]): readonly string[] {
  const all = [...spec.services, ...spec.portForwards];
  const byName = new Map(all.map((each) => [each.name, each]));
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const service = byName.get(name);
    if (service === undefined || wanted.has(name)) return;
    wanted.add(name);
    for (const dependency of service.dependsOn) add(dependency.name);
  };
  for (const name of names) add(name);
  return all.map(({name}) => name).filter((name) => wanted.has(name));
}
