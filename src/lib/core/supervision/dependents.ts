import {portsToldTo} from '../config/references.js';
import type {ProjectSpec, ServiceSpec} from '../spec.js';

/**
 * Who depends on whom in one project, services and port-forwards, looked up once: an event must not cost a walk over all
 * services.
 */
export class Dependents {
  readonly #services: ReadonlyMap<string, ServiceSpec>;
  /** What each one needs, by `dependsOn`. */
  readonly #needs = new Map<string, readonly string[]>();
  readonly #order = new Map<string, number>();
  readonly #direct = new Map<string, string[]>();
  readonly #affected = new Map<string, readonly string[]>();
  readonly #all = new Map<string, readonly string[]>();

  constructor(spec: ProjectSpec) {
    this.#services = new Map(spec.services.map((service) => [service.name, service]));
    for (const [index, service] of spec.services.entries()) this.#order.set(service.name, index);
    for (const {name, dependsOn} of [...spec.services, ...spec.portForwards]) {
      const needs = dependsOn.map((needed) => needed.name);
      this.#needs.set(name, needs);
      const service = this.#services.get(name);
      for (const needed of service === undefined ? needs : concerning(service)) {
        const known = this.#direct.get(needed);
        if (known === undefined) this.#direct.set(needed, [name]);
        else known.push(name);
      }
    }
  }

  spec(name: string): ServiceSpec | undefined {
    return this.#services.get(name);
  }

  /** Every service and port-forward that needs this one, directly or not. */
  all(name: string): readonly string[] {
    let all = this.#all.get(name);
    if (all === undefined) {
      const reached = new Set([name]);
      for (const needed of reached)
        for (const other of this.#direct.get(needed) ?? [])
          if (this.#needs.get(other)?.includes(needed) === true) reached.add(other);
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
      for (const user of reached) for (const needed of this.#needs.get(user) ?? []) reached.add(needed);
      affected = [...new Set([...reached, ...(this.#direct.get(name) ?? [])])];
      this.#affected.set(name, affected);
    }
    return affected;
  }
}

/** Whose changes may change its lot. */
function concerning(service: ServiceSpec): ReadonlySet<string> {
  return new Set([...service.dependsOn.map(({name}) => name), ...service.restartWith, ...portsToldTo(service)]);
}
