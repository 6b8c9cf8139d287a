import type {Following} from './following.js';

/** Why nothing follows any more, when it was not the supervisor that ended it. */
export interface Left {
  late: boolean;
  interrupted: boolean;
  /** To be called once: gives the signals back. */
  release(): void;
}

/** Ctrl-C, SIGTERM and the end of the time all end the following; nothing else happens to the services. */
export function untilLeft(following: Following, timeoutMs: number): Left {
  const onSignal = (): void => {
    left.interrupted = true;
    following.leave();
  };
  const timer = setTimeout(() => {
    left.late = true;
    following.leave();
  }, timeoutMs);
  const left: Left = {
    late: false,
    interrupted: false,
    release: () => {
      clearTimeout(timer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return left;
}
