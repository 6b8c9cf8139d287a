import type {Analysis, Spot} from '../analysis.js';
import type {IncidentKind} from '../report.js';
import {extentOf} from './extent.js';
import {type Finding, kindOf} from './finding.js';
import type {LifeEvent} from './life-events.js';
import type {Lives} from './lives.js';
import type {Meaning} from './meanings.js';
import type {Reading} from './reading.js';

/** What belongs together has no longer pauses than this, or than four of its usual ones, if those are below the limit. */
const togetherMs = 15 * 60_000;
const longestPauseMs = 60 * 60_000;
/** More separate outages of one kind than this are told as one, with its stretches. */
const mostSeparate = 5;

/** Incidents that programs' lives tell, however often they come: they need no usual rate. */
export function lifeFindings(lives: Lives, runs: readonly LifeEvent[], analysis: Analysis): Finding[] {
  if (isNeverHealthy(lives)) return [neverHealthy(lives, runs, analysis)];
  const exits = lives.exits.filter(({meanings}) => meanings.has('exit') || meanings.has('out-of-memory'));
  const hangs = lives.events.filter(({meanings}) => meanings.has('not-responding') && !meanings.has('health-ok'));
  const ends = lives.gaveUp.filter(() => lives.starts.length + lives.exits.length > 0);
  return [
    ...separate(groupsOf([...exits, ...ends].sort(inOrder)), (group) => crashes(lives, group)),
    ...separate(groupsOf(hangs), (group) => [findingOf('hang', group, lives, null)]),
    ...separate(
      groupsOf(lives.healthFailures).filter((group) => group.length >= 3 && !wasWellWithin(group, lives)),
      (group) => [findingOf(lives.starts.length > 0 ? 'hang' : 'dependency-outage', group, lives, null)],
    ),
  ];
}

const inOrder = (a: LifeEvent, b: LifeEvent) =>
  (a.time ?? 0) - (b.time ?? 0) || a.spot.source - b.spot.source || a.spot.line - b.spot.line;

/** It was started, and in all its lives there was no sign of health. */
function isNeverHealthy({starts, wellTimes, healthFailures, gaveUp, exits}: Lives): boolean {
  if (starts.length === 0 || wellTimes > 0) return false;
  return (
    healthFailures.length >= 3 ||
    (gaveUp.length > 0 && healthFailures.length > 0) ||
    (gaveUp.length > 0 && exits.length === 0)
  );
}

function neverHealthy(lives: Lives, runs: readonly LifeEvent[], analysis: Analysis): Finding {
  const {healthFailures, starts, restarts, gaveUp} = lives;
  const bad = [...healthFailures, ...gaveUp].sort(inOrder);
  const unreached = healthFailures.some(({meanings}) => meanings.has('refused'));
  const parts = [
    `${starts.length} ${starts.length === 1 ? 'start' : 'starts'}`,
    ...(restarts === 0 ? [] : [`${restarts} ${restarts === 1 ? 'restart' : 'restarts'} wasted`]),
    unreached ? 'nothing ever listened' : 'no health check ever passed',
  ];
  const finding = findingOf('never-healthy', bad, lives, `never healthy: ${parts.join(', ')}`);
  return {...finding, spells: spellsOf(lives, runs, analysis)};
}

/** One stretch for each run of the supervisor, from its greeting to its last word about the program. */
function spellsOf(lives: Lives, runs: readonly LifeEvent[], analysis: Analysis): NonNullable<Finding['spells']> {
  const begins = runs.filter((run) => run.time !== null);
  const starts = begins.length === 0 ? lives.starts.slice(0, 1) : begins;
  return starts.flatMap((begin, i) => {
    const next = starts[i + 1]?.time ?? Number.POSITIVE_INFINITY;
    const within = lives.events.filter(({time}) => time !== null && time >= (begin.time ?? 0) && time < next);
    const end = within.at(-1);
    if (begin.time === null || end?.time == null) return [];
    const isLast = i === starts.length - 1;
    return [
      {
        from: begin.time,
        to: isLast ? Math.max(end.time, Math.min(end.time + 1000, analysis.to ?? 0)) : end.time,
        end: end.spot,
      },
    ];
  });
}

/** One exit is a crash, three in a row are a loop. */
function crashes(lives: Lives, group: readonly LifeEvent[]): Finding[] {
  const exits = group.filter(({meanings}) => !meanings.has('gave-up')).length;
  const starved = group.some(({meanings}) => meanings.has('out-of-memory'));
  const gaveUp = group.some(({meanings}) => meanings.has('gave-up'));
  const who = lives.name === '' ? 'a program' : lives.name;
  if (starved && exits >= 2)
    return [findingOf('memory-growth', group, lives, `${who} ran out of memory ${exits} times`)];
  if (exits >= 3 || gaveUp) {
    const end = gaveUp ? ', then its supervisor gave up' : '';
    return [findingOf('restart-loop', group, lives, `${who} exited ${exits === 1 ? 'once' : `${exits} times`}${end}`)];
  }
  return [
    findingOf(
      'crash',
      group,
      lives,
      `${who} ${starved ? 'ran out of memory' : 'crashed'}${exits === 2 ? ' twice' : ''}`,
    ),
  ];
}

