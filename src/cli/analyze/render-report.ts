import {type LogLevel, logLevels, type LogTemplate, type Spot} from '../../lib/core/logs/analysis.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {countOf, formatDuration, formatShare, formatSize} from '../../lib/core/report/format.js';
import {bold, dim, paintMark} from '../render/colour.js';
import {hanging, type View} from '../render/table.js';
import {cutEnd, padEnd, padStart} from '../render/width.js';
import {sparkline} from './sparkline.js';
import {grouped, isUtf8, placeOf, said, timeIn} from './wording.js';

export interface ReportOptions {
  /** Templates that are listed. */
  readonly top: number;
}

const labelWidth = 11;
const usualColumns = 80;

/** The report for a terminal: what happened first, then what there was. */
export function renderReport(report: LogReport, view: View, {top}: ReportOptions): string[] {
  return [
    ...spanLines(report, view),
    ...sourceLines(report, view),
    ...levelLines(report, view),
    ...report.incidents.flatMap((incident) => incidentLines(incident, report, view)),
    ...(report.incidents.length === 0 && report.analysis.events > 0
      ? [row('incidents', `${paintMark(view.paint, view.glyphs, 'good')} none found`, view)]
      : timelineLines(report, view)),
    ...gapLines(report, view),
    ...templateLines(report, view, top),
    ...changeLines(report, view),
    ...burstLines(report, view),
    ...endpointLines(report, view),
    ...reliabilityLines(report, view),
    ...nextLines(report, view),
  ];
}

const width = (view: View): number => view.columns ?? Number.POSITIVE_INFINITY;
/** A row with its label; what is too long is cut, not wrapped. */
const row = (label: string, text: string, view: View): string =>
  `${view.paint(dim, padEnd(label, labelWidth))}${cutEnd(text, width(view) - labelWidth, view.glyphs.cut)}`;
/** Prose is wrapped below itself. */
const prose = (label: string, text: string, view: View, indent = labelWidth): string[] => {
  const [first = '', ...rest] = hanging(padEnd(label, indent), indent, text, view.columns);
  return [`${view.paint(dim, first.slice(0, indent))}${first.slice(indent)}`, ...rest];
};

function spanLines({analysis, runs}: LogReport, view: View): string[] {
  const {lines, events, from, to, sources} = analysis;
  const counts = `${grouped(lines)} ${lines === 1 ? 'line' : 'lines'}, ${grouped(events)} ${events === 1 ? 'event' : 'events'}`;
  const span =
    from === null || to === null
      ? 'without times'
      : `${timeIn(from, {analysis}, view)} to ${timeIn(to, {analysis}, view)} (${formatDuration(to - from)})`;
  const more = [
    ...(sources.length > 1 ? [`${sources.length} logs, ${formatSize(analysis.bytes)}`] : []),
    ...(runs > 1 ? [`${runs} runs`] : []),
  ];
  return [[counts, span, ...more].join(', ')];
}

/** Only what a reader should know of a source. */
function sourceLines({analysis}: LogReport, view: View): string[] {
  return analysis.sources.flatMap(({name, notes, encoding}) =>
    [...notes, ...(encoding === 'utf-8' ? [] : [`in ${encoding}`])].map((note) =>
      row('note', `${said(name, view)}: ${note}`, view),
    ),
  );
}

function levelLines({analysis}: LogReport, view: View): string[] {
  const {levels, levelSeries, from, to, bucketMs} = analysis;
  const names: (LogLevel | 'none')[] = [...logLevels.toReversed(), 'none'];
  const present = names.filter((name) => levels[name] > 0);
  const order = present.toSorted((a, b) => rank(a) - rank(b));
  const shown = order.map((name) => `${name === 'none' ? 'without' : name} ${grouped(levels[name])}`);
  const lines = [row('levels', shown.join('  '), view)];
  if (from === null || to === null || to - from < bucketMs * 3) return lines;
  const first = Math.floor(from / bucketMs);
  const last = Math.floor(to / bucketMs);
  const room = Math.max(20, Math.min(60, (view.columns ?? usualColumns) - labelWidth - 10));
  const columns = Math.min(room, last - first + 1);
  for (const name of order.filter((one) => one !== 'none' && one !== 'DEBUG'))
    lines.push(
      `${view.paint(dim, padEnd(`  ${name.toLowerCase()}`, labelWidth))}${sparkline(levelSeries[name], first, last, columns, isUtf8(view)).trimEnd()}`,
    );
  const begin = timeIn(from, {analysis}, view);
  const end = timeIn(to, {analysis}, view);
  if (columns >= begin.length + end.length + 2)
    lines.push(view.paint(dim, `${' '.repeat(labelWidth)}${begin}${padStart(end, columns - begin.length)}`));
  return lines;
}

