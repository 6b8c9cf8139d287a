import {PortBook} from '../../../src/lib/runtime/port-book.js';
import {type Forward, isUp, pidOf} from '../../../src/lib/core/connection/forward-state.js';
import {forwardStateName} from '../../../src/lib/core/connection/forward-report.js';
import type {ConnectionSpec, ForwardSpec} from '../../../src/lib/core/spec.js';
import {initialService} from '../../../src/lib/core/supervision/state.js';
import {Forwards} from '../../../src/lib/runtime/forwards.js';
import type {News, Surroundings} from '../../../src/lib/runtime/shared.js';
import {ClusterWorld} from './cluster-world.js';
import {project} from './specs.js';

/** An answer is shown as proof for so long: two questions and what they may take. */
const provenForMs = 5000;

/** Forwards over a simulated cluster, with the rules checked at everything that happens. */
export class ClusterRig {
  readonly world: ClusterWorld;
  readonly forwards: Forwards;
  readonly news: (News & {readonly at: number})[] = [];
  readonly spec: ForwardSpec;
  #beatAt = 1000;
  /** When somebody has asked for something. */
  operatedAt = 0;

  constructor(forward: ForwardSpec, chance: () => number = () => 0.5, connection: Partial<ConnectionSpec> = {}) {
    this.world = new ClusterWorld(chance);
    this.spec = forward;
    const spec = project([]);
    const book = new PortBook();
    const around: Surroundings = {
      spec: {...spec, portForwards: [forward], connection: {...spec.connection, ...connection}},
      world: this.world,
      projectMark: 'sim',
      emit: () => {},
      tell: (news) => this.news.push({...news, at: this.world.now}),
      now: () => initialService,
      answered: () => {},
      portsInUse: () => book.byService,
      oneTestAtATime: (test) => book.oneTestAtATime(test),
      portsToTell: () => ({}),
      serviceOn: (port) => book.holder(port),
    };
    this.forwards = new Forwards({
      around,
      network: this.world.network,
      kubectl: this.world.kubectl,
      changed: (name, {port}) => book.note(name, port),
      refreshed: () => {},
    });
    this.#beat();
  }

  get forward(): Forward {
    return this.forwards.forward(this.spec.name);
  }

  get shown(): string {
    return forwardStateName(this.forward);
  }

  start(): void {
    this.operatedAt = this.world.now;
    this.forwards.start([this.spec.name]);
    this.check();
  }

  advance(ms: number): void {
    this.world.advance(ms, () => this.check());
    this.check();
  }

  /** @returns milliseconds until it is verified; null: not within `limitMs` */
  untilVerified(limitMs: number): number | null {
    const from = this.world.now;
    while (this.world.now - from <= limitMs) {
      if (this.isProven) return this.world.now - from;
      this.advance(50);
    }
    return null;
  }

  /** Shown as verified, and answered by the present kubectl. */
  get isProven(): boolean {
    return this.shown === 'verified' && this.forward.memory.answeredAt !== null && isUp(this.forward);
  }

  get starts(): number {
    return this.world.kubectls.length;
  }

  sleep(ms: number): void {
    this.world.sleep(ms);
    this.forwards.gap(ms);
    this.check();
  }

  /** What holds at every moment. */
  check(): void {
    const {forward, world} = this;
    if (world.living.length > 1) throw new Error(`${world.living.length} kubectls live at once`);
    const {answeredAt} = forward.memory;
    if (this.shown === 'verified' && (answeredAt === null || world.now - answeredAt > provenForMs))
      throw new Error(`shown as verified ${world.now - (answeredAt ?? 0)} ms after the last answer`);
    const pid = pidOf(forward);
    const [living] = world.living;
    if (living !== undefined && pid !== null && living.identity.pid !== pid)
      throw new Error(`pid ${living.identity.pid} lives, ${pid} is believed to`);
    // Who asks for a start gets one, whatever was spent.
    const isBroken = forward.state.tag === 'pausing' && world.now - this.operatedAt > 60_000;
    if (isBroken && world.requestsWithin(60_000) >= 30)
      throw new Error(`${world.requestsWithin(60_000)} API requests within a minute`);
  }

  #beat(): void {
    this.world.clock.at(this.#beatAt, () => {
      this.forwards.beat(this.world.now);
      this.#beatAt = this.world.now + 1000;
      this.#beat();
    });
  }
}
