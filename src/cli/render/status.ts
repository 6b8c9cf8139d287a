import {countOf, formatDuration, formatShare, formatSize, formatTime} from '../../lib/core/report/format.js';
import type {MovedPort, ServiceStatus, StatusDocument} from '../../lib/core/report/status.js';
import {bold, paintMark} from './colour.js';
import {diagnosed} from './diagnosed.js';
import {neutralise} from './foreign.js';
import {contextLines, forwardTable} from './forwards.js';
import type {Column, Row, View} from './table.js';
import {hanging, indented, renderTable} from './table.js';
import {cutEnd} from './width.js';

/** From this width on there is room for command and folder. */
const wideFrom = 100;

/** `erp status`: line one answers, healthy services take a line, the others explain themselves. */
export function renderStatus(document: StatusDocument, view: View): string {
  const lines = [headline(document, view), ...machineWarnings(document, view)];
  if (document.services.length > 0) lines.push(...serviceTable(document.services, view));
  lines.push(...contextLines(document.contexts ?? [], view, {all: false}));
  if ((document.forwards ?? []).length > 0)
    lines.push(...forwardTable(document.forwards ?? [], document.contexts ?? [], view));
  return `${lines.join('\n')}\n`;
}

/** What the machine lacks, before what the services say. */
function machineWarnings({machine}: StatusDocument, view: View): string[] {
  return (machine?.warnings ?? []).flatMap(({text}) =>
    hanging(`${paintMark(view.paint, view.glyphs, 'degraded')} `, 2, `machine: ${neutralise(text)}`, view.columns),
  );
}

export function headline(document: StatusDocument, view: View): string {
  const {supervisor, project} = document;
  const facts =
    supervisor === null
      ? 'no supervisor runs'
      : `supervisor pid ${supervisor.pid} up ${formatDuration(supervisor.uptimeMs)}${cameBack(supervisor.returns ?? 0)}`;
  const age =
    document.sampledAt === null
      ? ''
      : `, sampled ${formatDuration(Math.max(0, view.now.getTime() - Date.parse(document.sampledAt)))} ago`;
  const words = `${document.overall}  ${neutralise(project.name)}${project.instance === null ? '' : ` (${neutralise(project.instance)})`}, ${facts}${age}`;
  const kept = view.columns === null ? words : cutEnd(words, view.columns - 2, view.glyphs.cut);
  const answer = kept.startsWith(document.overall)
    ? view.paint(bold, document.overall) + kept.slice(document.overall.length)
    : kept;
  return `${paintMark(view.paint, view.glyphs, document.mark)} ${answer}`;
}

/** A supervisor that is killed again and again is back each time; nobody would notice. */
function cameBack(returns: number): string {
  return returns === 0 ? '' : ` (came back ${returns === 1 ? 'once' : `${returns} times`} in the last hour)`;
}

export function serviceTable(services: readonly ServiceStatus[], view: View): string[] {
  const wide = view.columns === null || view.columns >= wideFrom;
  const hasCommand = wide && services.some((service) => service.command != null);
  const hasFolder = wide && services.some((service) => service.folder != null);
  const columns: Column[] = [
    {title: 'SERVICE', align: 'left', cut: true},
    {title: 'STATE', align: 'left'},
    {title: 'HEALTH', align: 'left'},
    {title: 'PORT', align: 'right'},
    {title: 'PID', align: 'right', drop: 1},
    {title: 'UPTIME', align: 'right', drop: 2},
    {title: 'RESTARTS', align: 'right'},
    {title: 'CPU', align: 'right', drop: 3},
    {title: 'MEM', align: 'right', drop: 4},
    ...(hasCommand ? [{title: 'COMMAND', align: 'left', drop: 5, cut: true} as const] : []),
    ...(hasFolder ? [{title: 'FOLDER', align: 'left', drop: 6, cut: true} as const] : []),
  ];
  const rows = services.map(
    (service): Row => ({
      mark: service.mark,
      cells: [
        neutralise(service.name),
        service.state,
        service.state === 'ready' && service.health !== 'unknown' ? service.health : null,
        portCell(service, view),
        service.pid === null ? null : String(service.pid),
        service.uptimeMs === null ? null : formatDuration(service.uptimeMs),
        service.kind === 'external' || service.observed !== null
          ? null
          : `${service.restartsUsed} / ${service.maxRestarts}`,
        service.cpuRatio === null ? null : formatShare(service.cpuRatio),
        service.memoryBytes === null ? null : formatSize(service.memoryBytes),
        ...(hasCommand
          ? [service.command == null ? null : cutEnd(neutralise(service.command), 60, view.glyphs.cut)]
          : []),
        ...(hasFolder ? [service.folder == null ? null : neutralise(service.folder)] : []),
      ],
      below: explanation(service, view),
    }),
  );
  return renderTable(columns, rows, view);
}

