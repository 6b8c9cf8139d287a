import {describe, expect, it} from '@jest/globals';
import type {ServiceSpec} from '../../src/lib/core/spec.js';
import {crashes, type Habit, habit, wellBehaved} from '../support/sim/habits.js';
import {Rig} from '../support/sim/rig.js';
import {project, service, type ServiceDiffers} from '../support/sim/specs.js';

const noHooks = {preStart: null, preCheck: null, postStop: null, onPortMoved: null};

function begin(services: readonly ServiceSpec[], habits: Record<string, readonly Habit[]> = {}): Rig {
  const rig = new Rig(project(services), habits, 2);
  rig.world.keepsLog = true;
  return rig;
}

function started(services: readonly ServiceSpec[], habits: Record<string, readonly Habit[]> = {}): Rig {
  const rig = begin(services, habits);
  rig.start();
  return rig;
}

/** A service with two alternatives. */
function movable(name: string, port: number, differs: ServiceDiffers = {}): ServiceSpec {
  const base = service(name, port, differs);
  const ports = {
    primary: port,
    alternatives: [port + 1, port + 2],
    any: false,
    addresses: ['127.0.0.1'],
    ifRunning: 'move',
  } as const;
  return {...base, port: ports};
}

/** A service that is started with the port of another one. */
const naming = (name: string, other: string, differs: ServiceDiffers = {}): ServiceSpec =>
  service(name, null, {env: {[`PORT_${other}`]: `{services.${other}.port}`}, ...differs});

const spawns = (rig: Rig, name: string): readonly number[] =>
  rig.world.log.filter((line) => line.includes(` ${name} spawned `)).map((line) => Number(line.split(' ')[0]));
const told = (rig: Rig, name: string, type: string): readonly string[] =>
  rig.news.filter((news) => news.service === name && news.type === type).map(({text}) => text);
const knows = (rig: Rig, name: string, other: string): string | undefined =>
  rig.world.leaderOf(name)?.env[`PORT_${other}`];

/** It ends, and somebody else is on its primary before it is back. */
function steal(rig: Rig, name: string, port: number): void {
  const leader = rig.world.leaderOf(name);
  if (leader === null) throw new Error(`${name} does not run`);
  rig.world.end(leader, {code: 1, signal: null});
  expect(rig.world.stranger(port)).not.toBeNull();
}

