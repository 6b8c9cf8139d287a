import {type Analysis, type LogLevel, logLevels, type Series} from '../../lib/core/logs/analysis.js';
import type {LogReport} from '../../lib/core/logs/report.js';
import {formatDateTime, formatDuration} from '../../lib/core/report/format.js';
import {neutralise} from '../render/foreign.js';
import {inColumns} from './sparkline.js';
import {grouped, stretchesOf} from './wording.js';

const mostColumns = 160;
const mostBands = 200;
/** Incidents that have a place on the page. */
export const mostCards = 50;
const [width, height, laneHeight] = [1000, 120, 20];
/** Less would not be seen, nor hit. */
const leastBand = 5;
const [sparkWidth, sparkHeight, sparkColumns] = [120, 20, 60];

interface Axis {
  readonly first: number;
  readonly last: number;
  readonly columns: number;
  readonly bucketMs: number;
}

/** As many buckets in each column, so that an even course is drawn even. */
function axisOf({from, to, bucketMs}: Analysis, most: number): Axis | null {
  if (from === null || to === null) return null;
  const first = Math.floor(from / bucketMs);
  const buckets = Math.floor(to / bucketMs) - first + 1;
  const each = Math.ceil(buckets / most);
  const columns = Math.ceil(buckets / each);
  return {first, last: first + columns * each - 1, columns, bucketMs};
}

const columnMs = ({first, last, columns, bucketMs}: Axis): number => ((last - first + 1) * bucketMs) / columns;

interface Course {
  readonly name: string;
  readonly className: string;
  readonly values: readonly number[];
}

const shades: readonly {name: string; levels: readonly (LogLevel | 'none')[]; className: string}[] = [
  {name: 'errors', levels: ['CRITICAL', 'ERROR'], className: 'failed'},
  {name: 'warnings', levels: ['WARNING'], className: 'acting'},
  {name: 'other events', levels: ['INFO', 'DEBUG', 'none'], className: 'calm'},
];

/** One small chart for each kind of level, all on one time axis; incidents as bands behind, and below by themselves. */
export function courseChart(report: LogReport): string {
  const {analysis} = report;
  const axis = axisOf(analysis, mostColumns);
  if (axis === null) return `<section aria-label="Events by level">${totals(analysis)}</section>`;
  const courses = shades.map(({name, levels, className}): Course => {
    const sums = levels.map((level) => inColumns(analysis.levelSeries[level], axis.first, axis.last, axis.columns));
    return {
      name,
      className,
      values: Array.from({length: axis.columns}, (_, i) => sums.reduce((sum, one) => sum + (one[i] ?? 0), 0)),
    };
  });
  const bands = bandsOf(report, axis, height, false);
  const charts = courses.map((course) => chart(course, axis, bands)).join('');
  const begin = formatDateTime(new Date(axis.first * axis.bucketMs));
  const end = formatDateTime(new Date((axis.last + 1) * axis.bucketMs));
  return `<section aria-label="Events over time">${charts}${lane(report, axis)}<p class="axis"><span>${begin}</span><span>${end}</span></p><details><summary>as table</summary>${totals(analysis)}${numbers(courses, axis)}</details></section>`;
}

function chart({name, className, values}: Course, axis: Axis, bands: string): string {
  const most = Math.max(...values);
  if (most === 0) return '';
  const peak = formatDateTime(new Date(axis.first * axis.bucketMs + values.indexOf(most) * columnMs(axis)));
  const said = `${name}: highest ${grouped(most)} in ${formatDuration(columnMs(axis))}, at ${peak}`;
  return `<figure><figcaption>${said}</figcaption><svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${said}">${bands}${bars(values, most, className, width, height)}</svg></figure>`;
}