/** A port has a mark of its own: an alternative is told even where everybody has followed. */
function portCell({port, moved}: ServiceStatus, view: View): string | null {
  if (port === null) return null;
  return moved == null ? String(port) : `${view.glyphs.marks.degraded} ${port}`;
}

/** Why a service is not simply well: whose turn it is, the cause with evidence, the remedy. */
export function explanation(service: ServiceStatus, view: View): string[] {
  const lines: string[] = [];
  if (service.moved != null) lines.push(movedLine(service.moved, view));
  else if (service.port !== null && service.primaryPort !== null && service.port !== service.primaryPort) {
    lines.push(`${service.port} instead of ${service.primaryPort}${said(service.portNote)}`);
  } else if (service.portNote !== null) {
    lines.push(neutralise(service.portNote));
  }
  if (service.borrowed) lines.push('not ours: it ran before (ifRunning: use); erp watches it, and never stops it');
  if (service.mark === 'good') return lines;
  if (service.moved?.public === true && service.moved.primaryState !== 'free' && service.moved.remedy !== null)
    lines.push(`remedy: ${neutralise(service.moved.remedy)}`);
  const next = service.nextTryInMs === null ? null : `next try in ${formatDuration(service.nextTryInMs)}`;
  if (service.diagnosis !== null) lines.push(joined([diagnosed(service.diagnosis, view), next]));
  if (service.note !== null && !isSaid(service)) lines.push(neutralise(service.note));
  for (const {text} of service.warnings ?? []) lines.push(neutralise(text));
  if (service.lastExit !== null && service.state !== 'stopped') lines.push(lastExit(service.lastExit, view));
  if (service.diagnosis === null) {
    if (service.state === 'failed') lines.push(joined(['cause unknown', next]));
    else if (next !== null) lines.push(next);
    if (service.lastErrorLine !== null && service.state !== 'stopped') {
      lines.push(`last words: ${cutEnd(neutralise(service.lastErrorLine), 200, view.glyphs.cut)}`);
    }
  }
  if (service.unstable && service.note?.includes('unstable') !== true)
    lines.push(`unstable: ${countOf(service.totalRestarts, 'restart')} so far`);
  if (service.observed !== null) lines.push(`only observed: ${neutralise(service.observed)}`);
  if (service.diagnosis?.remedy != null) lines.push(`remedy: ${neutralise(service.diagnosis.remedy)}`);
  if (service.mark === 'failed') lines.push(`your turn; then: erp restart ${service.name}`);
  return lines;
}

/** `8001 instead of 8000, held by python3 (pid 812, user ops1), from 09:41:08` */
function movedLine({text, holder}: MovedPort, view: View): string {
  const from = holder?.startedAt == null ? '' : `, from ${formatTime(new Date(holder.startedAt), view.now)}`;
  return neutralise(`${text}${from}`);
}

/** An unhealthy answer is the note and the evidence. */
const isSaid = ({note, diagnosis, health}: ServiceStatus) =>
  diagnosis !== null && diagnosis.evidence.some((words) => note === `${health}: ${words}`);

const said = (note: string | null) => (note === null ? '' : `, ${neutralise(note)}`);
const joined = (parts: readonly (string | null)[]) => parts.filter((part) => part !== null).join('; ');

function lastExit(exit: NonNullable<ServiceStatus['lastExit']>, view: View): string {
  const away = exit.awayMs === null ? '' : `, away ${formatDuration(exit.awayMs)}`;
  return `last exit: ${neutralise(exit.text)}, ${formatTime(new Date(exit.at), view.now)}${away}`;
}

