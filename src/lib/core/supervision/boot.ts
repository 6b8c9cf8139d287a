/**
 * A boot id names what pids mean something in: `BOOT`, or `BOOT:NAMESPACE` where the system has pid namespaces
 * (containers). Of another boot nothing can live any more; of another namespace it may, and cannot be seen from here.
 */
export type BootRelation = 'same' | 'other-namespace' | 'other-boot';

export function bootRelation(then: string, now: string): BootRelation {
  if (then === now) return 'same';
  const [boot] = then.split(':');
  const [present] = now.split(':');
  // Without its namespace, as an older version wrote it down: then pid and start time have to tell.
  if (boot === present) return then.includes(':') && now.includes(':') ? 'other-namespace' : 'same';
  return 'other-boot';
}
