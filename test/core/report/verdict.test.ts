import {describe, expect, it} from '@jest/globals';
import {failedAmong, failureExitCode, statusExitCode, verdictOf} from '../../../src/lib/core/report/verdict.js';
import {startLimitMs, startWaves} from '../../../src/lib/core/report/waves.js';
import {type ForwardSpec, nothingForwarded, type ServiceSpec} from '../../../src/lib/core/spec.js';
import {forward, service, statusDocument} from '../../support/fake-supervisor.js';

describe('the exit code of status', () => {
  it.each([
    ['healthy', 0],
    ['degraded', 0],
    ['starting', 0],
    ['stopping', 0],
    ['unhealthy', 4],
    ['stopped', 6],
    ['no-supervisor', 6],
  ] as const)('%s: %i', (overall, code) => expect(statusExitCode({overall})).toBe(code));
});

describe('what somebody waits for', () => {
  const ready = service('a');
  const starting = service('b', {state: 'starting', health: 'unknown', mark: 'moving'});
  const degraded = service('c', {health: 'degraded', mark: 'degraded'});
  const failed = service('d', {state: 'failed', mark: 'failed', turn: 'you'});
  const armed = service('e', {state: 'failed', mark: 'acting', turn: 'erp'});
  const done = service('f', {kind: 'job', state: 'done'});
  const down = service('g', {state: 'stopped', wanted: 'down', mark: 'stopped'});
  const at = (services: Parameters<typeof statusDocument>[1]) => statusDocument('/p', services);

  it.each([
    ['ready', [ready, done, down], 'reached'],
    ['ready', [ready, degraded], 'reached'],
    ['healthy', [ready, degraded], 'pending'],
    ['healthy', [ready, done], 'reached'],
    ['ready', [ready, starting], 'pending'],
    ['ready', [starting, failed], 'hopeless'],
    ['ready', [ready, armed], 'pending'],
    ['healthy', [], 'pending'],
    ['healthy', [down], 'pending'],
    ['stopped', [down, done, failed], 'reached'],
    ['stopped', [down, ready], 'pending'],
  ] as const)('%s of %#: %s', (goal, services, verdict) => {
    expect(verdictOf(at([...services]), goal)).toBe(verdict);
  });

  const verified = forward('p');
  const held = forward('q', {state: 'suspect', mark: 'unknown', note: 'not verified: it listens'});
  const asked = forward('r', {state: 'suspect', mark: 'degraded'});
  const offline = forward('s', {state: 'waiting-for-network', mark: 'acting', port: null});
  const forbidden = forward('t', {state: 'needs-you', mark: 'failed', turn: 'you', port: null});
  const noKubectl = forward('u', {state: 'tool-missing', mark: 'failed', turn: 'you', port: null});
  const broken = forward('v', {state: 'broken', mark: 'acting', turn: 'erp'});
  const away = forward('w', {state: 'stopped', mark: 'stopped', wanted: 'down', port: null});
  const with_ = (...forwards: (typeof verified)[]) => statusDocument('/p', [ready], {forwards});

  it.each([
    ['ready', [verified, held, away], 'reached'],
    ['healthy', [verified], 'reached'],
    ['ready', [verified, asked], 'pending'],
    ['ready', [offline], 'pending'],
    ['ready', [broken], 'pending'],
    ['ready', [offline, forbidden], 'hopeless'],
    ['ready', [noKubectl], 'hopeless'],
    ['stopped', [verified], 'pending'],
  ] as const)('port-forwards: %s of %#: %s', (goal, forwards, verdict) => {
    expect(verdictOf(with_(...forwards), goal)).toBe(verdict);
  });

  it('port-forwards alone are enough, and can be named like services', () => {
    expect(verdictOf(statusDocument('/p', [], {forwards: [verified]}), 'ready')).toBe('reached');
    expect(verdictOf(with_(verified, offline), 'ready', ['p'])).toBe('reached');
    expect(verdictOf(with_(verified, offline), 'ready', ['a', 's'])).toBe('pending');
    expect(verdictOf(statusDocument('/p', [down], {forwards: [away]}), 'stopped')).toBe('reached');
    expect(failedAmong(with_(verified, forbidden, offline), null).map(({name}) => name)).toEqual(['t']);
  });

  it('a missing kubectl ends with 8, what a cluster refuses with 4', () => {
    expect(failureExitCode(noKubectl)).toBe(8);
    expect(failureExitCode(forbidden)).toBe(4);
  });

  it('only those count that are named', () => {
    expect(verdictOf(at([ready, starting, failed]), 'ready', ['a'])).toBe('reached');
    expect(verdictOf(at([ready, failed]), 'ready', ['d'])).toBe('hopeless');
  });

  it.each([
    ['port-in-use', 5],
    ['missing-module', 4],
    ['hang', 4],
    [null, 4],
  ])('a failure by %s ends with %i', (cause, code) => {
    const diagnosis = cause === null ? null : {cause, confidence: 1, subject: null, evidence: [], remedy: null};
    expect(failureExitCode({diagnosis})).toBe(code);
  });
});

describe('the order of a start', () => {
  const of = (name: string, needs: string[] = [], startTimeoutMs = 1000) =>
    ({name, dependsOn: needs.map((need) => ({name: need})), policy: {startTimeoutMs}}) as unknown as ServiceSpec;
  const names = (services: ServiceSpec[]) => startWaves(services).map((wave) => wave.map(({name}) => name));

  it('each wave needs only what stands before it', () => {
    expect(names([of('web', ['api']), of('api', ['db', 'cache']), of('db'), of('cache'), of('cron', ['db'])])).toEqual([
      ['db', 'cache'],
      ['api', 'cron'],
      ['web'],
    ]);
  });
  it('what is not in the list holds nobody back, a cycle ends all the same', () => {
    expect(names([of('web', ['api'])])).toEqual([['web']]);
    expect(names([of('a', ['b']), of('b', ['a'])])).toEqual([['a', 'b']]);
  });
  it('may take as long as the slowest of each wave', () => {
    const spec = {
      services: [of('a', [], 500), of('b', [], 2000), of('c', ['a'], 300)],
      portForwards: [{name: 'grafana'} as ForwardSpec],
      connection: {...nothingForwarded, startTimeoutMs: 700, probeTimeoutMs: 100},
    };
    expect(startLimitMs(spec, ['a', 'b', 'c'])).toBe(2300);
    expect(startLimitMs(spec, [])).toBe(0);
    expect(startLimitMs(spec, ['a', 'grafana'])).toBe(1400);
  });
});
