import {renderForwards} from '../forwards/render.js';
import type {ForwardsRun} from '../forwards/types.js';
import {renderLogs} from '../logs/render.js';
import type {LogsRun} from '../logs/types.js';
import type {Run} from '../types.js';
import {table} from './numbers.js';
import {peerTables} from './tables.js';
import {notPart, type Row, targetRows} from './targets.js';

/**
 * `docs/benchmarks.md` of one run: ratios are never taken over two.
 * @param forwards a run of its own; null: none was published
 * @param logs likewise
 */
export function render(run: Run, forwards: ForwardsRun | null = null, logs: LogsRun | null = null): string {
  const rows = targetRows(run).filter(({measured}) => run.whole || measured !== notPart);
  return `${[
    `# Measured against floors and peers

Made by \`npm run bench\` on ${run.startedAt.slice(0, 10)} from commit ${run.commit}; do not edit. All figures are of this one
run, on one machine. A *floor* is what is possible at all: unless another one is named, it is a Node loop of a dozen lines
that spawns again on \`exit\` and pipes the output into a file. What each test does: [bench/README.md](../bench/README.md).${run.note === undefined ? '' : ` ${run.note}`}`,
    `## Against the targets\n\n${targetTable(rows)}`,
    `## What is missed\n\n${missed(run, rows)}`,
    `## Beside the peers\n\n${peerTables(run)}`,
    `## Method\n\n${method(run)}`,
    ...(logs === null ? [] : [renderLogs(logs)]),
    ...(forwards === null ? [] : [renderForwards(forwards)]),
  ].join('\n\n')}\n`;
}

function targetTable(rows: readonly Row[]): string {
  const verdict = ({reached, missedBy}: Row) =>
    reached === null ? 'not measured' : reached ? 'reached' : `**${missedWords(missedBy)}**`;
  return table(
    ['', 'measured', 'target', ''],
    rows.map((row) => [row.what, row.measured, row.target, verdict(row)]),
  );
}

const missedWords = (missedBy: string) => (missedBy === '' ? 'missed' : `missed by ${missedBy}`);

function missed(run: Run, rows: readonly Row[]): string {
  const about = rows.map((row, index) => ({...row, subject: subjectOf(rows, index)}));
  const missing = about.filter(({reached}) => reached === false);
  const unmeasured = about.filter(({reached}) => reached === null);
  const lines = [
    ...missing.map(
      ({subject, measured, target, missedBy}) =>
        `- ${subject}: ${measured}; wanted ${target}, ${missedWords(missedBy)}.`,
    ),
    ...unmeasured.map(({subject, measured}) => `- Not measured: ${subject} (${measured}).`),
  ];
  const counts = `${rows.length - missing.length - unmeasured.length} of ${rows.length} targets are reached.`;
  const busy = busyWords(run);
  return [counts, ...(busy === null ? [] : [busy]), ...(lines.length === 0 ? [] : ['', ...lines])].join('\n');
}

/** "… peak of RSS" goes on with what the row above began. */
function subjectOf(rows: readonly Row[], index: number): string {
  const what = rows[index]?.what ?? '';
  if (!what.startsWith('…') && !what.startsWith('the same')) return what;
  const begun = rows.slice(0, index).findLast((row) => !/^(…|the same)/.test(row.what))?.what ?? '';
  return `${begun.split(/[:,] /)[0]}: ${what.replace(/^… /, '')}`;
}

const loads = (run: Run): number[] =>
  run.entries.filter(({fromAnotherRun}) => fromAnotherRun !== true).map(({loadBefore}) => loadBefore);

function busyWords(run: Run): string | null {
  const most = Math.max(0, ...loads(run));
  if (most <= run.machine.cores) return null;
  return `Others worked on the machine meanwhile (load average up to ${most} on ${run.machine.cores} cores): times are longer than
those of a quiet machine, and ratios less certain.`;
}

function method(run: Run): string {
  const {machine, settings, otherProcesses, peers, absent} = run;
  const day = (time: string | null) => time?.slice(0, 16).replace('T', ' ') ?? 'not finished';
  const lines = [
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}, gcc ${machine.gcc}.`,
    `- From ${day(run.startedAt)} to ${day(run.finishedAt)} UTC. Load average at the start ${run.loadAtStart}, at the end ${run.loadAtEnd ?? '?'}; before the measurements ${span(loads(run))}.`,
    `- ${otherProcesses.ours} other processes that do nothing ran beside it, ${otherProcesses.all} in all.`,
    `- n: ${settings.reps} kills in a, 8 freezes in b, ${settings.idleSeconds} s of idling in c, d and e 3 times with erp and the floors, once with peers, 10 deaths in f, 20 commands in h and n, 40 kills in l, 400 in m. In a, d and e erp and the floors take turns. Medians, if nothing else is said.`,
    "- The service and the probe are one C program that answers 1 ms after its start; the probe asks every 0.2 ms. The service counts its own starts and lines, so nothing depends on what a supervisor says. CPU is the scheduler's clock of all of the supervisor's processes and what they have reaped; memory is the sum over all of them (guardian, loggers).",
    '- Each peer has the fastest restart that its documentation knows; i, j and k are done with all restart options at their defaults.',
    '- d by request: a supervisor that runs with one more service is asked over its socket. The clock starts before the request is written. The floor is the same as from the command.',
    '- In b, f, g, i, j and k the peers other than erp and the floors wait side by side.',
  ];
  const candidates = table(
    ['', 'version', 'options'],
    peers.map(({title, version, options}) => [title, version, options]),
  );
  const left = absent.map(({title, missing}) => `Not here, so left out: ${title} (${missing}).`);
  return [lines.join('\n'), candidates, ...left].join('\n\n');
}

function span(values: readonly number[]): string {
  return values.length === 0 ? '–' : `${Math.min(...values)} to ${Math.max(...values)}`;
}
