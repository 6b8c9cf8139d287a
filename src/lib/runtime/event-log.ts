import type {Actor, ErpEvent} from '../core/report/status.js';
import {isoWithOffset} from '../core/report/build-status.js';
import type {News} from './shared.js';

/** As many events are kept for those who attach later; the rest is in the files. */
const remembered = 2000;

export type EventReader = (event: ErpEvent) => void;

/** Gives every piece of news its number, its time and its readers. */
export class EventLog {
  #seq: number;
  readonly #events: ErpEvent[] = [];
  readonly #readers = new Set<EventReader>();
  readonly #wall: () => number;

  /** @param lastSeq number of the last event a former supervisor wrote, so that readers can go on where they were */
  constructor(lastSeq: number, wall: () => number) {
    this.#seq = lastSeq;
    this.#wall = wall;
  }

  add(news: News): ErpEvent {
    this.#seq += 1;
    const event: ErpEvent = {
      seq: this.#seq,
      at: isoWithOffset(new Date(this.#wall())),
      level: news.level,
      service: news.service,
      type: news.type,
      text: news.service === null ? news.text : `${news.service} ${news.text}`,
      ...(news.diagnosis === undefined ? {} : {diagnosis: news.diagnosis}),
      ...(news.actor === undefined ? {} : {actor: news.actor}),
      ...(news.facts === undefined ? {} : {facts: news.facts}),
    };
    this.#events.push(event);
    if (this.#events.length > remembered * 1.5) this.#events.splice(0, this.#events.length - remembered);
    for (const reader of this.#readers) reader(event);
    return event;
  }

  get last(): number {
    return this.#seq;
  }

  since(seq: number): readonly ErpEvent[] {
    return this.#events.filter((event) => event.seq > seq);
  }

  subscribe(reader: EventReader): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}

/** "ops2 from 10.0.0.7": who did it, for the sentence of an event. */
export function actorText(actor: Actor): string {
  return `${actor.user}${actor.from === null ? '' : ` from ${actor.from}`}`;
}
