import {bareReadyMs, hangAt, isBare} from '../probes/tracks.js';
import type {ServiceSpec} from '../spec.js';
import type {Service} from './state.js';

/**
 * When this service next wants a tick; the runtime sleeps until the earliest of all.
 * @returns monotonic milliseconds, or infinity: only an event can change anything
 */
export function nextDeadline({state}: Service, spec: ServiceSpec): number {
  switch (state.tag) {
    case 'backing-off':
      return state.until;
    case 'failed':
      return state.nextTryAt ?? Number.POSITIVE_INFINITY;
    case 'stopping':
    case 'clearing':
      return state.killAt;
    case 'starting':
    case 'ready': {
      if (state.life.own && state.life.pid === null) return Number.POSITIVE_INFINITY;
      let next = Number.POSITIVE_INFINITY;
      let asking = false;
      // Before it was ready, silence does not count; what is not ours is not ended for it.
      const silenceCounts = state.tag === 'ready' || (state.deadline === null && state.life.own && spec.kind !== 'job');
      for (const [i, track] of state.life.tracks.entries()) {
        if (track.inFlight !== null) {
          asking = true;
          continue;
        }
        next = Math.min(next, track.nextAt);
        const probe = spec.probes[i];
        if (silenceCounts && track.misses > 0 && probe !== undefined)
          next = Math.min(next, hangAt(track, probe, spec) ?? next);
      }
      if (state.tag === 'ready') next = Math.min(next, state.stableAt ?? next);
      else if (isBare(spec) && spec.kind !== 'job') next = Math.min(next, state.life.spawnedAt + bareReadyMs);
      // A probe in flight decides first.
      else if (!asking && state.deadline !== null) next = Math.min(next, state.deadline);
      return next;
    }
    case 'stopped':
    case 'waiting':
    case 'preparing':
    case 'done':
      return Number.POSITIVE_INFINITY;
  }
}

/** May it change at a moment that `nextDeadline` does not name? Then it is looked at with every beat. */
export function isRestless({state, memory}: Service): boolean {
  // It calms down an hour after its last restart.
  if (memory.unstable !== 'no' || state.tag === 'starting') return true;
  return state.tag === 'ready' && (state.unhealthySince !== null || state.life.tracks.some(({misses}) => misses > 0));
}
