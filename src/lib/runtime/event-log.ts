import type {Actor, ErpEvent} from '../core/report/status.js';
import {isoWithOffset} from '../core/report/format.js';
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
  /** Numbered, and not told yet. */
  #untold: {readonly news: News; readonly seq: number; readonly at: number}[] = [];
  #soon: NodeJS.Immediate | null = null;
  readonly #redact: <T>(value: T) => T;

  /**
   * @param lastSeq number of the last event a former supervisor wrote, so that readers can go on where they were
   * @param redact  takes secrets out before anybody sees them
   */
  constructor(lastSeq: number, wall: () => number, redact: <T>(value: T) => T = (value) => value) {
    this.#seq = lastSeq;
    this.#wall = wall;
    this.#redact = redact;
  }

  /**
   * Readers get it when this turn of the event loop is over: what an exit has to tell is written when the next process
   * has been started, not before.
   */
  add(news: News): void {
    this.#seq += 1;
    this.#untold.push({news, seq: this.#seq, at: this.#wall()});
    this.#soon ??= setImmediate(() => this.flush());
  }

  /** Tells everything now; for whoever ends the process. */
  flush(): void {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#soon = null;
    // A reader may have news itself: a log that cannot be written.
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      const event = eventOf(this.#redacted(next.news), next.seq, next.at);
      this.#events.push(event);
      for (const reader of this.#readers) reader(event);
    }
    if (this.#events.length > remembered * 1.5) this.#events.splice(0, this.#events.length - remembered);
  }

  /** Level, type and service are our own words. */
  #redacted(news: News): News {
    const {level, service, type, ...told} = news;
    return {level, service, type, ...this.#redact(told)};
  }

  get last(): number {
    return this.#seq;
  }

  since(seq: number): readonly ErpEvent[] {
    this.flush();
    return this.#events.filter((event) => event.seq > seq);
  }

  /** From the next one on. */
  subscribe(reader: EventReader): () => void {
    this.flush();
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}

function eventOf(news: News, seq: number, at: number): ErpEvent {
  return {
    seq,
    at: isoWithOffset(new Date(at)),
    level: news.level,
    service: news.service,
    type: news.type,
    text: news.service === null ? news.text : `${news.service} ${news.text}`,
    ...(news.diagnosis === undefined ? {} : {diagnosis: news.diagnosis}),
    ...(news.actor === undefined ? {} : {actor: news.actor}),
    ...(news.facts === undefined ? {} : {facts: news.facts}),
  };
}

/** "ops2 from 10.0.0.7": who did it, for the sentence of an event. */
export function actorText(actor: Actor): string {
  return `${actor.user}${actor.from === null ? '' : ` from ${actor.from}`}`;
}
