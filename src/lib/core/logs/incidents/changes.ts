import type {Analysis, LogTemplate} from '../analysis.js';
import type {Burst, LogReport} from '../report.js';
import {extentOf} from './extent.js';
import {risesOf} from './rate-changes.js';
import {type Axis, placeAt, placeStart, type Traffic, type TrafficBook} from './traffic.js';

/** That chance alone hides a template for so long, as a natural logarithm: e^-12. */
const sure = 12;
/** Shares of the log below this are its beginning and its end. */
const leastSilence = 0.03;
const mostListed = 50;

/** Templates that came up late or stopped early, by more than chance, measured in traffic of their own sources. */
export function comingsAndGoings(
  analysis: Analysis,
  axis: Axis,
  book: TrafficBook,
): Pick<LogReport, 'appeared' | 'vanished'> {
  const appeared: {template: LogTemplate; at: number; weight: number}[] = [];
  const vanished: {template: LogTemplate; at: number; weight: number}[] = [];
  for (const template of analysis.templates) {
    const {first, last} = extentOf(template);
    if (template.count < 3 || first.time === null || last.time === null) continue;
    const traffic = book.around(template);
    const late = silence(template, traffic, 0, placeAt(axis, first.time));
    const early = silence(template, traffic, placeAt(axis, last.time) + 1, axis.size);
    if (late >= sure) appeared.push({template, at: first.time, weight: weightOf(template)});
    if (early >= sure) vanished.push({template, at: last.time, weight: weightOf(template)});
  }
  return {appeared: listed(appeared), vanished: listed(vanished)};
}

/** −log of the chance that none of its events falls into that part, were they spread as the traffic is. */
function silence({count, series}: LogTemplate, {events, active}: Traffic, from: number, to: number): number {
  const share = (sums: Float64Array) => ((sums[to] ?? 0) - (sums[from] ?? 0)) / Math.max(1, sums.at(-1) ?? 0);
  const part = Math.min(share(events), share(active));
  // What comes in bursts is seldom, however many there are: minutes count, not events.
  return part <= leastSilence ? 0 : -Math.min(count, series.buckets.length) * Math.log(Math.max(1e-9, 1 - part));
}

const weightOf = ({level, count}: LogTemplate) =>
  (level === 'ERROR' || level === 'CRITICAL' ? 1e12 : level === 'WARNING' ? 1e9 : 0) + count;

function listed(
  all: readonly {template: LogTemplate; at: number; weight: number}[],
): {template: LogTemplate; at: number}[] {
  const most = all.toSorted((a, b) => b.weight - a.weight).slice(0, mostListed);
  return most.sort((a, b) => a.at - b.at).map(({template, at}) => ({template, at}));
}

const forBursts = {ratio: 5, minCount: 20, minEvidence: 40};
/** A log with a hundred thousand kinds of messages has its bursts among the frequent ones. */
const mostExamined = 1000;

/** The strongest bursts of any template, harmless ones too. */
export function burstsOf(analysis: Analysis, axis: Axis, book: TrafficBook): Burst[] {
  const examined = analysis.templates.filter(({count}) => count >= forBursts.minCount).slice(0, mostExamined);
  return examined
    .flatMap((template) => {
      const rises = risesOf(template.series, book.around(template), axis, forBursts, examined.length);
      return rises.map((rise) => ({template: template.id, rise}));
    })
    .sort((a, b) => b.rise.evidence - a.rise.evidence)
    .slice(0, 20)
    .map(({template, rise}) => ({
      template,
      from: placeStart(axis, rise.start),
      to: placeStart(axis, rise.end + 1),
      count: rise.count,
      usual: rise.usual,
    }))
    .sort((a, b) => a.from - b.from);
}