/** `erp status SERVICE`: one page. */
export function renderService(service: ServiceStatus, view: View): string {
  const time = (iso: string | null) => (iso === null ? null : formatTime(new Date(iso), view.now));
  const below = explanation(service, view);
  const health = service.health === 'unknown' ? '' : `, ${service.health}`;
  const facts: [string, string | null][] = [
    [
      'kind',
      [service.kind, service.role, service.critical ? 'critical' : null].filter((part) => part !== null).join(', '),
    ],
    ['port', service.port === null ? null : `${service.port}${listenerWords(service)}`],
    ['url', service.url == null ? null : neutralise(service.url)],
    ['primary', service.moved == null ? null : primaryWords(service.moved)],
    ['pid', service.pid === null ? null : `${service.pid}, incarnation ${service.incarnation}`],
    [
      'started',
      service.startedAt === null
        ? null
        : `${time(service.startedAt)}${service.uptimeMs === null ? '' : `, ${formatDuration(service.uptimeMs)} ago`}`,
    ],
    ['answered', time(service.answeredAt)],
    ['restarts', `${service.restartsUsed} of ${service.maxRestarts} used, ${service.totalRestarts} in all`],
    ['cpu', service.cpuRatio === null ? null : formatShare(service.cpuRatio)],
    ['memory', service.memoryBytes === null ? null : formatSize(service.memoryBytes)],
    ['limit', service.maxMemoryBytes == null ? null : `restarted above ${formatSize(service.maxMemoryBytes)}`],
    ['schedule', service.schedule == null ? null : scheduleWords(service.schedule, view)],
    ['restarted', service.lastRestart == null ? null : restartWords(service.lastRestart, view)],
    ['waits for', service.waitsFor.length === 0 ? null : service.waitsFor.join(', ')],
    [
      'last exit',
      service.lastExit === null || below.some((line) => line.startsWith('last exit: '))
        ? null
        : lastExit(service.lastExit, view).replace('last exit: ', ''),
    ],
    ['command', service.command == null ? null : neutralise(service.command)],
    ['folder', service.folder == null ? null : neutralise(service.folder)],
  ];
  const title = cutEnd(
    `${neutralise(service.name)}  ${service.state}${health}`,
    (view.columns ?? Number.POSITIVE_INFINITY) - 2,
    view.glyphs.cut,
  );
  const lines = [`${paintMark(view.paint, view.glyphs, service.mark)} ${view.paint(bold, title)}`];
  for (const line of below) lines.push(...indented(line, 2, view.columns));
  for (const [label, value] of facts) {
    if (value === null) continue;
    lines.push(...hanging(`  ${label.padEnd(11)}`, 13, value, view.columns));
  }
  return `${lines.join('\n')}\n`;
}

function primaryWords({primary, primaryState, holder}: MovedPort): string {
  if (primaryState === 'free') return `${primary}, free again`;
  if (holder === null) return `${primary}, ${primaryState === 'taken' ? 'taken, owner unknown' : 'not looked at yet'}`;
  const who = holder.service ?? holder.name ?? 'a process that can not be read';
  const command = holder.command === null ? '' : `: ${holder.command}`;
  return neutralise(`${primary}, held by ${who}${holder.pid === null ? '' : `, pid ${holder.pid}`}${command}`);
}

function scheduleWords({expression, timezone, nextAt}: NonNullable<ServiceStatus['schedule']>, view: View): string {
  const next = nextAt === null ? 'never' : `next ${formatTime(new Date(nextAt), view.now)}`;
  return `restarted at ${neutralise(expression)}${timezone === null ? '' : ` (${neutralise(timezone)})`}, ${next}`;
}

function restartWords({at, reason, text}: NonNullable<ServiceStatus['lastRestart']>, view: View): string {
  return `${formatTime(new Date(at), view.now)}, ${reason}${text === null ? '' : `: ${neutralise(text)}`}`;
}

function listenerWords(service: ServiceStatus): string {
  switch (service.listener) {
    case 'own':
      return ', its own listener';
    case 'foreign':
      return ', held by a stranger';
    case 'not-verified':
      return ', listener not verified';
    case null:
      return '';
  }
}
