import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import {isInTheWay} from '../core/ports/addresses.js';
import {
  choosePort,
  isFixed,
  isNobodyElses,
  type PassedPort,
  type PortChoice,
  type PortClaims,
  type PortEntry,
  type PortFinding,
} from '../core/ports/choose-port.js';
import {entryOf, portEntries} from '../core/ports/entries.js';
import {addressFailure, isAboutAddress, passedText, portFailure} from '../core/ports/port-failure.js';
import {holderText} from '../core/ports/port-holder.js';
import type {PortSpec, ServiceSpec} from '../core/spec.js';
import type {Blocker} from '../core/supervision/state.js';
import type {Cancel, Listener, PortState, ProbeTarget} from '../platform/types.js';
import type {Surroundings} from './shared.js';

/** A listener that is just closing gets this long. */
const closingPatienceMs = 2000;
const closingPauseMs = 50;
/** The system may give one that another entry wants. */
const systemPortTries = 5;
/** Free when it was tested, lost when it was wanted: after this often another one is tried. */
const lossesUntilPassed = 2;
const isWindows = process.platform === 'win32';

export interface PortSearchHost {
  readonly service: ServiceSpec;
  readonly around: Surroundings;
  readonly lastPort: number | null;
  /** Ports that were lost to somebody else between test and use, one for each time since it last went well. */
  readonly lostPorts: readonly number[];
  /** No life was ever ready: a port that is taken now was taken by somebody else all along. */
  readonly firstStart: boolean;
  probeTarget(port: number | null): ProbeTarget | null;
  /** Ends what earlier incarnations left behind; calls when it is gone, or with the pid of one that cannot be ended. */
  clearStragglers(done: (left: number | null) => void): void;
}

export type PortOutcome =
  | {
      readonly found: true;
      readonly port: number;
      readonly borrowed: boolean;
      /** We may not test it; whoever is to have it may have rights that we have not. */
      readonly untested: boolean;
    }
  | {
      readonly found: false;
      readonly diagnosis: Diagnosis;
      readonly blockedOn: Blocker | null;
      /** A restart can't mend it. */
      readonly hopeless: boolean;
    };

/** Finds the port for the next life of a service: asks the core which one to test, tests it, and looks who has it. */
export class PortSearch {
  readonly #host: PortSearchHost;
  readonly #spec: PortSpec;
  readonly #entry: PortEntry;
  readonly #others: readonly PortEntry[];
  readonly #done: (outcome: PortOutcome) => void;
  readonly #findings = new Map<number, PortFinding>();
  /** Who was seen on a port that is taken. */
  readonly #holders = new Map<number, readonly Listener[] | null>();
  #systemPort: number | null = null;
  #systemTries = 0;
  /** Our own leftovers have been ended. */
  #swept = false;
  #closingUntil: number | null = null;
  /** It has been looked who has them: now it is only waited until one is free. */
  #allKnown = false;
  /** Taken, and nobody was seen there. */
  readonly #unseen = new Set<number>();
  #cancelled = false;
  #cancelStep: Cancel = () => {};

  constructor(spec: PortSpec, host: PortSearchHost, done: (outcome: PortOutcome) => void) {
    const {service, around} = host;
    const entry = entryOf(service);
    if (entry === null) throw new Error(`${service.name} has no port`);
    this.#host = host;
    this.#spec = spec;
    this.#entry = entry;
    this.#others = portEntries(around.spec).filter(({name}) => name !== service.name);
    this.#done = done;
    this.#passLost();
    this.#next(null);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#cancelStep();
  }

