import {Redactor} from '../core/config/redactor.js';
import type {ProjectSpec} from '../core/spec.js';
import type {Actor} from '../core/report/status.js';
import {remember, summary} from '../core/supervision/journal.js';
import {kept, type KeptMemory, keptBriefly, type Moment} from '../core/supervision/kept.js';
import type {Service} from '../core/supervision/state.js';
import type {World} from '../platform/types.js';
import {faultPoint} from './fault.js';

const compactEveryMs = 60 * 60_000;
const mostRecords = 200;

/** What the next supervisor has to know, in the journal of each service. */
export class LifeBook {
  readonly #world: World;
  readonly #redactor: Redactor;
  #compactAt: number;

  constructor(spec: ProjectSpec, world: World) {
    this.#world = world;
    this.#redactor = new Redactor(spec);
    this.#compactAt = world.clock.now() + compactEveryMs;
  }

  /** That somebody wants it up, or down. */
  wanted(name: string, up: boolean, by: Actor | null): void {
    const at = this.#world.clock.wall();
    this.#world.journal.append(name, {v: 1, t: 'wanted', up, at, by: by === null ? null : by.user});
    faultPoint('after-wanted');
  }

  /** The whole story of the last lives. Evidence quotes what services say: that is redacted. */
  remember(name: string, service: Service): void {
    this.#note(name, service, this.#redactor.deep(kept(service, this.#moment)));
  }

  /** Before a spawn: all that counts, without words. What has no words and no path needs no redactor. */
  rememberBriefly(name: string, service: Service): void {
    this.#note(name, service, keptBriefly(service, this.#moment));
  }

  /** A service that crashes for months must not fill the disk with its journal. Once an hour. */
  compact(now: number, names: Iterable<string>): void {
    if (now < this.#compactAt) return;
    this.#compactAt = now + compactEveryMs;
    for (const name of names) {
      const {records} = this.#world.journal.read(name);
      if (records.length > mostRecords)
        this.#world.journal.compact(name, summary(remember(records), this.#world.clock.wall()));
    }
  }

  get #moment(): Moment {
    const {clock, bootId} = this.#world;
    return {now: clock.now(), wall: clock.wall(), bootId};
  }

  #note(name: string, service: Service, memory: KeptMemory): void {
    const {incarnation, restartsUsed, totalRestarts} = service.memory;
    const counted = {inc: incarnation, used: restartsUsed, total: totalRestarts};
    this.#world.journal.note(name, {v: 1, t: 'memory', ...counted, ...memory});
    faultPoint('after-memory');
  }
}
