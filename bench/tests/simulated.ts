import {defaultPolicy, project, service} from '../../test/support/sim/specs.js';
import {SimWorld} from '../../test/support/sim/sim-world.js';
import type {World} from '../../src/lib/platform/types.js';
import {Supervisor} from '../../src/lib/runtime/supervisor.js';
import {median, rounded} from '../statistics.js';
import type {SimulatedCrowd} from '../types.js';
import type {Test} from './test.js';

const few = 10;
const many = 1000;
const kills = 400;
const anHourMs = 3_600_000;

/** m: the supervisor's own code on the virtual machine of test/sim, where a thousand services cost nothing. */
export const simulated: Test<'m'> = {
  id: 'm',
  title: 'one among a thousand, simulated',
  rounds: 1,
  waits: false,
  limitSeconds: 120,
  applies: ({id}) => id === 'erp',
  // Each twice: the first time is the compiler's.
  measure: async () => {
    crowd(few);
    crowd(many);
    return {few: crowd(few), many: crowd(many)};
  },
  brief: (result) =>
    [result.few, result.many]
      .map(({services, microsecondsPerKill}) => `${services}: ${microsecondsPerKill} µs`)
      .join('; '),
};

/** Time in code of the supervisor: what it spends in calls into the virtual world, which looks through all, is taken off. */
class Stopwatch {
  spent = 0;
  #inside = 0;

  /** The supervisor's code runs; what it calls of the world is not its own. */
  own<T>(run: () => T): T {
    return this.#timed(run, 1);
  }

  foreign<T>(run: () => T): T {
    return this.#inside > 0 ? this.#timed(run, -1) : run();
  }

  #timed<T>(run: () => T, sign: 1 | -1): T {
    const since = process.hrtime.bigint();
    this.#inside += sign;
    try {
      return run();
    } finally {
      this.#inside -= sign;
      this.spent += sign * Number(process.hrtime.bigint() - since);
    }
  }
}

function crowd(count: number): SimulatedCrowd {
  const quiet = {checkIntervalMs: anHourMs, timeoutThresholdMs: 3 * anHourMs, backOffMs: [0], maxRestarts: 1e9};
  const policy = {...defaultPolicy, ...quiet};
  const services = Array.from({length: count}, (_, index) => service(`s${index}`, 1000 + index, {}, policy));
  const stopwatch = new Stopwatch();
  const world = new SimWorld();
  const enter = world.enter.bind(world);
  world.enter = (run) => stopwatch.own(() => enter(run));
  const view = watching(world.connect(), stopwatch);
  const sink = {tell: () => {}, changed: () => {}, ended: () => {}};
  const supervisor = new Supervisor(project(services), view, sink, 'sim');
  const names = services.map(({name}) => name);
  // All at once the world would take for a storm of timers.
  for (let first = 0; first < count; first += 50) {
    world.enter(() => supervisor.start(names.slice(first, first + 50), null));
    world.advance(1000);
  }
  world.advance(60_000);
  if (names.some((name) => supervisor.service(name).state.tag !== 'ready')) throw new Error('not all are ready');
  const spent: number[] = [];
  for (let n = 0; n < kills; n += 1) {
    const name = names[(n * 7) % count] ?? '';
    const leader = world.leaderOf(name);
    if (leader === null) throw new Error(`${name} does not run`);
    stopwatch.spent = 0;
    world.end(leader, {code: null, signal: 'SIGKILL'});
    // The verdict, the next life, its first good answer, the sweep for what escaped.
    world.advance(100);
    if (supervisor.service(name).state.tag !== 'ready') throw new Error(`${name} is not back`);
    spent.push(stopwatch.spent / 1000);
  }
  return {services: count, kills, microsecondsPerKill: rounded(median(spent))};
}

/** The world as the supervisor sees it, with each call into it timed. */
function watching(world: World, stopwatch: Stopwatch): World {
  const timed = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => stopwatch.foreign(() => Reflect.apply(value, target, args) as unknown);
      },
    });
  return {
    bootId: world.bootId,
    bootedAt: world.bootedAt,
    random: () => world.random(),
    clock: world.clock,
    processes: timed(world.processes),
    prober: timed(world.prober),
    ports: timed(world.ports),
    output: timed(world.output),
    journal: timed(world.journal),
    network: world.network,
    kubectl: world.kubectl,
    diagnoser: world.diagnoser,
  };
}