describe('whoever was started with the port of another one', () => {
  it('is restarted once, planned, when that one is ready on its new port', () => {
    const slow = habit({listens: 3000, ready: 3000});
    const rig = started([movable('backend', 8000), naming('worker', 'backend'), service('other', null)], {
      backend: [wellBehaved, slow, slow],
    });
    rig.advance(5000);
    expect(knows(rig, 'worker', 'backend')).toBe('8000');
    steal(rig, 'backend', 8000);
    rig.advance(2500);
    // It is on its way there: nobody is sent after it yet.
    expect(rig.tag('backend')).toBe('starting');
    expect(spawns(rig, 'worker')).toHaveLength(1);
    rig.advance(20_000);
    rig.check();
    expect(rig.service('backend').memory.port).toBe(8001);
    expect(knows(rig, 'worker', 'backend')).toBe('8001');
    expect(spawns(rig, 'worker')).toHaveLength(2);
    expect(spawns(rig, 'other')).toHaveLength(1);
    expect(told(rig, 'worker', 'port-followed')).toEqual(['restarted: backend is on 8001 now, not on 8000']);
    expect(rig.service('worker').memory).toMatchObject({
      restartsUsed: 0,
      totalRestarts: 0,
      lastRestart: {why: 'port', text: 'backend is on 8001 now, not on 8000'},
    });
  });

  it('is told the primary of who does not run yet, and follows when that comes up elsewhere', () => {
    const rig = begin([movable('backend', 8000), naming('worker', 'backend')]);
    rig.world.stranger(8000);
    rig.start(['worker']);
    rig.advance(3000);
    expect(knows(rig, 'worker', 'backend')).toBe('8000');
    rig.start(['backend']);
    rig.advance(5000);
    rig.check();
    expect(knows(rig, 'worker', 'backend')).toBe('8001');
    expect(spawns(rig, 'worker')).toHaveLength(2);
  });

  it('stays when it is to ignore that', () => {
    const rig = started([movable('backend', 8000), naming('worker', 'backend', {policy: {onPortChange: 'ignore'}})]);
    rig.advance(5000);
    steal(rig, 'backend', 8000);
    rig.advance(60_000);
    expect(rig.service('backend').memory.port).toBe(8001);
    expect(spawns(rig, 'worker')).toHaveLength(1);
  });

  it('comes up in the order in which they need each other', () => {
    const rig = started([
      movable('backend', 8000),
      naming('worker', 'backend'),
      naming('page', 'backend', {dependsOn: [{name: 'worker'}]}),
    ]);
    rig.advance(5000);
    steal(rig, 'backend', 8000);
    rig.advance(30_000);
    rig.check();
    for (const name of ['worker', 'page']) {
      expect(knows(rig, name, 'backend')).toBe('8001');
      expect(spawns(rig, name)).toHaveLength(2);
    }
    expect((spawns(rig, 'page')[1] ?? 0) - (spawns(rig, 'worker')[1] ?? 0)).toBeGreaterThanOrEqual(1);
  });

  it('is restarted once when two that it names have moved at the same time', () => {
    const slow = habit({listens: 4000, ready: 4000});
    const both = service('worker', null, {
      env: {PORT_a: '{services.a.port}', PORT_b: '{services.b.port}'},
    });
    const rig = started([movable('a', 8000), movable('b', 8010), both], {b: [wellBehaved, slow, slow]});
    rig.advance(5000);
    steal(rig, 'a', 8000);
    steal(rig, 'b', 8010);
    rig.advance(30_000);
    rig.check();
    expect([knows(rig, 'worker', 'a'), knows(rig, 'worker', 'b')]).toEqual(['8001', '8011']);
    expect(spawns(rig, 'worker')).toHaveLength(2);
  });

  it('is not stopped for it while it could not come back', () => {
    const rig = started(
      [
        movable('backend', 8000),
        service('db', 5432, {policy: {maxRestarts: 0, afterBudget: {then: 'fail'}}}),
        naming('worker', 'backend', {dependsOn: [{name: 'db'}]}),
      ],
      {db: [crashes(8000), wellBehaved]},
    );
    rig.advance(10_000);
    expect(rig.tag('db')).toBe('failed');
    steal(rig, 'backend', 8000);
    rig.advance(30_000);
    expect(rig.tag('worker')).toBe('ready');
    expect(spawns(rig, 'worker')).toHaveLength(1);
    rig.start(['db']);
    rig.advance(5000);
    rig.check();
    expect(knows(rig, 'worker', 'backend')).toBe('8001');
  });

  it('follows also when the supervisor has died in between', () => {
    const slow = habit({listens: 3000, ready: 3000});
    const rig = started([movable('backend', 8000), naming('worker', 'backend')], {backend: [wellBehaved, slow, slow]});
    rig.advance(5000);
    steal(rig, 'backend', 8000);
    rig.advance(2000);
    rig.die();
    rig.advance(5000);
    rig.revive();
    rig.advance(10_000);
    rig.check();
    expect(rig.service('backend').memory.port).toBe(8001);
    expect(knows(rig, 'worker', 'backend')).toBe('8001');
    expect(spawns(rig, 'worker')).toHaveLength(2);
    rig.die();
    rig.revive();
    rig.advance(10_000);
    expect(spawns(rig, 'worker')).toHaveLength(2);
  });
});