/** Events with pauses of about a quarter of an hour at most, or without times. */
export function groupsOf<T extends Pick<LifeEvent, 'time'>>(events: readonly T[]): T[][] {
  const groups: T[][] = [];
  const pauses = events.flatMap(({time}, i) =>
    time === null || i === 0 ? [] : [time - (events[i - 1]?.time ?? time)],
  );
  const usual = pauses.sort((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? 0;
  const longest = Math.max(togetherMs, usual <= togetherMs ? Math.min(longestPauseMs, 4 * usual) : 0);
  for (const event of events) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const isNear =
      last !== undefined && (last.time === null || event.time === null || event.time - last.time <= longest);
    if (group !== undefined && isNear) group.push(event);
    else groups.push([event]);
  }
  return groups;
}

/** A finding for each group, or one for all where there are many. */
export function separate<T>(groups: readonly T[][], findings: (group: T[]) => Finding[]): Finding[] {
  const all = groups.flatMap(findings);
  if (all.length <= mostSeparate) return all;
  const [first] = all;
  const last = all.at(-1);
  if (first === undefined || last === undefined) return all;
  const count = all.reduce((sum, one) => sum + one.count, 0);
  const who = first.name === null || first.name === '' ? '' : `${first.name}: `;
  const what = {crash: 'crashed', hang: 'did not respond', 'restart-loop': 'crashed'}[first.kind as string] ?? 'failed';
  return [
    {
      ...first,
      count,
      to: last.to,
      last: last.last,
      title: `${who}${what} ${all.length} times, again and again`,
      others: [...new Set(all.flatMap(({others}) => others))],
      spells: all.flatMap(({from, to, last: end}) => (from === null || to === null ? [] : [{from, to, end}])),
    },
  ];
}

function wasWellWithin(group: readonly LifeEvent[], lives: Lives): boolean {
  const from = group[0]?.time ?? null;
  const to = group.at(-1)?.time ?? null;
  if (from === null || to === null) return lives.wellTimes > 0;
  return lives.events.some(
    ({time, meanings}) =>
      time !== null && time > from && time < to && (meanings.has('health-ok') || meanings.has('ready')),
  );
}

export function findingOf(
  kind: IncidentKind,
  group: readonly LifeEvent[],
  lives: Lives,
  title: string | null,
): Finding {
  const first = group[0] as LifeEvent;
  const last = group.at(-1) as LifeEvent;
  return {
    kind,
    from: first.time,
    to: last.time,
    first: first.spot,
    last: last.spot,
    reading: first.reading,
    count: group.length,
    usual: 0,
    evidence: 100,
    isSeed: true,
    isSharp: true,
    others: companions(group, lives, first.time, last.time),
    name: lives.name === '' ? null : lives.name,
    title,
  };
}

const tellingMeanings: readonly Meaning[] = [
  'exit',
  'kill',
  'gave-up',
  'health-failed',
  'not-responding',
  'restart',
  'start',
  'started',
];

/** All that was said about this program in that time. */
function companions(group: readonly LifeEvent[], lives: Lives, from: number | null, to: number | null): Reading[] {
  const readings = new Set<Reading>(group.map(({reading}) => reading));
  for (const {reading, time, meanings} of lives.events) {
    const isWithin = from === null || to === null || time === null || (time >= from && time <= to);
    if (isWithin && tellingMeanings.some((one) => meanings.has(one))) readings.add(reading);
  }
  return [...readings];
}

/** Port conflicts, exceptions that ended a program, what has been refused all along. */
export function plainFindings(analysis: Analysis, readings: readonly Reading[]): Finding[] {
  return readings.flatMap((reading) => {
    if (reading.isBad && reading.meanings.has('port-taken')) return portConflicts(reading);
    if (isFatal(reading, analysis)) return [whole(reading, 'crash', null)];
    if (isRareAndCritical(reading)) return [whole(reading, kindOf(reading), null)];
    return [];
  });
}

function portConflicts(reading: Reading): Finding[] {
  const spots = reading.template.spots.toSorted((a, b) => (a.time ?? 0) - (b.time ?? 0));
  const groups = groupsOf(spots.map((spot) => ({time: spot.time, spot})));
  return separate(groups, (group) => {
    const first = group[0]?.spot as Spot;
    const last = group.at(-1)?.spot as Spot;
    const one = whole(reading, 'port-conflict', null);
    return [{...one, from: first.time, to: last.time, first, last, count: group.length}];
  });
}

/** Programs keep this level for what must not happen. */
const isRareAndCritical = ({template}: Reading) => template.level === 'CRITICAL' && template.count <= 3;

/** An exception that nobody logged, but that reached the end of the output: it ended the program. */
function isFatal({template, meanings}: Reading, analysis: Analysis): boolean {
  const last = analysis.sources[template.last.source];
  const size = template.examples.at(-1)?.text.split('\n').length ?? 1;
  const isAtEnd = last !== undefined && template.last.line + size + 3 > last.lines;
  const isUncaught = template.level === null || template.level === 'CRITICAL' || uncaught.test(template.text);
  return isAtEnd && isUncaught && template.count <= 3 && (meanings.has('exception') || template.level === 'CRITICAL');
}

/** As interpreters print it, without a logger. */
const uncaught =
  /^(?:Traceback \(|Uncaught|Unhandled|panic:|fatal error|Exception in thread|[\w.$]*(?:Error|Exception)(?=:|$| ⏎| \[))/;

/** A finding over all of a template. */
export function whole(reading: Reading, kind: IncidentKind, title: string | null): Finding {
  const {template} = reading;
  const {first, last} = extentOf(template);
  return {
    kind,
    from: first.time,
    to: last.time,
    first,
    last,
    reading,
    count: template.count,
    usual: 0,
    evidence: 50,
    isSeed: true,
    isSharp: true,
    others: [],
    name: reading.names.length === 1 ? (reading.names[0] ?? null) : null,
    title,
  };
}
