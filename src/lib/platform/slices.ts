/** Longest time that one slice of a long job may hold the event loop: exits, probes and timers wait meanwhile. */
const sliceMs = 4;

/** Works a generator off in slices. The callback comes later, never at once; each `yield` is a place to pause. */
export function inSlices<T>(job: Generator<unknown, T>, callback: (result: T) => void): void {
  const slice = (): void => {
    const until = performance.now() + sliceMs;
    for (;;) {
      const step = job.next();
      if (step.done === true) {
        callback(step.value);
        return;
      }
      if (performance.now() > until) break;
    }
    setImmediate(slice);
  };
  setImmediate(slice);
}
