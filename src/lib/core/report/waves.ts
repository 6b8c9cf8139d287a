import type {ProjectSpec, ServiceSpec} from '../spec.js';

/**
 * Who may start together: each wave needs only what stands in earlier ones. Dependencies outside of the list hold nobody
 * back. The configuration has no cycles when it comes here; if it had, the rest would be the last wave.
 */
export function startWaves(services: readonly ServiceSpec[]): ServiceSpec[][] {
  const waves: ServiceSpec[][] = [];
  const placed = new Set<string>();
  let left = [...services];
  while (left.length > 0) {
    const open = new Set(left.map(({name}) => name));
    const ready = left.filter((service) => service.dependsOn.every(({name}) => placed.has(name) || !open.has(name)));
    const wave = ready.length > 0 ? ready : left;
    waves.push(wave);
    for (const {name} of wave) placed.add(name);
    left = left.filter(({name}) => !placed.has(name));
  }
  return waves;
}

/**
 * How long a start may take at most: each wave as long as its slowest service is allowed to, and port-forwards, which
 * need nobody of each other, one start of kubectl and the answer that proves it.
 */
export function startLimitMs(
  {services, portForwards, connection}: Pick<ProjectSpec, 'services' | 'portForwards' | 'connection'>,
  names: readonly string[],
): number {
  const meant = services.filter(({name}) => names.includes(name));
  const hasForwards = portForwards.some(({name}) => names.includes(name));
  const forwardsMs = hasForwards ? connection.startTimeoutMs + 2 * connection.probeTimeoutMs : 0;
  return startWaves(meant).reduce(
    (sum, wave) => sum + Math.max(...wave.map(({policy}) => policy.startTimeoutMs)),
    forwardsMs,
  );
}
