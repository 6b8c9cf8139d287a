import {freshWatch, standingWarnings, watchMachine} from '../core/machine/warnings.js';
import type {MachineStatus} from '../core/report/status.js';
import type {MachineSpec} from '../core/spec.js';
import type {Sample, Sampler, ServiceSample} from '../platform/sampler.js';
import type {Clock, ProcessIdentity} from '../platform/types.js';
import type {News} from './shared.js';

export interface MeasurementsHost {
  readonly spec: MachineSpec;
  readonly sampler: Sampler;
  readonly clock: Clock;
  leaders(): ReadonlyMap<string, ProcessIdentity>;
  tell(news: News): void;
  /** Called before each sample. */
  before(): void;
  /** Has this service a limit that counts samples? */
  isLimited(service: string): boolean;
  /** Has somebody looked at the figures lately? */
  isAsked(): boolean;
  /** Called with what services take that were measured, and what memory the machine has left. */
  sampled(services: readonly ServiceSample[], availableBytes: number): void;
}

/** A service without a limit of which nobody asks is measured this often, with the default interval every fourth sample. */
const calmMs = 20_000;

/** Measures services and machine again and again, and warns about the machine. */
export class Measurements {
  readonly #host: MeasurementsHost;
  #services: ReadonlyMap<string, ServiceSample> = new Map();
  #machine: MachineStatus | null = null;
  #at: Date | null = null;
  #watch = freshWatch;
  /** The first ones come sooner: a status right after the start shall show what a service takes. */
  readonly #pauses = [1000, 1000, 2000];
  #timer: NodeJS.Timeout | null = null;
  #samples = 0;

  constructor(host: MeasurementsHost) {
    this.#host = host;
  }

  /** The last sample with what is warned of; null: none yet. */
  machine(iso: (at: number) => string): MachineStatus | null {
    return this.#machine && {...this.#machine, warnings: standingWarnings(this.#watch, iso)};
  }

  /** When the last sample was taken; null: not yet. */
  get at(): Date | null {
    return this.#at;
  }

  of(service: string): ServiceSample | null {
    return this.#services.get(service) ?? null;
  }

  start(): void {
    const host = this.#host;
    const {sampler} = host;
    host.before();
    const named = [...host.leaders()].map(([service, leader]) => ({service, leader}));
    const isClose = this.#isEveryOneDue() || host.isAsked();
    sampler.sample(
      named,
      (sample) => this.#sampled(sample),
      (service) => isClose || host.isLimited(service),
    );
  }

  #sampled({at, services, measured, machine}: Sample): void {
    const host = this.#host;
    if (measured.length > 0) this.#services = new Map(services.map((sample) => [sample.service, sample]));
    this.#machine = {
      cpuRatio: machine.cpuRatio,
      memoryAvailableBytes: machine.memoryAvailableBytes,
      memorySizeBytes: machine.memoryTotalBytes,
      diskFreeBytes: machine.diskFreeBytes,
      diskSizeBytes: machine.diskTotalBytes,
      disks: machine.disks,
    };
    this.#at = new Date(at);
    // The first, close samples see a start and no busy machine.
    if (this.#pauses.length === 0) this.#warn(this.#machine);
    host.sampled(measured, machine.memoryAvailableBytes);
    this.#timer = setTimeout(() => this.start(), this.#pauses.shift() ?? host.spec.sampleIntervalMs);
  }

  #isEveryOneDue(): boolean {
    this.#samples += 1;
    // Open files are counted every fourth time: a divisor of it, so that they are of those who are measured.
    const often = calmMs / this.#host.spec.sampleIntervalMs;
    const every = often >= 4 ? 4 : often >= 2 ? 2 : 1;
    return this.#samples % every === 0 || this.#pauses.length > 0;
  }

  #warn(machine: MachineStatus): void {
    const {spec, clock} = this.#host;
    const [watch, news] = watchMachine(this.#watch, machine, spec, clock.now());
    this.#watch = watch;
    for (const {level, quantity, text} of news)
      this.#host.tell({level, service: null, type: 'machine-warning', text, facts: {quantity}});
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
