import {describe, expect, it} from '@jest/globals';
import type {ServiceSpec} from '../../src/lib/core/spec.js';
import {crashes, type Habit, habit, wellBehaved} from '../support/sim/habits.js';
import {Rig} from '../support/sim/rig.js';
import {defaultPolicy, httpProbe, project, quickPolicy, service} from '../support/sim/specs.js';

function begin(services: readonly ServiceSpec[], habits: Record<string, readonly Habit[]> = {}, seed = 2): Rig {
  const rig = new Rig(project(services), habits, seed);
  rig.world.keepsLog = true;
  return rig;
}

function started(services: readonly ServiceSpec[], habits: Record<string, readonly Habit[]> = {}, seed = 2): Rig {
  const rig = begin(services, habits, seed);
  rig.start();
  return rig;
}

const spawnTimes = (rig: Rig, name: string): readonly number[] =>
  rig.world.log.filter((line) => line.includes(` ${name} spawned `)).map((line) => Number(line.split(' ')[0]));
const told = (rig: Rig, name: string, type: string): readonly string[] =>
  rig.news.filter((news) => news.service === name && news.type === type).map(({text}) => text);

describe('a start', () => {
  it.each([1, 44, 45, 46, 119])('that takes %d s is waited for', (seconds) => {
    for (const early of ['silent', '503'] as const) {
      const rig = started([service('web', 8000)], {web: [habit({ready: seconds * 1000, early})]});
      rig.advance(seconds * 1000 + 7000);
      rig.check();
      expect(rig.tag('web')).toBe('ready');
      expect(spawnTimes(rig, 'web')).toHaveLength(1);
    }
  });

  it('that listens after 119.9 s is seen in time', () => {
    const rig = started([service('web', 8000)], {web: [habit({listens: 119_900, ready: 119_900})]});
    rig.advance(121_000);
    expect(rig.tag('web')).toBe('ready');
  });

  it('that takes 121 s is over after 120 s and has its reason', () => {
    const rig = started([service('web', 8000)], {web: [habit({listens: 121_500, ready: 121_500}), wellBehaved]});
    rig.advance(119_990);
    expect(rig.tag('web')).toBe('starting');
    rig.advance(1500);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    expect(rig.service('web').memory.lastEnd?.end.diagnosis.cause).toBe('start-timeout');
  });

  it('that says 503 for longer is left alone: a database may be restoring', () => {
    const rig = started([service('web', 8000)], {web: [habit({ready: 1_200_000, early: '503'})]});
    rig.advance(1_199_000);
    rig.check();
    expect(rig.tag('web')).toBe('starting');
    rig.advance(2000);
    expect(rig.tag('web')).toBe('ready');
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
  });

  it('comes to its end although two probes take turns in being unanswered', () => {
    const probes = [
      httpProbe({purposes: ['readiness'], timeoutMs: 800}),
      httpProbe({purposes: ['liveness'], timeoutMs: 800, initialDelayMs: 500}),
    ];
    const rig = started([service('web', 8000, {probes})], {
      web: [habit({listens: 0, ready: 1e9, early: 'silent'}), wellBehaved],
    });
    rig.advance(122_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
  });

  it('is not ended by probes that were missed before it was ready', () => {
    const probes = [
      httpProbe({purposes: ['readiness']}),
      httpProbe({
        purposes: ['liveness'],
        failureThreshold: 3,
        timeoutMs: 1000,
        check: {type: 'tcp', host: '127.0.0.1', port: '9000'},
      }),
    ];
    const rig = started([service('web', 8000, {probes})], {web: [habit({listens: 30_000, ready: 30_000})]});
    rig.advance(29_000);
    rig.world.stranger(9000);
    rig.advance(31_000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
  });

  it('runs its hook again when the hook failed, and only once when it did not', () => {
    const web = service('web', 8000, {
      hooks: {preStart: {argv: ['migrate']}, preCheck: null, postStop: null, onPortMoved: null},
    });
    const rig = begin([web], {web: [crashes(5000), wellBehaved]});
    rig.world.hooks.set('web preStart', {ms: 10, code: 1});
    rig.start();
    rig.advance(5);
    rig.world.hooks.set('web preStart', {ms: 10, code: 0});
    rig.advance(3000);
    expect(rig.tag('web')).toBe('ready');
    const runs = rig.world.ranHooks.length;
    expect(runs).toBe(2);
    rig.advance(10_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    expect(rig.world.ranHooks).toHaveLength(runs);
  });
});

describe('a service that is up', () => {
  it('may say 503 for ten times the threshold and is not restarted', () => {
    const rig = started([service('web', 8000)], {
      web: [habit({trouble: [{at: 10_000, ms: 450_000, what: '503'}]})],
    });
    rig.advance(470_000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    expect(told(rig, 'web', 'health-changed')).toEqual([
      'unhealthy: 503. It answers, so it is not restarted',
      expect.stringMatching(/^healthy again after 7m/),
    ]);
  });

  it.each([
    {interval: 15_000, threshold: 45_000, limit: 46_000},
    {interval: 1000, threshold: 2000, limit: 2500},
  ])('and hangs is replaced after $threshold ms without an answer', ({interval, threshold, limit}) => {
    const policy = {checkIntervalMs: interval, timeoutThresholdMs: threshold};
    const web = service('web', 8000, {policy, probes: [httpProbe({timeoutMs: Math.min(5000, interval)})]});
    for (const at of [20_000, 20_400, 31_234]) {
      const rig = started([web], {web: [habit({trouble: [{at, ms: 1e9, what: 'hang'}]}), wellBehaved]});
      rig.advance(at + limit + 100);
      rig.check();
      const second = spawnTimes(rig, 'web')[1] ?? Number.POSITIVE_INFINITY;
      // The threshold counts from the last answer, which is at most an interval old.
      expect(second * 1000 - at).toBeLessThanOrEqual(limit);
      expect(second * 1000 - at).toBeGreaterThanOrEqual(threshold - interval);
      expect(rig.tag('web')).toBe('ready');
    }
  });

  it('is not replaced for one unanswered probe, nor shown as ill', () => {
    const rig = started([service('web', 8000)], {web: [habit({trouble: [{at: 14_900, ms: 5100, what: 'hang'}]})]});
    rig.advance(20_300);
    expect(rig.service('web').state).toMatchObject({tag: 'ready', health: 'healthy'});
    rig.advance(60_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    expect(rig.news.some(({level}) => level === 'WARNING' || level === 'ERROR')).toBe(false);
  });

  it('is killed at once when it is frozen', () => {
    const rig = started([service('web', 8000)], {
      web: [habit({trouble: [{at: 1000, ms: 0, what: 'frozen'}]}), wellBehaved],
    });
    rig.advance(47_500);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    expect(rig.service('web').memory.lastEnd?.end.exit).toEqual({code: null, signal: 'SIGKILL'});
  });

  it('is restarted for being unhealthy once in an incident, again in the next', () => {
    const web = service('web', 8000, {policy: {...quickPolicy, unhealthyForMs: 3000}});
    const ill = habit({trouble: [{at: 1000, ms: 1e9, what: '503'}]});
    const rig = started([web], {web: [ill, habit({ready: 1e9, early: '503'})]});
    rig.advance(60_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    const next = started([web], {web: [ill, ill, wellBehaved]});
    next.advance(60_000);
    expect(spawnTimes(next, 'web')).toHaveLength(3);
  });

  it('is not restarted for being unhealthy while what it needs is down', () => {
    const db = service('db', 5432, {kind: 'external', command: null, policy: {...quickPolicy}});
    const web = service('web', 8000, {dependsOn: [{name: 'db'}], policy: {...quickPolicy, unhealthyForMs: 3000}});
    const rig = begin([db, web], {web: [habit({trouble: [{at: 2000, ms: 3_700_000, what: '503'}]})]});
    const outside = rig.world.stranger(5432, {}, 'outside');
    rig.start();
    rig.advance(2000);
    rig.world.end(outside!, {code: 0, signal: null});
    rig.advance(3_600_000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    rig.world.stranger(5432, {}, 'outside');
    rig.advance(5000);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
  });
});

describe('a full disk', () => {
  const full = crashes(400, 1, ['OSError: [Errno 28] No space left on device']);

  it('costs no budget, is shown, and is tried within a second after there is room', () => {
    const rig = begin([service('web', 8000)], {web: [full, wellBehaved]});
    rig.world.diskFull = true;
    rig.start();
    rig.advance(60_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    expect(rig.service('web').state).toMatchObject({tag: 'backing-off', blockedOn: {kind: 'disk', freeBytes: 0}});
    expect(rig.service('web').memory).toMatchObject({restartsUsed: 0, totalRestarts: 0, restartTimes: []});
    expect(told(rig, 'web', 'blocked')).toEqual([expect.stringContaining('blocked: disk full (0 B free on /')]);
    rig.world.diskFull = false;
    rig.advance(1000);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    rig.advance(1000);
    expect(rig.tag('web')).toBe('ready');
    expect(told(rig, 'web', 'unblocked')).toHaveLength(1);
  });

  it('that nobody can see is an ordinary crash', () => {
    const rig = started([service('web', 8000)], {web: [full, wellBehaved]});
    rig.advance(2000);
    expect(rig.service('web').memory.restartsUsed).toBe(1);
    expect(rig.service('web').memory.lastEnd?.end.diagnosis).toMatchObject({cause: 'disk-full', confidence: 0.6});
  });

  it('that is filled again by each start is tried ever more rarely', () => {
    const rig = begin([service('web', 8000)], {web: Array.from({length: 50}, () => full)});
    rig.world.diskFull = true;
    rig.start();
    for (let tick = 0; tick < 600; tick++) {
      // Full when it ends, and a little later not any more.
      rig.world.diskFull = rig.tag('web') !== 'backing-off';
      rig.advance(200);
    }
    expect(spawnTimes(rig, 'web').length).toBeLessThan(12);
    expect(spawnTimes(rig, 'web').length).toBeGreaterThan(4);
    expect(rig.service('web').memory.restartsUsed).toBe(0);
  });

  it('stops waiting when it is given up, and when somebody stops it', () => {
    const impatient = service('web', 8000, {policy: {giveUpAfterMs: 0, maxRestarts: 0}});
    for (const spec of [impatient, service('web', 8000)]) {
      const rig = begin([spec], {web: [full, wellBehaved]});
      rig.world.diskFull = true;
      rig.start();
      rig.advance(5000);
      if (spec === impatient) expect(rig.tag('web')).toBe('failed');
      else rig.supervisor.stop(['web'], false, null);
      rig.world.diskFull = false;
      rig.advance(10_000);
      expect(rig.tag('web')).toBe(spec === impatient ? 'failed' : 'stopped');
      expect(spawnTimes(rig, 'web')).toHaveLength(1);
    }
  });

  it('is tried now and then although nobody sees that there is room', () => {
    const rig = begin([service('web', 8000)], {web: [full, wellBehaved]});
    rig.world.diskFull = true;
    rig.start();
    rig.advance(302_000);
    expect(rig.tag('web')).toBe('ready');
  });
});

describe('the budget', () => {
  it('is spent by a service that ends at once, after pauses of 0, 0.25, 2, 8 and 30 s', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const rig = started([service('web', 8000)], {web: [crashes(3, 7, ['FATAL: no config'])]}, seed);
      rig.advance(60_000);
      rig.check();
      const times = spawnTimes(rig, 'web');
      expect(times).toHaveLength(6);
      const pauses = times.slice(1).map((at, i) => at - (times[i] ?? 0));
      for (const [i, pause] of [0, 0.25, 2, 8, 30].entries()) {
        expect(pauses[i]).toBeGreaterThanOrEqual(pause * 0.8);
        expect(pauses[i]).toBeLessThanOrEqual(pause * 1.2 + 0.01);
      }
      expect(rig.service('web').state).toMatchObject({tag: 'failed', blockedOn: null});
      const failed = rig.news.findLast(({type}) => type === 'failed');
      expect(failed?.text).toMatch(/exited with code 7.*5 of 5 restarts used.*Next try in 5m/);
      expect(failed?.diagnosis?.evidence[0]).toContain('FATAL: no config');
    }
  });

  it('is tried again after the cool-down, until it is given up', () => {
    const policy = {maxRestarts: 0, giveUpAfterMs: 700_000};
    const rig = started([service('web', 8000, {policy})], {web: [crashes(3)]});
    rig.advance(3_600_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(4);
    expect(rig.service('web').state).toMatchObject({tag: 'failed', nextTryAt: null});
  });

  it('comes back with a life that was ready long enough', () => {
    const lives = [crashes(61_000), crashes(61_000), crashes(61_000), wellBehaved];
    const rig = started([service('web', 8000, {policy: {maxRestarts: 1}})], {web: lives});
    rig.advance(300_000);
    rig.check();
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {restartsUsed: 0, totalRestarts: 3}});
  });

  it('marks as unstable what restarts 3 or 5 times in 15 min, for an hour', () => {
    const rig = started([service('web', 8000)], {web: [...Array<Habit>(5).fill(crashes(65_000)), wellBehaved]});
    rig.advance(400_000);
    expect(told(rig, 'web', 'unstable')).toEqual(['unstable: 3 restarts in 15m', 'unstable: 5 restarts in 15m']);
    rig.advance(3_500_000);
    expect(rig.service('web').memory.unstable).toBe('critical');
    rig.advance(100_000);
    expect(rig.service('web').memory.unstable).toBe('no');
  });

  it('is not touched by restarts that were asked for', () => {
    const rig = started([service('web', 8000)]);
    for (let i = 0; i < 9; i += 1) {
      rig.advance(1000);
      rig.restart(['web']);
    }
    rig.advance(1000);
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {restartsUsed: 0, totalRestarts: 0}});
  });

  it('is not touched when an escapee held the port', () => {
    const rig = started([service('web', 8000)], {
      web: [habit({leaves: 'escapee', ends: {at: 5000, code: 1, signal: null, lines: []}}), wellBehaved],
    });
    rig.advance(10_000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
    expect(rig.service('web').memory.restartsUsed).toBe(1);
  });

  it('is counted before the spawn: a supervisor that dies with it gives nothing away', () => {
    const rig = started([service('web', 8000, {policy: {maxRestarts: 1}})], {web: [crashes(100)]});
    rig.advance(50);
    rig.world.death = {at: 'spawn', calls: 1};
    rig.advance(1000);
    expect(rig.alive).toBe(false);
    rig.revive();
    expect(rig.service('web').memory.restartsUsed).toBe(1);
  });
});

describe('ports', () => {
  it('a stranger does not make a service ready, and is named', () => {
    const rig = started([service('web', 8000)], {web: [habit({listens: null, whenPortTaken: 'stays'})]});
    rig.advance(100);
    rig.world.stranger(8000);
    rig.advance(20_000);
    rig.check();
    expect(rig.tag('web')).toBe('starting');
    expect(told(rig, 'web', 'stranger')).toHaveLength(1);
  });

  it('an escapee of the last life does not make the next one ready, not even with its last breath', () => {
    const rig = started([service('web', 8000)], {
      web: [
        habit({leaves: 'escapee', termMs: 400, ends: {at: 5000, code: 1, signal: null, lines: []}}),
        habit({listens: 3000, ready: 3000}),
      ],
    });
    rig.advance(7000);
    rig.check();
    expect(rig.tag('web')).toBe('starting');
    rig.advance(2000);
    expect(rig.tag('web')).toBe('ready');
  });

  it('a first start on a taken port fails at once, names the holder, and comes up when it goes', () => {
    const rig = begin([service('web', 8000)]);
    const thief = rig.world.stranger(8000);
    rig.start();
    rig.advance(100);
    expect(rig.service('web').state).toMatchObject({tag: 'failed', blockedOn: {kind: 'port', port: 8000}});
    rig.advance(60_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(0);
    rig.world.end(thief!, {code: 0, signal: null});
    rig.advance(1000);
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
  });

  it('an alternative is taken, and the move told', () => {
    const port = {
      primary: 8000,
      alternatives: [8001],
      any: false,
      addresses: ['127.0.0.1'],
      ifRunning: 'move' as const,
    };
    const rig = begin([service('web', 8000, {port})]);
    rig.world.stranger(8000);
    rig.start();
    rig.advance(1000);
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {port: 8001}});
    expect(told(rig, 'web', 'port-moved')[0]).toMatch(/^8001 instead of 8000, held by stranger/);
  });

  it('with `ifRunning: fail` an alternative is no way round an instance that answers', () => {
    const port = {
      primary: 8000,
      alternatives: [8001],
      any: false,
      addresses: ['127.0.0.1'],
      ifRunning: 'fail' as const,
    };
    const rig = begin([service('web', 8000, {port})]);
    rig.world.stranger(8000);
    rig.start();
    rig.advance(1000);
    expect(rig.tag('web')).toBe('failed');
  });

  it('somebody else’s instance is used where that is wanted, and replaced when it goes', () => {
    const port = {primary: 8000, alternatives: [], any: false, addresses: ['127.0.0.1'], ifRunning: 'use' as const};
    const rig = begin([service('web', 8000, {port})]);
    const other = rig.world.stranger(8000);
    rig.start();
    rig.advance(1000);
    expect(rig.service('web').state).toMatchObject({tag: 'ready', life: {own: false}});
    rig.world.end(other!, {code: 0, signal: null});
    rig.advance(61_000);
    expect(rig.service('web').state).toMatchObject({tag: 'ready', life: {own: true}});
  });

  it('a borrowed instance that goes before it was ready is given up as well', () => {
    const port = {primary: 8000, alternatives: [], any: false, addresses: ['127.0.0.1'], ifRunning: 'use' as const};
    const rig = begin([service('web', 8000, {port})]);
    const other = rig.world.stranger(8000);
    rig.start();
    rig.world.advanceUntil(() => rig.tag('web') === 'starting', 1000);
    rig.world.end(other!, {code: 0, signal: null});
    rig.advance(50_000);
    expect(rig.service('web').state).toMatchObject({tag: 'ready', life: {own: true}});
  });

  it('an "address already in use" that nobody can see is no reason for a storm of restarts', () => {
    const socket = crashes(5, 1, ['bind /run/web.sock: address already in use']);
    const rig = started(
      [service('web', 8000, {policy: {...quickPolicy, afterBudget: {then: 'cooldown', pauseMs: 300_000}}})],
      {
        web: [socket],
      },
    );
    rig.advance(120_000);
    expect(spawnTimes(rig, 'web').length).toBeLessThanOrEqual(20);
  });
});

describe('files', () => {
  it('a missing one is named, and one try follows when it is there', () => {
    const rig = begin([service('web', 8000, {requiredFiles: ['/project/.env']})]);
    rig.world.files('/project/.env', false);
    rig.start();
    rig.advance(60_000);
    expect(rig.service('web').state).toMatchObject({tag: 'failed', blockedOn: {kind: 'file', path: '/project/.env'}});
    expect(rig.service('web').memory.restartsUsed).toBe(0);
    rig.world.files('/project/.env', true);
    rig.advance(1000);
    expect(rig.tag('web')).toBe('ready');
  });
});

describe('services that need each other', () => {
  const db = service('db', 5432);
  const web = service('web', 8000, {dependsOn: [{name: 'db'}]});

  it('start one after the other and stop in reverse', () => {
    const rig = started([web, db], {db: [habit({ready: 2000})], web: [habit({termMs: 3000})]});
    rig.advance(1900);
    expect(rig.tag('web')).toBe('waiting');
    rig.advance(2000);
    expect(rig.tag('web')).toBe('ready');
    rig.stop();
    rig.advance(2900);
    expect([rig.tag('web'), rig.tag('db')]).toEqual(['stopping', 'ready']);
    rig.advance(1000);
    rig.check();
    expect([rig.tag('web'), rig.tag('db')]).toEqual(['stopped', 'stopped']);
  });

  it('do not start when the stop comes while they wait', () => {
    const rig = started([db, web], {db: [habit({ready: 5000})]});
    rig.advance(1000);
    rig.stop();
    rig.advance(1000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toEqual([]);
  });

  it('wait for a dependency that says 503, though a restart does not', () => {
    const rig = begin([db, web], {db: [habit({trouble: [{at: 1000, ms: 60_000, what: '503'}]})]});
    rig.start(['db']);
    rig.advance(20_000);
    rig.start(['web']);
    rig.advance(5000);
    expect(rig.tag('web')).toBe('waiting');
    rig.advance(60_000);
    expect(rig.tag('web')).toBe('ready');
  });

  it('do not burn their budget while the dependency is down', () => {
    const outside = service('db', 5432, {
      kind: 'external',
      command: null,
      policy: {checkIntervalMs: 1000, timeoutThresholdMs: 3000},
    });
    const rig = begin([outside, web]);
    const process = rig.world.stranger(5432, {}, 'outside');
    rig.start();
    rig.advance(1000);
    rig.world.end(process!, {code: 0, signal: null});
    rig.advance(10_000);
    expect(rig.tag('web')).toBe('ready');
    rig.world.end(rig.world.leaderOf('web')!, {code: 1, signal: null});
    rig.advance(3_600_000);
    rig.check();
    expect(rig.service('web')).toMatchObject({state: {tag: 'waiting'}, memory: {restartsUsed: 1}});
    rig.world.stranger(5432, {}, 'outside');
    rig.advance(2000);
    expect(rig.tag('web')).toBe('ready');
  });

  it('follow a restart where that is wanted', () => {
    const follower = service('web', 8000, {dependsOn: [{name: 'db'}], restartWith: ['db']});
    const rig = started([db, follower]);
    rig.advance(5000);
    rig.world.end(rig.world.leaderOf('db')!, {code: 1, signal: null});
    rig.advance(5000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    expect(rig.service('web').memory.restartsUsed).toBe(0);
  });

  it('wait for a job, which is not run again by a crash nor by the death of the supervisor', () => {
    const job = service('migrate', null, {kind: 'job', policy: {restart: 'no'}});
    const late = service('web', 8000, {dependsOn: [{name: 'migrate'}]});
    const rig = started([job, late], {
      migrate: [habit({ends: {at: 3000, code: 0, signal: null, lines: []}})],
      web: [crashes(10_000), wellBehaved],
    });
    rig.advance(2900);
    expect(rig.tag('web')).toBe('waiting');
    rig.advance(20_000);
    rig.die();
    rig.revive();
    rig.advance(5000);
    rig.check();
    expect([rig.tag('migrate'), rig.tag('web')]).toEqual(['done', 'ready']);
    expect(spawnTimes(rig, 'migrate')).toHaveLength(1);
  });
});

describe('a stop', () => {
  it.each<[string, Habit, number]>([
    ['preparing', wellBehaved, 0.1],
    ['starting', habit({ready: 10_000}), 2000],
    ['ready', wellBehaved, 2000],
    ['backing-off', crashes(1), 1000],
    [
      'clearing',
      habit({leaves: 'member', leftIgnoresTerm: true, ends: {at: 100, code: 1, signal: null, lines: []}}),
      150,
    ],
    ['failed', crashes(1), 60_000],
  ])('while it is %s leaves nothing behind', (tag, life, at) => {
    for (const now of [false, true]) {
      const rig = started([service('web', 8000)], {web: [life]});
      rig.advance(at);
      expect(rig.tag('web')).toBe(tag);
      rig.stop(['web'], now);
      rig.advance(12_000);
      rig.check();
      expect(rig.tag('web')).toBe('stopped');
      const lives = spawnTimes(rig, 'web').length;
      rig.advance(600_000);
      rig.check();
      expect(spawnTimes(rig, 'web')).toHaveLength(lives);
    }
  });

  it('waits for the grace, then kills; the second one does not wait', () => {
    const stubborn = {web: [habit({term: 'ignores'})]};
    const slow = started([service('web', 8000)], stubborn);
    slow.advance(1000);
    slow.stop();
    slow.advance(9900);
    expect(slow.tag('web')).toBe('stopping');
    slow.advance(200);
    expect(slow.tag('web')).toBe('stopped');
    const quick = started([service('web', 8000)], stubborn);
    quick.advance(1000);
    quick.stop();
    quick.advance(1000);
    quick.stop(undefined, true);
    quick.advance(100);
    quick.check();
    expect(quick.tag('web')).toBe('stopped');
  });

  it('during a hang’s replacement ends it for good', () => {
    const rig = started([service('web', 8000)], {
      web: [habit({term: 'ignores', trouble: [{at: 1000, ms: 1e9, what: 'hang'}]}), wellBehaved],
    });
    rig.world.advanceUntil(() => rig.tag('web') === 'stopping', 60_000);
    rig.stop();
    rig.advance(20_000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    expect(rig.tag('web')).toBe('stopped');
  });

  it('is taken back by a start', () => {
    const rig = started([service('web', 8000)], {web: [habit({termMs: 2000})]});
    rig.advance(1000);
    rig.stop();
    rig.advance(500);
    rig.start();
    rig.advance(3000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
  });

  it('says when it cannot end a process, starts no second one, and comes up when it goes', () => {
    const rig = started([service('web', 8000)], {
      web: [habit({term: 'unkillable', trouble: [{at: 1000, ms: 1e9, what: 'hang'}]}), wellBehaved],
    });
    rig.advance(70_000);
    expect(rig.service('web').memory.lastEnd?.end.diagnosis.cause).toBe('unkillable');
    rig.start();
    rig.advance(20_000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    const old = rig.world.leaderOf('web');
    rig.world.end(old!, {code: null, signal: 'SIGKILL'});
    rig.advance(360_000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
  });

  it('of everything does not claim to be done when something cannot be ended', () => {
    const rig = started([service('web', 8000)], {web: [habit({term: 'unkillable'})]});
    rig.advance(1000);
    rig.end();
    rig.advance(60_000);
    expect(rig.outcome).toMatchObject({reason: 'stopped', exitCode: 4});
    expect(rig.outcome?.text).toMatch(/^cannot be ended: web \(pid \d+\)$/);
  });

  it('of everything ends only when what escaped has ended', () => {
    const rig = started([service('web', 8000, {policy: {restart: 'no'}})], {
      web: [habit({leaves: 'escapee', leftIgnoresTerm: true, ends: {at: 1000, code: 1, signal: null, lines: []}})],
    });
    rig.advance(1001);
    rig.end();
    expect(rig.outcome).toBeNull();
    rig.advance(5000);
    expect(rig.outcome).not.toBeNull();
    expect([...rig.world.processes.values()].filter(({service}) => service === 'web')).toEqual([]);
  });
});

describe('gaps', () => {
  const kinds = ['sleep', 'wall', 'starved'] as const;
  const lengths = [1000, 1900, 2500, 60_000, 28_740_000, 259_200_000];

  it.each(kinds)('of 1 s to 3 d (%s) restart nobody who answers', (kind) => {
    const quick = {checkIntervalMs: 1000, timeoutThresholdMs: 2000};
    for (const ms of lengths)
      for (const at of [0, 400, 999, 1000, 1001]) {
        const rig = started([
          service('web', 8000),
          service('api', 8100, {policy: quick, probes: [httpProbe({timeoutMs: 1000})]}),
        ]);
        rig.advance(30_000 + at);
        rig.gap(ms, kind);
        rig.advance(120_000);
        rig.check();
        expect(rig.news.filter(({type}) => type === 'restarting')).toEqual([]);
      }
  });

  it('too short to be noticed end nobody whose answer was on its way', () => {
    const policy = {checkIntervalMs: 1000, timeoutThresholdMs: 2000};
    const api = service('api', 8100, {policy, probes: [httpProbe({timeoutMs: 1000})]});
    for (let at = 0; at <= 1500; at += 50) {
      const rig = started([api], {api: [habit({latency: 300})]});
      rig.advance(10_000 + at);
      rig.gap(1900, 'sleep');
      rig.advance(10_000);
      rig.check();
      expect(spawnTimes(rig, 'api')).toHaveLength(1);
    }
  });

  it('keep what is left of pauses and of a start', () => {
    const rig = started([service('web', 8000)], {web: [habit({ready: 100_000, early: 'silent'})]});
    rig.advance(50_000);
    rig.gap(7_200_000, 'sleep');
    rig.advance(60_000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
  });
});

describe('the death of the supervisor', () => {
  it('changes nothing for services that run', () => {
    const rig = started([service('db', 5432), service('web', 8000, {dependsOn: [{name: 'db'}]})]);
    rig.advance(5000);
    const pids = ['db', 'web'].map((name) => rig.world.leaderOf(name)?.pid);
    for (let i = 0; i < 5; i += 1) {
      rig.die();
      rig.advance(800);
      rig.revive();
      rig.advance(2000);
      rig.check();
    }
    expect(['db', 'web'].map((name) => rig.world.leaderOf(name)?.pid)).toEqual(pids);
  });

  it('does not start what an operator has stopped', () => {
    const rig = started([service('db', 5432), service('web', 8000, {dependsOn: [{name: 'db'}]})]);
    rig.advance(5000);
    rig.stop(['db']);
    rig.advance(5000);
    rig.world.end(rig.world.leaderOf('web')!, {code: 1, signal: null});
    rig.die();
    rig.advance(500);
    rig.revive();
    rig.advance(5000);
    rig.check();
    expect(rig.tag('db')).toBe('stopped');
  });

  it('in the middle of a spawn leaves no second copy, even without a port', () => {
    const rig = begin([service('worker', null)]);
    rig.world.death = {at: 'spawn', calls: 1};
    rig.start();
    rig.advance(500);
    expect(rig.alive).toBe(false);
    rig.revive();
    rig.advance(5000);
    rig.check();
    expect(rig.tag('worker')).toBe('ready');
  });

  it('after the awaited line was read does not make it wait for ever', () => {
    const web = service('web', 8000, {readyLog: 'ready to accept', policy: {...defaultPolicy}});
    const rig = started([web], {web: [habit({saysReady: 100, ready: 20_000, early: 'silent'})]});
    rig.advance(5000);
    rig.die();
    rig.revive();
    rig.advance(30_000);
    expect(rig.tag('web')).toBe('ready');
  });

  it('in the middle of a stop of everything does not change the order', () => {
    const rig = started([service('db', 5432), service('web', 8000, {dependsOn: [{name: 'db'}]})], {
      web: [habit({termMs: 5000})],
    });
    rig.advance(5000);
    rig.stop();
    rig.advance(1000);
    rig.die();
    rig.revive();
    rig.advance(1000);
    expect(rig.tag('db')).toBe('ready');
    rig.advance(20_000);
    rig.check();
    expect([rig.tag('web'), rig.tag('db')]).toEqual(['stopped', 'stopped']);
  });

  it('does not make its shutdown forget what was wanted', () => {
    const rig = started([service('web', 8000)]);
    rig.advance(1000);
    rig.supervisor.end('shutdown', 0, 'SIGTERM', false, null);
    rig.advance(1000);
    rig.world.reboot();
    rig.revive();
    rig.advance(1000);
    expect(rig.tag('web')).toBe('ready');
  });
});

describe('a watchdog', () => {
  const watched = (policy: Partial<ServiceSpec['policy']>): ServiceSpec =>
    service('web', 8000, {policy: {...quickPolicy, afterBudget: {then: 'fail'}, ...policy}});

  it('ends with 4 when the budget is spent, and leaves nothing', () => {
    const rig = new Rig(project([watched({}), service('side', null)], 'watchdog'), {web: [crashes(5)]});
    rig.start();
    rig.advance(30_000);
    rig.check();
    expect(rig.outcome).toMatchObject({reason: 'budget-spent', exitCode: 4});
    expect(rig.world.processes.size).toBe(0);
  });

  it('ends with 5 when the port is taken and stays so', () => {
    const rig = new Rig(project([watched({})], 'watchdog'));
    rig.world.stranger(8000);
    rig.start();
    rig.advance(1000);
    expect(rig.outcome).toMatchObject({exitCode: 5});
  });

  it('ends with 0 when the service has ended by itself and shall not be restarted', () => {
    const rig = new Rig(project([watched({restart: 'on-failure'})], 'watchdog'), {
      web: [habit({ends: {at: 500, code: 0, signal: null, lines: []}})],
    });
    rig.start();
    rig.advance(5000);
    expect(rig.outcome).toMatchObject({reason: 'stopped', exitCode: 0});
  });
});

describe('a critical service', () => {
  it('takes everything else with it when it has failed for good', () => {
    const policy = {...quickPolicy, afterBudget: {then: 'fail' as const}};
    const rig = started([service('db', 5432, {critical: true, policy}), service('web', 8000)], {db: [crashes(5)]});
    rig.advance(30_000);
    rig.check();
    expect(rig.outcome).toMatchObject({reason: 'critical-failed', exitCode: 4});
    expect(rig.tag('db')).toBe('failed');
    expect(rig.tag('web')).toBe('stopped');
  });
});

describe('a restart', () => {
  it('stops nothing when the preCheck says no', () => {
    const hooks = {preStart: null, preCheck: {argv: ['nginx', '-t'] as const}, postStop: null, onPortMoved: null};
    const rig = started([service('web', 8000, {hooks}), service('api', 8100)]);
    rig.advance(1000);
    rig.world.hooks.set('web preCheck', {ms: 50, code: 1});
    let problem: string | null = null;
    rig.supervisor.restart(['web', 'api'], null, (said) => {
      problem = said;
    });
    rig.advance(1000);
    expect(problem).toMatch(/^web: preCheck ended with code 1/);
    expect(rig.world.log.filter((line) => line.includes(' spawned '))).toHaveLength(2);
  });

  it('of all keeps the order of the start', () => {
    const rig = started([service('db', 5432), service('web', 8000, {dependsOn: [{name: 'db'}]})], {
      db: [wellBehaved, habit({ready: 3000})],
    });
    rig.advance(1000);
    rig.restart(['db', 'web']);
    rig.advance(2000);
    expect(rig.tag('web')).toBe('waiting');
    rig.advance(3000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
  });
});

describe('the journal', () => {
  it('of a service that crashes all day stays short and says the same', () => {
    const rig = started([service('web', 8000)], {web: [crashes(5)]});
    rig.advance(24 * 3_600_000);
    rig.check();
    expect(spawnTimes(rig, 'web').length).toBeGreaterThan(250);
    expect(rig.world.journals.get('web')?.records.length).toBeLessThan(300);
  });
});

describe('a planned restart', () => {
  const night = (differs: Parameters<typeof service>[2] = {}): ServiceSpec =>
    service('web', 8000, {schedule: {expression: '0 3 * * *', timezone: 'UTC'}, ...differs});
  const hour = 3_600_000;

  it('comes at its time, every night once, and costs nothing', () => {
    const rig = started([night()]);
    rig.advance(3 * hour - 1000);
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    rig.advance(2 * hour);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
    expect(rig.tag('web')).toBe('ready');
    expect(rig.service('web').memory).toMatchObject({
      restartsUsed: 0,
      totalRestarts: 0,
      lastRestart: {why: 'schedule', text: '0 3 * * *'},
    });
    rig.advance(23 * hour);
    expect(spawnTimes(rig, 'web')).toHaveLength(3);
    expect(told(rig, 'web', 'schedule')).toHaveLength(2);
  });

  it('is skipped and said when the machine sleeps over it, or its clock is set over it', () => {
    for (const kind of ['sleep', 'wall', 'starved'] as const) {
      const rig = started([night()]);
      rig.advance(2 * hour);
      rig.gap(5 * hour, kind);
      rig.advance(hour);
      rig.check();
      expect(spawnTimes(rig, 'web')).toHaveLength(1);
      expect(told(rig, 'web', 'schedule-skipped')).toEqual([
        expect.stringMatching(/^not restarted by its schedule at .*: the machine slept, or its clock was set; next /),
      ]);
      expect(rig.supervisor.nextRestartAt('web')).toBeGreaterThan(rig.world.wall());
    }
  });

  it('does not shorten the pause of a service that crashes, and leaves a failed one alone', () => {
    const crashing = night({policy: {backOffMs: [0, 4 * hour], backOffJitter: 0}});
    const rig = started([crashing], {web: [crashes(30_000), crashes(30_000), wellBehaved]});
    rig.advance(3 * hour + 5000);
    expect(rig.tag('web')).toBe('backing-off');
    expect(told(rig, 'web', 'schedule-skipped')).toEqual([expect.stringContaining('it is backing-off')]);
    rig.advance(hour + 60_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(3);
  });

  it('of a service and of what it needs keeps the order and brings both back', () => {
    const schedule = {expression: '0 3 * * *', timezone: 'UTC'};
    const rig = started([service('db', 8001, {schedule}), service('web', 8000, {schedule, dependsOn: [{name: 'db'}]})]);
    rig.advance(3 * hour + 60_000);
    rig.check();
    expect([rig.tag('db'), rig.tag('web')]).toEqual(['ready', 'ready']);
    expect(spawnTimes(rig, 'db')).toHaveLength(2);
  });

  it('is not done while what it needs is down: it could not come back', () => {
    const rig = started([service('db', 8001), service('web', 8000, {dependsOn: [{name: 'db'}]})], {
      db: [crashes(60_000), habit({listens: null, saysReady: null})],
    });
    rig.advance(65_000);
    expect(rig.tag('web')).toBe('ready');
    expect(rig.restartForMemory('web')).toBe('db is not well');
    rig.advance(5000);
    rig.check();
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
  });

  it('for memory comes back without hooks and with its reason', () => {
    const hooks = {preStart: {argv: ['migrate'] as const}, preCheck: null, postStop: null, onPortMoved: null};
    const rig = started([service('web', 8000, {hooks})]);
    rig.advance(10_000);
    expect(rig.restartForMemory('web')).toBeNull();
    rig.advance(10_000);
    rig.check();
    expect(rig.tag('web')).toBe('ready');
    expect(told(rig, 'web', 'memory-limit')).toEqual(['memory 2 GiB: restarted']);
    expect(rig.service('web').memory).toMatchObject({restartsUsed: 0, lastRestart: {why: 'memory'}});
    expect(rig.world.ranHooks.filter((hook) => hook.includes('preStart'))).toHaveLength(1);
  });

  it('whose preCheck takes longer than its schedule is asked about once at a time', () => {
    const hooks = {preStart: null, preCheck: {argv: ['check'] as const}, postStop: null, onPortMoved: null};
    const rig = begin([service('web', 8000, {hooks, schedule: {expression: '* * * * *', timezone: 'UTC'}})]);
    rig.world.hooks.set('web preCheck', {ms: 150_000, code: 0});
    rig.start();
    rig.advance(65_000);
    expect(rig.restartForMemory('web')).toBe('its preCheck still runs');
    rig.advance(130_000);
    rig.check();
    expect(rig.world.ranHooks.filter((hook) => hook.includes('preCheck'))).toHaveLength(1);
    expect(told(rig, 'web', 'schedule-skipped')[0]).toContain('its preCheck still runs');
    rig.advance(30_000);
    expect(spawnTimes(rig, 'web')).toHaveLength(2);
  });

  it('that a preCheck refuses is not done', () => {
    const hooks = {preStart: null, preCheck: {argv: ['check'] as const}, postStop: null, onPortMoved: null};
    const rig = begin([night({hooks})]);
    rig.world.hooks.set('web preCheck', {ms: 100, code: 1});
    rig.start();
    rig.advance(4 * hour);
    expect(spawnTimes(rig, 'web')).toHaveLength(1);
    expect(told(rig, 'web', 'schedule-skipped')).toEqual([expect.stringContaining('preCheck ended with code 1')]);
  });
});

describe('the time a start takes', () => {
  it('is remembered of the last five', () => {
    const rig = started([service('web', 8000)], {web: [habit({listens: 3000, ready: 3000})]});
    for (let n = 0; n < 7; n += 1) {
      rig.advance(30_000);
      rig.restart(['web']);
    }
    rig.advance(30_000);
    const {startsMs} = rig.service('web').memory;
    expect(startsMs).toHaveLength(5);
    for (const ms of startsMs) expect(ms).toBeGreaterThanOrEqual(3000);
    rig.die();
    rig.revive();
    expect(rig.service('web').memory.startsMs).toEqual(startsMs.map(Math.round));
  });
});

describe('a restart that waits for its preCheck', () => {
  it.each([
    ['', false],
    [', even if it was going down when the restart was asked for', true],
  ])('is not done when it is stopped meanwhile: the last word counts%s', (_, wasGoingDown) => {
    const hooks = {preStart: null, preCheck: {argv: ['check'] as const}, postStop: null, onPortMoved: null};
    const rig = begin([service('web', 8000, {hooks})], {web: [habit({termMs: 3000})]});
    rig.world.hooks.set('web preCheck', {ms: 1000, code: 0});
    rig.start();
    rig.advance(5000);
    if (wasGoingDown) rig.stop(['web']);
    const said: (string | null)[] = [];
    rig.world.enter(() => rig.supervisor.restart(['web'], null, (problem) => said.push(problem)));
    rig.advance(500);
    rig.stop(['web']);
    rig.advance(20_000);
    rig.check();
    expect(rig.tag('web')).toBe('stopped');
    expect(said).toEqual(['web: it was stopped meanwhile']);
  });
});
