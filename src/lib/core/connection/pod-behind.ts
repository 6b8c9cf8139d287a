/**
 * A pod behind a service and its port, of what `kubectl get svc/NAME endpoints/NAME -o json` prints: a ready one first.
 * @param remotePort of the service, number or name
 * @returns null: none, or it can't be told which port is meant
 */
export function readPodBehind(
  json: string,
  remotePort: number | string,
): {readonly target: string; readonly port: number} | null {
  const {service, subsets} = read(json);
  const known = service.find(({port, name}) => port === remotePort || name === remotePort);
  if (known === undefined) return null;
  for (const which of ['addresses', 'notReadyAddresses'] as const)
    for (const subset of subsets) {
      const pod = subset[which]?.find(({targetRef}) => targetRef?.kind === 'Pod')?.targetRef?.name;
      const ports = subset.ports ?? [];
      // Ports of both have the same names; a service with one port may leave it out.
      const port = ports.find(({name}) => name === known.name)?.port;
      if (typeof pod === 'string' && typeof port === 'number') return {target: `pod/${pod}`, port};
    }
  return null;
}

function read(json: string): {readonly service: readonly Port[]; readonly subsets: readonly Partial<Subset>[]} {
  try {
    const {items} = JSON.parse(json) as {readonly items?: readonly Item[]};
    const ports = items?.find(({kind}) => kind === 'Service')?.spec?.ports;
    const subsets = items?.find(({kind}) => kind === 'Endpoints')?.subsets;
    return {
      service: Array.isArray(ports) ? (ports as Port[]) : [],
      subsets: Array.isArray(subsets) ? (subsets as Partial<Subset>[]) : [],
    };
  } catch {
    return {service: [], subsets: []};
  }
}

interface Item {
  readonly kind?: unknown;
  readonly spec?: {readonly ports?: unknown};
  readonly subsets?: unknown;
}

interface Port {
  readonly name?: unknown;
  readonly port?: unknown;
}

interface Subset {
  readonly addresses: readonly Address[];
  readonly notReadyAddresses: readonly Address[];
  readonly ports: readonly Port[];
}

interface Address {
  readonly targetRef?: {readonly kind?: unknown; readonly name?: unknown};
}
