import type {LogTemplate} from '../../lib/core/logs/analysis.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import type {Comparison, LogReport, TemplateChange} from '../../lib/core/logs/report.js';
import {formatDateTime, formatDuration} from '../../lib/core/report/format.js';
import {dim, paintMark} from '../render/colour.js';
import {hanging, type View} from '../render/table.js';
import {cutEnd, padEnd} from '../render/width.js';
import {axisLine, axisOf, courseLine} from './level-chart.js';
import {certaintyOf, grouped, labelWidth, placeOf, said, shareOf, timeIn} from './wording.js';

const mostExamples = 5;
const mostValues = 8;
const mostEvidence = 5;

const width = (view: View): number => view.columns ?? Number.POSITIVE_INFINITY;
const labelled = (label: string, text: string, view: View): string[] =>
  hanging(view.paint(dim, padEnd(label, labelWidth)), labelWidth, text, view.columns);

/** `--template ID`: its events, when they came, the values of its variables. */
export function renderTemplate(template: LogTemplate, report: LogReport, view: View): string[] {
  const {analysis} = report;
  const lines = [
    ...labelled(template.id, said(template.text, view, 1000), view),
    ...labelled(
      'events',
      `${grouped(template.count)} (${shareOf(template.count, analysis.events)})${template.level === null ? '' : `, ${template.level}`}`,
      view,
    ),
    ...labelled('first', `${placeOf(template.first, report)}  ${timeIn(template.first.time, report, view)}`, view),
    ...labelled('last', `${placeOf(template.last, report)}  ${timeIn(template.last.time, report, view)}`, view),
  ];
  const axis = axisOf(report, view, '  max '.length + grouped(template.count).length);
  if (axis !== null && template.series.counts.length > 0)
    lines.push(courseLine('over time', template.series, axis, view), axisLine(report, axis, view));
  for (const {kind, name, count, mean, p50, p95, max} of template.measures) {
    const shown = (value: number): string =>
      kind === 'memory'
        ? `${Math.round(value / 1024 / 1024)} MiB`
        : value < 1000
          ? `${Math.round(value)}ms`
          : formatDuration(value);
    lines.push(
      ...labelled(
        kind,
        `${name === kind ? '' : `${said(name, view, 40)}: `}median ${shown(p50)}, p95 ${shown(p95)}, highest ${shown(max)}, mean ${shown(mean)} of ${grouped(count)}`,
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
  const {cause, confidence, evidence, remedy, explanation, isPermanent} = diagnosis;
  if (cause === null)
    return hanging(
      `${paintMark(view.paint, view.glyphs, 'good')} `,
      2,
      said(`no failure: ${explanation}`, view, 600),
      view.columns,
    );
  const subject = Object.entries(diagnosis.subject).map(([key, value]) => `${key} ${said(String(value), view, 120)}`);
  return [
    ...hanging(`${paintMark(view.paint, view.glyphs, 'failed')} `, 2, said(explanation, view, 600), view.columns),
    ...labelled(
      'cause',
      `${cause} (${certaintyOf(confidence)})${subject.length === 0 ? '' : `: ${subject.join(', ')}`}`,
      view,
    ),
    ...linesByText(evidence)
      .slice(0, mostEvidence)
      .map(({lines, text}, index) => {
        const room = width(view) - labelWidth;
        const label = view.paint(dim, padEnd(index === 0 ? 'evidence' : '', labelWidth));
        return `${label}${cutEnd(`${lines} ${said(text, view, 400)}`, room, view.glyphs.cut)}`;
      }),
    ...(remedy === null ? [] : labelled('remedy', said(remedy, view, 800), view)),
    ...(isPermanent ? labelled('restart', "can't mend it", view) : []),
  ];
}

/** What says the same stands once, with all its lines. */
function linesByText(evidence: LogDiagnosis['evidence']): {readonly lines: string; readonly text: string}[] {
  const places = new Map<string, string[]>();
  for (const {line, text} of evidence) places.set(text, [...(places.get(text) ?? []), `:${line}`]);
  return [...places].map(([text, lines]) => ({lines: lines.slice(0, 4).join(' '), text}));
}

/** `--compare`: what B says that A did not, and how sure that is. */
export function renderComparison({a, b, changes}: Comparison, view: View, top: number): string[] {
  const lines = [...sideLines('A', a, view), ...sideLines('B', b, view)];
  if (changes.length === 0)
    return [...lines, `${paintMark(view.paint, view.glyphs, 'good')} no difference that chance would not make`];
  const widest = Math.max(...changes.map((change) => countsOf(change).length));
  for (const kind of ['new', 'more', 'less', 'gone'] as const) {
    const some = changes.filter((change) => change.kind === kind);
    for (const [index, change] of some.slice(0, top).entries())
      lines.push(changeLine(change, index === 0 ? kind : '', widest, view));
    if (some.length > top) lines.push(`${' '.repeat(labelWidth)}and ${some.length - top} more: --top ${some.length}`);
  }
  return lines;
}

function sideLines(name: string, {sources, events, from, to}: Comparison['a'], view: View): string[] {
  const logs = sources.length === 1 ? `${said(sources[0]?.name ?? '', view, 60)}, ` : `${sources.length} logs, `;
  const span =
    from === null || to === null ? '' : `, ${formatDateTime(new Date(from))} for ${formatDuration(to - from)}`;
  return labelled(name, `${logs}${grouped(events)} events${span}`, view);
}

/** In B, and what its length makes of A's number. */
function countsOf({kind, countB, expectedB}: TemplateChange): string {
  return kind === 'new' ? `${grouped(countB)}, before none` : `${grouped(countB)} instead of ${grouped(expectedB)}`;
}

function changeLine(change: TemplateChange, label: string, widest: number, view: View): string {
  const {text, level, significance} = change;
  const mark =
    level === 'CRITICAL' || level === 'ERROR'
      ? paintMark(view.paint, view.glyphs, 'failed')
      : level === 'WARNING'
        ? paintMark(view.paint, view.glyphs, 'degraded')
        : ' ';
  const chance = significance < 0.001 ? 'p<0.001' : `p=${significance.toFixed(3)}`;
  const head = `${padEnd(countsOf(change), widest)}  ${chance}  `;
  const room = width(view) - labelWidth - 2;
  return `${view.paint(dim, padEnd(label, labelWidth))}${mark} ${cutEnd(`${head}${said(text, view, 1000)}`, room, view.glyphs.cut)}`;
}
