import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {
  type Breaker,
  breakerAfter,
  type BreakerEvent,
  closedBreaker,
  longestPauseMs,
  readBreaker,
} from '../../../src/lib/core/explain/breaker.js';

const failed = (now: number, retryAfterMs: number | null = null): BreakerEvent => ({
  tag: 'failed',
  now,
  problem: 'x',
  retryAfterMs,
});
const after = (...events: BreakerEvent[]) => events.reduce(breakerAfter, closedBreaker);

describe('who fails is left alone for a while', () => {
  it('after two failures in a row, for a minute', () => {
    expect(after(failed(0))).toEqual({tag: 'closed', failures: 1});
    expect(after(failed(0), {tag: 'answered'}, failed(0))).toEqual({tag: 'closed', failures: 1});
    const open = after(failed(0), failed(1000));
    expect(open).toEqual({tag: 'open', until: 61_000, pauseMs: 60_000, problem: 'x'});
    expect(breakerAfter(open, {tag: 'ask', now: 60_999})).toBe(open);
    expect(breakerAfter(open, {tag: 'ask', now: 61_000}).tag).toBe('half-open');
  });

  it('one trial decides: closed again, or twice the pause up to a quarter of an hour', () => {
    const halfOpen = after(failed(0), failed(0), {tag: 'ask', now: 60_000});
    expect(breakerAfter(halfOpen, {tag: 'answered'})).toEqual(closedBreaker);
    expect(breakerAfter(halfOpen, failed(60_000))).toMatchObject({tag: 'open', until: 180_000});
    let state: Breaker = halfOpen;
    for (let now = 1e6; now < 2e7; now += 1e6)
      state = breakerAfter(breakerAfter(state, failed(now)), {tag: 'ask', now: now + longestPauseMs});
    expect(state).toEqual({tag: 'half-open', pauseMs: longestPauseMs});
  });

  it('as long as it asks for itself, at once, but at most an hour', () => {
    expect(after(failed(0, 90_000))).toMatchObject({tag: 'open', until: 90_000});
    expect(after(failed(0, 1e12))).toMatchObject({until: 3_600_000});
  });

  it('a wrong key or model is no failure of the provider', () => {
    expect(after(failed(0), {tag: 'refused'}, failed(0))).toEqual({tag: 'closed', failures: 1});
  });

  it('a clock that was set back does not keep it open', () => {
    expect(breakerAfter(after(failed(1e12), failed(1e12)), {tag: 'ask', now: 0}).tag).toBe('half-open');
  });

  it('in every history it can be asked again within an hour, and survives being kept', () => {
    const event = fc.oneof(
      fc.record({tag: fc.constant('ask' as const), now: fc.nat(1e7)}),
      fc.constant({tag: 'answered' as const}),
      fc.constant({tag: 'refused' as const}),
      fc.tuple(fc.nat(1e7), fc.option(fc.nat(1e9))).map(([now, wish]) => failed(now, wish)),
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const state = events.reduce<Breaker>(breakerAfter, closedBreaker);
        expect(readBreaker(JSON.parse(JSON.stringify(state)))).toEqual(state);
        expect(breakerAfter(state, {tag: 'ask', now: 1e7 + 3_600_000}).tag).not.toBe('open');
      }),
    );
  });

  it('a damaged file counts as closed', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void readBreaker(value)));
    expect(readBreaker({tag: 'open', until: null, pauseMs: 60_000, problem: 'x'})).toEqual(closedBreaker);
    expect(readBreaker({tag: 'open', until: 1, pauseMs: 1e99, problem: 'x'})).toEqual(closedBreaker);
  });
});
