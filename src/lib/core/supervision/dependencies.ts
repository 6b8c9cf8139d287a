import type {ServiceSpec} from '../spec.js';
import type {ForwardViews} from './forward-view.js';
import type {Service} from './state.js';

/** All services, and the port-forwards beside them: a name is never both. */
export type Services = ReadonlyMap<string, Service> & {readonly forwards?: ForwardViews};

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
      const forward = services.forwards?.get(name);
      if (forward !== undefined) return forward.wanted === 'up' && !forward.isUp;
      const dependency = services.get(name);
      if (dependency === undefined || dependency.memory.wanted === 'down') return false;
      const {state} = dependency;
      if (state.tag === 'ready') return isFirst && state.health === 'unhealthy';
      return state.tag !== 'done';
    });
}