function bars(values: readonly number[], most: number, className: string, wide: number, high: number): string {
  const step = wide / values.length;
  return values
    .map((value, i) => {
      if (value === 0) return '';
      const tall = Math.max(1, (value / most) * high);
      return `<rect class="${className}" x="${(i * step).toFixed(1)}" y="${(high - tall).toFixed(1)}" width="${(step * 0.92).toFixed(2)}" height="${tall.toFixed(1)}"/>`;
    })
    .join('');
}

function bandsOf({incidents}: LogReport, axis: Axis, high: number, isLane: boolean): string {
  const begin = axis.first * axis.bucketMs;
  const scale = width / ((axis.last - axis.first + 1) * axis.bucketMs);
  return incidents
    .flatMap((incident, index) => stretchesOf(incident).map((stretch) => ({...stretch, incident, number: index + 1})))
    .slice(0, mostBands)
    .map(({from, to, incident, number}) => {
      const wide = Math.max(leastBand, (to - from) * scale);
      const x = Math.min(width - wide, (from - begin) * scale);
      const kind = incident.isOver ? 'acting' : 'failed';
      const rect = `<rect class="${isLane ? kind : `band ${kind}`}" x="${x.toFixed(1)}" y="0" width="${wide.toFixed(1)}" height="${high}"><title>${escaped(incident.title)}</title></rect>`;
      const isLinked = isLane && number <= mostCards;
      return isLinked ? `<a href="#incident-${number}" aria-label="${escaped(incident.title, 120)}">${rect}</a>` : rect;
    })
    .join('');
}

function lane(report: LogReport, axis: Axis): string {
  const bands = bandsOf(report, axis, laneHeight, true);
  return bands === ''
    ? ''
    : `<figure><figcaption>incidents</figcaption><svg class="lane" viewBox="0 0 ${width} ${laneHeight}" preserveAspectRatio="none" role="group" aria-label="Incidents over time">${bands}</svg></figure>`;
}

function totals({levels}: Analysis): string {
  const rows = [...logLevels.toReversed(), 'none' as const].map(
    (level) =>
      `<tr><td>${level === 'none' ? 'no level' : level}</td><td class="number">${grouped(levels[level])}</td></tr>`,
  );
  return `<table class="numbers"><caption>Events by level</caption><thead><tr><th scope="col">level</th><th scope="col" class="number">events</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** What the charts show, in numbers. */
function numbers(courses: readonly Course[], axis: Axis): string {
  const rows = Array.from({length: axis.columns}, (_, i) => i)
    .filter((i) => courses.some(({values}) => (values[i] ?? 0) > 0))
    .map((i) => {
      const time = formatDateTime(new Date(axis.first * axis.bucketMs + i * columnMs(axis)));
      return `<tr><td>${time}</td>${courses.map(({values}) => `<td class="number">${grouped(values[i] ?? 0)}</td>`).join('')}</tr>`;
    });
  return `<div class="wide"><table class="numbers"><caption>Events over time, ${formatDuration(columnMs(axis))} each</caption><thead><tr><th scope="col">from</th>${courses.map(({name}) => `<th scope="col" class="number">${name}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

/** A course beside the number that it adds up to; what failed of it in front. */
export function spark(series: Series, analysis: Analysis, failed: Series | null = null): string {
  const axis = axisOf(analysis, sparkColumns);
  if (axis === null || series.counts.length === 0) return '';
  const valuesOf = (one: Series): number[] => inColumns(one, axis.first, axis.last, axis.columns);
  const values = valuesOf(series);
  const most = Math.max(1, ...values);
  const front = failed === null ? '' : bars(valuesOf(failed), most, 'failed', sparkWidth, sparkHeight);
  return `<svg class="spark" viewBox="0 0 ${sparkWidth} ${sparkHeight}" preserveAspectRatio="none" aria-hidden="true">${bars(values, most, 'calm', sparkWidth, sparkHeight)}${front}</svg>`;
}

/** Nothing of a log becomes markup, and none of it turns the direction of the page around. */
export function escaped(text: string, most = 500): string {
  const clean = neutralise(text.length > most ? `${text.slice(0, most)}…` : text);
  return clean
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}