  #passLost(): void {
    if (isFixed(this.#entry)) return;
    for (const port of this.#host.lostPorts)
      if (this.#host.lostPorts.filter((other) => other === port).length >= lossesUntilPassed)
        this.#findings.set(port, 'lost');
  }

  #claims(): PortClaims {
    const {around, lastPort} = this.#host;
    return {others: this.#others, given: around.portsInUse(), last: lastPort};
  }

  /** @param tested the port that was found free this very moment; null: none */
  #next(tested: number | null): void {
    if (this.#cancelled) return;
    const choice = choosePort(this.#entry, this.#claims(), (port) => this.#findings.get(port) ?? null);
    if (this.#waitsForNeighbour(choice)) return;
    if (choice.tag === 'none') this.#exhausted(choice.passed);
    else if (choice.tag === 'ask') this.#test(choice.port);
    else if (choice.port === tested)
      this.#take(choice.port === 0 ? (this.#systemPort ?? 0) : choice.port, choice.passed);
    else {
      // Meanwhile somebody else's turn has changed the order: what was free then is asked again.
      this.#findings.delete(choice.port);
      this.#next(null);
    }
  }

  /** The one it wants most belongs to another service that is just being stopped. */
  #waitsForNeighbour({passed}: PortChoice): boolean {
    const first = passed[0];
    if (first?.why !== 'given' || first.by === null) return false;
    const {tag} = this.#host.around.now(first.by).state;
    return tag === 'stopping' && this.#waitALittle(() => this.#next(null));
  }

  /** False: it has been waited long enough. */
  #waitALittle(then: () => void): boolean {
    const {clock} = this.#host.around.world;
    const now = clock.now();
    this.#closingUntil ??= now + closingPatienceMs;
    if (now >= this.#closingUntil) return false;
    this.#cancelStep = clock.at(now + closingPauseMs, () => {
      if (!this.#cancelled) then();
    });
    return true;
  }

  #test(port: number): void {
    this.#tryBind(port, (state) => {
      switch (state.state) {
        case 'free':
          this.#onFree(port, state.port ?? port);
          break;
        case 'taken':
          if (port === 0 || this.#allKnown) this.#note(port, 'taken');
          else this.#onTaken(port);
          break;
        case 'refused':
          this.#onRefused(port, state);
          break;
      }
    });
  }

  /** Never two at once: they would take each other for somebody who has the port. */
  #tryBind(port: number, then: (state: PortState) => void): void {
    const {around} = this.#host;
    around.oneTestAtATime((release) => {
      if (this.#cancelled) {
        release();
        return;
      }
      around.world.ports.tryBind(port, this.#spec.addresses, (state) => {
        // Who takes the port does so before anybody else tests one.
        if (!this.#cancelled) then(state);
        release();
      });
    });
  }

