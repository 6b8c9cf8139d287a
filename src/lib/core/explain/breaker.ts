import {unreachable} from '../unreachable.js';

/** Whether a provider is asked at all. Times in milliseconds since 1970. */
export type Breaker =
  | {readonly tag: 'closed'; readonly failures: number}
  | {readonly tag: 'open'; readonly until: number; readonly pauseMs: number; readonly problem: string}
  | {readonly tag: 'half-open'; readonly pauseMs: number};

export type BreakerEvent =
  | {readonly tag: 'ask'; readonly now: number}
  | {readonly tag: 'answered'}
  /** It could not answer. `retryAfterMs`: how long it asks to be left alone. */
  | {readonly tag: 'failed'; readonly now: number; readonly problem: string; readonly retryAfterMs: number | null}
  /** It answered that the request is wrong (key, model): that it lives is proven, and only the operator can mend it. */
  | {readonly tag: 'refused'};

/** Two in a row: one may be chance, and each costs the operator a time-out. */
export const mostFailures = 2;
export const firstPauseMs = 60_000;
export const longestPauseMs = 15 * 60_000;
/** Of what a server asks for. */
const longestWishMs = 60 * 60_000;

export const closedBreaker: Breaker = {tag: 'closed', failures: 0};

/**
 * ```
 *              failed (1st)
 *            ╭──────────────╮
 *         ┌──┴──────────────▼──┐   failed (2nd),     ┌──────┐
 *    ╭───►│       closed       ├── or "retry after" ─►│      │
 *    │    └────▲───────────────┘                     │ open │◄─ ask before `until`: stays, nobody is asked
 *    │         │ answered, refused                   │      │
 *    │    ┌────┴──────┐       ask at `until` or later│      │
 *    │    │ half-open │◄─────────────────────────────┤      │
 *    │    └────┬──────┘                              └──▲─┬─┘
 *    │         ╰── failed: twice the pause, ≤ 15 min ───╯ │
 *    ╰──────── answered, refused (asked before it opened) ╯
 * ```
 * `half-open` lets everybody through: one asker at a time is what a command line has.
 */
export function breakerAfter(state: Breaker, event: BreakerEvent): Breaker {
  switch (event.tag) {
    case 'ask':
      return state.tag === 'open' && isOver(state, event.now) ? {tag: 'half-open', pauseMs: state.pauseMs} : state;
    case 'answered':
    case 'refused':
      return closedBreaker;
    case 'failed':
      return afterFailure(state, event);
    default:
      return unreachable(event);
  }
}

function afterFailure(state: Breaker, {now, problem, retryAfterMs}: BreakerEvent & {tag: 'failed'}): Breaker {
  const wish = retryAfterMs === null ? 0 : Math.min(retryAfterMs, longestWishMs);
  const failures = state.tag === 'closed' ? state.failures + 1 : mostFailures;
  if (failures < mostFailures && wish === 0) return {tag: 'closed', failures};
  const pauseMs = state.tag === 'closed' ? firstPauseMs : Math.min(state.pauseMs * 2, longestPauseMs);
  return {tag: 'open', until: now + Math.max(pauseMs, wish), pauseMs, problem};
}

/** A clock that was set back must not keep it open for ever. */
const isOver = ({until}: Breaker & {tag: 'open'}, now: number): boolean => now >= until || until - now > longestWishMs;

/** As it was kept between two commands; what is damaged counts as closed. */
export function readBreaker(value: unknown): Breaker {
  if (typeof value !== 'object' || value === null) return closedBreaker;
  const {tag, failures, until, pauseMs, problem} = value as Partial<Record<string, unknown>>;
  const isPause = typeof pauseMs === 'number' && pauseMs >= firstPauseMs && pauseMs <= longestPauseMs;
  if (tag === 'closed' && (failures === 0 || failures === 1)) return {tag, failures};
  if (tag === 'half-open' && isPause) return {tag, pauseMs};
  if (tag === 'open' && isPause && typeof until === 'number' && Number.isFinite(until) && typeof problem === 'string')
    return {tag, until, pauseMs, problem};
  return closedBreaker;
}
