import type {PortListener} from './survey.js';

/** The address that stands for all addresses of a family. */
const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '*']);

/**
 * Would a socket on `wanted` find this listener in its way? A wildcard covers every address of its family; `::` covers
 * IPv4 too, unless the system says that this one does not.
 */
export function isInTheWay(
  {address, isDualStack}: Pick<PortListener, 'address' | 'isDualStack'>,
  wanted: string,
): boolean {
  if (address === wanted || address === '*' || wanted === '*') return true;
  // A service that binds `::` means IPv4 with it, as programs do by default.
  if (wanted === '::' || (address === '::' && isDualStack !== false)) return true;
  return isIPv6(address) === isIPv6(wanted) && (isWildcard(address) || isWildcard(wanted));
}

export const isWildcard = (address: string): boolean => wildcards.has(address);

const isIPv6 = (address: string): boolean => address.includes(':');
