import type {Cancel, Clock, Kubectl} from '../platform/types.js';

/** An API server ends a watch after some time; one that can't be had is not asked for again and again. */
const againAfterMs = 60_000;
/** Kept a while when nobody listens any more: who fails and comes back again and again does not open one each time. */
const lingerMs = 60_000;

interface Where {
  readonly context: string | null;
  readonly namespace: string | null;
}

interface Watch {
  readonly listeners: Set<(pod: string) => void>;
  cancel: Cancel;
  cancelClosing: Cancel;
}

/** One watch for all forwards of a namespace that wait for a pod. */
export class PodWatches {
  readonly #kubectl: Kubectl;
  readonly #clock: Clock;
  readonly #watches = new Map<string, Watch>();

  constructor(kubectl: Kubectl, clock: Clock) {
    this.#kubectl = kubectl;
    this.#clock = clock;
  }

  watch(where: Where, ready: (pod: string) => void): Cancel {
    const key = JSON.stringify([where.context, where.namespace]);
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      watch = {listeners: new Set(), cancel: () => {}, cancelClosing: () => {}};
      this.#watches.set(key, watch);
      this.#open(where, watch);
    }
    const opened = watch;
    const {listeners} = opened;
    opened.cancelClosing();
    const listener = (pod: string): void => ready(pod);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      opened.cancelClosing();
      opened.cancelClosing = this.#clock.at(this.#clock.now() + lingerMs, () => this.#close(key, opened));
    };
  }

  close(): void {
    for (const [key, watch] of this.#watches) this.#close(key, watch);
  }

  #close(key: string, watch: Watch): void {
    watch.cancelClosing();
    watch.cancel();
    this.#watches.delete(key);
  }

  #open(where: Where, watch: Watch): void {
    watch.cancel = this.#kubectl.watchPods(
      where,
      (pod) => {
        for (const listener of [...watch.listeners]) listener(pod);
      },
      () => {
        watch.cancel = this.#clock.at(this.#clock.now() + againAfterMs, () => this.#open(where, watch));
      },
    );
  }
}
