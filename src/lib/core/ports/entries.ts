import type {ProjectSpec, ServiceSpec} from '../spec.js';
import type {PortEntry} from './choose-port.js';

/** Everything in a project that wants a port, services first, in the order of the configuration. */
export function portEntries({services, portForwards}: Pick<ProjectSpec, 'services' | 'portForwards'>): PortEntry[] {
  return [...services.flatMap((service) => entryOf(service) ?? []), ...portForwards];
}

/** null: it has no port. What others run stays on its own, whatever its neighbours want. */
export function entryOf({name, kind, port}: ServiceSpec): PortEntry | null {
  if (port === null) return null;
  const {primary, alternatives, any, addresses} = port;
  return kind === 'external'
    ? {name, primary, alternatives: [], any: false, addresses}
    : {name, primary, alternatives, any, addresses};
}