const rank = (name: LogLevel | 'none'): number => (name === 'none' ? 9 : 4 - logLevels.indexOf(name));

const certaintyOf = (confidence: number): string =>
  confidence >= 0.9 ? 'certain' : confidence >= 0.6 ? 'likely' : 'perhaps';

function incidentLines(incident: Incident, report: LogReport, view: View): string[] {
  const mark = paintMark(view.paint, view.glyphs, incident.isOver ? 'acting' : 'failed');
  const {first, end, diagnosis} = incident;
  const span =
    incident.from === null || incident.to === null
      ? ''
      : `, ${timeIn(incident.from, report, view)} for ${formatDuration(Math.max(0, incident.to - incident.from))}`;
  const lines = [...prose('finding', `${mark} ${said(incident.title, view, 300)}${span}`, view)];
  const spot = (label: string, where: Spot, text: string, more = ''): void => {
    const head = `${padEnd(label, 6)}${placeOf(where, report)}  ${timeIn(where.time, report, view)} `;
    const room = Math.max(20, width(view) - labelWidth - head.length - more.length);
    lines.push(row('', `${head}${said(text, view, Math.min(room, 400))}${more}`, view));
  };
  spot('first', first.spot, first.text);
  if (end !== null) {
    const ends = (incident.spells ?? []).flatMap((spell) => (spell.end === null ? [] : [spell.end]));
    const others = ends.slice(1, 5).map((one) => placeOf(one, report));
    spot('end', ends[0] ?? end.spot, end.text, others.length === 0 ? '' : `; ${others.join(', ')}`);
  }
  const key = incident.templates[0];
  if (key !== undefined && !first.text.includes(key.text.slice(0, 40)) && key.count > 1)
    lines.push(row('', `seen  ${grouped(key.count)} x ${said(key.text, view, 300)} (${key.id})`, view));
  lines.push(...causeLines(diagnosis, view));
  if (incident.recovery !== null) lines.push(...detail('over', incident.recovery, view));
  const next = incident.next ?? diagnosis?.remedy ?? null;
  if (next !== null) lines.push(...detail('next', next, view));
  return lines;
}

function causeLines(diagnosis: LogDiagnosis | null, view: View): string[] {
  if (diagnosis === null || diagnosis.cause === null)
    return detail('cause', 'unknown: nothing in the log names it', view);
  const words = diagnosis.explanation === '' ? '' : `: ${diagnosis.explanation}`;
  return detail('cause', `${certaintyOf(diagnosis.confidence)} ${diagnosis.cause}${words}`, view);
}

const detail = (label: string, text: string, view: View): string[] =>
  hanging(`${' '.repeat(labelWidth)}${padEnd(label, 6)}`, labelWidth + 6, said(text, view, 600), view.columns);

function timelineLines(report: LogReport, view: View): string[] {
  const stretches = report.incidents
    .flatMap(({from, to, spells}): readonly {readonly from: number; readonly to: number}[] =>
      spells === undefined || spells.length === 0 ? (from === null || to === null ? [] : [{from, to}]) : spells,
    )
    .toSorted((a, b) => a.from - b.from);
  if (stretches.length === 0) return [];
  const shown = stretches
    .slice(0, 12)
    .map(({from, to}) => `${timeIn(from, report, view)} ${formatDuration(to - from)}`);
  const rest = stretches.length > 12 ? `, and ${stretches.length - 12} more` : '';
  return prose('incidents', `${shown.join(', ')}${rest}`, view);
}

function gapLines(report: LogReport, view: View): string[] {
  const {gaps} = report.analysis;
  if (gaps.length === 0) return [];
  const shown = gaps.slice(0, 6).map(({after, ms}) => `${formatDuration(ms)} after ${placeOf(after, report)}`);
  return prose('gaps', `${shown.join(', ')}${gaps.length > 6 ? `, and ${gaps.length - 6} more` : ''}`, view);
}

