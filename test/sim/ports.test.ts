import {describe, expect, it} from '@jest/globals';
import type {ServiceSpec} from '../../src/lib/core/spec.js';
import {crashes, type Habit, habit, wellBehaved} from '../support/sim/habits.js';
import {Rig} from '../support/sim/rig.js';
import {project, service} from '../support/sim/specs.js';

function web(alternatives: readonly number[], differs: Partial<ServiceSpec['port']> = {}, name = 'web', port = 8000) {
  const spec = {primary: port, alternatives, any: false, addresses: ['127.0.0.1'], ifRunning: 'move' as const};
  return service(name, port, {port: {...spec, ...differs}});
}

function begin(services: readonly ServiceSpec[], habits: Record<string, readonly Habit[]> = {}, seed = 2): Rig {
  const rig = new Rig(project(services), habits, seed);
  rig.world.keepsLog = true;
  return rig;
}

const told = (rig: Rig, name: string, type: string): readonly string[] =>
  rig.news.filter((news) => news.service === name && news.type === type).map(({text}) => text);

const portOf = (rig: Rig, name = 'web'): number | null => rig.service(name).memory.port;

describe('a lost race', () => {
  it.each([
    'exits',
    'stays',
  ] as const)('moves on at once and costs nothing, one port after the other (%s)', (whenPortTaken) => {
    const rig = begin([web([8001, 8002])], {web: [habit({whenPortTaken})]});
    rig.world.racers = 2;
    rig.start();
    rig.advance(2500);
    rig.check();
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {port: 8002, restartsUsed: 0}});
    expect(told(rig, 'web', 'port-lost')).toHaveLength(2);
    expect(told(rig, 'web', 'port-moved').at(-1)).toMatch(/^8002 instead of 8000, held by stranger \(pid \d+, ops1\)/);
  });

  it('without alternatives never moves: it is tried again when the thief has gone', () => {
    const rig = begin([web([], {ifRunning: 'fail'})]);
    rig.world.racers = 1;
    rig.start();
    rig.advance(5000);
    rig.check();
    expect(rig.tag('web')).toBe('failed');
    expect(rig.service('web').memory.lastEnd?.end.diagnosis.evidence[0]).toMatch(/^8000 held by stranger/);
    expect(told(rig, 'web', 'restarting')).toEqual([]);
    for (const process of [...rig.world.processes.values()]) rig.world.end(process, {code: 0, signal: null});
    rig.advance(3000);
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {port: 8000}});
  });

  it('for a port that is free whenever it is tested is not fought for ever', () => {
    // It wants another address than the one that is tested: 8000 is always taken for it, and never for us.
    const line = 'Error: listen EADDRINUSE: address already in use 192.168.0.7:8000';
    const rig = begin([web([8001])], {
      web: [crashes(30, 1, [line]), crashes(30, 1, [line]), wellBehaved],
    });
    rig.start();
    rig.advance(2000);
    rig.check();
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {port: 8001, restartsUsed: 0}});
    expect(told(rig, 'web', 'port-moved')).toEqual([
      '8001 instead of 8000, was free each time it was tested, and taken when it was wanted',
    ]);
  });

  it('counts from the second time on without alternatives', () => {
    const rig = begin([web([])], {web: [crashes(30, 1, ['listen tcp :8000: bind: address already in use'])]});
    rig.start();
    rig.advance(150_000);
    rig.check();
    expect(rig.service('web').memory.restartsUsed).toBe(5);
  });

  it('against what its own last life left is no move: that is ended first', () => {
    const rig = begin([web([8001])], {
      web: [habit({leaves: 'escapee', ends: {at: 5000, code: 1, signal: null, lines: []}}), wellBehaved],
    });
    rig.start();
    rig.advance(9000);
    rig.check();
    expect(rig.service('web')).toMatchObject({state: {tag: 'ready'}, memory: {port: 8000}});
    expect(told(rig, 'web', 'port-moved')).toEqual([]);
  });
});

describe('a choice', () => {
  it('is kept over crashes, not over a stop and a new start', () => {
    const rig = begin([web([8001])], {web: [crashes(5000), wellBehaved]});
    const thief = rig.world.stranger(8000);
    rig.start();
    rig.advance(1000);
    expect(portOf(rig)).toBe(8001);
    rig.world.end(thief!, {code: 0, signal: null});
    rig.advance(9000);
    expect(rig.tag('web')).toBe('ready');
    expect(portOf(rig)).toBe(8001);
    rig.restart(['web']);
    rig.advance(2000);
    expect(portOf(rig)).toBe(8001);
    rig.stop();
    rig.advance(2000);
    rig.start();
    rig.advance(2000);
    expect(portOf(rig)).toBe(8000);
    rig.check();
  });

  it('waits for a neighbour that is just giving the port back', () => {
    const both = [web([8010]), web([8000], {}, 'api', 8010)];
    const rig = begin(both, {api: [habit({termMs: 400})]});
    const thief = rig.world.stranger(8010);
    rig.start(['api']);
    rig.advance(1000);
    // The primary of another one, for want of anything else.
    expect(portOf(rig, 'api')).toBe(8000);
    rig.world.end(thief!, {code: 0, signal: null});
    rig.stop(['api']);
    rig.start(['web']);
    rig.advance(2000);
    expect(rig.tag('web')).toBe('ready');
    expect(portOf(rig)).toBe(8000);
    expect(told(rig, 'web', 'port-moved')).toEqual([]);
    rig.check();
  });

  it('leaves a fixed port to its owner, whoever starts first, and fails rather than take it', () => {
    const rig = begin([web([8010]), web([], {ifRunning: 'fail'}, 'api', 8010)]);
    rig.world.stranger(8000);
    rig.start(['web']);
    rig.advance(5000);
    expect(rig.tag('web')).toBe('failed');
    expect(rig.service('web').memory.lastEnd?.end.diagnosis.evidence).toEqual([
      expect.stringMatching(/^8000 held by stranger/),
      '8010 is the port of api, which has no other',
    ]);
    rig.start(['api']);
    rig.advance(2000);
    expect(portOf(rig, 'api')).toBe(8010);
    rig.check();
  });
});
