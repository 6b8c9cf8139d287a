import {describe, expect, it} from '@jest/globals';
import {
  freshServiceWatch,
  type LimitNews,
  lookAtAnswer,
  lookAtSample,
  putOff,
  type ServiceReading,
  type ServiceWatch,
  standing,
} from '../../../src/lib/core/limits/service-watch.js';
import type {ServicePolicy} from '../../../src/lib/core/spec.js';
import {defaultPolicy} from '../../support/sim/specs.js';

const mib = 2 ** 20;
const minute = 60_000;
const hour = 60 * minute;
const limited: ServicePolicy = {...defaultPolicy, maxMemoryBytes: 512 * mib};

/** A service under watch, sampled every five seconds. */
class Watched {
  now = 0;
  watch: ServiceWatch = freshServiceWatch;
  readonly news: LimitNews[] = [];
  readonly restarts: {at: number; why: string}[] = [];
  #incarnation = 1;
  #spawnedAt = 0;
  readonly #policy: ServicePolicy;

  constructor(policy: ServicePolicy = limited) {
    this.#policy = policy;
  }

  /** Lives for a while; restarted at once when its limit says so. */
  live(ms: number, memoryAt: (ageMs: number) => number, differs: Partial<ServiceReading> = {}): void {
    for (const end = this.now + ms; this.now < end; this.now += 5000) {
      const ageMs = this.now - this.#spawnedAt;
      const reading = {
        incarnation: this.#incarnation,
        ageMs,
        memoryBytes: memoryAt(ageMs),
        availableBytes: null,
        openFiles: null,
        ...differs,
      };
      const {watch, news, restart} = lookAtSample(this.watch, reading, this.#policy, this.now);
      this.watch = watch;
      this.news.push(...news);
      if (restart === null) continue;
      this.restarts.push({at: this.now, why: restart});
      this.restart();
    }
  }

  restart(): void {
    this.#incarnation += 1;
    this.#spawnedAt = this.now;
  }

  answers(...latencies: readonly number[]): void {
    for (const latencyMs of latencies) {
      const {watch, news} = lookAtAnswer(this.watch, this.#incarnation, latencyMs, this.#policy, this.now);
      this.watch = watch;
      this.news.push(...news);
      this.now += 15_000;
    }
  }
}

const times = <T>(n: number, value: T): T[] => Array.from({length: n}, () => value);
const textsOf = ({news}: Watched, level: LimitNews['level']): string[] =>
  news.filter((one) => one.level === level).map(({text}) => text);

describe('maxMemory', () => {
  it('asks for a restart after four samples above it, and says why', () => {
    const one = new Watched();
    one.live(10 * minute, () => 100 * mib);
    one.live(15_000, () => 540 * mib);
    expect(one.restarts).toEqual([]);
    one.live(5000, () => 540 * mib);
    expect(one.restarts.map(({why}) => why)).toEqual(['memory 540 MiB above maxMemory 512 MiB for 15s']);
  });

  it('is not about a peak, and not about what has no limit', () => {
    const peaks = new Watched();
    for (let i = 0; i < 100; i += 1) {
      peaks.live(15_000, () => 600 * mib);
      peaks.live(5000, () => 400 * mib);
    }
    const free = new Watched(defaultPolicy);
    free.live(hour, () => 1e12);
    expect([...peaks.restarts, ...free.restarts]).toEqual([]);
  });

  it('a slow leak is restarted each time it gets there, without a word about the limit', () => {
    const leaking = new Watched();
    leaking.live(24 * hour, (age) => 100 * mib + (100 * mib * age) / hour);
    expect(leaking.restarts).toHaveLength(5);
    expect(leaking.news.filter(({text}) => text.includes('raise maxMemory'))).toEqual([]);
  });

  it('a service that is above it right after its start is not restarted endlessly', () => {
    const greedy = new Watched();
    greedy.live(24 * hour, () => 600 * mib);
    // Two at once, then in 5 and 15 minutes, then once an hour.
    const pauses = greedy.restarts.map(({at}, i) => Math.round((at - (greedy.restarts[i - 1]?.at ?? 0)) / minute));
    expect(pauses.slice(0, 5)).toEqual([0, 0, 5, 15, 60]);
    expect(greedy.restarts.length).toBeLessThan(30);
    const said = textsOf(greedy, 'WARNING').filter((text) => text.includes('raise maxMemory'));
    expect(said[0]).toBe(
      'above maxMemory 512 MiB right after its start, 2 times in a row: raise maxMemory. The next such restart comes in 5m at the earliest',
    );
  });

  it('forgives a bad start once a life stays below it', () => {
    const one = new Watched();
    one.live(40_000, () => 600 * mib);
    expect(one.watch.early).toBe(2);
    one.live(3 * minute, () => 100 * mib);
    expect(one.watch.early).toBe(0);
  });

  it('a restart that was refused is asked for again five minutes later', () => {
    const one = new Watched();
    one.live(10 * minute, () => 100 * mib);
    one.live(20_000, () => 600 * mib);
    one.watch = putOff(one.watch, one.now);
    one.live(5 * minute - 5000, () => 600 * mib);
    expect(one.restarts).toHaveLength(1);
    one.live(20_000, () => 600 * mib);
    expect(one.restarts).toHaveLength(2);
  });

  it('warns above 80 % of it, once an episode, and ends with the life', () => {
    const one = new Watched();
    one.live(minute, () => 430 * mib);
    expect(textsOf(one, 'WARNING')).toEqual(['memory 430 MiB, 84% of maxMemory 512 MiB']);
    expect(standing(one.watch)).toEqual([
      {limit: 'memory', since: 10_000, text: 'memory 430 MiB, 84% of maxMemory 512 MiB'},
    ]);
    one.live(minute, () => 400 * mib);
    expect(standing(one.watch)).toHaveLength(1);
    one.live(minute, () => 380 * mib);
    expect(textsOf(one, 'INFO')).toEqual(['memory 380 MiB, 74% of maxMemory 512 MiB: well again after 1m50s']);
    one.live(minute, () => 430 * mib);
    one.restart();
    one.live(5000, () => 100 * mib);
    expect(standing(one.watch)).toEqual([]);
    expect(textsOf(one, 'INFO')).toHaveLength(1);
  });
});

describe('growth of memory', () => {
  it('is told when it reaches the limit within a day, once', () => {
    const leaking = new Watched();
    leaking.live(3 * hour, (age) => 350 * mib + (40 * mib * age) / hour);
    const said = textsOf(leaking, 'WARNING').filter((text) => text.includes('grows'));
    expect(said).toEqual(['memory 377 MiB grows by 40 MiB an hour: reaches maxMemory 512 MiB in about 3h']);
  });

  it('is no news when the limit is far away, during a warm-up and for what is constant', () => {
    for (const memory of [
      (age: number) => 100 * mib + (2 * mib * age) / hour,
      (age: number) => 100 * mib + 250 * mib * (1 - Math.exp(-age / (8 * minute))),
      () => 300 * mib,
      (age: number) => 300 * mib + 80 * mib * ((age % (3 * minute)) / (3 * minute)),
    ]) {
      const calm = new Watched();
      calm.live(6 * hour, memory);
      expect(calm.news).toEqual([]);
    }
  });

  it('takes what the machine has left where there is no limit', () => {
    const leaking = new Watched(defaultPolicy);
    leaking.live(hour, (age) => 350 * mib + (512 * mib * age) / hour, {availableBytes: 2048 * mib});
    expect(textsOf(leaking, 'WARNING')).toEqual([
      "memory 700 MiB grows by 512 MiB an hour: the machine's memory is used up in about 4h",
    ]);
  });

  it('a tooth of hours is told once: after it, only what goes beyond counts', () => {
    const one = new Watched();
    one.live(12 * hour, (age) => 100 * mib + 300 * mib * ((age % (3 * hour)) / (3 * hour)));
    expect(textsOf(one, 'WARNING').filter((text) => text.includes('grows'))).toHaveLength(1);
    expect(textsOf(one, 'INFO').filter((text) => text.includes('grows no longer'))).toHaveLength(1);
  });
});

describe('slow answers', () => {
  it('three in a row are a warning that knows what is usual; three quick ones end it', () => {
    const one = new Watched();
    one.answers(...times(20, 80), 2400, 2400);
    expect(one.news).toEqual([]);
    one.answers(2400, ...times(10, 2600));
    expect(textsOf(one, 'WARNING')).toEqual(['answers slowly: 2.4s (usually 80ms)']);
    expect(standing(one.watch)).toMatchObject([{limit: 'slow', text: 'answers slowly: 2.6s (usually 80ms)'}]);
    one.answers(90, 90, 90);
    expect(textsOf(one, 'INFO')).toEqual(['answers in 90ms: well again after 3m15s']);
  });

  it('single ones are none, and what is usual is not guessed', () => {
    const one = new Watched();
    for (let i = 0; i < 20; i += 1) one.answers(2500, 80, 2500);
    expect(one.news).toEqual([]);
    const young = new Watched();
    young.answers(80, 2500, 2500, 2500);
    expect(textsOf(young, 'WARNING')).toEqual(['answers slowly: 2.5s']);
  });

  it('slowAfter: never', () => {
    const one = new Watched({...defaultPolicy, slowAfterMs: null});
    one.answers(...times(20, 4900));
    expect(one.news).toEqual([]);
  });
});

describe('open files', () => {
  it('warns above 80 % of what a process may have, and tells which', () => {
    const one = new Watched(defaultPolicy);
    one.live(5000, () => mib, {openFiles: {pid: 812, count: 900, limit: 1024}});
    one.live(5000, () => mib, {openFiles: {pid: 812, count: 950, limit: 1024}});
    expect(textsOf(one, 'WARNING')).toEqual(['900 open files of 1024 (ulimit -n, pid 812)']);
    // A sample that did not count says nothing.
    one.live(minute, () => mib);
    expect(standing(one.watch)).toHaveLength(1);
    one.live(5000, () => mib, {openFiles: {pid: 812, count: 700, limit: 1024}});
    expect(textsOf(one, 'INFO')).toEqual(['700 open files of 1024 (ulimit -n, pid 812): well again after 1m10s']);
  });
});

describe('a specification by an earlier version', () => {
  it('has no limits', () => {
    const {maxMemoryBytes: _m, memoryWarnRatio: _w, slowAfterMs: _s, openFilesWarnRatio: _o, ...old} = defaultPolicy;
    const one = new Watched(old as ServicePolicy);
    one.live(hour, () => 1e12, {openFiles: {pid: 1, count: 9, limit: 10}});
    one.answers(...times(5, 9000));
    expect([one.news, one.restarts]).toEqual([[], []]);
  });
});
