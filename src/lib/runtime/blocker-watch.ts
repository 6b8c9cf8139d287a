import {isDiskFull} from '../core/diagnosis/disk-full.js';
import type {ServiceSpec} from '../core/spec.js';
import type {Blocker} from '../core/supervision/state.js';
import type {Cancel} from '../platform/types.js';
import type {Surroundings} from './shared.js';

const blockerPollMs = 500;
/** A holder that cannot be seen, a disk that fills again: tries after 1, 2, 4, … s. */
const firstPauseMs = 1000;
const longestPauseMs = 60_000;

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

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  /** The service was ready: whatever blocked it is over. */
  forget(): void {
    this.#blindTries = 0;
  }

  /** Watches for what a blocked service waits for; null: no longer. */
  watch(blocker: Blocker | null): void {
    this.#unwatch();
    if (blocker === null) return;
    const {world} = this.#around;
    let before: string | null = null;
    let seenTaken = false;
    const blindUntil = world.clock.now() + pauseMs(this.#blindTries);
    // At once the first time; a disk that its own start fills again and again gets pauses.
    if (world.clock.now() - this.#diskTriedAt > 2 * longestPauseMs) this.#diskTries = 0;
    const earliest = world.clock.now() + (this.#diskTries === 0 ? 0 : pauseMs(this.#diskTries - 1));
    const look = (): void => {
      const again = (): void => {
        this.#unwatch = world.clock.at(world.clock.now() + blockerPollMs, look);
      };
      if (blocker.kind === 'file') {
        const now = world.processes.fileState(blocker.path);
        if (before !== null && now !== before) this.#around.emit(this.#spec, {tag: 'unblocked'});
        else again();
        before = now;
        return;
      }
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
}
