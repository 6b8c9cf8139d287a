import {expect, it} from '@jest/globals';
import type {ServiceSpec} from '../../src/lib/core/spec.js';
import {Supervisor} from '../../src/lib/runtime/supervisor.js';
import {SimWorld} from '../support/sim/sim-world.js';
import {project, service} from '../support/sim/specs.js';

/** A thousand services in chains of ten, and which of them the supervisor looks at. */
function thousand() {
  const looked = new Set<string>();
  const watched = (spec: ServiceSpec): ServiceSpec =>
    new Proxy(spec, {
      get: (target, key) => {
        looked.add(target.name);
        return Reflect.get(target, key) as unknown;
      },
    });
  const specs = Array.from({length: 1000}, (_, i) =>
    service(`s${i}`, 10_000 + i, {
      dependsOn: i % 10 === 0 ? [] : [{name: `s${i - 1}`}],
      policy: {maxRestarts: 1000, backOffMs: [0]},
    }),
  );
  const world = new SimWorld(7);
  world.timersPerSecond = 100_000;
  const sink = {tell: () => {}, changed: () => {}, ended: () => {}};
  const supervisor = new Supervisor(project(specs.map(watched)), world.connect(), sink, 'sim');
  world.enter(() => {
    supervisor.start(supervisor.names(), null);
  });
  world.advance(20_000);
  expect(supervisor.names().filter((name) => supervisor.service(name).state.tag !== 'ready')).toEqual([]);
  return {world, supervisor, looked};
}

/** Once a second all are looked at, whatever happens: several tries, and the smallest counts. */
function fewest(tries: number, event: (index: number) => number): number {
  return Math.min(...Array.from({length: tries}, (_, index) => event(index)));
}

const {world, supervisor, looked} = thousand();

it('looks at one of a thousand services, and at whom it concerns, when one crashes', () => {
  const visits = fewest(5, (index) => {
    const name = `s${index * 100 + 5}`;
    const {incarnation} = supervisor.service(name).memory;
    looked.clear();
    const leader = world.leaderOf(name);
    if (leader === null) throw new Error(`${name} does not run`);
    world.end(leader, {code: null, signal: 'SIGKILL'});
    const isBack = (): boolean => {
      const {state, memory} = supervisor.service(name);
      return memory.incarnation > incarnation && state.tag === 'starting' && state.life.pid !== null;
    };
    expect(world.advanceUntil(isBack, 5000)).toBe(true);
    return looked.size;
  });
  // Itself, what it needs, and who needs it; and one or another whose probe was due meanwhile.
  expect(visits).toBeLessThan(30);
});

it('looks at a few of a thousand services when one is stopped', () => {
  const visits = fewest(5, (index) => {
    const name = `s${index * 100 + 9}`;
    looked.clear();
    world.enter(() => {
      supervisor.stop([name], false, null);
    });
    const size = looked.size;
    expect(world.advanceUntil(() => supervisor.service(name).state.tag === 'stopped', 20_000)).toBe(true);
    return size;
  });
  expect(visits).toBeLessThan(30);
});
