import type {ForwardStatus, ServiceStatus} from '../lib/core/report/status.js';

export type AddressKind = 'port' | 'url';

/** What `erp port NAME --json` and `erp url NAME --json` print. */
export interface Address {
  readonly service: string;
  readonly state: ServiceStatus['state'] | ForwardStatus['state'];
  /** null: it has none. */
  readonly port: number | null;
  readonly primaryPort: number | null;
  readonly url: string | null;
}

export function addressOf({name, state, port, primaryPort, url}: ServiceStatus): Address {
  return {service: name, state, port, primaryPort, url: url ?? null};
}

/** Its process has the port now; of what others run, that it answers. A start that still looks for a port has no pid. */
export const isThere = ({state, pid}: ServiceStatus) => state === 'ready' || (state === 'starting' && pid !== null);

/** One line for scripts; null: there is something to explain. */
export function addressLine(service: ServiceStatus, kind: AddressKind): string | null {
  if (!isThere(service)) return null;
  if (kind === 'url') return service.url ?? null;
  return service.port === null ? null : String(service.port);
}

/** Our kubectl listens there: the right app has answered, is being asked again, or can't be asked. */
export const isForwardThere = ({state}: ForwardStatus): boolean => state === 'verified' || state === 'suspect';
