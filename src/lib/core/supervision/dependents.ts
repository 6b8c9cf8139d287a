import {portsToldTo} from '../config/references.js';
import type {ProjectSpec, ServiceSpec} from '../spec.js';

/** Who depends on whom in one project, looked up once: an event must not cost a walk over all services. */
export class Dependents {
  readonly #services: ReadonlyMap<string, ServiceSpec>;
  readonly #order = new Map<string, number>();
  readonly #direct = new Map<string, string[]>();
  readonly #affected = new Map<string, readonly string[]>();
  readonly #all = new Map<string, readonly string[]>();

  constructor(spec: ProjectSpec) {
    this.#services = new Map(spec.services.map((service) => [service.name, service]));
    for (const [index, service] of spec.services.entries()) this.#order.set(service.name, index);
    for (const service of spec.services) {
      for (const needed of neededBy(service)) {
        const known = this.#direct.get(needed);
        if (known === undefined) this.#direct.set(needed, [service.name]);
        else known.push(service.name);
      }
    }
  }

  spec(name: string): ServiceSpec | undefined {
    return this.#services.get(name);
  }

  /** Everybody that needs this service, directly or not. */
  all(name: string): readonly string[] {
    let all = this.#all.get(name);
    if (all === undefined) {
      const reached = new Set([name]);
      for (const needed of reached)
        for (const other of this.#direct.get(needed) ?? [])
          if (this.#services.get(other)?.dependsOn.some((dependency) => dependency.name === needed) === true)
            reached.add(other);
      reached.delete(name);
      all = [...reached];
      this.#all.set(name, all);
    }
    return all;
  }

  /**
   * Whose lot may change when these have changed: themselves, who needs them, and all that they need (which may stop as
   * soon as they have). In the order of the configuration.
   */
  affectedBy(changed: Iterable<string>): readonly string[] {
    const affected = new Set<string>();
    for (const name of changed) for (const other of this.#affectedByOne(name)) affected.add(other);
    return this.inOrder(affected);
  }

  /** In the order of the configuration. */
  inOrder(names: Iterable<string>): readonly string[] {
    return [...names].sort((a, b) => (this.#order.get(a) ?? 0) - (this.#order.get(b) ?? 0));
  }

  #affectedByOne(name: string): readonly string[] {
    let affected = this.#affected.get(name);
    if (affected === undefined) {
      const reached = new Set([name]);
      for (const user of reached)
        for (const {name: needed} of this.#services.get(user)?.dependsOn ?? []) reached.add(needed);
      affected = [...new Set([...reached, ...(this.#direct.get(name) ?? [])])];
      this.#affected.set(name, affected);
    }
    return affected;
  }
}

function neededBy(service: ServiceSpec): ReadonlySet<string> {
  return new Set([...service.dependsOn.map(({name}) => name), ...service.restartWith, ...portsToldTo(service)]);
}
