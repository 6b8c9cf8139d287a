import {nextRun, type Schedule} from './cron.js';

/** Where a schedule stands. Wall-clock milliseconds: a schedule means the clock that people look at. */
export interface Plan {
  /** null: never again. */
  readonly nextAt: number | null;
  readonly lookedAt: number;
}

export type Due = {readonly tag: 'nothing'} | {readonly tag: 'run' | 'missed'; readonly plannedAt: number};

/** Later than this it was not the loop that was late: the machine slept, or its clock was set. */
const lateMs = 60_000;
/** A clock that goes back by more than this was wrong before; less is a correction, and what ran is not run again. */
const wrongClockMs = 24 * 60 * 60_000;

export function planFrom(schedule: Schedule, wall: number): Plan {
  return {nextAt: nextRun(schedule, wall), lookedAt: wall};
}

/**
 * Is it time? Each planned moment is told once, whatever the clock does: it is run when it comes, and missed when the
 * clock is found a minute or more behind it. What was missed is not made up for: in the middle of the day nobody wants
 * the restart of the night.
 */
export function look(plan: Plan, schedule: Schedule, wall: number): readonly [Plan, Due] {
  const {nextAt} = plan;
  if (wall < plan.lookedAt - wrongClockMs) return [planFrom(schedule, wall), {tag: 'nothing'}];
  if (nextAt === null || wall < nextAt) return [{nextAt, lookedAt: wall}, {tag: 'nothing'}];
  return [planFrom(schedule, wall), {tag: wall - nextAt < lateMs ? 'run' : 'missed', plannedAt: nextAt}];
}
