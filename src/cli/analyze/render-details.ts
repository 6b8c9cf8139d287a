import type {LogTemplate} from '../../lib/core/logs/analysis.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import type {Comparison, LogReport, TemplateChange} from '../../lib/core/logs/report.js';
import {formatDuration, formatShare} from '../../lib/core/report/format.js';
import {dim, paintMark} from '../render/colour.js';
import {hanging, type View} from '../render/table.js';
import {cutEnd, padEnd, padStart} from '../render/width.js';
import {sparkline} from './sparkline.js';
import {grouped, isUtf8, placeOf, said, timeIn} from './wording.js';

const labelWidth = 11;
const mostExamples = 5;
const mostValues = 8;

const width = (view: View): number => view.columns ?? Number.POSITIVE_INFINITY;
const labelled = (label: string, text: string, view: View): string[] =>
  hanging(view.paint(dim, padEnd(label, labelWidth)), labelWidth, text, view.columns);

/** `--template ID`: its events, when they came, the values of its variables. */
export function renderTemplate(template: LogTemplate, report: LogReport, view: View): string[] {
  const {analysis} = report;
  const {from, to, bucketMs} = analysis;
  const lines = [
    ...labelled(template.id, said(template.text, view, 1000), view),
    ...labelled(
      'events',
      `${grouped(template.count)} (${formatShare(template.count / Math.max(1, analysis.events))})${template.level === null ? '' : `, ${template.level}`}`,
      view,
    ),
    ...labelled('first', `${placeOf(template.first, report)}  ${timeIn(template.first.time, report, view)}`, view),
    ...labelled('last', `${placeOf(template.last, report)}  ${timeIn(template.last.time, report, view)}`, view),
  ];
  if (from !== null && to !== null && to - from >= bucketMs * 3) {
    const [first, last] = [Math.floor(from / bucketMs), Math.floor(to / bucketMs)];
    const columns = Math.min(60, last - first + 1, Math.max(20, width(view) - labelWidth));
    lines.push(
      `${view.paint(dim, padEnd('over time', labelWidth))}${sparkline(template.series, first, last, columns, isUtf8(view)).trimEnd()}`,
    );
  }
  for (const {kind, count, mean, p50, p95, max} of template.measures) {
    const shown = (value: number): string =>
      kind === 'memory'
        ? `${Math.round(value / 1024 / 1024)} MiB`
        : value < 1000
          ? `${Math.round(value)}ms`
          : formatDuration(value);
    lines.push(
      ...labelled(
        kind,
        `median ${shown(p50)}, p95 ${shown(p95)}, highest ${shown(max)}, mean ${shown(mean)} of ${grouped(count)}`,
        view,
      ),
    );
  }
  for (const [index, values] of template.variables.entries()) {
    if (values.length === 0) continue;
    const more = values.length > mostValues ? `, ${view.glyphs.cut}` : '';
    lines.push(
      ...labelled(
        `value ${index + 1}`,
        `${values
          .slice(0, mostValues)
          .map((value) => said(value, view, 60))
          .join(', ')}${more}`,
        view,
      ),
    );
  }
  for (const [index, {spot, text}] of template.examples.slice(0, mostExamples).entries())
    lines.push(
      `${view.paint(dim, padEnd(index === 0 ? 'examples' : '', labelWidth))}${cutEnd(`${placeOf(spot, report)} ${said(text, view, 1000)}`, width(view) - labelWidth, view.glyphs.cut)}`,
    );
  return lines;
}

/** `--diagnose` for people. */
export function renderDiagnosis(diagnosis: LogDiagnosis, view: View): string[] {
  const {cause, confidence, evidence, remedy, explanation} = diagnosis;
  if (cause === null) return [`${paintMark(view.paint, view.glyphs, 'good')} no failure: ${explanation}`];
  const certainty = confidence >= 0.9 ? 'certain' : confidence >= 0.6 ? 'likely' : 'perhaps';
  const subject = Object.entries(diagnosis.subject).map(([key, value]) => `${key} ${said(String(value), view, 120)}`);
  return [
    ...hanging(`${paintMark(view.paint, view.glyphs, 'failed')} `, 2, said(explanation, view, 600), view.columns),
    ...labelled('cause', `${cause} (${certainty})${subject.length === 0 ? '' : `: ${subject.join(', ')}`}`, view),
    ...evidence
      .slice(0, 5)
      .map(
        ({line, text}, index) =>
          `${view.paint(dim, padEnd(index === 0 ? 'evidence' : '', labelWidth))}${cutEnd(`:${line} ${said(text, view, 400)}`, width(view) - labelWidth, view.glyphs.cut)}`,
      ),
    ...(remedy === null ? [] : labelled('remedy', said(remedy, view, 800), view)),
  ];
}

const words = {new: 'new', gone: 'gone', more: 'more', less: 'less'} as const;

/** `--compare`: what B says that A did not, and how sure that is. */
export function renderComparison({a, b, changes}: Comparison, view: View, top: number): string[] {
  const side = (name: string, {events, from, to}: Comparison['a']): string =>
    `${name}  ${grouped(events)} events${from === null || to === null ? '' : `, ${formatDuration(to - from)} from ${new Date(from).toISOString().slice(0, 19).replace('T', ' ')} UTC`}`;
  const lines = [side('A', a), side('B', b)];
  if (changes.length === 0)
    return [...lines, `${paintMark(view.paint, view.glyphs, 'good')} no difference that chance would not make`];
  for (const kind of ['new', 'more', 'less', 'gone'] as const) {
    const some = changes.filter((change) => change.kind === kind);
    for (const [index, change] of some.slice(0, top).entries())
      lines.push(changeLine(change, index === 0 ? words[kind] : '', view));
    if (some.length > top) lines.push(`${' '.repeat(labelWidth)}and ${some.length - top} more: --top ${some.length}`);
  }
  return lines;
}

function changeLine(
  {text, level, countA, countB, expectedB, significance}: TemplateChange,
  label: string,
  view: View,
): string {
  const mark =
    level === 'CRITICAL' || level === 'ERROR'
      ? paintMark(view.paint, view.glyphs, 'failed')
      : level === 'WARNING'
        ? paintMark(view.paint, view.glyphs, 'degraded')
        : ' ';
  const chance = significance < 0.001 ? 'p<0.001' : `p=${significance.toFixed(3)}`;
  const counts =
    countA === 0 || countB === 0
      ? grouped(Math.max(countA, countB))
      : `${grouped(countA)} to ${grouped(countB)} (expected ${grouped(expectedB)})`;
  const head = `${mark} ${padStart(counts, 8)}  ${chance}  `;
  return `${view.paint(dim, padEnd(label, labelWidth))}${head}${said(text, view, Math.max(20, width(view) - labelWidth - head.length + (view.paint.on ? 9 : 0)))}`;
}
