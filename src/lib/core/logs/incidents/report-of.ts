import type {Analysis} from '../analysis.js';
import type {Incident, LogReport} from '../report.js';
import {burstsOf, comingsAndGoings} from './changes.js';
import {chronicOutages} from './chronic.js';
import {deviations, failedRequests} from './deviations.js';
import type {Finding} from './finding.js';
import {incidentOf} from './incident.js';
import {joined} from './join.js';
import {lastWords} from './last-words.js';
import {eventsByProgram, lifeEvents} from './life-events.js';
import {lifeFindings, plainFindings} from './life-findings.js';
import {memoryGrowth} from './memory-growth.js';
import {type Lives, livesOf, reliabilityOf} from './lives.js';
import {readTemplates} from './reading.js';
import {slowness} from './slowness.js';
import {axisOf, TrafficBook} from './traffic.js';

/** What happened in a log: incidents in the order of their first sign, and what else is worth to know. */
export function reportOf(analysis: Analysis): LogReport {
  const readings = readTemplates(analysis);
  const axis = axisOf(analysis);
  const book = new TrafficBook(analysis, axis);
  const {programs, runs} = eventsByProgram(lifeEvents(analysis, readings));
  const all = [...programs].map(([name, events]) => livesOf(name, events, runs, analysis.to));
  const found: Finding[] = [
    ...deviations(analysis, readings, axis, book),
    ...failedRequests(analysis, readings, axis),
    ...slowness(readings, axis, analysis),
    ...memoryGrowth(readings, analysis),
    ...all.flatMap((lives) => lifeFindings(lives, runs, analysis)),
    ...plainFindings(analysis, readings),
  ];
  found.push(...chronicOutages(analysis, readings, found));
  if (found.length === 0) found.push(...lastWords(analysis, readings));
  const incidents = joined(found).map((group) => incidentOf(group, analysis, all));
  return {
    analysis,
    incidents,
    ...comingsAndGoings(analysis, axis, book),
    bursts: burstsOf(analysis, axis, book),
    reliability: all.filter(isProgram).map((lives) => reliabilityOf(lives, analysis)),
    next: nextSteps(incidents),
    runs: runs.length > 0 ? runs.length : analysis.events > 0 ? 1 : 0,
  };
}

/** Not each part of a program that says that it starts: only what also ends, or gets well, or starts again. */
const isProgram = ({name, starts, exits, restarts, failures, wellTimes}: Lives) =>
  name !== '' &&
  (exits.length + restarts + failures.length > 0 || starts.length > 1 || (starts.length > 0 && wellTimes > 0));

/** Going on comes before over, and late before early: the newest trouble is the one to look at. */
function nextSteps(incidents: readonly Incident[]): string[] {
  const urgent = incidents.toSorted((a, b) => Number(a.isOver) - Number(b.isOver) || (b.from ?? 0) - (a.from ?? 0));
  return [...new Set(urgent.flatMap(({next}) => (next === null ? [] : [next])))].slice(0, 5);
}
