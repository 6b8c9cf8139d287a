import type {LogTemplate, Spot} from '../../lib/core/logs/analysis.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {countOf, formatDuration, formatShare, formatSize, formatTime} from '../../lib/core/report/format.js';
import type {Mark} from '../../lib/core/report/status.js';
import {bold, dim, paintMark} from '../render/colour.js';
import {hanging, type View} from '../render/table.js';
import {cellWidth, cutEnd, padEnd, padStart, wrap} from '../render/width.js';
import {levelLines} from './level-chart.js';
import {
  certaintyOf,
  furtherEvidence,
  grouped,
  labelWidth,
  placeOf,
  said,
  shareOf,
  stretchesOf,
  timeIn,
} from './wording.js';

export interface ReportOptions {
  /** Templates that are listed. */
  readonly top: number;
}

/** Told in full; the others in one row each. */
const mostFindings = 8;
const mostRows = 20;
const mostStretches = 12;
/** Evidence beside the first sign and the end. */
const mostEvidence = 2;

/** The report for a terminal: what happened first, then what there was. */
export function renderReport(report: LogReport, view: View, {top}: ReportOptions): string[] {
  return [
    ...spanLines(report, view),
    ...sourceLines(report, view),
    ...levelLines(report, view),
    ...report.incidents.slice(0, mostFindings).flatMap((incident) => incidentLines(incident, report, view)),
    ...timelineLines(report, view),
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
const markCells = 2;
/** A row with its label; what is too long is cut, not wrapped. */
const row = (label: string, text: string, view: View, mark: Mark | null = null): string =>
  `${headOf(label, view, mark)}${cutEnd(text, width(view) - labelWidth - (mark === null ? 0 : markCells), view.glyphs.cut)}`;
/** Prose is wrapped below itself. */
const prose = (label: string, text: string, view: View, mark: Mark | null = null): string[] =>
  hanging(headOf(label, view, mark), labelWidth + (mark === null ? 0 : markCells), text, view.columns);
/** Codes of colours take no cells, so they must not be in what is cut or wrapped. */
const headOf = (label: string, view: View, mark: Mark | null): string =>
  `${view.paint(dim, padEnd(label, labelWidth))}${mark === null ? '' : `${paintMark(view.paint, view.glyphs, mark)} `}`;

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
  return wrap([counts, span, ...more].join(', '), width(view));
}

/** Only what a reader should know of a source. */
function sourceLines({analysis}: LogReport, view: View): string[] {
  return analysis.sources.flatMap(({name, notes, encoding}) =>
    [...notes, ...(encoding === 'utf-8' ? [] : [`in ${encoding}`])].map((note) =>
      row('note', `${said(name, view)}: ${said(note, view)}`, view),
    ),
  );
}

const markOf = ({isOver}: Incident): Mark => (isOver ? 'acting' : 'failed');

/** `, 09:05:36 for 36m23s`, or what its stretches add up to: between them all was well. */
function spanOf(incident: Incident, report: LogReport, view: View): string {
  const stretches = stretchesOf(incident);
  const [first] = stretches;
  if (first === undefined) return '';
  const sum = stretches.reduce((ms, {from, to}) => ms + to - from, 0);
  const begin = timeIn(incident.from ?? first.from, report, view);
  return stretches.length === 1
    ? `, ${begin} for ${formatDuration(sum)}`
    : `, ${stretches.length} times from ${begin}, ${formatDuration(sum)} in all`;
}

function incidentLines(incident: Incident, report: LogReport, view: View): string[] {
  const {first, end, diagnosis} = incident;
  const title = `${said(incident.title, view, 300)}${spanOf(incident, report, view)}`;
  const lines = prose('finding', title, view, markOf(incident));
  const quote = (label: string, spot: Spot, text: string, more = ''): void =>
    void lines.push(quoteLine(label, placeOf(spot, report), clockIn(spot.time, incident, view), text, more, view));
  quote('first', first.spot, first.text);
  if (end !== null) {
    const ends = (incident.spells ?? []).flatMap((spell) => (spell.end === null ? [] : [spell.end]));
    const others = ends.slice(1, 5).map((one) => placeOf(one, report));
    const more = others.length === 0 ? '' : `; ${others.join(', ')}`;
    quote('end', ends[0] ?? end.spot, end.text, more);
  }
  for (const {spot, text} of furtherEvidence(incident, mostEvidence)) quote('also', spot, text);
  const key = incident.templates[0];
  if (key !== undefined && key.count > 1)
    lines.push(row('', `seen  ${grouped(key.count)} x ${said(key.text, view, 300)} (${key.id})`, view));
  lines.push(...causeLines(diagnosis, view));
  if (incident.recovery !== null) lines.push(...detail('over', incident.recovery, view));
  const next = incident.next ?? diagnosis?.remedy ?? null;
  if (next !== null) lines.push(...detail('next', next, view));
  return lines;
}

/** The row of the incident has its day. */
function clockIn(time: number | null, {from}: Incident, view: View): string {
  return time === null ? view.glyphs.none : formatTime(new Date(time), new Date(from ?? time));
}

/** `first :12  09:05:36 Health-Check fehlgeschlagen: …`; of a narrow row its words go first. */
function quoteLine(label: string, place: string, clock: string, text: string, more: string, view: View): string {
  const head = `${padEnd(label, 6)}${place}  ${clock} `;
  const room = Math.max(8, width(view) - labelWidth - cellWidth(head) - cellWidth(more));
  return row('', `${head}${said(text, view, Math.min(room, 400))}${more}`, view);
}

function causeLines(diagnosis: LogDiagnosis | null, view: View): string[] {
  if (diagnosis === null || diagnosis.cause === null)
    return detail('cause', 'unknown: nothing in these logs names it', view);
  const words = diagnosis.explanation === '' ? '' : `: ${diagnosis.explanation}`;
  return detail('cause', `${certaintyOf(diagnosis.confidence)} ${diagnosis.cause}${words}`, view);
}

const detail = (label: string, text: string, view: View): string[] =>
  hanging(`${' '.repeat(labelWidth)}${padEnd(label, 6)}`, labelWidth + 6, said(text, view, 600), view.columns);

/** That there are none, the stretches of what came several times, and what is not told in full. */
function timelineLines(report: LogReport, view: View): string[] {
  const {incidents, analysis} = report;
  if (incidents.length === 0) return analysis.events === 0 ? [] : [row('incidents', 'none found', view, 'good')];
  const stretches = incidents
    .map(stretchesOf)
    .filter(({length}) => length > 1)
    .flat()
    .toSorted((a, b) => a.from - b.from);
  const shown = stretches
    .slice(0, mostStretches)
    .map(({from, to}) => `${timeIn(from, report, view)} ${formatDuration(to - from)}`);
  const more = stretches.length > mostStretches ? `, and ${stretches.length - mostStretches} more` : '';
  return [
    ...(shown.length === 0 ? [] : prose('incidents', `${shown.join(', ')}${more}`, view)),
    ...furtherIncidents(report, view),
  ];
}

function furtherIncidents(report: LogReport, view: View): string[] {
  const others = report.incidents.slice(mostFindings);
  const lines = others.slice(0, mostRows).map((incident, index) => {
    const title = `${said(incident.title, view, 300)}${spanOf(incident, report, view)}`;
    return row(index === 0 ? 'further' : '', title, view, markOf(incident));
  });
  if (others.length > mostRows) lines.push(row('', `and ${others.length - mostRows} more: --json has all`, view));
  return lines;
}

function gapLines(report: LogReport, view: View): string[] {
  const {gaps} = report.analysis;
  if (gaps.length === 0) return [];
  const shown = gaps.slice(0, 6).map(({after, ms}) => {
    const place = after.line === 0 ? timeIn(after.time, report, view) : placeOf(after, report);
    return `${formatDuration(ms)} after ${place}`;
  });
  return prose('gaps', `${shown.join(', ')}${gaps.length > 6 ? `, and ${gaps.length - 6} more` : ''}`, view);
}

function templateLines({analysis}: LogReport, view: View, top: number): string[] {
  const {templates, events} = analysis;
  const widest = grouped(templates[0]?.count ?? 0).length;
  const lines = templates.slice(0, top).map((template, index) => {
    const head = `${padStart(grouped(template.count), widest)} ${padStart(`(${shareOf(template.count, events)})`, 7)} ${template.id} `;
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
        `${shareOf(failed, count)} of ${grouped(count)}  ${method} ${said(path, view, 120)}`,
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
      ...(mtbfMs === null ? [] : [`fails every ${formatDuration(mtbfMs)} (MTBF)`]),
      ...(mttrMs === null ? [] : [`back after ${formatDuration(mttrMs)} (MTTR)`]),
    ];
    return prose(index === 0 ? 'lives' : '', `${said(name, view, 40)}: ${parts.join(', ')}`, view);
  });
}

function nextLines({next}: LogReport, view: View): string[] {
  const room = view.columns === null ? Number.POSITIVE_INFINITY : view.columns - labelWidth;
  return next.slice(0, 4).flatMap((step, index) =>
    wrap(said(step, view, 300), room).map((line, at) => {
      const label = index === 0 && at === 0 ? 'next' : '';
      return `${view.paint(dim, padEnd(label, labelWidth))}${view.paint(bold, line)}`;
    }),
  );
}