  #note(port: number, finding: PortFinding): void {
    this.#findings.set(port, finding);
    this.#next(finding === 'free' ? port : null);
  }

  #onFree(port: number, bound: number): void {
    if (port === 0) {
      this.#systemPort = bound;
      if (!isNobodyElses(bound, this.#entry, this.#claims())) {
        this.#systemTries += 1;
        if (this.#systemTries < systemPortTries) this.#next(null);
        else this.#note(0, 'taken');
        return;
      }
    }
    this.#note(port, 'free');
  }

  #onRefused(port: number, {code, address}: Extract<PortState, {state: 'refused'}>): void {
    if (code === 'EACCES' || code === 'EPERM') {
      this.#note(port, 'reserved');
      return;
    }
    // Another port would not help. The address may be there later: a network that comes up after us.
    this.#fail(
      isAboutAddress(code)
        ? addressFailure(this.#entry, code, address ?? null)
        : {
            cause: 'port-test-failed',
            confidence: 0.9,
            subject: code,
            evidence: [`port ${port} could not be tested: ${code}`],
            remedy: code === 'EMFILE' || code === 'ENFILE' ? 'allow more open files: ulimit -n' : null,
          },
      null,
      false,
    );
  }

  /** By our own leftover, by somebody whose service is meant to be used, by one that is just closing, or by a stranger. */
  #onTaken(port: number): void {
    if (this.#unseen.has(port) && this.#waitALittle(() => this.#next(null))) return;
    this.#lookWhoHas(port, () => {
      if (this.#swept) {
        this.#stillTaken(port);
        return;
      }
      // What an earlier life of ours left behind is ended first, then the port is asked again: it is never borrowed.
      this.#swept = true;
      this.#host.clearStragglers(() => {
        if (!this.#cancelled) this.#next(null);
      });
    });
  }

  #lookWhoHas(port: number, then: () => void): void {
    this.#host.around.world.ports.owners(port, (listeners) => {
      if (this.#cancelled) return;
      const isWanted = ({address}: Listener): boolean =>
        this.#spec.addresses.some((own) => isInTheWay({address, isDualStack: null}, own));
      this.#holders.set(port, listeners?.filter(isWanted) ?? null);
      then();
    });
  }

  #stillTaken(port: number): void {
    // Gone since the test, or another supervisor that tests it as well.
    if (this.#holders.get(port)?.length === 0 && !this.#unseen.has(port)) {
      this.#unseen.add(port);
      if (this.#waitALittle(() => this.#next(null))) return;
    }
    const isAsked = port === this.#spec.primary && this.#spec.ifRunning !== 'move';
    const target = isAsked ? this.#host.probeTarget(port) : null;
    if (target === null) {
      this.#note(port, 'taken');
      return;
    }
    // Somebody else's instance that answers our probe is used where that is wanted, or a reason not to start a second.
    this.#cancelStep = this.#host.around.world.prober.probe(target, 5000, (answer) => {
      if (this.#cancelled) return;
      if (answer.tag !== 'answered') this.#note(port, 'taken');
      else if (this.#spec.ifRunning === 'use') this.#done({found: true, port, borrowed: true, untested: false});
      else this.#failPort([{port, why: 'taken', by: null}]);
    });
  }

  #exhausted(passed: readonly PassedPort[]): void {
    if (!isWindows && passed.length > 0 && passed.every(({why}) => why === 'reserved')) {
      this.#takeUntested(this.#spec.primary);
      return;
    }
    // Just closing (a predecessor, a test that ends)? Only when we held it before; else waiting has no reason.
    const waits = !this.#host.firstStart && passed.some(({why}) => why === 'taken');
    const again = (): void => {
      this.#allKnown = true;
      for (const [port, finding] of this.#findings) if (finding === 'taken') this.#findings.delete(port);
      this.#next(null);
    };
    if (!waits || !this.#waitALittle(again)) this.#failPort(passed);
  }

  /** A program with a capability, or behind sudo or authbind, may listen where we may not. */
  #takeUntested(port: number): void {
    this.#lookWhoHas(port, () => {
      const holders = this.#holders.get(port);
      if (holders !== null && holders !== undefined && holders.length > 0) this.#note(port, 'taken');
      else this.#done({found: true, port, borrowed: false, untested: true});
    });
  }

  #take(port: number, passed: readonly PassedPort[]): void {
    const {service, around, lastPort} = this.#host;
    if (port !== this.#spec.primary && port !== lastPort) {
      const {primary} = this.#spec;
      const first = passed.find((one) => one.port === primary);
      const why = first === undefined ? 'is left to others' : passedText(first, this.#holderText(primary), isWindows);
      const holder = this.#holders.get(primary)?.[0] ?? null;
      around.tell({
        level: 'WARNING',
        service: service.name,
        type: 'port-moved',
        text: `${port} instead of ${primary}, ${why}`,
        facts: {
          port,
          primary,
          why,
          holder:
            holder === null
              ? null
              : {pid: holder.pid, command: holder.command, user: holder.user, startedAt: holder.startedAt},
        },
      });
    }
    this.#done({found: true, port, borrowed: false, untested: false});
  }

  #holderText(port: number): string {
    return holderText(this.#holders.get(port) ?? null, this.#host.around.world.clock.wall());
  }

  #failPort(passed: readonly PassedPort[]): void {
    const diagnosis = portFailure(this.#entry, passed, (port) => this.#holderText(port), isWindows);
    const waitsFor = passed.find(({why}) => why !== 'reserved')?.port ?? null;
    this.#fail(
      diagnosis,
      waitsFor === null ? null : {kind: 'port', port: waitsFor},
      waitsFor === null || this.#host.firstStart,
    );
  }

  #fail(diagnosis: Diagnosis, blockedOn: Blocker | null, hopeless: boolean): void {
    this.#done({found: false, diagnosis, blockedOn, hopeless});
  }
}
