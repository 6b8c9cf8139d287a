import type {Analysis, Spot} from '../analysis.js';
import {type Meaning, meaningsOf} from './meanings.js';
import {nameIn} from './names.js';
import {type Reading, textAt} from './reading.js';

/** Something that a log says about the life of one program. */
export interface LifeEvent {
  /** null: the supervisor itself, or nobody in particular; empty: a stranger. */
  readonly name: string | null;
  readonly meanings: ReadonlySet<Meaning>;
  readonly time: number | null;
  readonly spot: Spot;
  readonly reading: Reading;
}

const ofLives: readonly Meaning[] = [
  'supervisor-start',
  'start',
  'started',
  'ready',
  'stop',
  'exit',
  'kill',
  'restart',
  'gave-up',
  'health-ok',
  'health-failed',
  'not-responding',
  'out-of-memory',
];
/** Enough for a loop of days; a log that says more about lives than this is about something else. */
const mostEvents = 30_000;

/** In the order of time, then of the input. Templates with too many events are known by bucket only. */
export function lifeEvents(analysis: Analysis, readings: readonly Reading[]): LifeEvent[] {
  const events: LifeEvent[] = [];
  for (const reading of readings) {
    if (!ofLives.some((meaning) => reading.meanings.has(meaning))) continue;
    const {template} = reading;
    // Nobody knows which of its many programs such an event is about.
    if (reading.names.length > 1 && template.count > template.examples.length) continue;
    for (const spot of template.spots) events.push(eventAt(reading, spot, analysis));
    if (template.count > template.spots.length)
      events.push(...laterEvents(reading, analysis, mostEvents - events.length));
    if (events.length > mostEvents) break;
  }
  return events.sort(
    (a, b) => (a.time ?? 0) - (b.time ?? 0) || a.spot.source - b.spot.source || a.spot.line - b.spot.line,
  );
}

function eventAt(reading: Reading, spot: Spot, analysis: Analysis): LifeEvent {
  return {name: nameAt(reading, spot, analysis), meanings: meaningsAt(reading, spot), time: spot.time, spot, reading};
}

/** `exited with code <*>` tells less than `exited with code 0`: whether that is a failure, each event tells itself. */
function meaningsAt({meanings, template}: Reading, spot: Spot): ReadonlySet<Meaning> {
  if (!meanings.has('exit') || !template.text.includes('<*>')) return meanings;
  const own = template.examples.filter((one) => one.spot.source === spot.source && one.spot.line === spot.line);
  const telling = own.length > 0 ? own : template.examples;
  if (telling.length === 0 || telling.some(({text}) => meaningsOf(text).has('exit'))) return meanings;
  return new Set([...meanings, 'stop' as const].filter((meaning) => meaning !== 'exit'));
}

/** The events behind the last known one, at the beginning of their buckets. */
function laterEvents(reading: Reading, analysis: Analysis, room: number): LifeEvent[] {
  const {template} = reading;
  const since = template.spots.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
  const {buckets, counts} = template.series;
  const events: LifeEvent[] = [];
  for (let i = 0; i < buckets.length && events.length < room; i += 1) {
    const time = (buckets[i] ?? 0) * analysis.bucketMs;
    if (time <= since) continue;
    const spot: Spot = {source: template.sources[0] ?? 0, line: 0, time};
    const event = eventAt(reading, spot, analysis);
    for (let n = Math.min(counts[i] ?? 0, room - events.length); n > 0; n -= 1) events.push(event);
  }
  return events;
}

/** null: it does not say; empty: somebody that is not supervised here, at an address of its own. */
function nameAt(reading: Reading, spot: Spot, analysis: Analysis): string | null {
  if (reading.meanings.has('supervisor-start')) return null;
  if (reading.names.length === 0 && /\bhttps?:\/\/|\bport=|\w:(?:\d{2,5}|<\*>)\b/.test(reading.template.text))
    return '';
  const [only] = reading.names;
  if (reading.names.length === 1 && only !== undefined) return only;
  const named = reading.names.length === 0 ? null : nameIn(textAt(reading.template, spot));
  return named ?? analysis.sources[spot.source]?.service ?? null;
}

/**
 * Events by program. Those that name nobody belong to the only program that the log speaks of, else to a nameless one.
 * @returns also the moments at which the supervisor began a run
 */
export function eventsByProgram(events: readonly LifeEvent[]): {
  readonly programs: ReadonlyMap<string, LifeEvent[]>;
  readonly runs: readonly LifeEvent[];
} {
  const counts = new Map<string, number>();
  for (const {name} of events) if (name !== null && name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  const named = [...counts.keys()].filter((name) => events.some((event) => event.name === name && tellsOfLife(event)));
  const nameless = named.length === 1 ? (named[0] ?? '') : '';
  const programs = new Map<string, LifeEvent[]>();
  const runs: LifeEvent[] = [];
  let quietSinceStart = false;
  for (const event of events) {
    if (event.meanings.has('supervisor-start')) {
      // Some greet twice: `Watchdog with logger started`, `Watchdog started, timeout 45 s`.
      if (!quietSinceStart) runs.push(event);
      else if (runs.at(-1)?.time === null) runs[runs.length - 1] = event;
      quietSinceStart = true;
      continue;
    }
    quietSinceStart = false;
    const name = event.name ?? nameless;
    const all = programs.get(name) ?? [];
    all.push(event);
    programs.set(name, all);
  }
  return {programs, runs};
}

const tellsOfLife = ({meanings}: LifeEvent) =>
  (['start', 'started', 'exit', 'restart', 'not-responding', 'ready'] as const).some((one) => meanings.has(one));
