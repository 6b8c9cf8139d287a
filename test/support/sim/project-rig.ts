import type {ForwardSpec, ServiceSpec} from '../../../src/lib/core/spec.js';
import {serviceStatus} from '../../../src/lib/core/report/build-status.js';
import type {ServiceStatus} from '../../../src/lib/core/report/status.js';
import {isUp} from '../../../src/lib/core/connection/forward-state.js';
import type {Service} from '../../../src/lib/core/supervision/state.js';
import type {News} from '../../../src/lib/runtime/shared.js';
import {Supervisor, type SupervisorSink} from '../../../src/lib/runtime/supervisor.js';
import {ClusterWorld} from './cluster-world.js';
import {project} from './specs.js';

const unseen = {
  pid: null,
  spawnedAtWall: null,
  cpuRatio: null,
  memoryBytes: null,
  lastErrorLine: null,
  portNote: null,
  listener: null,
} as const;

/** The whole Supervisor over a simulated cluster: services without ports, and the port-forwards that they need. */
export class ProjectRig implements SupervisorSink {
  readonly world = new ClusterWorld(() => 0.5);
  readonly news: News[] = [];
  /** Who lives, in the order in which they came and went: `+backend`, `-backend`. */
  readonly order: string[] = [];
  ends = 0;
  supervisor: Supervisor;
  readonly #spec;
  #living: ReadonlyMap<number, string> = new Map();

  constructor(services: readonly ServiceSpec[], portForwards: readonly ForwardSpec[]) {
    this.#spec = {...project(services), portForwards};
    this.supervisor = new Supervisor(this.#spec, this.world, this, 'sim');
  }

  /** The supervisor dies, and the next one takes over what runs. */
  takeOver(): void {
    this.supervisor.letGo();
    this.supervisor = new Supervisor(this.#spec, this.world, this, 'sim');
    const {wantedUp} = this.supervisor.adopt();
    this.supervisor.resume(wantedUp);
  }

  advance(ms: number): void {
    this.#look();
    this.world.advance(ms, () => this.#look());
  }

  start(names: readonly string[] = this.supervisor.allNames()): {started: string[]; alreadyRunning: string[]} {
    return this.supervisor.start(names, null);
  }

  stop(names: readonly string[], now = false): void {
    this.supervisor.stop(names, now, null);
  }

  end(): void {
    this.supervisor.end('stopped', 0, 'asked', false, null);
  }

  tag(service: string): Service['state']['tag'] {
    return this.supervisor.service(service).state.tag;
  }

  isUp(forward: string): boolean {
    return isUp(this.supervisor.forwards.forward(forward));
  }

  /** What `erp status` says of a service. */
  status(name: string): ServiceStatus {
    const spec = this.#spec.services.find((service) => service.name === name);
    if (spec === undefined) throw new Error(`no service ${name}`);
    const calendar = {now: this.world.now, iso: (at: number) => String(at)};
    const service = this.supervisor.service(name);
    return serviceStatus(spec, service, this.supervisor.services(), unseen, calendar);
  }

  tell(news: News): void {
    this.news.push(news);
  }

  changed(): void {}

  ended(): void {
    this.ends += 1;
  }

  #look(): void {
    const running = [...this.world.living, ...this.world.services.filter(({isAlive}) => isAlive)];
    const now = new Map(running.map(({identity, service}) => [identity.pid, service]));
    for (const [pid, name] of this.#living) if (!now.has(pid)) this.order.push(`-${name}`);
    for (const [pid, name] of now) if (!this.#living.has(pid)) this.order.push(`+${name}`);
    this.#living = now;
  }
}
