import {formatDateTime} from '../core/report/format.js';
import {look, type Plan, planFrom} from '../core/schedule/plan.js';
import type {ProjectSpec, ServiceSpec} from '../core/spec.js';
import type {Clock} from '../platform/types.js';
import type {News} from './shared.js';

export interface SchedulesHost {
  readonly clock: Clock;
  tell(news: News): void;
  /** Restarts a service; `done` gets why it was not, or null. */
  restart(service: string, text: string, done: (refused: string | null) => void): void;
}

interface Entry {
  readonly spec: ServiceSpec & {readonly schedule: NonNullable<ServiceSpec['schedule']>};
  plan: Plan;
}

/** Restarts services at the times that the configuration plans. Asked to look once a beat. */
export class Schedules {
  readonly #entries: readonly Entry[];
  readonly #host: SchedulesHost;

  constructor({services}: ProjectSpec, host: SchedulesHost) {
    this.#host = host;
    const wall = host.clock.wall();
    this.#entries = services.flatMap((spec) => {
      const {schedule} = spec;
      return schedule == null ? [] : [{spec: {...spec, schedule}, plan: planFrom(schedule, wall)}];
    });
  }

  /** When a service is restarted next, milliseconds since the epoch; null: never. */
  nextAt(service: string): number | null {
    return this.#entries.find(({spec}) => spec.name === service)?.plan.nextAt ?? null;
  }

  look(): void {
    const wall = this.#host.clock.wall();
    for (const entry of this.#entries) {
      const [plan, due] = look(entry.plan, entry.spec.schedule, wall);
      entry.plan = plan;
      if (due.tag === 'run') this.#run(entry, due.plannedAt);
      else if (due.tag === 'missed') this.#skipped(entry, due.plannedAt, 'the machine slept, or its clock was set');
    }
  }

  #run(entry: Entry, plannedAt: number): void {
    const {name, schedule} = entry.spec;
    this.#host.restart(name, schedule.expression, (refused) => {
      if (refused !== null) this.#skipped(entry, plannedAt, refused);
    });
  }

  #skipped({spec, plan}: Entry, plannedAt: number, why: string): void {
    const next = plan.nextAt === null ? '' : `; next ${formatDateTime(new Date(plan.nextAt))}`;
    this.#host.tell({
      level: 'INFO',
      service: spec.name,
      type: 'schedule-skipped',
      text: `not restarted by its schedule at ${formatDateTime(new Date(plannedAt))}: ${why}${next}`,
      facts: {plannedAt, why},
    });
  }
}
