import {logLevels, type Spot} from '../../lib/core/logs/analysis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {countOf, formatDateTime, formatDuration, formatShare} from '../../lib/core/report/format.js';
import {neutralise} from '../render/foreign.js';
import {certaintyOf, furtherEvidence, grouped, placeOf, shareOf} from './wording.js';

const mostEvidence = 4;
/** Told in full; a ticket has its limits. */
const mostIncidents = 20;
const mostEndpoints = 10;

/** For tickets and pull requests. */
export function renderMarkdown(report: LogReport, {top}: {readonly top: number}): string {
  const {analysis, incidents, next, reliability} = report;
  const {from, to, events, lines, levels} = analysis;
  const span =
    from === null || to === null ? 'without times' : `${at(from)} to ${at(to)} (${formatDuration(to - from)})`;
  const parts = [
    '# Log analysis',
    `${grouped(lines)} lines, ${grouped(events)} events, ${span}. Logs: ${analysis.sources.map(({name}) => code(name)).join(', ')}.`,
    `Levels: ${
      [...logLevels]
        .reverse()
        .filter((level) => levels[level] > 0)
        .map((level) => `${level} ${grouped(levels[level])}`)
        .join(', ') || 'none named'
    }.`,
    '## Incidents',
    ...(incidents.length === 0
      ? ['None found.']
      : incidents.slice(0, mostIncidents).map((incident, index) => incidentPart(incident, index + 1, report))),
    ...(incidents.length > mostIncidents ? [`and ${incidents.length - mostIncidents} more`] : []),
    '## Templates',
    table(
      ['count', 'share', 'level', 'template', 'id'],
      analysis.templates
        .slice(0, top)
        .map(({count, level, text, id}) => [grouped(count), shareOf(count, events), level ?? '', code(text), id]),
    ),
    ...endpointParts(report),
    ...(reliability.length === 0
      ? []
      : [
          '## Lives',
          table(
            ['program', 'starts', 'exits', 'restarts', 'available'],
            reliability.map(({name, starts, exits, restarts, availability}) => [
              escaped(name),
              String(starts),
              String(exits),
              String(restarts),
              availability === null ? '' : formatShare(availability),
            ]),
          ),
        ]),
    ...(next.length === 0 ? [] : ['## Next', next.map((step) => `- ${escaped(step)}`).join('\n')]),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The failing ones, then the slowest. */
function endpointParts({analysis}: LogReport): string[] {
  const some = analysis.endpoints
    .filter(({failed, duration}) => failed > 0 || duration !== null)
    .toSorted((a, b) => b.failed - a.failed || (b.duration?.p95 ?? 0) - (a.duration?.p95 ?? 0))
    .slice(0, mostEndpoints);
  if (some.length === 0) return [];
  const rows = some.map(({method, path, count, failed, duration}) => [
    code(`${method} ${path}`),
    grouped(count),
    failed === 0 ? '' : `${grouped(failed)} (${shareOf(failed, count)})`,
    duration === null ? '' : `${grouped(duration.p95)} ms`,
  ]);
  return ['## Endpoints', table(['request', 'count', 'failed', 'p95'], rows)];
}

const at = (time: number): string => formatDateTime(new Date(time));

function incidentPart(incident: Incident, number: number, report: LogReport): string {
  const {title, kind, from, to, isOver, first, end, diagnosis, recovery, next} = incident;
  const spot = (where: Spot, text: string): string =>
    `${code(placeOf(where, report) || `:${where.line}`)} ${code(text)}`;
  const rows = [
    `- kind: ${kind}${from === null || to === null ? '' : `, ${at(from)} for ${formatDuration(to - from)}`}${isOver ? '' : ', not over where the log ends'}`,
    `- first: ${spot(first.spot, first.text)}`,
    ...(end === null ? [] : [`- end: ${spot(end.spot, end.text)}`]),
    diagnosis === null || diagnosis.cause === null
      ? '- cause: unknown'
      : `- cause: **${diagnosis.cause}** (${certaintyOf(diagnosis.confidence)}): ${escaped(diagnosis.explanation)}`,
    ...furtherEvidence(incident, mostEvidence).map(({spot: where, text}) => `- evidence: ${spot(where, text)}`),
    ...(recovery === null ? [] : [`- over: ${escaped(recovery)}`]),
    ...(next === null ? [] : [`- next: ${escaped(next)}`]),
  ];
  return `### ${number}. ${escaped(title)}\n\n${rows.join('\n')}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `${countOf(0, 'row')}.`;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const oneLine = (text: string): string => neutralise(text).replace(/\s+/g, ' ').trim().slice(0, 400);
const escaped = (text: string): string => oneLine(text).replace(/[\\`*_{}[\]<>#|@]/g, '\\$&');

/** In as many backticks as it needs. */
function code(text: string): string {
  const inner = oneLine(text);
  const longest = Math.max(0, ...[...inner.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 || inner === '' ? `${fence} ${inner} ${fence}` : `${fence}${inner}${fence}`;
}
