import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {
  afterGap,
  answered,
  answersStill,
  hangAt,
  healthOf,
  isHung,
  isReady,
  newTracks,
  startingPause,
} from '../../../src/lib/core/probes/tracks.js';
import type {ProbeSpec} from '../../../src/lib/core/spec.js';
import type {Answer} from '../../../src/lib/core/supervision/events.js';
import type {Life, Track} from '../../../src/lib/core/supervision/state.js';
import {httpProbe, service} from '../../support/sim/specs.js';

const well: Answer = {tag: 'answered', health: 'healthy', detail: '200'};
const ill: Answer = {tag: 'answered', health: 'unhealthy', detail: '503'};
const silent: Answer = {tag: 'silent', reason: 'timeout', detail: 'no answer'};
const web = service('web', 8000);
const probe = httpProbe();
const t0 = 1000.25;

const fresh = (spec = web): Track => newTracks(spec, t0)[0] as Track;
const ready: Track = {...fresh(), countsFrom: t0, lastAnswerAt: t0, good: 1, health: 'healthy', nextAt: t0 + 15_000};
const lifeWith = (...tracks: readonly Track[]): Life => ({
  incarnation: 1,
  own: true,
  pid: 77,
  spawnedAt: t0 - 60_000,
  tracks,
  logSeen: false,
  lastWord: null,
  told: {},
});

/** Asks at `at`, hears `said` at `heardAt`. */
function ask(track: Track, said: Answer, at: number, heardAt: number, life: 'starting' | 'ready' = 'ready'): Track {
  const asked = {...track, inFlight: {id: 1, startedAt: at, dueAt: at + 5000}};
  return answered(asked, probe, web, said, heardAt, life, at - t0);
}

describe('the rhythm of probes', () => {
  it('is quick while it starts, and calms down', () => {
    expect([0, 99, 100, 499, 500, 4999, 5000, 100_000].map(startingPause)).toEqual([
      25, 25, 100, 100, 250, 250, 1000, 1000,
    ]);
  });

  it('is the check interval once ready, counted from the question and not from the answer', () => {
    expect(ask(ready, well, t0 + 15_000, t0 + 17_000).nextAt).toBe(t0 + 30_000);
  });

  it('is 2 s after a miss, or at once when the miss took longer', () => {
    expect(ask(ready, silent, t0 + 15_000, t0 + 15_001).nextAt).toBe(t0 + 17_000);
    expect(ask(ready, silent, t0 + 15_000, t0 + 20_000).nextAt).toBe(t0 + 20_000);
  });

  it('has no last question that leaves no time for an answer', () => {
    const late = ask(ready, silent, t0 + 42_950, t0 + 42_951);
    expect(late.nextAt).toBe(t0 + 45_000);
  });

  it('keeps its initial delay and its own period', () => {
    const slow = httpProbe({initialDelayMs: 7000, periodMs: 60_000});
    const spec = service('web', 8000, {probes: [slow]});
    expect(fresh(spec).nextAt).toBe(t0 + 7000);
    const asked = {...ready, inFlight: {id: 1, startedAt: t0, dueAt: t0 + 5000}};
    expect(answered(asked, slow, spec, well, t0 + 1, 'ready', 0).nextAt).toBe(t0 + 60_000);
  });
});

describe('hung', () => {
  it('is who was asked, did not answer, and has been silent for the threshold', () => {
    const missed = ask(ready, silent, t0 + 15_000, t0 + 20_000);
    expect(hangAt(missed, probe, web)).toBe(t0 + 45_000);
    expect(isHung(missed, probe, web, t0 + 44_999)).toBe(false);
    expect(isHung(missed, probe, web, t0 + 45_000)).toBe(true);
  });

  it('is nobody who has not been asked, who is being asked, or whose silence does not count yet', () => {
    const late = t0 + 1e6;
    expect(isHung(ready, probe, web, late)).toBe(false);
    expect(isHung({...ready, misses: 3, inFlight: {id: 1, startedAt: late, dueAt: late}}, probe, web, late)).toBe(
      false,
    );
    expect(isHung({...fresh(), misses: 99}, probe, web, late)).toBe(false);
  });

  it('counts from readiness for a probe that was never answered', () => {
    expect(hangAt({...fresh(), countsFrom: t0 + 500}, probe, web)).toBe(t0 + 45_500);
  });

  it('is decided by the count where one is configured, and only by liveness', () => {
    const counted = httpProbe({failureThreshold: 3});
    expect(isHung({...ready, misses: 2}, counted, web, t0 + 1e6)).toBe(false);
    expect(isHung({...ready, misses: 3}, counted, web, t0)).toBe(true);
    expect(isHung({...ready, misses: 99}, httpProbe({purposes: ['readiness']}), web, t0 + 1e6)).toBe(false);
  });

  it('is nobody who answers once in a threshold, whatever is said and missed between', () => {
    const saying = fc.constantFrom(well, ill, silent, silent, silent);
    fc.assert(
      fc.property(fc.array(fc.tuple(saying, fc.integer({min: 1, max: 5000})), {maxLength: 60}), (said) => {
        let track = ready;
        let last = t0;
        for (const [answer, latency] of said) {
          const at = track.nextAt;
          const heardAt = at + latency;
          track = ask(track, answer, at, heardAt);
          if (answer.tag === 'answered') last = heardAt;
          if (heardAt - last < 45_000) expect(isHung(track, probe, web, heardAt)).toBe(false);
          else expect(isHung(track, probe, web, heardAt)).toBe(true);
          if (isHung(track, probe, web, heardAt)) return;
        }
      }),
      {seed: 20261122},
    );
  });
});

