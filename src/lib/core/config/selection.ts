import {ErpError} from '../errors.js';
import {ExitCode} from '../exit-codes.js';
import type {ForwardSpec, ProjectSpec, ServiceSpec} from '../spec.js';
import {nearest} from './nearest.js';

export interface Selection {
  /** In the order of the configuration; what they need is in it. */
  readonly start: readonly string[];
  readonly notStarted: readonly {readonly name: string; readonly why: string}[];
}

/** A service or a port-forward. */
type Startable = ServiceSpec | ForwardSpec;
const roleOf = (each: Startable): ServiceSpec['role'] => ('role' in each ? each.role : null);

export interface Wish {
  /** Services and port-forwards by name; empty: all that start by themselves. */
  readonly names?: readonly string[];
  readonly backendOnly?: boolean;
  readonly frontendOnly?: boolean;
}

/**
 * Which services and port-forwards of a project are to be started.
 * `--backend-only`: role backend and all it needs. `--frontend-only`: role frontend without what it needs.
 * @throws {ErpError} exit 2 for a name that does not exist, for both flags at once, and when nothing has the role
 */
export function selectServices(spec: ProjectSpec, wish: Wish): Selection {
  const {names = [], backendOnly = false, frontendOnly = false} = wish;
  if (backendOnly && frontendOnly) {
    throw usage('--backend-only and --frontend-only exclude each other.', ['leave both away to start everything']);
  }
  const listed: readonly Startable[] = [...spec.services, ...spec.portForwards];
  const all = new Map(listed.map((each) => [each.name, each]));
  for (const name of names) if (!all.has(name)) throw unknownService(name, [...all.keys()]);
  const role = backendOnly ? 'backend' : frontendOnly ? 'frontend' : null;
  const named = names.length > 0 ? listed.filter(({name}) => names.includes(name)) : null;
  const wanted = (named ?? listed.filter(({autoStart}) => autoStart)).filter(
    (each) => role === null || roleOf(each) === role,
  );
  if (role !== null && wanted.length === 0) {
    throw usage(`No service ${named === null ? '' : 'of those '}has the role ${role}.`, [
      `role: ${role} at a service of the configuration`,
    ]);
  }
  const start = frontendOnly ? new Set(wanted.map(({name}) => name)) : withNeeds(wanted, all);
  return {
    start: listed.flatMap(({name}) => (start.has(name) ? [name] : [])),
    notStarted: listed.flatMap((each) =>
      start.has(each.name) ? [] : [{name: each.name, why: whyNot(each, wish, wanted)}],
    ),
  };
}

/**
 * What `erp monitor-connection` starts: these port-forwards, or all of them; the supervisor adds the services they need.
 * @throws {ErpError} exit 3 when there are none, exit 2 for another name
 */
export function selectForwards({portForwards, services}: ProjectSpec, names: readonly string[]): readonly string[] {
  const all = portForwards.map(({name}) => name);
  if (all.length === 0) throw noForwards();
  for (const name of names) {
    if (all.includes(name)) continue;
    const isService = services.some((service) => service.name === name);
    const near = isService ? null : nearest(name, all);
    throw usage(
      isService
        ? `${name} is a service, not a port-forward.`
        : `No port-forward ${name}.${near === null ? '' : ` Did you mean ${near}?`}`,
      [...(isService ? [`erp start ${name}`] : []), `port-forwards: ${all.join(', ')}`],
    );
  }
  return names.length === 0 ? all : all.filter((name) => names.includes(name));
}

const noForwards = (): ErpError =>
  new ErpError('The configuration has no port-forwards.', {
    code: 'ERP_NO_FORWARDS',
    exitCode: ExitCode.configuration,
    remedy: ['portForwards: {grafana: {target: svc/grafana, namespace: monitoring, port: 3000}} in the configuration'],
  });

function withNeeds(wanted: readonly Startable[], all: ReadonlyMap<string, Startable>): Set<string> {
  const start = new Set<string>();
  const add = (each: Startable) => {
    if (start.has(each.name)) return;
    start.add(each.name);
    for (const {name} of each.dependsOn) {
      const needed = all.get(name);
      if (needed !== undefined) add(needed);
    }
  };
  wanted.forEach(add);
  return start;
}

function whyNot(each: Startable, wish: Wish, wanted: readonly Startable[]): string {
  const needing = wanted.filter(({dependsOn}) => dependsOn.some(({name}) => name === each.name));
  if (wish.frontendOnly === true && needing.length > 0) {
    return `needed by ${needing.map(({name}) => name).join(', ')}, not started by request (--frontend-only)`;
  }
  if (wish.frontendOnly === true) return 'not started by request (--frontend-only)';
  if (wish.backendOnly === true) return 'not started by request (--backend-only)';
  return (wish.names?.length ?? 0) > 0 ? 'not named' : 'autoStart: false';
}

/** For every command that takes the name of a service or a port-forward. */
export function unknownService(name: string, all: readonly string[]): ErpError {
  const near = nearest(name, all);
  return usage(`No service ${name}.${near === null ? '' : ` Did you mean ${near}?`}`, [
    all.length === 0 ? 'this project has no services' : `services: ${all.join(', ')}`,
  ]);
}

const usage = (message: string, remedy: readonly string[]) =>
  new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
