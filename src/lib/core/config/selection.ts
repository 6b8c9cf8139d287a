import {ErpError} from '../errors.js';
import {ExitCode} from '../exit-codes.js';
import type {ProjectSpec, ServiceSpec} from '../spec.js';
import {nearest} from './nearest.js';

export interface Selection {
  /** In the order of the configuration; what they need is in it. */
  readonly start: readonly string[];
  readonly notStarted: readonly {readonly name: string; readonly why: string}[];
}

export interface Wish {
  /** Services by name; empty: all that start by themselves. */
  readonly names?: readonly string[];
  readonly backendOnly?: boolean;
  readonly frontendOnly?: boolean;
}

/**
 * Which services of a project are to be started.
 * `--backend-only`: role backend and all it needs. `--frontend-only`: role frontend without what it needs.
 * @throws {ErpError} exit 2 for a name that does not exist, for both flags at once, and when nothing has the role
 */
export function selectServices(spec: ProjectSpec, wish: Wish): Selection {
  const {names = [], backendOnly = false, frontendOnly = false} = wish;
  if (backendOnly && frontendOnly) {
    throw usage('--backend-only and --frontend-only exclude each other.', ['leave both away to start everything']);
  }
  const all = new Map(spec.services.map((service) => [service.name, service]));
  for (const name of names) if (!all.has(name)) throw unknownService(name, [...all.keys()]);
  const role = backendOnly ? 'backend' : frontendOnly ? 'frontend' : null;
  const named = names.length > 0 ? spec.services.filter(({name}) => names.includes(name)) : null;
  const wanted = (named ?? spec.services.filter(({autoStart}) => autoStart)).filter(
    (service) => role === null || service.role === role,
  );
  if (role !== null && wanted.length === 0) {
    throw usage(`No service ${named === null ? '' : 'of those '}has the role ${role}.`, [
      `role: ${role} at a service of the configuration`,
    ]);
  }
  const start = frontendOnly ? new Set(wanted.map(({name}) => name)) : withNeeds(wanted, all);
  return {
    start: spec.services.flatMap(({name}) => (start.has(name) ? [name] : [])),
    notStarted: spec.services.flatMap((service) =>
      start.has(service.name) ? [] : [{name: service.name, why: whyNot(service, wish, wanted)}],
    ),
  };
}

function withNeeds(wanted: readonly ServiceSpec[], all: ReadonlyMap<string, ServiceSpec>): Set<string> {
  const start = new Set<string>();
  const add = (service: ServiceSpec) => {
    if (start.has(service.name)) return;
    start.add(service.name);
    for (const {name} of service.dependsOn) {
      const needed = all.get(name);
      if (needed !== undefined) add(needed);
    }
  };
  wanted.forEach(add);
  return start;
}

function whyNot(service: ServiceSpec, wish: Wish, wanted: readonly ServiceSpec[]): string {
  const needing = wanted.filter(({dependsOn}) => dependsOn.some(({name}) => name === service.name));
  if (wish.frontendOnly === true && needing.length > 0) {
    return `needed by ${needing.map(({name}) => name).join(', ')}, not started by request (--frontend-only)`;
  }
  if (wish.frontendOnly === true) return 'not started by request (--frontend-only)';
  if (wish.backendOnly === true) return 'not started by request (--backend-only)';
  return (wish.names?.length ?? 0) > 0 ? 'not named' : 'autoStart: false';
}

/** For every command that takes the name of a service. */
export function unknownService(name: string, all: readonly string[]): ErpError {
  const near = nearest(name, all);
  return usage(`No service ${name}.${near === null ? '' : ` Did you mean ${near}?`}`, [
    all.length === 0 ? 'this project has no services' : `services: ${all.join(', ')}`,
  ]);
}

const usage = (message: string, remedy: readonly string[]) =>
  new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
