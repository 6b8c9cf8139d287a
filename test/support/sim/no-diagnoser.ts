import type {Diagnoser} from '../../../src/lib/platform/types.js';

/** Nothing is told, and nobody waits for it. */
export const noDiagnoser: Diagnoser = {
  diagnose: () => () => {},
  lookAt: (_question, _timeoutMs, callback) => {
    callback(null);
    return () => {};
  },
  close: () => {},
};
