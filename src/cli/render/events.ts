import {certainty} from '../../lib/core/diagnosis/diagnosis.js';
import {formatClock, formatDateTime} from '../../lib/core/report/format.js';
import type {ErpEvent, Mark} from '../../lib/core/report/status.js';
import {nameCodes, paintMark} from './colour.js';
import {neutralise} from './foreign.js';
import type {View} from './table.js';
import {hanging} from './table.js';
import {cutEnd, padEnd} from './width.js';

/** `[2026-05-22 09:05:33] [INFO] backend ready on 8000 after 3.4s (pid 4107)`: the form of the log. */
export function plainEvent(event: ErpEvent): string {
  const head = `[${formatDateTime(new Date(event.at))}] [${event.level}]`;
  const lines = [`${head} ${sentence(event)}`];
  for (const [label, value] of reasons(event)) lines.push(`${head}   ${label}: ${value}`);
  return lines.join('\n');
}

export function plainLine(at: Date, level: string, text: string): string {
  return `[${formatDateTime(at)}] [${level}] ${text}`;
}

/** `09:41:07 ● `, and `evidence  `. */
const margin = 11;
const labelWidth = 10;

/** As it scrolls up in the live view: time, mark, who, what; below it why. */
export function liveEvent(event: ErpEvent, nameWidth: number, view: View): string[] {
  const name = event.service === null ? '' : neutralise(event.service);
  const body = name === '' ? words(event) : `${padEnd(name, nameWidth)}  ${words(event)}`;
  const head = `${formatClock(new Date(event.at))} ${paintMark(view.paint, view.glyphs, eventMark(event))} `;
  const lines = hanging(head, margin, body, view.columns);
  for (const [label, value] of reasons(event)) {
    const begin = ' '.repeat(margin) + label.padEnd(labelWidth);
    lines.push(...hanging(begin, margin + labelWidth, value, view.columns));
  }
  return lines;
}

/** What happened without who: the runtime's texts may or may not begin with the service's name. */
function words(event: ErpEvent): string {
  const text = neutralise(event.text);
  return event.service !== null && text.startsWith(`${event.service} `) ? text.slice(event.service.length + 1) : text;
}

export function sentence(event: ErpEvent): string {
  return event.service === null ? words(event) : `${neutralise(event.service)} ${words(event)}`;
}

/** Cause, evidence, remedy: the same names on every surface. */
function reasons(event: ErpEvent): [string, string][] {
  const {diagnosis} = event;
  if (diagnosis === undefined) return [];
  const subject = diagnosis.subject === null ? '' : `: ${neutralise(diagnosis.subject)}`;
  const lines: [string, string][] = [['cause', `${diagnosis.cause} (${certainty(diagnosis)})${subject}`]];
  if (diagnosis.evidence.length > 0) {
    lines.push(['evidence', cutEnd(diagnosis.evidence.map(neutralise).join(', '), 300, '…')]);
  }
  if (diagnosis.remedy !== null)
    for (const line of diagnosis.remedy.split('\n')) lines.push(['remedy', neutralise(line)]);
  return lines;
}

export function eventMark(event: ErpEvent): Mark {
  switch (event.type) {
    case 'ready':
    case 'done':
    case 'adopted':
    case 'forward-verified':
    case 'forward-healthy':
      return 'good';
    case 'failed':
    case 'forward-needs-you':
      return 'failed';
    case 'spawned':
    case 'starting':
    case 'stopping':
    case 'restarting':
      return event.level === 'INFO' || event.level === 'DEBUG' ? 'moving' : 'acting';
    case 'exited':
    case 'hang':
    case 'backing-off':
    case 'waiting':
    case 'dependency-lost':
    case 'memory-limit':
    case 'forward-lost':
    case 'forward-broken':
      return 'acting';
    case 'connectivity':
      return event.level === 'INFO' ? 'good' : 'acting';
    case 'stopped':
    case 'forward-stopped':
      return 'stopped';
    case 'schedule':
    case 'port-followed':
    case 'returns-to-primary':
    case 'forward-returns':
      return 'moving';
    case 'port-moved':
    case 'port-outside':
      return 'degraded';
    case 'primary-free':
      return 'good';
    default:
      break;
  }
  switch (event.level) {
    case 'CRITICAL':
      return 'failed';
    case 'ERROR':
      return 'acting';
    case 'WARNING':
      return 'degraded';
    case 'INFO':
      return event.type === 'health-changed' || event.type === 'limit-warning' ? 'good' : 'unknown';
    case 'DEBUG':
      return 'unknown';
  }
}

/** In merged logs the names alternate in colour and are always printed. */
export const nameCode = (index: number): string => nameCodes[index % nameCodes.length] as string;
