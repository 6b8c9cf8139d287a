import {figure, seconds, table} from '../report/numbers.js';
import {median} from '../statistics.js';
import type {LogsRun} from './types.js';

/** The part of `docs/benchmarks.md` about `erp logs analyze`. */
export function renderLogs(run: LogsRun): string {
  const {commit, startedAt, machine, loadAtStart, loadAtEnd} = run;
  return [
    `## Analysis of logs

Made by \`npm run bench -- --logs …\` on ${startedAt.slice(0, 10)} from commit ${commit}; ${machine.cores} cores, Node ${machine.node}, load average at the start
${loadAtStart}, at the end ${loadAtEnd}. Generator, data sets and scorers are not part of the project; bench/README.md has the commands.`,
    ...(run.ladder.length === 0 ? [] : [`### Speed\n\n${ladder(run)}`]),
    ...(run.incidents.length === 0 ? [] : [`### Planted incidents\n\n${incidents(run)}`]),
    ...(run.templates.length === 0 ? [] : [`### Templates\n\n${templates(run)}`]),
    ...(run.diagnoses.length === 0 ? [] : [`### Causes\n\n${diagnoses(run)}`]),
  ].join('\n\n');
}

function ladder({ladder: rungs, log}: LogsRun): string {
  const floor = median(rungs[0]?.times ?? [1]);
  const head = ['', 'median', 'MB/s', 'x `wc -l`', 'peak RSS'];
  const rows = rungs.map(({what, times, rss}) => {
    const middle = median(times);
    return [
      what,
      seconds(middle / 1000),
      figure(log.bytes / 1e3 / middle),
      figure(middle / floor),
      rss === null ? '–' : `${figure(rss / 1024 / 1024)} MiB`,
    ];
  });
  return `A mixed log of ${figure(log.bytes / 1e6)} MB, ${log.lines} lines, in the page cache: \`${log.command}\`. Wanted: at most 18 x \`wc -l\`, 150 MiB.\n\n${table(head, rows)}`;
}

function incidents({incidents: scores}: LogsRun): string {
  const rows = scores.map(({seed, megabytes, found, planted, invented, delay, events, expectedEvents}) => [
    `seed ${seed}, ${megabytes} MB`,
    `${found} of ${planted}`,
    String(invented),
    delay === null ? '–' : seconds(delay),
    `${events} of ${expectedEvents}`,
  ]);
  return `Wanted: 3 of 3 within a minute of their start, none invented, all events.\n\n${table(['', 'found', 'invented', 'first sign, the latest', 'events'], rows)}`;
}

function templates({templates: scores}: LogsRun): string {
  const average = (key: 'ga' | 'fga' | 'pa' | 'fta') =>
    scores.reduce((sum, score) => sum + score[key], 0) / scores.length;
  const row = (name: string, values: readonly number[]) => [name, ...values.map((value) => value.toFixed(3))];
  return `Raw lines in, no configuration; \`evaluate-log-parsing.mjs --data data/loghub -- erp logs analyze --json-templates\`. Wanted on sets that nobody
tuned for: GA and FGA of .90, no set below GA .60. These six are the ones that we had.\n\n${table(
    ['', 'GA', 'FGA', 'PA~', 'FTA~'],
    [
      ...scores.map(({set, ga, fga, pa, fta}) => row(set, [ga, fga, pa, fta])),
      row('average', [average('ga'), average('fga'), average('pa'), average('fta')]),
    ],
  )}`;
}

function diagnoses({diagnoses: scores}: LogsRun): string {
  return `\`score-diagnosis.mjs FOLDER -- erp logs analyze --diagnose --json -\`. Wanted on cases that nobody has seen: causes 85 %, subjects 75 %, no
false alarm.\n\n${table(
    ['', 'cases', 'cause', 'subject', 'evidence', 'false alarms'],
    scores.map(({name, cases, cause, subject, evidence, falseAlarms}) => [
      name,
      String(cases),
      cause,
      subject,
      evidence,
      falseAlarms,
    ]),
  )}`;
}
