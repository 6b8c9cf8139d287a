import {formatDuration} from '../report/format.js';

const hourMs = 3_600_000;
/** Further away, a straight line says nothing, and nobody would get up for it. */
const horizonMs = 24 * hourMs;
/** A warning stands until the end is this far away again. */
const calmMs = 36 * hourMs;

export interface Forecast {
  readonly inMs: number;
  readonly perHour: number;
  /** Near enough to be warned of. */
  readonly isNear: boolean;
}

/**
 * When something is used up, at a steady rate.
 * @param left  what is left of it
 * @param perMs what is used
 * @returns null: not in a time that matters
 */
export function forecast(left: number, perMs: number): Forecast | null {
  if (left <= 0 || perMs <= 0) return null;
  const inMs = left / perMs;
  return inMs > calmMs ? null : {inMs, perHour: perMs * hourMs, isNear: inMs <= horizonMs};
}

/** `about 3h`, `about 20m`: no more digits than a forecast has. */
export function forecastText({inMs}: Forecast): string {
  const unit = inMs >= hourMs ? hourMs : inMs >= 10 * 60_000 ? 10 * 60_000 : 60_000;
  return `about ${formatDuration(Math.max(unit, Math.round(inMs / unit) * unit))}`;
}