function templateLines({analysis}: LogReport, view: View, top: number): string[] {
  const {templates, events} = analysis;
  const widest = grouped(templates[0]?.count ?? 0).length;
  const lines = templates.slice(0, top).map((template, index) => {
    const head = `${padStart(grouped(template.count), widest)} ${padStart(`(${formatShare(template.count / events)})`, 7)} ${template.id} `;
    const room = width(view) - labelWidth - head.length - 2;
    return `${view.paint(dim, padEnd(index === 0 ? 'templates' : '', labelWidth))}${head}${levelMark(template, view)} ${said(template.text, view, room)}`;
  });
  if (templates.length > top) {
    const rest = templates.slice(top).reduce((sum, {count}) => sum + count, 0);
    lines.push(
      row(
        '',
        `${countOf(templates.length - top, 'more template')}, ${grouped(rest)} events: --top ${templates.length}`,
        view,
      ),
    );
  }
  return lines;
}

function levelMark({level}: LogTemplate, view: View): string {
  if (level === 'CRITICAL' || level === 'ERROR') return paintMark(view.paint, view.glyphs, 'failed');
  return level === 'WARNING' ? paintMark(view.paint, view.glyphs, 'degraded') : ' ';
}

/** What an incident tells already. */
const toldIds = ({incidents}: LogReport): ReadonlySet<string> =>
  new Set(incidents.flatMap(({templates}) => templates.map(({id}) => id)));

function changeLines(report: LogReport, view: View): string[] {
  const told = toldIds(report);
  const show = (label: string, some: LogReport['appeared'], word: string): string[] =>
    some
      .filter(({template}) => !told.has(template.id))
      .slice(0, 5)
      .map(({template, at}, index) => {
        const head = `${timeIn(at, report, view)} ${grouped(template.count)} x `;
        return row(index === 0 ? label : '', `${word}${head}${said(template.text, view, 300)}`, view);
      });
  return [...show('new', report.appeared, ''), ...show('vanished', report.vanished, 'last ')];
}

function burstLines(report: LogReport, view: View): string[] {
  const told = toldIds(report);
  return report.bursts
    .filter(({template}) => !told.has(template))
    .slice(0, 5)
    .map(({template, from, to, count, usual}, index) => {
      const text =
        report.analysis.templates.find(({id, text: one}) => id === template || one === template)?.text ?? template;
      const head = `${timeIn(from, report, view)} ${formatDuration(Math.max(60_000, to - from))}: ${grouped(count)} instead of ${grouped(usual)}  `;
      return row(index === 0 ? 'bursts' : '', `${head}${said(text, view, 300)}`, view);
    });
}

function endpointLines({analysis}: LogReport, view: View): string[] {
  const failing = analysis.endpoints
    .filter(({failed}) => failed > 0)
    .toSorted((a, b) => b.failed - a.failed)
    .slice(0, 4);
  const slow = analysis.endpoints
    .filter(({duration}) => duration !== null)
    .toSorted((a, b) => (b.duration?.p95 ?? 0) - (a.duration?.p95 ?? 0))
    .slice(0, 4);
  return [
    ...failing.map(({method, path, failed, count}, index) =>
      row(
        index === 0 ? 'failing' : '',
        `${formatShare(failed / count)} of ${grouped(count)}  ${method} ${said(path, view, 120)}`,
        view,
      ),
    ),
    ...slow.map(({method, path, count, duration}, index) =>
      row(
        index === 0 ? 'slowest' : '',
        `p95 ${ms(duration?.p95)}, median ${ms(duration?.p50)} of ${grouped(count)}  ${method} ${said(path, view, 120)}`,
        view,
      ),
    ),
  ];
}

const ms = (value: number | undefined): string =>
  value === undefined ? '' : value < 1000 ? `${Math.round(value)}ms` : formatDuration(value);

function reliabilityLines({reliability}: LogReport, view: View): string[] {
  const known = reliability.filter(({starts, exits, restarts}) => starts + exits + restarts > 0);
  return known.slice(0, 8).flatMap(({name, starts, exits, restarts, availability, mtbfMs, mttrMs}, index) => {
    const parts = [
      countOf(starts, 'start'),
      countOf(exits, 'exit'),
      countOf(restarts, 'restart'),
      ...(availability === null ? [] : [`available ${formatShare(availability)}`]),
      ...(mtbfMs === null ? [] : [`fails every ${formatDuration(mtbfMs)}`]),
      ...(mttrMs === null ? [] : [`back after ${formatDuration(mttrMs)}`]),
    ];
    return prose(index === 0 ? 'lives' : '', `${said(name, view, 40)}: ${parts.join(', ')}`, view);
  });
}

function nextLines({next}: LogReport, view: View): string[] {
  return next
    .slice(0, 4)
    .flatMap((step, index) => prose(index === 0 ? 'next' : '', view.paint(bold, said(step, view, 300)), view));
}
