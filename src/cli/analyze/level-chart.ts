import {type LogLevel, logLevels, type Series} from '../../lib/core/logs/analysis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {formatDuration} from '../../lib/core/report/format.js';
import type {Mark} from '../../lib/core/report/status.js';
import {dim} from '../render/colour.js';
import {markCodes} from '../render/marks.js';
import type {View} from '../render/table.js';
import {padEnd, padStart} from '../render/width.js';
import {inColumns, sparkline} from './sparkline.js';
import {grouped, isUtf8, labelWidth, stretchesOf, timeIn} from './wording.js';

const usualColumns = 80;
const mostColumns = 60;
/** Fewer show nothing. */
const leastBuckets = 3;

/** The time of a report in columns of the screen. */
export interface Axis {
  /** Buckets, both included. */
  readonly first: number;
  readonly last: number;
  readonly columns: number;
  readonly bucketMs: number;
}

/** @returns null where there is too little time for a course. */
export function axisOf({analysis}: Pick<LogReport, 'analysis'>, view: View, beside: number): Axis | null {
  const {from, to, bucketMs} = analysis;
  if (from === null || to === null || to - from < bucketMs * leastBuckets) return null;
  const first = Math.floor(from / bucketMs);
  const last = Math.floor(to / bucketMs);
  const room = Math.max(10, Math.min(mostColumns, (view.columns ?? usualColumns) - labelWidth - beside));
  const buckets = last - first + 1;
  // As many buckets in each column: unequal ones would draw waves that are not there.
  const each = Math.ceil(buckets / room);
  const columns = Math.ceil(buckets / each);
  return {first, last: first + columns * each - 1, columns, bucketMs};
}

/** Counts over time with their highest column; blank where there were none. */
export function courseLine(label: string, series: Series, axis: Axis, view: View): string {
  const {first, last, columns} = axis;
  const highest = Math.max(...inColumns(series, first, last, columns));
  const line = padEnd(sparkline(series, first, last, columns, isUtf8(view)), columns);
  return `${view.paint(dim, padEnd(label, labelWidth))}${line}${view.paint(dim, `  max ${grouped(highest)}`)}`;
}

/** Where the columns begin and end, and how long one is. */
export function axisLine(
  report: Pick<LogReport, 'analysis'>,
  {first, last, columns, bucketMs}: Axis,
  view: View,
): string {
  const {from, to} = report.analysis;
  const begin = timeIn(from, report, view);
  const end = timeIn(to, report, view);
  const each = `one column ${formatDuration(((last - first + 1) * bucketMs) / columns)}`;
  const isWide = columns >= begin.length + end.length + 2;
  const text = isWide ? `${begin}${padStart(end, columns - begin.length)}` : begin;
  const room = (view.columns ?? usualColumns) - labelWidth - text.length - 2;
  return view.paint(dim, `${' '.repeat(labelWidth)}${text}${each.length <= room ? `  ${each}` : ''}`);
}

/** Events by level, the course of each level, and on the same axis when there were incidents. */
export function levelLines(report: LogReport, view: View): string[] {
  const {levels, levelSeries} = report.analysis;
  const names = [...logLevels.toReversed(), 'none' as const].filter((name) => levels[name] > 0);
  if (names.length === 0) return [];
  const counts = names.map((name) => `${name === 'none' ? 'no level' : name} ${grouped(levels[name])}`);
  const lines = inRows(counts, (view.columns ?? Number.POSITIVE_INFINITY) - labelWidth).map(
    (text, index) => `${view.paint(dim, padEnd(index === 0 ? 'levels' : '', labelWidth))}${text}`,
  );
  const shown = names.filter(isCharted(names));
  const widest = Math.max(0, ...shown.map((name) => grouped(levels[name]).length));
  const axis = axisOf(report, view, '  max '.length + widest);
  if (axis === null) return lines;
  for (const name of shown.filter((one) => levelSeries[one].counts.length > 0))
    lines.push(courseLine(`  ${name === 'none' ? 'no level' : name.toLowerCase()}`, levelSeries[name], axis, view));
  const lane = incidentLane(report.incidents, axis, view);
  if (lane !== null) lines.push(`${view.paint(dim, padEnd('  incident', labelWidth))}${lane}`);
  return [...lines, axisLine(report, axis, view)];
}

/** A level and its number stay together. */
function inRows(parts: readonly string[], room: number): string[] {
  const rows: string[] = [];
  for (const part of parts) {
    const longer = rows.length === 0 ? part : `${rows.at(-1)}  ${part}`;
    if (rows.length === 0 || longer.length > room) rows.push(part);
    else rows[rows.length - 1] = longer;
  }
  return rows;
}

/** DEBUG and what has no level say little beside the others. */
const isCharted =
  (names: readonly (LogLevel | 'none')[]) =>
  (name: LogLevel | 'none'): boolean =>
    names.length === 1 || (name !== 'none' && name !== 'DEBUG');

function incidentLane(
  incidents: readonly Incident[],
  {first, last, columns, bucketMs}: Axis,
  view: View,
): string | null {
  const lane: (Mark | null)[] = Array.from({length: columns}, () => null);
  const width = (last - first + 1) / columns;
  const columnOf = (time: number): number =>
    Math.min(columns - 1, Math.max(0, Math.floor((time / bucketMs - first) / width)));
  for (const incident of incidents)
    for (const {from, to} of stretchesOf(incident))
      for (let column = columnOf(from); column <= columnOf(to); column += 1)
        // What is not over outweighs what is.
        if (lane[column] !== 'failed') lane[column] = incident.isOver ? 'acting' : 'failed';
  if (lane.every((mark) => mark === null)) return null;
  let text = '';
  for (let begin = 0; begin < columns; ) {
    const mark = lane[begin] ?? null;
    let end = begin + 1;
    while (end < columns && lane[end] === mark) end += 1;
    text +=
      mark === null
        ? ' '.repeat(end - begin)
        : view.paint(markCodes[mark], view.glyphs.marks[mark].repeat(end - begin));
    begin = end;
  }
  return text.trimEnd();
}
