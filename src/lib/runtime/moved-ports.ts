import type {ServiceSpec} from '../core/spec.js';
import {movedTo, needsConnections, shallReturn} from '../core/supervision/moved.js';
import type {PrimarySeen, Service} from '../core/supervision/state.js';
import {holderOf, thoseInTheWay} from './port-holder.js';
import type {Surroundings} from './shared.js';

/** Elsewhere each look is a program that has to run (lsof, netstat). */
const lookEveryMs = process.platform === 'linux' ? 2000 : 10_000;

/** Who held a primary when it was last looked at, so that the dear question is asked when something has changed. */
interface Known {
  readonly sockets: string;
  readonly primary: PrimarySeen;
}

export interface MovedPortsHost {
  readonly around: Surroundings;
  /** Goes back to its primary, planned; `done` gets why it does not, or null. */
  goBack(service: string, text: string, done: (refused: string | null) => void): void;
}

/**
 * Looks at the primary ports of services that have another one, and at nothing while there is none. It never binds: a
 * watcher that binds steals the port it watches. What it sees goes to the core, which decides what is told.
 */
export class MovedPorts {
  readonly #host: MovedPortsHost;
  readonly #moved = new Map<string, ServiceSpec>();
  readonly #known = new Map<string, Known>();
  /** Looks that have not been answered yet. */
  readonly #looking = new Set<string>();
  readonly #refusals = new Map<string, string>();
  /** A preCheck that says no is not asked again with every look. */
  readonly #notBefore = new Map<string, number>();
  #nextAt = 0;

  constructor(host: MovedPortsHost) {
    this.#host = host;
  }

  /** A service is not what it was. */
  note(spec: ServiceSpec, service: Service): void {
    if (spec.port === null) return;
    if (movedTo(spec, service) !== null) {
      const isNew = !this.#moved.has(spec.name);
      this.#moved.set(spec.name, spec);
      // Whoever asks for the status right after the start reads who is in the way.
      const {clock} = this.#host.around.world;
      if (isNew) clock.at(clock.now(), () => this.#moved.has(spec.name) && this.#lookAt(spec));
    } else if (this.#moved.delete(spec.name)) {
      this.#known.delete(spec.name);
      this.#refusals.delete(spec.name);
      this.#notBefore.delete(spec.name);
    }
  }

  /** Called about once a second. */
  look(): void {
    if (this.#moved.size === 0) return;
    const now = this.#host.around.world.clock.now();
    if (now < this.#nextAt) return;
    this.#nextAt = now + lookEveryMs;
    for (const spec of this.#moved.values()) this.#lookAt(spec);
  }

  #lookAt(spec: ServiceSpec): void {
    const {port, name} = spec;
    const {around} = this.#host;
    if (port === null || this.#looking.has(name)) return;
    this.#looking.add(name);
    const given = around.serviceOn(port.primary);
    around.world.ports.listening(port.primary, (sockets) => {
      const inTheWay = sockets === null ? null : thoseInTheWay(sockets, port.addresses);
      // What can't be read is not called free.
      if (inTheWay === null) this.#seen(spec, {state: 'taken', holder: null}, 'unknown');
      else if (inTheWay.length === 0 && given === null) this.#seen(spec, {state: 'free'}, '');
      else this.#findHolder(spec, given, `${given ?? ''} ${inTheWay.map(({inode}) => inode).join(' ')}`);
    });
  }

  #findHolder(spec: ServiceSpec, given: string | null, sockets: string): void {
    const {port, name} = spec;
    const known = this.#known.get(name);
    if (port === null) return;
    if (known?.sockets === sockets) {
      this.#seen(spec, known.primary, sockets);
      return;
    }
    this.#host.around.world.ports.owners(port.primary, (listeners) => {
      const inTheWay = thoseInTheWay(listeners ?? [], port.addresses);
      this.#seen(spec, {state: 'taken', holder: holderOf(inTheWay, given)}, sockets);
    });
  }

  #seen(spec: ServiceSpec, primary: PrimarySeen, sockets: string): void {
    const {around} = this.#host;
    const {name} = spec;
    const service = around.now(name);
    const port = movedTo(spec, service);
    if (port === null) {
      this.#looking.delete(name);
      return;
    }
    this.#known.set(name, {sockets, primary});
    const {incarnation} = service.memory;
    const tell = (connections: number | null): void => {
      this.#looking.delete(name);
      around.emit(spec, {tag: 'primary-seen', incarnation, primary, connections});
      this.#returnIfIdle(spec);
    };
    if (primary.state === 'free' && needsConnections(spec, service)) around.world.ports.connections(port, tell);
    else tell(null);
  }

  #returnIfIdle(spec: ServiceSpec): void {
    const {around} = this.#host;
    const {name, port} = spec;
    const now = around.world.clock.now();
    if (port === null || now < (this.#notBefore.get(name) ?? 0) || !shallReturn(spec, around.now(name), now)) return;
    this.#notBefore.set(name, now + spec.policy.returnAfterMs);
    this.#host.goBack(
      name,
      `back to its primary port ${port.primary}: that is free, and nobody is connected`,
      (refused) => {
        if (refused === null) this.#refusals.delete(name);
        else if (around.now(name).memory.wanted === 'up' && this.#refusals.get(name) !== refused) {
          this.#refusals.set(name, refused);
          around.tell({
            level: 'WARNING',
            service: name,
            type: 'return-refused',
            text: `stays on ${around.now(name).memory.port ?? '?'} although ${port.primary} is free: ${refused}`,
          });
        }
      },
    );
  }
}
