import type {Analysis, Spot} from '../analysis.js';

/** An event whose whole text is known. */
export interface KnownEvent {
  readonly spot: Spot;
  readonly text: string;
}

/** Before an end, so many lines are looked at. */
const reach = 80;
const mostEvents = 120;
const reachMs = 2 * 60_000;

/** What was written before and while something went wrong, as far as examples of templates show it: rare things do. */
export function eventsBefore({templates}: Analysis, first: Spot, last: Spot): KnownEvent[] {
  const to = last.source === first.source ? Math.max(first.line, last.line) : first.line;
  const found: KnownEvent[] = [];
  for (const {examples} of templates) {
    for (const {spot, text} of examples) {
      const isNear = spot.source === first.source && spot.line > first.line - reach && spot.line <= to;
      const isRecent = first.time === null || spot.time === null || spot.time >= first.time - reachMs;
      if (isNear && isRecent) found.push({spot, text});
    }
  }
  return found.sort((a, b) => a.spot.line - b.spot.line).slice(-mostEvents);
}
