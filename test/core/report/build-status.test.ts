import {describe, expect, it} from '@jest/globals';
import {isoWithOffset, overallMark, overallOf} from '../../../src/lib/core/report/build-status.js';
import type {ServiceStatus} from '../../../src/lib/core/report/status.js';

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
  unstable: false,
  ...part,
});

describe('the system as a whole', () => {
  const cases: readonly (readonly [string, readonly Partial<ServiceStatus>[], ReturnType<typeof overallOf>])[] = [
    ['all well', [{}, {}], 'healthy'],
    ['one degraded', [{}, {mark: 'degraded', health: 'degraded'}], 'degraded'],
    [
      'one on another port: others outside still use the primary',
      [{portNote: 'held by python3 (pid 812)'}],
      'degraded',
    ],
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

describe('isoWithOffset', () => {
  it('gives the same moment, in local time, with its offset', () => {
    const moment = new Date('2026-05-22T09:05:30.123Z');
    const text = isoWithOffset(moment);
    expect(new Date(text).getTime()).toBe(moment.getTime());
    expect(text).toMatch(/^2026-05-2\dT\d\d:\d\d:30\.123[+-]\d\d:\d\d$/);
  });
});
