import type {ServiceSpec} from '../core/spec.js';
import type {Blocker} from '../core/supervision/state.js';
import type {Cancel} from '../platform/types.js';
import type {Surroundings} from './shared.js';

const blockerPollMs = 500;
/** A holder that cannot be seen: tries after 1, 2, 4, … s. */
const blindPauseMs = 1000;
const longestBlindPauseMs = 60_000;

/** Looks at the one thing that a blocked service waits for, so that it gets its try as soon as it can succeed. */
export class BlockerWatch {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  #unwatch: Cancel = () => {};
  /** Tries for a port whose holder could not be seen, since the service was last ready. */
  #blindTries = 0;

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
    const blindUntil = world.clock.now() + Math.min(blindPauseMs * 2 ** this.#blindTries, longestBlindPauseMs);
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
