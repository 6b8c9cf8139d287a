import type {Cancel, Clock} from './types.js';

// setTimeout takes a signed 32-bit number of milliseconds; more fires at once.
const longestDelayMs = 2 ** 31 - 1;

/** The origin of performance.now() is the start of this process, that of hrtime() the same for all: mostly the boot. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/**
 * Monotonic time and timers on it. A timer never fires before its time: Node rounds to the
 * event loop's own millisecond and may call up to one too early, which a rule "3 s without an answer" would see as 2,999 ms.
 * Timers keep the process alive: a supervisor that waits for a restart has something to do.
 */
export class SystemClock implements Clock {
  now(): number {
    return originMs + performance.now();
  }

  wall(): number {
    return Date.now();
  }

  at(at: number, callback: () => void): Cancel {
    let timer: NodeJS.Timeout | null = null;
    const arm = (): void => {
      const delay = Math.ceil(at - this.now());
      timer = setTimeout(fire, Math.min(Math.max(delay, 0), longestDelayMs));
    };
    const fire = (): void => {
      timer = null;
      if (this.now() < at) arm();
      else callback();
    };
    arm();
    return () => {
      if (timer !== null) clearTimeout(timer);
    };
  }
}
