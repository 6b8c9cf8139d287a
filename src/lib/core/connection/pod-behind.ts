/**
 * A pod behind a service and its port, of what `kubectl get endpoints NAME -o json` prints: a ready one first.
 * @param remotePort as it is configured: with several ports only a name leads to one of them
 * @returns null: none, or it can't be told which port is meant
 */
export function readPodBehind(
  json: string,
  remotePort: number | string,
): {readonly target: string; readonly port: number} | null {
  const subsets = subsetsOf(json);
  for (const which of ['addresses', 'notReadyAddresses'] as const)
    for (const subset of subsets) {
      const pod = subset[which]?.find(({targetRef}) => targetRef?.kind === 'Pod')?.targetRef?.name;
      const ports = subset.ports ?? [];
      const port = ports.length === 1 ? ports[0]?.port : ports.find(({name}) => name === remotePort)?.port;
      if (typeof pod === 'string' && typeof port === 'number') return {target: `pod/${pod}`, port};
    }
  return null;
}

function subsetsOf(json: string): readonly Partial<Subset>[] {
  try {
    const {subsets} = JSON.parse(json) as {readonly subsets?: unknown};
    return Array.isArray(subsets) ? (subsets as Partial<Subset>[]) : [];
  } catch {
    return [];
  }
}

interface Subset {
  readonly addresses: readonly Address[];
  readonly notReadyAddresses: readonly Address[];
  readonly ports: readonly {readonly name?: unknown; readonly port?: unknown}[];
}

interface Address {
  readonly targetRef?: {readonly kind?: unknown; readonly name?: unknown};
}
