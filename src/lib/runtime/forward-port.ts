import {isInTheWay} from '../core/ports/addresses.js';
import {
  choosePort,
  isNobodyElses,
  type PassedPort,
  type PortClaims,
  type PortEntry,
  type PortFinding,
} from '../core/ports/choose-port.js';
import {portEntries} from '../core/ports/entries.js';
import {addressFailure, isAboutAddress, passedText, portFailure} from '../core/ports/port-failure.js';
import {holderText} from '../core/ports/port-holder.js';
import type {ForwardFailure} from '../core/connection/forward-failure.js';
import type {ForwardSpec} from '../core/spec.js';
import type {Listener, PortState} from '../platform/types.js';
import type {Surroundings} from './shared.js';

const systemPortTries = 5;
const isWindows = process.platform === 'win32';

export type ForwardPort =
  | {
      readonly port: number;
      /** Why it is not the primary, as it follows "8001 instead of 8000, "; null: it is. */
      readonly note: string | null;
    }
  | {readonly failure: ForwardFailure};

/**
 * Finds the local port for the next kubectl: from the primary on, each tested for an instant. Nobody is asked to leave,
 * nobody's service is used in its place.
 */
export class ForwardPortSearch {
  readonly #spec: ForwardSpec;
  readonly #around: Surroundings;
  readonly #others: readonly PortEntry[];
  readonly #done: (outcome: ForwardPort) => void;
  readonly #findings = new Map<number, PortFinding>();
  readonly #holders = new Map<number, readonly Listener[] | null>();
  #systemPort = 0;
  #systemTries = 0;
  #cancelled = false;

  /** @param lost ports that were free when they were tested, and taken when kubectl wanted them */
  constructor(
    spec: ForwardSpec,
    around: Surroundings,
    lost: ReadonlySet<number>,
    done: (outcome: ForwardPort) => void,
  ) {
    this.#spec = spec;
    this.#around = around;
    this.#others = portEntries(around.spec).filter(({name}) => name !== spec.name);
    this.#done = done;
    for (const port of lost) this.#findings.set(port, 'lost');
    this.#next();
  }

  cancel(): void {
    this.#cancelled = true;
  }

  get #claims(): PortClaims {
    return {others: this.#others, given: this.#around.portsInUse(), last: null};
  }

  #next(): void {
    if (this.#cancelled) return;
    const choice = choosePort(this.#spec, this.#claims, (port) => this.#findings.get(port) ?? null);
    if (choice.tag === 'ask') this.#test(choice.port);
    else if (choice.tag === 'none') this.#exhausted(choice.passed);
    else this.#take(choice.port === 0 ? this.#systemPort : choice.port, choice.passed);
  }

  #test(port: number): void {
    this.#around.oneTestAtATime((release) => {
      if (this.#cancelled) {
        release();
        return;
      }
      this.#around.world.ports.tryBind(port, this.#spec.addresses, (state) => {
        if (!this.#cancelled) this.#tested(port, state);
        release();
      });
    });
  }

  #tested(port: number, state: PortState): void {
    switch (state.state) {
      case 'free': {
        if (port === 0) {
          this.#systemPort = state.port ?? 0;
          this.#systemTries += 1;
          if (!isNobodyElses(this.#systemPort, this.#spec, this.#claims) && this.#systemTries < systemPortTries) break;
        }
        this.#findings.set(port, 'free');
        break;
      }
      case 'taken':
        if (port !== 0) {
          this.#lookWhoHas(port);
          return;
        }
        this.#findings.set(port, 'taken');
        break;
      case 'refused':
        if (isAboutAddress(state.code)) {
          this.#fail(addressFailure(this.#spec, state.code, state.address ?? null));
          return;
        }
        this.#findings.set(port, 'reserved');
        break;
    }
    this.#next();
  }

  #lookWhoHas(port: number): void {
    this.#around.world.ports.owners(port, (listeners) => {
      if (this.#cancelled) return;
      const inTheWay = ({address}: Listener): boolean =>
        this.#spec.addresses.some((own) => isInTheWay({address, isDualStack: null}, own));
      this.#holders.set(port, listeners?.filter(inTheWay) ?? null);
      this.#findings.set(port, 'taken');
      this.#next();
    });
  }

  #holder(port: number): string {
    return holderText(this.#holders.get(port) ?? null, this.#around.world.clock.wall());
  }

  #take(port: number, passed: readonly PassedPort[]): void {
    const {primary} = this.#spec;
    if (port === primary) {
      this.#done({port, note: null});
      return;
    }
    const first = passed.find((one) => one.port === primary);
    this.#done({
      port,
      note: first === undefined ? 'is left to others' : passedText(first, this.#holder(primary), isWindows),
    });
  }

  #exhausted(passed: readonly PassedPort[]): void {
    this.#fail(portFailure(this.#spec, passed, (port) => this.#holder(port), isWindows));
  }

  #fail(diagnosis: ForwardFailure['diagnosis']): void {
    this.#done({failure: {kind: 'port', diagnosis}});
  }
}
