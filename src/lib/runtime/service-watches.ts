import {
  freshServiceWatch,
  type LimitNews,
  lookAtAnswer,
  lookAtSample,
  putOff,
  type ServiceWatch,
  standing,
} from '../core/limits/service-watch.js';
import type {Warning} from '../core/report/status.js';
import type {ProjectSpec, ServiceSpec} from '../core/spec.js';
import type {Service} from '../core/supervision/state.js';
import {nearestToFileLimit} from '../platform/open-files.js';
import type {ServiceSample} from '../platform/sampler.js';
import type {Clock} from '../platform/types.js';
import type {News} from './shared.js';

/** Every how many samples open files are counted: it costs two reads for each process. */
const samplesPerFileCount = 4;

export interface WatchesHost {
  readonly spec: ProjectSpec;
  readonly clock: Clock;
  now(service: string): Service;
  tell(news: News): void;
  /** Restarts a service for its memory; `done` gets why it was not, or null. */
  restart(service: string, text: string, done: (refused: string | null) => void): void;
}

/** Watches what services take and how fast they answer: warns, and asks for a restart above `maxMemory`. */
export class ServiceWatches {
  readonly #host: WatchesHost;
  readonly #specs: ReadonlyMap<string, ServiceSpec>;
  readonly #watches = new Map<string, ServiceWatch>();
  /** What a refused restart said, so that it is said once. */
  readonly #refusals = new Map<string, string>();
  /** Asked to be restarted, and not answered yet: a preCheck may take minutes. */
  readonly #asked = new Set<string>();
  #samples = 0;

  constructor(host: WatchesHost) {
    this.#host = host;
    this.#specs = new Map(host.spec.services.map((spec) => [spec.name, spec]));
  }

  /** Takes in a sample of all services. */
  sampled(samples: readonly ServiceSample[], availableBytes: number | null): void {
    this.#samples += 1;
    const countsFiles = this.#samples % samplesPerFileCount === 0;
    for (const sample of samples) this.#sampled(sample, availableBytes, countsFiles);
  }

  #sampled({service, rssBytes, pids}: ServiceSample, availableBytes: number | null, countsFiles: boolean): void {
    const policy = this.#specs.get(service)?.policy;
    const {state} = this.#host.now(service);
    if (policy === undefined || (state.tag !== 'starting' && state.tag !== 'ready') || !state.life.own) return;
    if (pids.length === 0) return;
    const now = this.#host.clock.now();
    const {incarnation, spawnedAt} = state.life;
    const openFiles = countsFiles ? nearestToFileLimit(pids) : null;
    const reading = {incarnation, ageMs: now - spawnedAt, memoryBytes: rssBytes, availableBytes, openFiles};
    const {watch, news, restart} = lookAtSample(this.#watch(service), reading, policy, now);
    this.#watches.set(service, watch);
    for (const one of news) this.#tell(service, one);
    if (restart === null || this.#asked.has(service)) return;
    this.#asked.add(service);
    this.#host.restart(service, restart, (refused) => {
      this.#asked.delete(service);
      this.#answeredWith(service, restart, refused);
    });
  }

  /** Takes in how long an answer took. */
  answered(service: string, incarnation: number, latencyMs: number): void {
    const policy = this.#specs.get(service)?.policy;
    if (policy === undefined) return;
    const {watch, news} = lookAtAnswer(this.#watch(service), incarnation, latencyMs, policy, this.#host.clock.now());
    this.#watches.set(service, watch);
    for (const one of news) this.#tell(service, one);
  }

  /** What is warned of now. */
  of(service: string, iso: (at: number) => string): readonly Warning[] {
    const {state} = this.#host.now(service);
    const watch = this.#watches.get(service);
    if (watch === undefined || (state.tag !== 'ready' && state.tag !== 'starting')) return [];
    // Of a life that is over nothing stands any more.
    if (watch.incarnation !== state.life.incarnation) return [];
    return standing(watch).map(({limit, since, text}) => ({limit, since: iso(since), text}));
  }

  #watch(service: string): ServiceWatch {
    return this.#watches.get(service) ?? freshServiceWatch;
  }

  #tell(service: string, {level, limit, text}: LimitNews): void {
    this.#host.tell({level, service, type: 'limit-warning', text, facts: {limit}});
  }

  #answeredWith(service: string, restart: string, refused: string | null): void {
    if (refused === null) {
      this.#refusals.delete(service);
      return;
    }
    this.#watches.set(service, putOff(this.#watch(service), this.#host.clock.now()));
    if (this.#refusals.get(service) === refused) return;
    this.#refusals.set(service, refused);
    this.#tell(service, {limit: 'memory', level: 'WARNING', text: `${restart}, not restarted: ${refused}`});
  }
}
