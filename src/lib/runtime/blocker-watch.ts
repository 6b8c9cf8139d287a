import {isDiskFull} from '../core/diagnosis/disk-full.js';
import type {ServiceSpec} from '../core/spec.js';
import type {Blocker, ListenerBlocker} from '../core/supervision/state.js';
import type {Cancel} from '../platform/types.js';
import type {Surroundings} from './shared.js';

const blockerPollMs = 500;
/** A holder that cannot be seen, a disk that fills again: tries after 1, 2, 4, … s. */
const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/** How long a connection may take. */
const connectLimitMs = 400;
/** Tries in quick succession that get no pause. */
const freeTries = 3;

const pauseMs = (tries: number): number => Math.min(firstPauseMs * 2 ** tries, longestPauseMs);

/** Looks at the one thing that a blocked service waits for, so that it gets its try as soon as it can succeed. */
export class BlockerWatch {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  #unwatch: Cancel = () => {};
  /** Tries for a port whose holder could not be seen, since the service was last ready. */
  #blindTries = 0;
  /** Tries after a disk had room again, in quick succession. */
  #diskTries = 0;
  #diskTriedAt = 0;
  /** What files were like at the try that they gave it last: what changed since gives it another one. */
  readonly #triedWith = new Map<string, string>();
  /** Tries because of a file or a listener, in quick succession. */
  #quickTries = 0;
  #quickTriedAt = Number.NEGATIVE_INFINITY;

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  /** The service was ready: whatever blocked it is over. */
  forget(): void {
    this.#blindTries = 0;
    this.#quickTries = 0;
    this.#triedWith.clear();
  }

  /** Watches for what a blocked service waits for; null: no longer. */
  watch(blocker: Blocker | null): void {
    this.#unwatch();
    if (blocker === null) return;
    switch (blocker.kind) {
      case 'file':
        this.#watchFiles([blocker.path]);
        break;
      case 'files':
        this.#watchFiles(blocker.paths);
        break;
      case 'listener':
        this.#watchListener(blocker);
        break;
      case 'port':
      case 'disk':
        this.#watchRoom(blocker);
    }
  }

  #watchRoom(blocker: Extract<Blocker, {kind: 'port' | 'disk'}>): void {
    const {world} = this.#around;
    let seenTaken = false;
    const blindUntil = world.clock.now() + pauseMs(this.#blindTries);
    // At once the first time; a disk that its own start fills again and again gets pauses.
    if (world.clock.now() - this.#diskTriedAt > 2 * longestPauseMs) this.#diskTries = 0;
    const earliest = world.clock.now() + (this.#diskTries === 0 ? 0 : pauseMs(this.#diskTries - 1));
    const look = (): void => {
      const again = (): void => {
        this.#unwatch = world.clock.at(world.clock.now() + blockerPollMs, look);
      };
      if (blocker.kind === 'disk') {
        const room = world.processes.diskRoom(blocker.path);
        if (world.clock.now() < earliest || (room !== null && isDiskFull(room))) again();
        else {
          this.#diskTries += 1;
          this.#diskTriedAt = world.clock.now();
          this.#around.emit(this.#spec, {tag: 'unblocked'});
        }
        return;
      }
      // Looks, never binds: a watcher that binds steals the port it watches.
      let current = true;
      this.#unwatch = () => {
        current = false;
      };
      world.ports.owners(blocker.port, (listeners) => {
        if (!current) return;
        if (listeners !== null && listeners.length > 0) seenTaken = true;
        else if (listeners !== null && seenTaken) {
          this.#around.emit(this.#spec, {tag: 'unblocked'});
          return;
        } else if (world.clock.now() >= blindUntil) {
          // Nobody to be seen there from the start: the holder is hidden, or was gone before the first look.
          this.#blindTries += 1;
          this.#around.emit(this.#spec, {tag: 'unblocked'});
          return;
        }
        again();
      });
    };
    look();
  }
  #watchFiles(paths: readonly string[]): void {
    const {processes} = this.#around.world;
    const seen = (): string => paths.map((path) => processes.fileState(path)).join('\n');
    const key = paths.join('\n');
    // An installation goes on while a try fails on what is there of it.
    const before = this.#triedWith.get(key) ?? seen();
    this.#poll((decide) => {
      const now = seen();
      if (now !== before) this.#triedWith.set(key, now);
      decide(now !== before);
      return null;
    });
  }

  /** A connection is made and closed: that is all that most servers tell without a password. */
  #watchListener({host, port}: ListenerBlocker): void {
    const {prober} = this.#around.world;
    this.#poll((decide) =>
      prober.probe({type: 'tcp', host, port}, connectLimitMs, ({tag}) => decide(tag === 'answered')),
    );
  }

  /** Asks now and then until the answer is yes. At once the first times; what fails again and again gets pauses. */
  #poll(ask: (decide: (isThere: boolean) => void) => Cancel | null): void {
    const {clock} = this.#around.world;
    if (clock.now() - this.#quickTriedAt > 2 * longestPauseMs) this.#quickTries = 0;
    const pause = this.#quickTries < freeTries ? 0 : pauseMs(this.#quickTries - freeTries);
    const earliest = this.#quickTriedAt + pause;
    let current = true;
    let cancel: Cancel = () => {};
    this.#unwatch = () => {
      current = false;
      cancel();
    };
    const look = (): void => {
      const asking = ask((isThere) => {
        if (!current) return;
        if (isThere && clock.now() >= earliest) {
          this.#quickTries += 1;
          this.#quickTriedAt = clock.now();
          this.#around.emit(this.#spec, {tag: 'unblocked'});
        } else cancel = clock.at(clock.now() + blockerPollMs, look);
      });
      // Who answers at once has set the next look already.
      if (asking !== null) cancel = asking;
    };
    look();
  }
}
