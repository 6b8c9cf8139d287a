import type {ProjectSpec, ServiceSpec} from '../core/spec.js';
import type {ErpEvent} from '../core/report/status.js';
import type {Event} from '../core/supervision/events.js';
import type {Service} from '../core/supervision/state.js';
import type {World} from '../platform/types.js';

/** Something worth telling, before it has a number and a time, and without the name of the service in front. */
export type News = Omit<ErpEvent, 'seq' | 'at'>;

/** What a service's runner may know and do beyond its own service. */
export interface Surroundings {
  readonly spec: ProjectSpec;
  readonly world: World;
  /** Starts ERP_MARK: tells this project's processes from all others. */
  readonly projectMark: string;
  /** An event for this service; comes after what is being worked on. */
  emit(service: ServiceSpec, event: Event): void;
  tell(news: News): void;
  now(name: string): Service;
  /** How long a service that is ready took to answer a probe. */
  answered(service: string, incarnation: number, latencyMs: number): void;
  /** Ports that services have now. */
  portsInUse(): Readonly<Record<string, number>>;
  /** What stands for `{services.NAME.port}`: the present port, else the one it had last, else its primary. */
  portsToTell(): Readonly<Record<string, number>>;
  /** Which service has this port; null: none. */
  serviceOn(port: number): string | null;
  /** Runs a test of a port when no other one runs; it calls `release` once. */
  oneTestAtATime(test: (release: () => void) => void): void;
}