describe('ready', () => {
  const needs = (...probes: readonly ProbeSpec[]) => service('web', 8000, {probes});
  const good = (n: number): Track => ({...fresh(), good: n, lastAnswerAt: t0, health: 'healthy'});

  it('needs as many good answers in a row as are asked for', () => {
    const spec = needs(httpProbe({successThreshold: 3}));
    expect([1, 2, 3].map((n) => isReady(lifeWith(good(n)), spec, t0))).toEqual([false, false, true]);
    const broken = [well, well, ill, well, well].reduce((track, said) => ask(track, said, t0, t0, 'starting'), fresh());
    expect(broken.good).toBe(2);
  });

  it('needs every readiness probe, and the line where one is awaited', () => {
    const both = needs(httpProbe({purposes: ['readiness']}), httpProbe({purposes: ['readiness']}));
    expect(isReady(lifeWith(good(1), fresh()), both, t0)).toBe(false);
    expect(isReady(lifeWith(good(1), good(1)), both, t0)).toBe(true);
    const awaits = {...needs(httpProbe()), readyLog: 'ready'};
    expect(isReady(lifeWith(good(1)), awaits, t0)).toBe(false);
    expect(isReady({...lifeWith(good(1)), logSeen: true}, awaits, t0)).toBe(true);
  });

  it('is by any answer where only liveness is asked', () => {
    const spec = needs(httpProbe({purposes: ['liveness']}));
    expect(isReady(lifeWith(fresh()), spec, t0)).toBe(false);
    expect(isReady(lifeWith(ask(fresh(), ill, t0, t0, 'starting')), spec, t0)).toBe(true);
  });

  it('is not 503, though that proves life', () => {
    const track = ask(fresh(), ill, t0, t0 + 5, 'starting');
    expect(isReady(lifeWith(track), web, t0 + 5)).toBe(false);
    expect(answersStill(lifeWith(track), web, t0 + 44_000)).toBe(true);
    expect(answersStill(lifeWith(track), web, t0 + 46_000)).toBe(false);
  });
});

describe('health', () => {
  it('believes a bad word at once, silence at the second time, and as many as are asked for', () => {
    expect(healthOf(lifeWith(ask(ready, ill, t0, t0)), web, 'healthy')).toBe('unhealthy');
    const once = ask(ready, silent, t0, t0);
    expect(healthOf(lifeWith(once), web, 'healthy')).toBe('healthy');
    expect(healthOf(lifeWith(ask(once, silent, t0, t0)), web, 'healthy')).toBe('unhealthy');
    const patient = service('web', 8000, {probes: [httpProbe({failureThreshold: 3})]});
    expect(
      [1, 2, 3].map((bad) => healthOf(lifeWith({...ready, health: 'unhealthy', bad}), patient, 'healthy')),
    ).toEqual(['healthy', 'healthy', 'unhealthy']);
  });

  it('is the worst word of all', () => {
    const spec = service('web', 8000, {probes: [httpProbe(), httpProbe()]});
    const degraded = {...ready, health: 'degraded' as const};
    expect(healthOf(lifeWith(ready, degraded), spec, 'healthy')).toBe('degraded');
    expect(healthOf(lifeWith({...ready, health: 'unhealthy', bad: 1}, degraded), spec, 'healthy')).toBe('unhealthy');
  });
});

describe('after a gap', () => {
  it('everybody is asked at once and has time to answer before anything is decided', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 3 * 86_400_000}), fc.integer({min: 0, max: 44_999}), (gapMs, silence) => {
        const before = t0 + silence;
        const now = before + gapMs;
        const inFlight = {id: 1, startedAt: before, dueAt: before + 5000};
        const track = afterGap({...ready, misses: 4, inFlight}, probe, web, gapMs, now);
        expect(track).toMatchObject({nextAt: now, inFlight: null, misses: 0});
        expect(track.lastAnswerAt).toBeLessThanOrEqual(now);
        // What was left of the threshold is left, and at least one whole probe.
        const left = (hangAt(track, probe, web) ?? 0) - now;
        expect(left).toBeGreaterThanOrEqual(Math.max(probe.timeoutMs, 45_000 - silence) - 1e-3);
      }),
      {seed: 20261122},
    );
  });
});
