import {figure, mebibytes, seconds, table} from '../report/numbers.js';
import {median} from '../statistics.js';
import type {ForwardEntry, ForwardsRun, SubjectId} from './types.js';

const columns: readonly (readonly [SubjectId, boolean])[] = [
  ['erp', false],
  ['erp', true],
  ['naive', false],
  ['naive', true],
];

/** The part of `docs/benchmarks.md` about port-forwards. */
export function renderForwards(run: ForwardsRun): string {
  const {commit, startedAt, finishedAt, repeats, machine, loadAtStart, loadAtEnd} = run;
  const versions = [...new Set(run.entries.map(({kubectl}) => kubectl))];
  const busy = versions.length > 1 ? ', both kubectls at once' : '';
  return [
    `## Port-forwards

Made by \`npm run bench -- --forwards\` on ${startedAt.slice(0, 10)} from commit ${commit}, in ${minutesBetween(startedAt, finishedAt)} min${busy}; ${machine.cores} cores, Node ${machine.node}, load average at the start ${loadAtStart}, at the end ${loadAtEnd}.
Real kubectl on a fake cluster, packets really lost in network namespaces. Time from the end of the fault to the first good answer
through the local port, the worst of four forwards, median of ${repeats}. *asked*: clients ask all the time while the fault lasts; *idle*: nobody
asks until the cluster sees a new connection. The naive loop is \`while true; do kubectl port-forward …; sleep 1; done\`.`,
    ...versions.map((kubectl) => `### kubectl ${kubectl}\n\n${times(run, kubectl)}`),
    `### Cost\n\n${cost(run)}`,
  ].join('\n\n');
}

const minutesBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 60_000);

function times(run: ForwardsRun, kubectl: string): string {
  const entries = run.entries.filter((entry) => entry.kubectl === kubectl);
  const faults = [...new Map(entries.map(({fault, limitMs}) => [fault, limitMs]))];
  const head = ['', 'erp, idle', 'erp, asked', 'naive, idle', 'naive, asked', 'wanted of erp'];
  return table(
    head,
    faults.map(([fault, limitMs]) => [
      fault,
      ...columns.map(([subject, hasTraffic]) =>
        shown(
          entries.find((each) => each.fault === fault && each.subject === subject && each.hasTraffic === hasTraffic),
        ),
      ),
      `≤ ${seconds(limitMs / 1000)}`,
    ]),
  );
}

function shown(entry: ForwardEntry | undefined): string {
  if (entry === undefined) return '–';
  if (entry.error !== null) return `not measured: ${entry.error}`;
  const middle = median(entry.times.map((time) => time ?? Infinity));
  if (!Number.isFinite(middle)) return `not within ${seconds(entry.patienceMs / 1000)}`;
  const text = seconds(middle / 1000);
  return entry.subject === 'erp' && middle > entry.limitMs ? `**${text}, missed**` : text;
}

function cost({footprints, loads}: ForwardsRun): string {
  const rows = footprints.map(({kubectl, forwards, seconds: span, cpuRatio, rss, kubectlRss}) => [
    `${forwards} healthy forwards, kubectl ${kubectl}: CPU of erp in ${span} s; memory (RSS)`,
    `${figure(cpuRatio * 100)} % of a core; ${mebibytes(rss)}, the kubectls ${mebibytes(kubectlRss)}`,
    '–',
    '< 2 %',
  ]);
  const whats = [...new Set(loads.map(({what, kubectl}) => `${what}, kubectl ${kubectl}`))];
  const requests = whats.map((name) => {
    const of = (subject: SubjectId): string => {
      const load = loads.find((each) => `${each.what}, kubectl ${each.kubectl}` === name && each.subject === subject);
      return load === undefined ? '–' : figure(load.requestsPerMinute);
    };
    return [`requests a minute for a forward that is broken for good: ${name}`, of('erp'), of('naive'), '< 30'];
  });
  return table(['', 'erp', 'naive', 'wanted of erp'], [...rows, ...requests]);
}