describe('a service on another port than its primary', () => {
  const moved = (differs: ServiceDiffers = {}): Rig => {
    const rig = begin([movable('backend', 8000, differs)]);
    rig.world.stranger(8000);
    rig.start();
    rig.advance(10_000);
    expect(rig.service('backend').memory.port).toBe(8001);
    return rig;
  };
  const strangerGoes = (rig: Rig): void => {
    for (const process of [...rig.world.processes.values()])
      if (process.role === 'stranger') rig.world.end(process, {code: 0, signal: null});
  };

  it('warns once when clients outside are left behind, with the holder', () => {
    const rig = moved({isPublic: true});
    const pid = rig.world.listeners.get(8000)?.[0]?.pid;
    rig.advance(60_000);
    const said = rig.news.filter(({type}) => type === 'port-outside');
    expect(said).toMatchObject([
      {
        level: 'WARNING',
        service: 'backend',
        text: `answers on 8001; clients outside still use 8000, held by stranger (pid ${pid}, user ops1)`,
        facts: {
          moved: {
            text: `backend answers on 8001; clients outside still use 8000, held by stranger (pid ${pid}, user ops1)`,
            port: 8001,
            primary: 8000,
            primaryState: 'taken',
            public: true,
            holder: {pid, name: 'stranger'},
          },
        },
      },
    ]);
  });

  it('warns of nothing when everybody follows', () => {
    const rig = moved();
    rig.advance(60_000);
    expect(told(rig, 'backend', 'port-outside')).toEqual([]);
  });

  it('says once that its primary is free, and again when it was taken in between', () => {
    const rig = moved();
    strangerGoes(rig);
    rig.advance(60_000);
    expect(told(rig, 'backend', 'primary-free')).toEqual(['8000 is free again: erp restart backend --primary']);
    expect(rig.service('backend').memory.moved?.primary).toEqual({state: 'free'});
    rig.world.stranger(8000);
    rig.advance(5000);
    expect(rig.service('backend').memory.moved?.primary).toMatchObject({state: 'taken', holder: {name: 'stranger'}});
    strangerGoes(rig);
    rig.advance(5000);
    expect(told(rig, 'backend', 'primary-free')).toHaveLength(2);
    // Its choice is kept until somebody asks.
    expect(rig.service('backend').memory.port).toBe(8001);
    expect(spawns(rig, 'backend')).toHaveLength(1);
  });

  it('says it once, whoever supervises', () => {
    const rig = moved({isPublic: true});
    strangerGoes(rig);
    rig.advance(5000);
    rig.die();
    rig.revive();
    rig.advance(20_000);
    expect(told(rig, 'backend', 'primary-free')).toHaveLength(1);
    expect(told(rig, 'backend', 'port-outside')).toHaveLength(1);
    expect(rig.service('backend').memory).toMatchObject({port: 8001, moved: {primary: {state: 'free'}}});
  });

  it('keeps its port over crashes and restarts', () => {
    const rig = moved();
    strangerGoes(rig);
    rig.restart(['backend']);
    rig.advance(5000);
    rig.world.end(rig.world.leaderOf('backend')!, {code: 1, signal: null});
    rig.advance(5000);
    rig.check();
    expect(rig.tag('backend')).toBe('ready');
    expect(rig.service('backend').memory.port).toBe(8001);
  });

  it('goes back when it is asked to, and those that name it follow', () => {
    const rig = begin([movable('backend', 8000), naming('worker', 'backend')]);
    rig.world.stranger(8000);
    rig.start();
    rig.advance(10_000);
    expect(knows(rig, 'worker', 'backend')).toBe('8001');
    strangerGoes(rig);
    rig.restart(['backend'], true);
    rig.advance(10_000);
    rig.check();
    expect(rig.service('backend').memory).toMatchObject({port: 8000, moved: null, wantsPrimary: false});
    expect(knows(rig, 'worker', 'backend')).toBe('8000');
  });

  it('tells its hook of the new port and of the way back, once each; a hook that fails is a warning', () => {
    const rig = begin([movable('backend', 8000, {hooks: {...noHooks, onPortMoved: {argv: ['tell-proxy']}}})]);
    rig.world.hooks.set('backend onPortMoved', {ms: 50, code: 3});
    rig.world.stranger(8000);
    rig.start();
    rig.advance(5000);
    const [before] = rig.world.hookPlans;
    expect(before?.env).toMatchObject({
      ERP_SERVICE: 'backend',
      ERP_PORT: '8001',
      ERP_OLD_PORT: '8000',
      ERP_PRIMARY_PORT: '8000',
      ERP_HOLDER_NAME: 'stranger',
      ERP_HOLDER_USER: 'ops1',
    });
    expect(told(rig, 'backend', 'hook-failed')).toEqual([
      'onPortMoved ended with code 3; clients outside may not know the new port',
    ]);
    rig.world.end(rig.world.leaderOf('backend')!, {code: 1, signal: null});
    rig.advance(5000);
    rig.die();
    rig.revive();
    rig.advance(5000);
    rig.restart(['backend']);
    rig.advance(5000);
    expect(rig.tag('backend')).toBe('ready');
    expect(rig.world.hookPlans).toHaveLength(1);
    strangerGoes(rig);
    rig.restart(['backend'], true);
    rig.advance(5000);
    rig.check();
    expect(rig.world.hookPlans[1]?.env).toMatchObject({ERP_PORT: '8000', ERP_OLD_PORT: '8001', ERP_HOLDER_NAME: ''});
    expect(rig.tag('backend')).toBe('ready');
  });

  it('goes back by itself when nobody has been connected for a while', () => {
    const rig = moved({policy: {returnToPrimary: 'idle', returnAfterMs: 60_000}});
    strangerGoes(rig);
    rig.world.connected.set(8001, 1);
    rig.advance(300_000);
    expect(rig.service('backend').memory.port).toBe(8001);
    rig.world.connected.set(8001, 0);
    rig.advance(50_000);
    expect(spawns(rig, 'backend')).toHaveLength(1);
    rig.advance(20_000);
    rig.check();
    expect(rig.service('backend').memory).toMatchObject({port: 8000, restartsUsed: 0, lastRestart: {why: 'port'}});
    expect(told(rig, 'backend', 'returns-to-primary')).toEqual([
      'restarted: back to its primary port 8000: that is free, and nobody is connected',
    ]);
  });

  it('does not go back by itself to a port that is taken now and then', () => {
    const rig = moved({policy: {returnToPrimary: 'idle', returnAfterMs: 60_000}});
    for (let n = 0; n < 10; n += 1) {
      strangerGoes(rig);
      rig.advance(40_000);
      rig.world.stranger(8000);
      rig.advance(5000);
    }
    expect(spawns(rig, 'backend')).toHaveLength(1);
  });

  it('whose preCheck refuses to go back is asked again after as long, and says it once', () => {
    const rig = begin([
      movable('backend', 8000, {
        hooks: {...noHooks, preCheck: {argv: ['check']}},
        policy: {returnToPrimary: 'idle', returnAfterMs: 60_000},
      }),
    ]);
    rig.world.hooks.set('backend preCheck', {ms: 50, code: 1});
    rig.world.stranger(8000);
    rig.start();
    rig.advance(10_000);
    strangerGoes(rig);
    rig.advance(310_000);
    expect(told(rig, 'backend', 'return-refused')).toEqual([
      'stays on 8001 although 8000 is free: preCheck ended with code 1',
    ]);
    expect(rig.world.ranHooks.filter((hook) => hook.includes('preCheck')).length).toBeLessThanOrEqual(5);
    expect(spawns(rig, 'backend')).toHaveLength(1);
  });
});

