/** Later than planned by more than this: nobody lived through that time. */
const gapMs = 2000;

export interface Clocks {
  /** Monotonic, in milliseconds. */
  readonly now: number;
  /** Milliseconds since the epoch. */
  readonly wall: number;
}

export type TimeJump =
  | {readonly tag: 'set-back'; readonly byMs: number}
  | {
      readonly tag: 'gap';
      readonly sleptMs: number;
      /** What the monotonic clock shows of it: by that much every clock is extended. */
      readonly lostMs: number;
    };

/** Tells sleep, a VM snapshot, a starved loop and a clock that was set from time that has really passed. */
export class GapWatch {
  #last: Clocks;

  constructor(start: Clocks) {
    this.#last = start;
  }

  /** Time that was lived through. */
  passed(clocks: Clocks): void {
    this.#last = clocks;
  }

  /** @param planned when somebody was to look next, on the monotonic clock */
  look(clocks: Clocks, planned: number): TimeJump | null {
    const {now, wall} = clocks;
    const late = now - planned;
    // The monotonic clock stands still while some machines sleep; the wall clock does not.
    const sinceLook = now - this.#last.now;
    const drift = wall - this.#last.wall - sinceLook;
    this.#last = clocks;
    if (late > gapMs || drift > gapMs)
      // From the last look, not from the planned one: rather a second too much patience than one too little.
      return {tag: 'gap', sleptMs: Math.max(late, drift), lostMs: late > gapMs ? sinceLook : 0};
    return drift < -gapMs ? {tag: 'set-back', byMs: -drift} : null;
  }
}
