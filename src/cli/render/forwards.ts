import {formatDuration, formatTime} from '../../lib/core/report/format.js';
import type {ContextStatus, ForwardStatus} from '../../lib/core/report/status.js';
import {bold, paintMark} from './colour.js';
import {diagnosed} from './diagnosed.js';
import {neutralise} from './foreign.js';
import type {Column, Row, View} from './table.js';
import {hanging, indented, renderTable} from './table.js';
import {cutEnd, padEnd} from './width.js';

const columns: readonly Column[] = [
  {title: 'FORWARD', align: 'left', cut: true},
  {title: 'STATE', align: 'left'},
  {title: 'LOCAL', align: 'right'},
  {title: 'ANSWERED', align: 'right'},
  {title: 'TARGET', align: 'left', drop: 1, cut: true},
];

/** "Up" is never shown without the age of its proof; what is not well says why below its row. */
export function forwardTable(
  forwards: readonly ForwardStatus[],
  contexts: readonly ContextStatus[],
  view: View,
): string[] {
  const told = toldOf(contexts);
  const rows = forwards.map(
    (forward): Row => ({
      mark: forward.mark,
      cells: [
        neutralise(forward.name),
        forward.state,
        forward.port === null ? null : String(forward.port),
        answered(forward),
        targetWords(forward),
      ],
      below: forwardExplanation(forward, view, told),
    }),
  );
  return renderTable(columns, rows, view);
}

/** @param sinceMs how old the document is by now: ages grow on */
export const answered = ({answeredAgoMs}: ForwardStatus, sinceMs = 0): string | null =>
  answeredAgoMs === null ? null : `${formatDuration(wholeSeconds(answeredAgoMs + sinceMs))} ago`;

/** Tenths of a second of an age that grows while one looks are noise. */
const wholeSeconds = (ms: number): number => (ms < 1000 ? ms : Math.round(ms / 1000) * 1000);

/** `svc/grafana:80, monitoring, context prod` */
export function targetWords({target, remotePort, namespace, context}: ForwardStatus): string {
  const port = remotePort === null ? '' : `:${remotePort}`;
  return neutralise(
    [`${target}${port}`, namespace, context === null ? null : `context ${context}`]
      .filter((part) => part !== null)
      .join(', '),
  );
}

/** What their contexts have said already. */
export const toldOf = (contexts: readonly ContextStatus[]): ReadonlySet<string> =>
  new Set(contexts.flatMap(({diagnosis}) => (diagnosis === null ? [] : [diagnosis.cause])));

/**
 * Cause, evidence, remedy, whose turn it is; and the last loss, however well it is now.
 * @param told causes that the reader has seen above with their evidence and remedy
 */
export function forwardExplanation(
  forward: ForwardStatus,
  view: View,
  told: ReadonlySet<string> = new Set(),
): string[] {
  const {port, primaryPort, portNote, diagnosis, note, nextTryInMs, mark, name} = forward;
  const lines: string[] = [];
  if (port !== null && port !== primaryPort)
    lines.push(neutralise(`${port} instead of ${primaryPort}${portNote === null ? '' : `: ${portNote}`}`));
  if (mark !== 'good') {
    const next = nextTryInMs === null ? null : `next try in ${formatDuration(nextTryInMs)}`;
    const isTold = diagnosis !== null && told.has(diagnosis.cause);
    const why = diagnosis === null ? null : isTold ? `${diagnosis.cause}: see above` : diagnosed(diagnosis, view);
    const facts = [why, next].filter((part) => part !== null);
    if (facts.length > 0) lines.push(facts.join('; '));
    if (note !== null) lines.push(neutralise(note));
    if (diagnosis?.remedy != null && !isTold)
      for (const line of remedyLines(diagnosis.remedy)) lines.push(`remedy: ${neutralise(line)}`);
    if (mark === 'failed')
      lines.push(`your turn; erp tries again when something has changed, or: erp restart ${neutralise(name)}`);
  }
  const loss = lossWords(forward, view);
  if (loss !== null) lines.push(loss);
  return lines;
}

