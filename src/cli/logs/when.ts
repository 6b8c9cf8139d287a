import {parseDuration} from '../../lib/core/config/durations.js';

/**
 * A moment as people type it: `10m` (ago), `09:41`, `09:41:07`, `2026-05-22`, `2026-05-22 09:41:07`, ISO 8601.
 * @returns milliseconds since the epoch, or null
 */
export function parseWhen(text: string, now: Date): number | null {
  const trimmed = text.trim();
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(trimmed);
  if (clock !== null) {
    const [hour, minute, second] = clock.slice(1, 4).map((part: string | undefined) => Number(part ?? 0)) as [
      number,
      number,
      number,
    ];
    if (hour > 23 || minute > 59 || second > 59) return null;
    const at = new Date(now.getFullYear(), now.getMonth(), now.getDate(), hour, minute, second).getTime();
    // 23:50 said at 00:10 was yesterday.
    return at > now.getTime()
      ? new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1, hour, minute, second).getTime()
      : at;
  }
  const date = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?$/.exec(trimmed);
  if (date !== null) {
    const [year, month, day, hour, minute, second] = date
      .slice(1, 7)
      .map((part: string | undefined) => Number(part ?? 0)) as [number, number, number, number, number, number];
    const at = new Date(year, month - 1, day, hour, minute, second);
    return at.getMonth() === month - 1 && at.getDate() === day ? at.getTime() : null;
  }
  if (/^\d{4}-\d{2}-\d{2}T/.test(trimmed)) {
    const at = Date.parse(trimmed);
    return Number.isNaN(at) ? null : at;
  }
  const ago = parseDuration(trimmed);
  return ago === null ? null : now.getTime() - ago;
}
