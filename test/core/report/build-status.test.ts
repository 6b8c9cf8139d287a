import {describe, expect, it} from '@jest/globals';
import {overallMark, overallOf, serviceStatus} from '../../../src/lib/core/report/build-status.js';
import {isoWithOffset} from '../../../src/lib/core/report/format.js';
import type {ServiceStatus} from '../../../src/lib/core/report/status.js';
import {initialService, type Service} from '../../../src/lib/core/supervision/state.js';
import {service as specOf} from '../../support/sim/specs.js';

const service = (part: Partial<ServiceStatus>): ServiceStatus => ({
  name: 'x',
  kind: 'service',
  role: null,
  state: 'ready',
  health: 'healthy',
  mark: 'good',
  turn: null,
  wanted: 'up',
  pid: 1,
  port: null,
  primaryPort: null,
  portNote: null,
  startedAt: null,
  uptimeMs: null,
  incarnation: 1,
  restartsUsed: 0,
  maxRestarts: 5,
  totalRestarts: 0,
  cpuRatio: null,
  memoryBytes: null,
  lastExit: null,
  lastErrorLine: null,
  nextTryAt: null,
  nextTryInMs: null,
  note: null,
  diagnosis: null,
  waitsFor: [],
  listener: null,
  answeredAt: null,
  critical: false,
  observed: null,
  borrowed: false,
  unstable: false,
  ...part,
});

describe('the system as a whole', () => {
  const cases: readonly (readonly [string, readonly Partial<ServiceStatus>[], ReturnType<typeof overallOf>])[] = [
    ['all well', [{}, {}], 'healthy'],
    ['one degraded', [{}, {mark: 'degraded', health: 'degraded'}], 'degraded'],
    ['one on another port, and everybody follows', [{portNote: 'held by python3 (pid 812)'}], 'healthy'],
    ['one on another port that others outside do not know', [{mark: 'degraded', portNote: 'held by x'}], 'degraded'],
    ['one starts', [{}, {mark: 'moving', state: 'starting'}], 'starting'],
    ['one waits for another', [{}, {mark: 'stopped', state: 'waiting'}], 'starting'],
    [
      'one backs off, another starts: the worse counts',
      [
        {mark: 'acting', state: 'backing-off'},
        {mark: 'moving', state: 'starting'},
      ],
      'unhealthy',
    ],
    ['one has failed', [{}, {mark: 'failed', state: 'failed'}], 'unhealthy'],
    ['what nobody wants does not count', [{}, {wanted: 'down', mark: 'stopped', state: 'stopped'}], 'healthy'],
    ['nothing is wanted', [{wanted: 'down', mark: 'stopped', state: 'stopped'}], 'stopped'],
    ['the last one is on its way down', [{wanted: 'down', mark: 'moving', state: 'stopping'}], 'stopping'],
  ];
  it.each(cases)('%s', (_name, parts, overall) => expect(overallOf(parts.map(service), false)).toBe(overall));

  it('is marked as failed only when somebody has to act', () => {
    expect(overallMark('unhealthy', [service({mark: 'acting'})])).toBe('acting');
    expect(overallMark('unhealthy', [service({mark: 'acting'}), service({mark: 'failed'})])).toBe('failed');
  });
});

describe('one service', () => {
  const at = (port: number, own: boolean, isPublic = false, memory: Partial<Service['memory']> = {}) => {
    const spec = specOf('shop', 8000, {isPublic});
    const life = {
      incarnation: 1,
      own,
      pid: own ? 7 : null,
      spawnedAt: 0,
      tracks: [],
      logSeen: false,
      lastWord: null,
      told: {},
    };
    const now: Service = {
      state: {tag: 'ready', life, health: 'healthy', readyAt: 0, stable: false} as unknown as Service['state'],
      memory: {...initialService.memory, wanted: 'up', port, ...memory},
    };
    const seen = {
      pid: null,
      spawnedAtWall: null,
      cpuRatio: null,
      memoryBytes: null,
      lastErrorLine: null,
      portNote: 'held by python3 (pid 812)',
      listener: null,
    };
    return serviceStatus(spec, now, new Map([['shop', now]]), seen, {now: 1000, iso: String});
  };

  it('on another port than its primary is degraded when clients outside use that, else not', () => {
    expect(at(8001, true, true)).toMatchObject({mark: 'degraded', turn: null, moved: {public: true}});
    expect(at(8001, true)).toMatchObject({mark: 'good', moved: {port: 8001, primary: 8000, public: false}});
    expect(at(8000, true, true)).toMatchObject({mark: 'good', portNote: null, moved: null});
  });

  it('says what the start told until the primary was looked at, then who holds it now, then that it is free', () => {
    const holder = {pid: 5512, name: 'Teams.exe', user: 'ops1', command: null, startedAt: null, service: null};
    const seen = {freeSince: null, quietSince: null, warned: false, toldFree: false};
    expect(at(8001, true)).toMatchObject({
      portNote: 'held by python3 (pid 812)',
      moved: {primaryState: 'unknown', holder: null, text: '8001 instead of 8000'},
    });
    expect(at(8001, true, true, {moved: {...seen, primary: {state: 'taken', holder}}})).toMatchObject({
      portNote: 'held by Teams.exe (pid 5512, user ops1)',
      moved: {
        primaryState: 'taken',
        holder,
        text: 'shop answers on 8001; clients outside still use 8000, held by Teams.exe (pid 5512, user ops1)',
      },
    });
    expect(at(8001, true, false, {moved: {...seen, primary: {state: 'taken', holder: null}}})).toMatchObject({
      portNote: 'taken, owner unknown',
      moved: {text: '8001 instead of 8000, taken, owner unknown'},
    });
    expect(at(8001, true, false, {moved: {...seen, primary: {state: 'free'}}})).toMatchObject({
      portNote: '8000 is free again: erp restart shop --primary',
      moved: {
        primaryState: 'free',
        holder: null,
        text: '8001 instead of 8000; 8000 is free again: erp restart shop --primary',
        remedy: 'erp restart shop --primary',
      },
    });
  });

  it('says that it is borrowed', () => {
    expect(at(8000, false)).toMatchObject({mark: 'good', borrowed: true});
    expect(at(8000, true)).toMatchObject({borrowed: false});
  });
});

describe('isoWithOffset', () => {
  it('gives the same moment, in local time, with its offset', () => {
    const moment = new Date('2026-05-22T09:05:30.123Z');
    const text = isoWithOffset(moment);
    expect(new Date(text).getTime()).toBe(moment.getTime());
    expect(text).toMatch(/^2026-05-2\dT\d\d:\d\d:30\.123[+-]\d\d:\d\d$/);
  });
});
