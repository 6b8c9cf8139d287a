import type {ForwardSpec} from '../spec.js';

/** A service without pods: kubectl itself waits so long for one, which costs less than to ask again and again. */
const podRunningTimeout = '12s';

/**
 * What kubectl is told. One kubectl for each forward: an error of one connection ends it with all its ports. With the
 * addresses named a port that is taken is an error; without them kubectl is content with `::1` and says nothing.
 */
export function forwardArgs(
  {context, namespace, target, addresses}: Pick<ForwardSpec, 'context' | 'namespace' | 'target' | 'addresses'>,
  port: number,
  remotePort: number | string,
): readonly string[] {
  return [
    'port-forward',
    ...(context === null ? [] : ['--context', context]),
    ...(namespace === null ? [] : ['--namespace', namespace]),
    '--address',
    addresses.join(','),
    `--pod-running-timeout=${podRunningTimeout}`,
    target,
    `${port}:${remotePort}`,
  ];
}
