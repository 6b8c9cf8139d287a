import {setTimeout as sleep} from 'node:timers/promises';
import {type Clustering, assemble} from '../../lib/core/logs/assemble.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {reportOf} from '../../lib/core/logs/incidents/report-of.js';
import type {LogReport} from '../../lib/core/logs/report.js';
import {isoWithOffset} from '../../lib/core/report/format.js';
import {collectLogs, type LogInput} from '../../lib/runtime/log-analysis/collect-logs.js';
import {type FollowedLog, LogFollower} from '../../lib/runtime/log-analysis/follow-logs.js';
import {paintMark} from '../render/colour.js';
import type {View} from '../render/table.js';
import type {Filter} from './analysis-run.js';
import {renderReport} from './render-report.js';
import {grouped, placeOf, said, timeIn} from './wording.js';
import {usage} from './sides.js';
import {join} from 'node:path';

const pollMs = 500;
/** Templates and incidents are looked for again at most so often. */
const lookMs = 2000;

interface Following {
  readonly inputs: readonly LogInput[];
  readonly filter: Filter;
  readonly clustering: Clustering;
  readonly root: string;
  readonly view: View;
  readonly isJson: boolean;
  readonly top: number;
  readonly advise: (text: string) => void;
}

/** The report of what there is, then a line for each template and incident that is new, until Ctrl-C. */
export async function followReport(options: Following): Promise<void> {
  const {inputs, filter, clustering, view, isJson, advise} = options;
  const paths = inputs.flatMap(({name, service, from}) => ('path' in from ? [{name, service, path: from.path}] : []));
  if (paths.length !== inputs.length)
    throw usage('--follow needs files: what is piped in ends with its pipe.', ['erp logs analyze --follow FILE']);
  const collected = await collectLogs(inputs, {
    filter,
    labels: false,
    workerFile: join(options.root, 'dist', 'log-scan.js'),
    workers: 2,
    now: Date.now(),
    completeLines: true,
  });
  const logs = paths.filter(({name}) => !collected.unreadable.some((one) => one.name === name));
  for (const {name, message} of collected.unreadable) advise(`${name} can't be read: ${message}`);
  const facts = [...collected.facts];
  const followed: FollowedLog[] = logs.map((log, index) => ({...log, from: facts[index]?.bytes ?? 0}));
  const follower = new LogFollower(
    collected.collector,
    followed,
    logs.map((_, index) => index),
    {...filter, labels: false},
  );
  const look = (): LogReport =>
    reportOf(assemble(collected.collector, [...facts, ...follower.facts], clustering).analysis);
  const first = look();
  if (!isJson) process.stdout.write(`${renderReport(first, view, {top: options.top}).join('\n')}\n`);
  const known = new Set(first.analysis.templates.map(({text}) => text));
  const incidents = new Set(first.incidents.map(incidentKey));
  const say = (document: Record<string, unknown>, line: string): void =>
    void process.stdout.write(`${isJson ? JSON.stringify(document) : line}\n`);
  const controller = new AbortController();
  const asked: {signal: NodeJS.Signals | null} = {signal: null};
  const stop = (name: NodeJS.Signals): void => {
    asked.signal = name;
    controller.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  let isNew = false;
  let lookedAt = performance.now();
  while (!controller.signal.aborted) {
    const {bytes, notes} = follower.poll(Date.now());
    for (const note of notes) advise(note);
    isNew ||= bytes > 0;
    if (isNew && performance.now() - lookedAt >= lookMs) {
      const report = look();
      tellNews(report, known, incidents, view, say);
      isNew = false;
      lookedAt = performance.now();
    }
    await sleep(pollMs, undefined, {signal: controller.signal}).catch(() => {});
  }
  process.off('SIGINT', stop).off('SIGTERM', stop);
  follower.close();
  process.exitCode = asked.signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.done;
}

const incidentKey = ({kind, first, from}: LogReport['incidents'][number]): string =>
  `${kind} ${first.spot.source}:${first.spot.line} ${from ?? ''}`;

function tellNews(
  report: LogReport,
  known: Set<string>,
  incidents: Set<string>,
  view: View,
  say: (document: Record<string, unknown>, line: string) => void,
): void {
  for (const template of report.analysis.templates) {
    if (known.has(template.text)) continue;
    known.add(template.text);
    const {id, text, level, count, first} = template;
    const mark = paintMark(
      view.paint,
      view.glyphs,
      level === 'ERROR' || level === 'CRITICAL' ? 'failed' : level === 'WARNING' ? 'degraded' : 'unknown',
    );
    say(
      {
        type: 'template',
        id,
        text,
        level,
        count,
        time: first.time === null ? null : isoWithOffset(new Date(first.time)),
        source: report.analysis.sources[first.source]?.name,
        line: first.line,
      },
      `${timeIn(first.time, report, view)} ${mark} new ${placeOf(first, report)} ${grouped(count)} x ${said(text, view, 300)}`,
    );
  }
  for (const incident of report.incidents) {
    const key = incidentKey(incident);
    if (incidents.has(key)) continue;
    incidents.add(key);
    const {kind, title, from, first, next, diagnosis} = incident;
    say(
      {
        type: 'incident',
        kind,
        title,
        from: from === null ? null : isoWithOffset(new Date(from)),
        source: report.analysis.sources[first.spot.source]?.name,
        line: first.spot.line,
        cause: diagnosis?.cause ?? null,
        next,
      },
      `${timeIn(from, report, view)} ${paintMark(view.paint, view.glyphs, 'failed')} ${kind}: ${said(title, view, 300)}, first ${placeOf(first.spot, report)}${next === null ? '' : `; ${said(next, view, 200)}`}`,
    );
  }
}
