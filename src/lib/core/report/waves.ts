import type {ServiceSpec} from '../spec.js';

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

/** How long a start may take at most: each wave as long as its slowest service is allowed to. */
export function startLimitMs(services: readonly ServiceSpec[]): number {
  return startWaves(services).reduce(
    (sum, wave) => sum + Math.max(...wave.map(({policy}) => policy.startTimeoutMs)),
    0,
  );
}
