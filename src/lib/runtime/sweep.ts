import type {ServiceSpec} from '../core/spec.js';
import type {ProcessIdentity} from '../platform/types.js';
import type {Surroundings} from './shared.js';

const sweepGraceMs = 1000;
const sweepKillMs = 3000;
const longestRoundMs = 1000;

/** Whose leftovers are looked for. */
export interface SweepHost {
  /** The living leader: it and all that belongs to it stay. */
  readonly identity: ProcessIdentity | null;
  /** Leaders of earlier lives, whose session or group may still have members. */
  readonly leaders: readonly ProcessIdentity[];
}

/** Looks for what escaped from a service's group and ends it. */
export class Sweep {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  readonly #host: SweepHost;
  #chores = 0;

  constructor(spec: ServiceSpec, around: Surroundings, host: SweepHost) {
    this.#spec = spec;
    this.#around = around;
    this.#host = host;
  }

  /** Searches under way: a supervisor that ends meanwhile would leave something behind. */
  get busy(): boolean {
    return this.#chores > 0;
  }

  /** Ends what belongs to earlier lives and escaped from their group; tells the pid of one that cannot be ended. */
  run(then: (left: number | null) => void): void {
    const {world} = this.#around;
    this.#chores += 1;
    const done = (left: number | null): void => {
      this.#chores -= 1;
      then(left);
    };
    const query = {
      service: this.#spec.name,
      markPrefix: `${this.#around.projectMark}/${this.#spec.name}/`,
    };
    const told = new Set<number>();
    // Time that was lived through: after a sleep of the machine nobody has had his grace yet.
    let lived = 0;
    let lookedAt = world.clock.now();
    let kills = 0;
    const round = (pause: number): void => {
      // The present incarnation and all that belongs to it stay.
      const except = this.#host.identity;
      world.processes.stragglers({...query, leaders: this.#host.leaders, except}, (found) => {
        const now = world.clock.now();
        // A new life began while the search went on: it may be among what was found.
        if (this.#host.identity !== null && this.#host.identity !== except) {
          round(pause);
          return;
        }
        lived += Math.min(now - lookedAt, longestRoundMs);
        lookedAt = now;
        if (found.length === 0 || (lived >= sweepGraceMs + sweepKillMs && kills > 2)) {
          if (found.length > 0)
            this.#around.tell({
              level: 'ERROR',
              service: this.#spec.name,
              type: 'straggler',
              text: `cannot end what is left of it: ${found.map(({pid, command}) => `${command} (pid ${pid})`).join(', ')}`,
            });
          done(found[0]?.pid ?? this.#formerLeader(except));
          return;
        }
        const kill = told.size > 0 && lived >= sweepGraceMs;
        if (kill) kills += 1;
        for (const stray of found) {
          if (!told.has(stray.pid)) {
            told.add(stray.pid);
            this.#around.tell({
              level: 'WARNING',
              service: this.#spec.name,
              type: 'straggler',
              text: `had left ${stray.command} (pid ${stray.pid}) behind: ended`,
              facts: {pid: stray.pid, how: stray.why},
            });
          }
          world.processes.signal(stray, kill ? 'SIGKILL' : 'SIGTERM');
        }
        world.clock.at(now + pause, () => round(Math.min(pause * 2, 200)));
      });
    };
    round(10);
  }

  /** Only in the way before a spawn: a leader that was killed and is still there. */
  #formerLeader(except: ProcessIdentity | null): number | null {
    const {state} = this.#around.now(this.#spec.name);
    return state.tag === 'preparing' && except !== null ? except.pid : null;
  }
}
