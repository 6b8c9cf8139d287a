import type {Analysis} from '../analysis.js';
import type {Reliability} from '../report.js';
import type {LifeEvent} from './life-events.js';
import type {Meaning} from './meanings.js';

/** An end that nobody wished for, or a time in which a program did not answer. */
export interface Failure {
  readonly from: LifeEvent;
  /** The sign that it was well again. */
  readonly repaired: LifeEvent | null;
}

/** What a log tells of one program, from its starts and ends. */
export interface Lives {
  readonly name: string;
  readonly events: readonly LifeEvent[];
  readonly starts: readonly LifeEvent[];
  readonly exits: readonly LifeEvent[];
  readonly restarts: number;
  /** Times it said that it was ready, or passed a health check. */
  readonly wellTimes: number;
  readonly healthFailures: readonly LifeEvent[];
  readonly gaveUp: readonly LifeEvent[];
  readonly failures: readonly Failure[];
  /** Observed time in which it was up, and in which it was not, ms. */
  readonly upMs: number;
  readonly downMs: number;
}

/** One start is often told in several lines within this time: `Starting…`, `started with pid 7`, `restarted (1 of 5)`. */
const oneStartMs = 60_000;
/** A kill and the exit that it causes. */
const oneEndMs = 30_000;

/** @param to the end of the log: who is up then, has been up until then */
export function livesOf(
  name: string,
  events: readonly LifeEvent[],
  runs: readonly LifeEvent[],
  to: number | null,
): Lives {
  const book = new LifeBook();
  let run = 0;
  for (const event of events) {
    for (; run < runs.length && isBefore(runs[run] as LifeEvent, event); run += 1) book.beginRun();
    book.add(event);
  }
  if (run === runs.length) book.endAt(to);
  return {name, events, ...book.close()};
}

const isBefore = (a: LifeEvent, b: LifeEvent) =>
  a.time !== null && b.time !== null && a.time !== b.time
    ? a.time < b.time
    : a.spot.source === b.spot.source && a.spot.line < b.spot.line;

type Phase = 'unknown' | 'starting' | 'up' | 'ill' | 'down' | 'stopped';

class LifeBook {
  #phase: Phase = 'unknown';
  #since: number | null = null;
  #told = new Set<Meaning>();
  #ended: LifeEvent | null = null;
  #isRestart = false;
  #announced = 0;
  #restarts = 0;
  #wellTimes = 0;
  #upMs = 0;
  #downMs = 0;
  #startingMs = 0;
  #open: LifeEvent | null = null;
  readonly #starts: LifeEvent[] = [];
  readonly #exits: LifeEvent[] = [];
  readonly #healthFailures: LifeEvent[] = [];
  readonly #gaveUp: LifeEvent[] = [];
  readonly #failures: Failure[] = [];

  /** Between two runs of the supervisor nobody watched. */
  beginRun(): void {
    this.#settleStart(true);
    this.#phase = 'unknown';
    this.#since = null;
    this.#ended = null;
    this.#isRestart = false;
  }

  add(event: LifeEvent): void {
    const {meanings} = event;
    this.#tick(event.time);
    if (meanings.has('gave-up')) this.#gaveUp.push(event);
    else if (meanings.has('exit') || meanings.has('kill') || meanings.has('stop')) this.#end(event);
    else if (meanings.has('start') || meanings.has('started')) this.#start(event);
    else if (meanings.has('restart')) this.#confirmRestart(event);
    if (meanings.has('exit') && meanings.has('restart')) this.#announced += 1;
    if (meanings.has('health-failed')) {
      this.#healthFailures.push(event);
      this.#fail(event);
    } else if (meanings.has('ready') || meanings.has('health-ok')) this.#well(event);
    else if (meanings.has('not-responding')) this.#fail(event);
  }

  endAt(to: number | null): void {
    this.#tick(to);
    this.#settleStart(true);
  }

