import type {ServiceSpec} from '../spec.js';
import type {Service} from './state.js';

export type Services = ReadonlyMap<string, Service>;

/**
 * Names of what it needs that is not there yet. What nobody wants up holds nobody back. A first start waits until it is
 * well, too; after a crash it is enough that it is there.
 * @param isFirst what the next life will be, when it is not the one that memory tells
 */
export function missingDependencies(
  service: ServiceSpec,
  services: Services,
  isFirst = services.get(service.name)?.memory.freshStart ?? true,
): readonly string[] {
  return service.dependsOn
    .map(({name}) => name)
    .filter((name) => {
      const dependency = services.get(name);
      if (dependency === undefined || dependency.memory.wanted === 'down') return false;
      const {state} = dependency;
      if (state.tag === 'ready') return isFirst && state.health === 'unhealthy';
      return state.tag !== 'done';
    });
}
