import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import type {ServiceSpec} from '../core/spec.js';
import type {Cancel, ProcessIdentity, StragglerQuery, StrayProcess} from '../platform/types.js';
import type {Surroundings} from './shared.js';

const sweepGraceMs = 1000;
const sweepKillMs = 3000;
const longestRoundMs = 1000;
/** After a crash the new life comes first: a scan of all processes takes as long as several starts. */
const quietMs = 150;
/** Who crashes all the time is swept all the same. */
const longestQuietMs = 1000;

/** Whose leftovers are looked for. */
export interface SweepHost {
  /** The living leader: it and all that belongs to it stay. */
  readonly identity: ProcessIdentity | null;
  /** Leaders of earlier lives, whose session or group may still have members. */
  readonly leaders: readonly ProcessIdentity[];
  /** The last life that ended: whoever began to listen on its port while it lasted was its child. */
  readonly lastLife: EndedLife | null;
}

export interface EndedLife {
  readonly port: number | null;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** It ended by itself, with 0: if it left something behind, it meant to go into the background. */
  readonly endedWell: boolean;
}

/** Start times of processes are told in hundredths of a second, and the wall clock is not theirs. */
const startToleranceMs = 1000;
/**
 * A command that goes into the background ends soon. In a long life others start programs too, and one of them may
 * listen on this port at another address: it must never be taken for a daemon of ours.
 */
const longestLaunchMs = 10_000;

/** Looks for what escaped from a service's group and ends it. */
export class Sweep {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  readonly #host: SweepHost;
  #chores = 0;
  /** A sweep that waits for a quiet moment. */
  #waiting: {readonly since: number; readonly then: (() => void)[]; readonly cancel: Cancel} | null = null;

  constructor(spec: ServiceSpec, around: Surroundings, host: SweepHost) {
    this.#spec = spec;
    this.#around = around;
    this.#host = host;
  }

  /** Searches under way: a supervisor that ends meanwhile would leave something behind. */
  get busy(): boolean {
    return this.#chores > 0 || this.#waiting !== null;
  }

  /** As `run`, but when the new life has had its moment; crashes in a row are followed by one sweep. */
  soon(then: () => void): void {
    const {clock} = this.#around.world;
    const now = clock.now();
    const since = this.#waiting?.since ?? now;
    const all = [...(this.#waiting?.then ?? []), then];
    this.#waiting?.cancel();
    const cancel = clock.at(Math.min(now + quietMs, since + longestQuietMs), () => this.run(() => {}));
    this.#waiting = {since, then: all, cancel};
  }

  /** Ends what belongs to earlier lives and escaped from their group; tells the pid of one that cannot be ended. */
  run(then: (left: number | null) => void): void {
    const {world} = this.#around;
    const waited = this.#waiting?.then ?? [];
    this.#waiting?.cancel();
    this.#waiting = null;
    this.#chores += 1;
    const done = (left: number | null): void => {
      this.#chores -= 1;
      for (const each of waited) each();
      then(left);
    };
    const query = {
      service: this.#spec.name,
      markPrefix: `${this.#around.projectMark}/${this.#spec.name}/`,
      hasPort: this.#spec.port !== null,
    };
    const told = new Set<number>();
    // Time that was lived through: after a sleep of the machine nobody has had his grace yet.
    let lived = 0;
    let lookedAt = world.clock.now();
    let kills = 0;
    const round = (pause: number): void => {
      // The present incarnation and all that belongs to it stay.
      const except = this.#host.identity;
      this.#find({...query, leaders: this.#host.leaders, except}, (found) => {
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
            const daemonized = wasLaunch(this.#host.lastLife);
            if (daemonized) this.#around.emit(this.#spec, {tag: 'diagnosed', diagnosis: background(stray)});
            this.#around.tell({
              level: 'WARNING',
              service: this.#spec.name,
              type: 'straggler',
              text: `had left ${stray.command} (pid ${stray.pid}) behind: ended`,
              ...(daemonized ? {diagnosis: background(stray)} : {}),
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

  /**
   * Strays by session, descent and mark; and a daemon that shook off all three, by the port it has taken from its
   * parent: nobody else can have begun to listen there while the parent lived.
   */
  #find(query: StragglerQuery, callback: (found: readonly StrayProcess[]) => void): void {
    const {world} = this.#around;
    world.processes.stragglers(query, (found) => {
      const life = this.#host.lastLife;
      if (found.length > 0 || life === null || life.port === null || !wasLaunch(life)) {
        callback(found);
        return;
      }
      const {port, from, to} = life;
      world.ports.owners(port, (listeners) => {
        const daemons = (listeners ?? []).flatMap(({pid, startedAt, command}) => {
          if (pid === null || startedAt === null || startedAt < from - startToleranceMs || startedAt > to) return [];
          const identity = world.processes.identifyOrphan?.(pid) ?? null;
          return identity === null ? [] : [{...identity, command: command ?? 'a process', why: 'port' as const}];
        });
        callback(daemons);
      });
    });
  }

  /** Only in the way before a spawn: a leader that was killed and is still there. */
  #formerLeader(except: ProcessIdentity | null): number | null {
    const {state} = this.#around.now(this.#spec.name);
    return state.tag === 'preparing' && except !== null ? except.pid : null;
  }
}

function background(stray: StrayProcess): Diagnosis {
  return {
    cause: 'goes-into-background',
    confidence: 0.9,
    subject: stray.command,
    evidence: [`its command ended with code 0 and left ${stray.command} (pid ${stray.pid}) running`],
    remedy: 'use its foreground form, e.g. redis-server --daemonize no, nginx -g "daemon off;"',
  };
}

/** It ended soon and with 0: if anything of it is left, it meant to go into the background. */
const wasLaunch = (life: EndedLife | null): boolean =>
  life !== null && life.endedWell && life.to - life.from <= longestLaunchMs;