it('nothing is looked at while every service has its primary port', () => {
  const rig = started([movable('backend', 8000), movable('frontend', 3000), naming('worker', 'backend')]);
  rig.advance(600_000);
  expect(rig.world.portLooks).toBe(0);
});

describe('what the simulation found beside', () => {
  it('a restart that waits for its preCheck is not done when everything ends meanwhile', () => {
    const hooks = {...noHooks, preCheck: {argv: ['check'] as const}};
    const rig = begin([service('web', 8000, {hooks}), service('slow', 8010)], {
      slow: [habit({term: 'ignores'})],
    });
    rig.world.hooks.set('web preCheck', {ms: 200, code: 0});
    rig.start();
    rig.advance(5000);
    const said: (string | null)[] = [];
    rig.stop(['web']);
    rig.world.enter(() => rig.supervisor.restart(['web'], null, (problem) => said.push(problem)));
    rig.end();
    rig.advance(60_000);
    expect(rig.outcome).not.toBeNull();
    expect(said).toEqual(['web: everything stops']);
  });

  it('a journal without the record of the port: its mark tells', () => {
    const rig = begin([movable('web', 8000)]);
    rig.world.stranger(8000);
    rig.start();
    rig.advance(5000);
    rig.die();
    const journal = rig.world.journals.get('web');
    journal!.records = journal!.records.filter(({t}) => t !== 'intent');
    rig.revive();
    rig.advance(60_000);
    rig.check();
    expect(rig.service('web').memory.port).toBe(8001);
    expect(rig.tag('web')).toBe('ready');
    expect(spawns(rig, 'web')).toHaveLength(1);
  });
});
