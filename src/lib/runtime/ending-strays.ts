import type {StrayProcess, World} from '../platform/types.js';
import type {News} from './shared.js';

const graceMs = 1000;
const killMs = 3000;
const longestRoundMs = 1000;

export interface StrayHunt {
  /** Looks again, each round. null: what was found is out of date, look at once. */
  find(callback: (found: readonly StrayProcess[] | null) => void): void;
  /** Told once of each, right before its SIGTERM. */
  onFound(stray: StrayProcess): void;
  /** Told at the end of those that SIGKILL did not end. */
  onStubborn(left: readonly StrayProcess[]): void;
}

/** Ends all that are found, politely first, until nobody is found any more; tells the pid of one that cannot be ended. */
export function endStrays({clock, processes}: World, hunt: StrayHunt, done: (left: number | null) => void): void {
  const told = new Set<number>();
  // Time that was lived through: after a sleep of the machine nobody has had his grace yet.
  let lived = 0;
  let lookedAt = clock.now();
  let kills = 0;
  const round = (pause: number): void => {
    hunt.find((found) => {
      if (found === null) {
        round(pause);
        return;
      }
      const now = clock.now();
      lived += Math.min(now - lookedAt, longestRoundMs);
      lookedAt = now;
      const first = found[0];
      if (first === undefined || (lived >= graceMs + killMs && kills > 2)) {
        if (first !== undefined) hunt.onStubborn(found);
        done(first?.pid ?? null);
        return;
      }
      const kill = told.size > 0 && lived >= graceMs;
      if (kill) kills += 1;
      for (const stray of found) {
        if (!told.has(stray.pid)) {
          told.add(stray.pid);
          hunt.onFound(stray);
        }
        processes.signal(stray, kill ? 'SIGKILL' : 'SIGTERM');
      }
      clock.at(now + pause, () => round(Math.min(pause * 2, 200)));
    });
  };
  round(10);
}

export const namesOf = (strays: readonly StrayProcess[]): string =>
  strays.map(({pid, command}) => `${command} (pid ${pid})`).join(', ');

/** Everything is down: who is still in the project's own control group was left by one of its services. */
export function sweepProject(
  world: World,
  projectMark: string,
  sink: {tell(news: News): void},
  done: () => void,
): void {
  const {processes} = world;
  if (processes.groupMembers === undefined) {
    done();
    return;
  }
  const about = (level: 'WARNING' | 'ERROR', text: string): News => ({level, service: null, type: 'straggler', text});
  endStrays(
    world,
    {
      find: (callback) => processes.groupMembers?.(projectMark, callback),
      onFound: (stray) =>
        sink.tell(about('WARNING', `a service had left ${stray.command} (pid ${stray.pid}) behind: ended`)),
      onStubborn: (left) => sink.tell(about('ERROR', `cannot end what a service has left behind: ${namesOf(left)}`)),
    },
    done,
  );
}
