import type {PortSpec} from '../spec.js';

/**
 * Ports to try, in this order: the one given last time (so that a choice is kept over restarts), the primary, the
 * alternatives. Without alternatives nothing is tried but the primary. Ports that were given to others are left out.
 * @param given ports that other services have now
 * @param wantedByOthers primaries of other entries: not taken as an alternative
 */
export function candidates(
  spec: PortSpec,
  last: number | null,
  given: ReadonlySet<number>,
  wantedByOthers: ReadonlySet<number>,
): readonly number[] {
  const own = [spec.primary, ...spec.alternatives];
  const ordered = last !== null && own.includes(last) ? [last, ...own.filter((port) => port !== last)] : own;
  return ordered.filter((port) => !given.has(port) && (port === spec.primary || !wantedByOthers.has(port)));
}
