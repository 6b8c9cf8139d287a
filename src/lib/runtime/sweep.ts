import {goesIntoBackground} from '../core/diagnosis/background.js';
import type {ServiceSpec} from '../core/spec.js';
import type {LastLife} from '../core/supervision/journal.js';
import type {Cancel, ProcessIdentity, StragglerQuery, StrayProcess} from '../platform/types.js';
import {endStrays, namesOf} from './ending-strays.js';
import type {Surroundings} from './shared.js';

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
  /** Lives that have ended, the last one last: whoever began to listen on its port while it lasted was its child. */
  readonly endedLives: readonly EndedLife[];
}

export interface EndedLife {
  readonly port: number | null;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** It ended by itself, with 0: if it left something behind, it meant to go into the background. null: nobody saw. */
  readonly endedWell: boolean | null;
  /** Known from the journal: less is certain, so a daemon has to run the very program that was launched. */
  readonly recalled?: boolean;
}

/** Start times of processes are told in hundredths of a second, and the wall clock is not theirs. */
const startToleranceMs = 1000;
/**
 * A command that goes into the background ends soon. In a long life others start programs too, and one of them may
 * listen on this port at another address: it must never be taken for a daemon of ours.
 */
const longestLaunchMs = 10_000;
const looksAgainMs = [100, 400, 1500] as const;
const usualAddresses: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

/** The last life as a former supervisor wrote it down; a life whose end nobody saw can have been a launch. */
export function recalledLife({from, to, port, endedWell}: LastLife): EndedLife {
  return {port, from, to: to ?? from + longestLaunchMs, endedWell: to === null ? null : endedWell, recalled: true};
}

/** Looks for what escaped from a service's group and ends it. */
export class Sweep {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  readonly #host: SweepHost;
  #chores = 0;
  /** Two searches that overlap find the same one, who takes a moment to end. */
  #lastTold: readonly StrayProcess[] = [];
  /** A sweep that waits for a quiet moment. */
  #waiting: {readonly since: number; readonly then: readonly (() => void)[]; readonly cancel: Cancel} | null = null;

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
    // The present incarnation and all that belongs to it stay.
    let except = this.#host.identity;
    endStrays(
      world,
      {
        find: (callback) => {
          except = this.#host.identity;
          this.#find({...query, leaders: this.#host.leaders, except}, (found) => {
            // A new life began while the search went on: it may be among what was found.
            const outdated = this.#host.identity !== null && this.#host.identity !== except;
            callback(outdated ? null : found);
          });
        },
        onFound: (stray) => this.#tellOf(stray),
        onStubborn: (left) =>
          this.#around.tell({
            level: 'ERROR',
            service: this.#spec.name,
            type: 'straggler',
            text: `cannot end what is left of it: ${namesOf(left)}`,
          }),
      },
      (left) => done(left ?? this.#formerLeader(except)),
    );
  }

  /**
   * After a life that may have been a launch: its daemon needs a moment until it listens or has become an orphan, and
   * nobody else would look again before the next stop.
   */
  lookAgain(): void {
    const {clock} = this.#around.world;
    if (this.#spec.kind !== 'service' || !wasLaunch(this.#host.endedLives.at(-1))) return;
    for (const pause of looksAgainMs) {
      this.#chores += 1;
      clock.at(clock.now() + pause, () => {
        // Whoever waits for the end of all looks again afterwards.
        this.run(() => this.#around.emit(this.#spec, {tag: 'tick'}));
        this.#chores -= 1;
      });
    }
  }

  #tellOf(stray: StrayProcess): void {
    const daemonized = this.#host.endedLives.slice(-2).some(wasLaunch);
    if (daemonized) this.#around.emit(this.#spec, {tag: 'diagnosed', diagnosis: goesIntoBackground(stray)});
    if (this.#lastTold.some(({pid, startTime}) => pid === stray.pid && startTime === stray.startTime)) return;
    this.#lastTold = [...this.#lastTold.slice(-31), stray];
    this.#around.tell({
      level: 'WARNING',
      service: this.#spec.name,
      type: 'straggler',
      text: `had left ${stray.command} (pid ${stray.pid}) behind: ended`,
      ...(daemonized ? {diagnosis: goesIntoBackground(stray)} : {}),
      facts: {pid: stray.pid, how: stray.why},
    });
  }

  /**
   * Strays by session, descent and mark; and a daemon that shook off all three, by the port it has taken from its
   * parent: nobody else can have begun to listen there while the parent lived. A stranger at another address of the
   * same port can, so only the service's own addresses count.
   */
  #find(query: StragglerQuery, callback: (found: readonly StrayProcess[]) => void): void {
    const {world} = this.#around;
    world.processes.stragglers(query, (found) => {
      const port = this.#host.endedLives.at(-1)?.port ?? null;
      const lives = this.#host.endedLives.filter((life) => life.port === port && mayBeLaunch(life));
      if (found.length > 0 || port === null || lives.length === 0) {
        callback(found);
        return;
      }
      world.ports.owners(port, (listeners) => {
        const daemons = (listeners ?? []).flatMap(({pid, startedAt, command, address}) => {
          if (pid === null || startedAt === null || !this.#isOwnAddress(address)) return [];
          const life = lives.find(({from, to}) => startedAt >= from - startToleranceMs && startedAt <= to);
          if (life === undefined) return [];
          const program = life.recalled === true ? this.#spec.name : undefined;
          const identity = world.processes.identifyOrphan?.(pid, program) ?? null;
          return identity === null ? [] : [{...identity, command: command ?? 'a process', why: 'port' as const}];
        });
        callback(daemons);
      });
    });
  }

  #isOwnAddress(address: string): boolean {
    return usualAddresses.has(address) || (this.#spec.port?.addresses.includes(address) ?? false);
  }

  /** Only in the way before a spawn: a leader that was killed and is still there. */
  #formerLeader(except: ProcessIdentity | null): number | null {
    const {state} = this.#around.now(this.#spec.name);
    return state.tag === 'preparing' && except !== null ? except.pid : null;
  }
}

/** It ended soon and with 0: if anything of it is left, it meant to go into the background. */
export const wasLaunch = (life: EndedLife | undefined): boolean => life?.endedWell === true && mayBeLaunch(life);

const mayBeLaunch = (life: EndedLife): boolean => life.endedWell !== false && life.to - life.from <= longestLaunchMs;
