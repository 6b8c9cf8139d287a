import {formatDuration} from '../../lib/core/report/format.js';
import type {ErpEvent} from '../../lib/core/report/status.js';

const windowMs = 60_000;
const summaryEveryMs = 30_000;
const wellAfterMs = 3_000;
/** More changes a minute than this, and a service gets a summary instead. */
const most = 5;

interface Talk {
  recent: number[];
  held: number;
  heldSince: number;
  last: string;
  /** Since when it has been ready again; null: the last that was heard of it was something else. */
  readyAt: number | null;
}

/**
 * The same fact once, then counted; a service that changes all the time gets one summary every 30 s (ux.md 2). What is
 * final (CRITICAL) always comes through.
 */
export class Chatter {
  readonly #talks = new Map<string, Talk>();

  admits(event: ErpEvent, now: number): boolean {
    if (event.service === null || event.level === 'CRITICAL') return true;
    const talk = this.#talks.get(event.service) ?? {recent: [], held: 0, heldSince: now, last: '', readyAt: null};
    this.#talks.set(event.service, talk);
    talk.readyAt = event.type === 'ready' || event.type === 'forward-verified' ? now : null;
    talk.recent = talk.recent.filter((at) => now - at < windowMs);
    // A normal life is spawned and ready; both together are one change.
    const weight = event.type === 'spawned' || event.level === 'DEBUG' ? 0 : 1;
    if (weight === 1) talk.recent.push(now);
    if (talk.recent.length <= most) return true;
    if (talk.held === 0) talk.heldSince = now;
    talk.held += 1;
    talk.last = event.text;
    return false;
  }

  /** What was held back, for those whose time has come; call it every few seconds. */
  summaries(now: number): string[] {
    const lines: string[] = [];
    for (const [service, talk] of this.#talks) {
      // That it is well again is what is waited for: said as soon as it seems to last.
      const isWell = talk.readyAt !== null && now - talk.readyAt >= wellAfterMs;
      if (talk.held === 0 || (!isWell && now - talk.heldSince < summaryEveryMs)) continue;
      lines.push(`${service} ×${talk.held} in ${formatDuration(now - talk.heldSince)}, last: ${talk.last}`);
      talk.held = 0;
    }
    return lines;
  }
}