/** One command or sentence a line: each can be pasted. */
export const remedyLines = (remedy: string): string[] => remedy.split('\n').filter((line) => line.trim() !== '');

/** `lost 09:41:07 no-answer, back after 1.2s` */
export function lossWords({lastLoss, restarts, totalRestarts}: ForwardStatus, view: Pick<View, 'now'>): string | null {
  if (lastLoss === null) return null;
  const {at, reason, text, recoveryMs} = lastLoss;
  const since = new Date(at);
  const end =
    recoveryMs === null
      ? `, not back yet${restarts === 0 ? '' : `, replaced ${times(restarts)}`}`
      : `, back after ${formatDuration(recoveryMs)}`;
  const often = totalRestarts > restarts && totalRestarts > 1 ? `; replaced ${times(totalRestarts)} in all` : '';
  const why = text === '' || text === reason ? '' : ` (${text})`;
  return neutralise(`lost ${formatTime(since, view.now)} ${reason}${why}${end}${often}`);
}

export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

/**
 * `▼ offline  context prod, 10.8.0.1:6443 silent for 41s. Internet is there: VPN?`
 * @param all also those that are well
 */
export function contextLines(contexts: readonly ContextStatus[], view: View, {all}: {all: boolean}): string[] {
  return contexts.flatMap((context) => {
    if (!all && (context.state === 'online' || context.state === 'unknown') && context.diagnosis === null) return [];
    const head = `${paintMark(view.paint, view.glyphs, context.mark)} ${view.paint(bold, padEnd(context.state, 7))}  `;
    const lines = hanging(head, 11, contextWords(context, view), view.columns);
    // The sentence may end with it.
    const isSaid = (line: string) => context.note?.includes(line) === true;
    for (const line of remedyLines(context.diagnosis?.remedy ?? '').filter((each) => !isSaid(each)))
      lines.push(...indented(`remedy: ${neutralise(line)}`, 11, view.columns));
    return lines;
  });
}

function contextWords({name, server, state, since, note, lastOutage}: ContextStatus, view: View): string {
  const who = `context ${name ?? '(the current one)'}`;
  if (state === 'online') {
    const when = since === null ? '' : ` since ${formatTime(new Date(since), view.now)}`;
    const after = lastOutage === null ? '' : ` after ${formatDuration(lastOutage.tookMs)} offline`;
    return neutralise(`${who}, ${server ?? 'server not known'}${when}${after}`);
  }
  const where = server === null ? '' : `, ${server}`;
  return neutralise(`${who}${where}${note === null ? '' : ` ${note}`}`);
}

/** `erp status NAME` of a port-forward: one page. */
export function renderForward(forward: ForwardStatus, view: View): string {
  const time = (iso: string) => formatTime(new Date(iso), view.now);
  const ago = answered(forward);
  const latency = forward.latencyMs === null ? '' : `, in ${formatDuration(forward.latencyMs)}`;
  const facts: [string, string | null][] = [
    ['target', targetWords(forward)],
    ['local', forward.port === null ? null : String(forward.port)],
    ['primary', String(forward.primaryPort)],
    ['answered', forward.answeredAt === null ? 'never' : `${time(forward.answeredAt)}, ${ago ?? ''}${latency}`],
    ['pid', forward.pid === null ? null : String(forward.pid)],
    ['started', forward.startedAt === null ? null : time(forward.startedAt)],
    [
      'replaced',
      `${forward.totalRestarts} in all${forward.restarts === 0 ? '' : `, ${forward.restarts} in this incident`}`,
    ],
  ];
  const title = cutEnd(
    `${neutralise(forward.name)}  ${forward.state}`,
    (view.columns ?? Number.POSITIVE_INFINITY) - 2,
    view.glyphs.cut,
  );
  const lines = [`${paintMark(view.paint, view.glyphs, forward.mark)} ${view.paint(bold, title)}`];
  for (const line of forwardExplanation(forward, view)) lines.push(...indented(line, 2, view.columns));
  for (const [label, value] of facts)
    if (value !== null) lines.push(...hanging(`  ${label.padEnd(11)}`, 13, value, view.columns));
  return `${lines.join('\n')}\n`;
}
