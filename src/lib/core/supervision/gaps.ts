import {afterGap} from '../probes/tracks.js';
import {unreachable} from '../unreachable.js';
import type {Life, State} from './state.js';
import type {Context} from './step.js';

/** Every deadline moves by the time that nobody lived through, and everything is asked once before it is judged. */
export function shifted(state: State, ms: number, {now, spec}: Context): State {
  switch (state.tag) {
    case 'starting':
      return {
        ...state,
        life: gapLife(state.life, ms, now, spec),
        deadline: state.deadline === null ? null : Math.max(state.deadline + ms, now),
      };
    case 'ready':
      return {
        ...state,
        life: gapLife(state.life, ms, now, spec),
        stableAt: state.stableAt === null ? null : state.stableAt + ms,
        unhealthySince: state.unhealthySince === null ? null : state.unhealthySince + ms,
      };
    case 'stopping':
    case 'clearing':
      return {...state, killAt: state.killAt + ms};
    case 'backing-off':
      return {...state, until: state.until + ms};
    case 'failed':
      return {...state, nextTryAt: state.nextTryAt === null ? null : state.nextTryAt + ms};
    case 'stopped':
    case 'waiting':
    case 'preparing':
    case 'done':
      return state;
    default:
      return unreachable(state);
  }
}

function gapLife(life: Life, ms: number, now: number, spec: Context['spec']): Life {
  return {
    ...life,
    tracks: life.tracks.map((track, i) => {
      const probe = spec.probes[i];
      return probe === undefined ? track : afterGap(track, probe, spec, ms, now);
    }),
  };
}
