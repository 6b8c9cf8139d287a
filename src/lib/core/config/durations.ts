/** Durations as the configuration, the flags and the screens write them: `15` (seconds), `250ms`, `1m30s`, `3d4h`. */
const unitMs = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000} as const;
type Unit = keyof typeof unitMs;

const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;
/** A week of years: more is a slip of the keys, and timers of Node overflow long before. */
const longestMs = 3650 * unitMs.d;

/** Pattern for editors (JSON Schema); `parseDuration` is what decides. */
export const durationPattern = String.raw`^\s*(\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h|d))+)\s*$`;

/**
 * @param text a number of seconds, or parts from the largest unit to the smallest: `1m30s`
 * @returns whole milliseconds, or null when it is no duration
 */
export function parseDuration(text: string | number): number | null {
  if (typeof text === 'number') return inRange(text * unitMs.s);
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return inRange(Number(trimmed) * unitMs.s);
  let total = 0;
  let smallest = Number.POSITIVE_INFINITY;
  part.lastIndex = 0;
  while (part.lastIndex < trimmed.length) {
    const match = part.exec(trimmed);
    if (match === null) return null;
    const unit = unitMs[match[2] as Unit];
    // `30s1m` and `1s2s` are more likely a mistake than an intention.
    if (unit >= smallest) return null;
    smallest = unit;
    total += Number(match[1]) * unit;
  }
  return trimmed === '' ? null : inRange(total);
}

function inRange(ms: number): number | null {
  return Number.isFinite(ms) && ms >= 0 && ms <= longestMs ? Math.round(ms) : null;
}

/**
 * The exact form for configuration files and messages: nothing is rounded, `parseDuration` gives the same number. The
 * short form of the screens is `report/format.ts`.
 */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / unitMs[unit]);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs[unit];
  }
  return text;
}