  close(): Omit<Lives, 'name' | 'events'> {
    if (this.#open !== null) this.#failures.push({from: this.#open, repaired: null});
    const counted = this.#starts.length > 0;
    return {
      starts: this.#starts,
      exits: this.#exits,
      restarts: counted ? this.#restarts : this.#announced,
      wellTimes: this.#wellTimes,
      healthFailures: this.#healthFailures,
      gaveUp: this.#gaveUp,
      failures: this.#failures,
      upMs: this.#upMs,
      downMs: this.#downMs,
    };
  }

  #tick(time: number | null): void {
    if (time === null) return;
    if (this.#since !== null && time > this.#since) {
      if (this.#phase === 'up') this.#upMs += time - this.#since;
      else if (this.#phase === 'starting') this.#startingMs += time - this.#since;
      else if (this.#phase !== 'unknown' && this.#phase !== 'stopped') this.#downMs += time - this.#since;
    }
    this.#since = time;
  }

  /** Many programs never say that they are ready: who started, and neither failed nor ended, was up. */
  #settleStart(wasUp: boolean): void {
    if (wasUp && this.#healthFailures.length === 0) this.#upMs += this.#startingMs;
    else this.#downMs += this.#startingMs;
    this.#startingMs = 0;
  }

  #start(event: LifeEvent): void {
    const kind: Meaning = event.meanings.has('started') ? 'started' : 'start';
    const last = this.#starts.at(-1);
    const isUp = this.#phase === 'starting' || this.#phase === 'up';
    const isSame = isUp && !this.#told.has(kind) && near(last, event, oneStartMs);
    this.#told.add(kind);
    if (isSame) return;
    this.#settleStart(false);
    this.#told = new Set([kind]);
    if (this.#phase === 'down' || this.#phase === 'ill' || this.#isRestart) this.#restarts += 1;
    this.#isRestart = false;
    this.#starts.push(event);
    this.#phase = 'starting';
    this.#ended = null;
  }

  #confirmRestart(event: LifeEvent): void {
    if (this.#phase === 'starting' && near(this.#starts.at(-1), event, oneStartMs)) return;
    this.#announced += 1;
    // With `not responding … starting anew` the restart is yet to come; its own start line counts it.
    this.#isRestart = true;
  }

  #end(event: LifeEvent): void {
    const planned = event.meanings.has('stop') && !event.meanings.has('exit') && !event.meanings.has('kill');
    const isEcho = this.#phase === 'stopped' ? true : this.#ended !== null && near(this.#ended, event, oneEndMs);
    this.#settleStart(planned);
    if (planned) {
      if (this.#phase !== 'down') this.#phase = 'stopped';
      return;
    }
    // What was asked to stop may end with any code.
    if (this.#phase === 'stopped') return;
    const wasDown = this.#phase === 'down' && isEcho && !event.meanings.has('restart');
    this.#ended = event;
    this.#phase = 'down';
    if (wasDown) return;
    this.#exits.push(event);
    this.#open ??= event;
  }

  #fail(event: LifeEvent): void {
    this.#settleStart(false);
    this.#open ??= event;
    if (this.#phase === 'up' || this.#phase === 'unknown') this.#phase = 'ill';
  }

  #well(event: LifeEvent): void {
    this.#settleStart(false);
    this.#wellTimes += 1;
    if (this.#phase !== 'up' && this.#open !== null) {
      this.#failures.push({from: this.#open, repaired: event});
      this.#open = null;
    }
    this.#phase = 'up';
    this.#ended = null;
  }
}

function near(a: LifeEvent | null | undefined, b: LifeEvent, ms: number): boolean {
  if (a === null || a === undefined) return false;
  return a.time === null || b.time === null ? true : Math.abs(b.time - a.time) <= ms;
}

/** @param analysis for the time that was observed */
export function reliabilityOf(lives: Lives, analysis: Analysis): Reliability {
  const failed = lives.failures.length;
  const repairs = lives.failures.flatMap(({from, repaired}) =>
    repaired?.time == null || from.time === null ? [] : [repaired.time - from.time],
  );
  const seen = lives.upMs + lives.downMs;
  const isTold = seen > 0 && (lives.wellTimes > 0 || (lives.starts.length > 0 && lives.downMs > 0));
  const span = (analysis.to ?? 0) - (analysis.from ?? 0);
  const breakdowns = Math.max(failed, lives.exits.length);
  return {
    name: lives.name,
    starts: Math.max(lives.starts.length, lives.restarts),
    exits: lives.exits.length,
    restarts: lives.restarts,
    availability: isTold ? lives.upMs / seen : null,
    mtbfMs: breakdowns === 0 || span <= 0 ? null : Math.round((lives.wellTimes > 0 ? lives.upMs : span) / breakdowns),
    mttrMs: repairs.length === 0 ? null : Math.round(repairs.reduce((sum, ms) => sum + ms, 0) / repairs.length),
  };
}
