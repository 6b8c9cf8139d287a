import {spread} from '../statistics.js';
import type {BringUp, Cause, Footprint, Run, Spread, Storm} from '../types.js';
import {figure, mebibytes, ms, ratio, seconds, times} from './numbers.js';
import {errorOf, middle, pooled, resultOf, resultsOf} from './select.js';

/** One promise, what was measured, and whether it is kept. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  /** null: not measured. */
  readonly reached: boolean | null;
  /** "12 %", "a factor of 3", or how many where none is allowed; empty when it is reached, or when it does not happen at all. */
  readonly missedBy: string;
}

/** Said of what no test of the run was about. */
export const notPart = 'not part of this run';

const erp = 'erp';
const floor = 'bare-node';
const noSpread: Spread = {n: 0, median: NaN, p95: NaN, min: NaN, max: NaN};

/** The targets in the order of the issue that set them. */
export function targetRows(run: Run): Row[] {
  return [
    ...recovery(run),
    ...hang(run),
    ...footprint(run),
    ...bringUp(run),
    ...flood(run),
    ...survival(run),
    ...storms(run),
    ...leftovers(run),
    ...crowds(run),
    ...commandLine(run),
    ...portSearch(run),
  ];
}

interface Claim {
  readonly what: string;
  readonly target: string;
  readonly limit: number;
  readonly value: number | null;
  /** Why there is no value. */
  readonly error?: string | null;
  readonly measured: string;
  /** The limit itself is too much. */
  readonly strict?: boolean;
}

function atMost({what, target, limit, value, error, measured, strict}: Claim): Row {
  if (value === null || Number.isNaN(value)) {
    return {what, target, measured: error ?? notPart, reached: null, missedBy: ''};
  }
  const reached = strict === true ? value < limit : value <= limit;
  const missedBy = reached || value === Infinity ? '' : excess(value, limit);
  return {what, target, measured, reached, missedBy};
}

function excess(value: number, limit: number): string {
  if (limit === 0) return Number.isInteger(value) ? String(value) : figure(value);
  const factor = value / limit;
  return factor >= 2 ? `a factor of ${figure(factor)}` : `${Math.max(1, Math.round((factor - 1) * 100))} %`;
}

function recovery(run: Run): Row[] {
  const all = (peer: string, which: 'steady' | 'atOnce') => {
    const values = pooled(run, 'a', peer, (result) => result[which]);
    return values.length === 0 ? null : spread(values);
  };
  const row = (what: string, which: 'steady' | 'atOnce') => {
    const [ours, bare] = [all(erp, which), all(floor, which)];
    const value = ratio(ours?.median ?? null, bare?.median ?? null);
    return atMost({
      what,
      target: '≤ 1.3 x floor',
      limit: 1.3,
      value,
      error: errorOf(run, 'a', erp),
      measured: `${times(value)}: ${ms(ours?.median ?? null)} against ${ms(bare?.median ?? null)} (n = ${ours?.n ?? 0})`,
    });
  };
  return [
    row('`kill -9` of a service until a new pid answers, median', 'steady'),
    row('the same, killed again at once', 'atOnce'),
  ];
}

function hang(run: Run): Row[] {
  const result = resultOf(run, 'b', erp);
  const noticed = result?.noticed === true ? result : null;
  return [
    atMost({
      what: 'hang (SIGSTOP) noticed and replaced, check 1 s, threshold 2 s, median',
      target: '≤ 2.5 s',
      limit: 2500,
      value: result === null ? null : (noticed?.median ?? Infinity),
      error: errorOf(run, 'b', erp),
      measured:
        noticed === null ? 'not noticed' : `${ms(noticed.median)}, at most ${ms(noticed.max)} (n = ${noticed.n})`,
    }),
  ];
}

function footprint(run: Run): Row[] {
  const ours = resultOf(run, 'c', erp);
  const bare = resultOf(run, 'c', floor);
  const error = errorOf(run, 'c', erp);
  const rows = (how: string, measured: Footprint['probed'], idleLimit: number): Row[] => {
    const value = ratio(measured?.one.rssKiB ?? null, bare?.one.rssKiB ?? null);
    const further = measured && (measured.hundred.rssKiB - measured.one.rssKiB) / 99 / 1024;
    const processes = measured && `${measured.one.processes} processes`;
    return [
      atMost({
        what: `memory (RSS) at 1 service, ${how}`,
        target: '≤ 1.25 x floor',
        limit: 1.25,
        value,
        error,
        measured: `${times(value)}: ${mebibytes(measured?.one.rssKiB ?? null)} against ${mebibytes(bare?.one.rssKiB ?? null)} (PSS ${mebibytes(measured?.one.pssKiB ?? null)} against ${mebibytes(bare?.one.pssKiB ?? null)}; ${processes})`,
      }),
      atMost({
        what: `memory of each further service, ${how}`,
        target: '≤ 0.15 MiB',
        limit: 0.15,
        value: further,
        error,
        measured:
          further === null ? '' : `${figure(further)} MiB (${mebibytes(measured?.hundred.rssKiB ?? null)} at 100)`,
      }),
      atMost({
        what: `idle CPU in 60 s at 100 services, ${how}`,
        target: `≤ ${idleLimit} s`,
        limit: idleLimit,
        value: measured?.idle.cpuSecondsPerMinute ?? null,
        error,
        measured: `${seconds(measured?.idle.cpuSecondsPerMinute ?? null)} (floor ${seconds(bare?.idle.cpuSecondsPerMinute ?? null)})`,
      }),
    ];
  };
  return [...rows('no probes', ours, 0.1), ...rows('one HTTP probe a second each', ours?.probed ?? null, 1.8)];
}

function bringUp(run: Run): Row[] {
  const of = (value: (result: BringUp) => number | null, peer = erp) => middle(run, 'd', peer, value);
  const bare = of(({answering}) => answering, floor);
  const up = of(({answering}) => answering);
  const byRequest = of(({request}) => request?.answering ?? null);
  const stopped = of((result) => result.stopped);
  const gone = of((result) => result.gone);
  const byRequestStopped = of(({request}) => request?.stopped ?? null);
  const error = errorOf(run, 'd', erp);
  return [
    atMost({
      what: '100 services up and answering, from the start of `erp start --detach`',
      target: '≤ 2.0 x floor',
      limit: 2,
      value: ratio(up, bare),
      error,
      measured: `${times(ratio(up, bare))}: ${ms(up)} against ${ms(bare)}`,
    }),
    atMost({
      what: 'the same, from the request to a supervisor that runs',
      target: '≤ 1.2 x floor',
      limit: 1.2,
      value: ratio(byRequest, bare),
      error,
      measured: `${times(ratio(byRequest, bare))}: ${ms(byRequest)} against ${ms(bare)}`,
    }),
    atMost({
      what: 'all 100 stopped, from the start of `erp stop` until none lives',
      target: '≤ 0.3 s',
      limit: 300,
      value: stopped,
      error,
      measured: `${ms(stopped)}; from the request ${ms(byRequestStopped)}`,
    }),
    atMost({
      what: '… and until `erp stop` has returned',
      target: '≤ 0.3 s',
      limit: 300,
      value: gone,
      error,
      measured: ms(gone),
    }),
  ];
}

function flood(run: Run): Row[] {
  const all = resultsOf(run, 'e', erp);
  const writer = middle(run, 'e', erp, ({writerSeconds}) => writerSeconds);
  const cat = middle(run, 'e', 'cat', ({writerSeconds}) => writerSeconds);
  const cpu = middle(run, 'e', erp, ({cpuSeconds}) => cpuSeconds);
  const growth = middle(run, 'e', erp, ({peakRssKiB, idleRssKiB}) => peakRssKiB / idleRssKiB);
  const largest = middle(run, 'e', erp, ({largestFileBytes, limitBytes}) => largestFileBytes / (limitBytes ?? NaN));
  const wrong = all.map(({missing, doubled, outOfOrder, damaged}) => missing + doubled + outOfOrder + damaged);
  const lines = all[0]?.lines.toLocaleString('en') ?? '1,000,000';
  const error = errorOf(run, 'e', erp);
  return [
    atMost({
      what: `${lines} lines, rotation at 10 MB: the writer`,
      target: '≤ 1.1 x `cat > file`',
      limit: 1.1,
      value: ratio(writer, cat),
      error,
      measured: `${times(ratio(writer, cat))}: ${seconds(writer)} against ${seconds(cat)} (n = ${all.length})`,
    }),
    atMost({
      what: '… CPU of the supervisor',
      target: '≤ 0.4 s (aim 0.25)',
      limit: 0.4,
      value: cpu,
      error,
      measured: seconds(cpu),
    }),
    atMost({
      what: '… lines lost, doubled, out of order or damaged',
      target: '0',
      limit: 0,
      value: all.length === 0 ? null : Math.max(...wrong),
      error,
      measured: `${Math.max(0, ...wrong)}`,
    }),
    atMost({
      what: '… peak of RSS',
      target: '≤ 1.4 x idle',
      limit: 1.4,
      value: growth,
      error,
      measured: times(growth),
    }),
    atMost({
      what: '… largest file',
      target: '≤ 1.2 x the limit',
      limit: 1.2,
      value: largest,
      error,
      measured: times(largest),
    }),
  ];
}

function survival(run: Run): Row[] {
  const alone = resultOf(run, 'f', erp)?.alone ?? null;
  const error = errorOf(run, 'f', erp);
  const absent = alone === null ? null : alone.trials - alone.back;
  const {median, max} = alone?.backMs ?? noSpread;
  return [
    atMost({
      what: 'supervisor killed while a service writes every 5 ms: back, the longest of all',
      target: '≤ 1 s',
      limit: 1000,
      value: alone === null ? null : absent === 0 ? max : Infinity,
      error,
      measured: `median ${ms(median)}, at most ${ms(max)}, ${alone?.back ?? 0} of ${alone?.trials ?? 0} times`,
    }),
    atMost({
      what: '… another pid, or a second copy',
      target: 'none',
      limit: 0,
      value: alone === null ? null : alone.trials - alone.survived + alone.copies + alone.extraStarts,
      error,
      measured: `same pid ${alone?.survived ?? 0} of ${alone?.trials ?? 0} times, ${alone?.extraStarts ?? 0} further starts`,
    }),
    atMost({
      what: '… lines lost',
      target: '0',
      limit: 0,
      value: alone?.lost ?? null,
      error,
      measured: `${alone?.lost ?? 0} of ${alone?.written ?? 0} (in ${alone?.trialsWithLoss ?? 0} of ${alone?.trials ?? 0} deaths)`,
    }),
  ];
}

function storms(run: Run): Row[] {
  const storm = (what: string, result: Storm | null, error: string | null): Row[] => [
    atMost({
      what: `${what}: starts`,
      target: '< 10',
      limit: 10,
      strict: true,
      value: result?.starts ?? null,
      error,
      measured: `${result?.starts ?? 0}`,
    }),
    atMost({
      what: `${what}: CPU`,
      target: '< 0.1 s',
      limit: 0.1,
      strict: true,
      value: result?.cpuSeconds ?? null,
      error,
      measured: seconds(result?.cpuSeconds ?? null),
    }),
  ];
  const causes = resultOf(run, 'i', erp);
  const back = (what: string, cause: Cause | null) =>
    atMost({
      what: `back after ${what}`,
      target: '≤ 1 s',
      limit: 1000,
      value: cause === null ? null : (cause.backMs ?? Infinity),
      error: errorOf(run, 'i', erp),
      measured: cause?.backMs === null ? 'not within 10 s' : ms(cause?.backMs ?? null),
    });
  return [
    ...storm('exit storm of 30 s', resultOf(run, 'j', erp), errorOf(run, 'j', erp)),
    ...storm('exit storm of 30 s after 20 s of good service', resultOf(run, 'k', erp), errorOf(run, 'k', erp)),
    back('the port was set free', causes?.port ?? null),
    back('the missing program was put there', causes?.file ?? null),
  ];
}

function leftovers(run: Run): Row[] {
  const result = resultOf(run, 'g', erp);
  const left = result && [...result.afterCrash, ...result.afterStop, ...result.afterShutdown];
  return [
    atMost({
      what: 'left over after crash, stop, shutdown (child, setsid child, double-forked daemon)',
      target: 'none',
      limit: 0,
      value: left?.length ?? null,
      error: errorOf(run, 'g', erp),
      measured: left?.join(', ') || 'none',
    }),
  ];
}

/** The issue names no number for "independent"; a quarter is what two runs of the same differ by. */
const independent = {target: 'independent of their number (≤ 1.25 x)', limit: 1.25};

function crowds(run: Run): Row[] {
  const real = resultOf(run, 'l', erp);
  const sim = resultOf(run, 'm', erp);
  const pair = (what: string, few: number | null, many: number | null, unit: string, error: string | null) =>
    atMost({
      what,
      ...independent,
      value: ratio(many, few),
      error,
      measured: `${times(ratio(many, few))}: ${figure(many ?? NaN)} ${unit} against ${figure(few ?? NaN)} ${unit}`,
    });
  const error = errorOf(run, 'l', erp);
  return [
    pair(
      'a kill at 300 real services against 10: until a new pid answers',
      real?.few.recovery.median ?? null,
      real?.many.recovery.median ?? null,
      'ms',
      error,
    ),
    pair(
      '… CPU of the supervisor for each',
      real?.few.cpuMsPerKill ?? null,
      real?.many.cpuMsPerKill ?? null,
      'ms',
      error,
    ),
    pair(
      'a kill at 1,000 simulated services against 10: CPU of the supervisor for each',
      sim?.few.microsecondsPerKill ?? null,
      sim?.many.microsecondsPerKill ?? null,
      'µs',
      errorOf(run, 'm', erp),
    ),
  ];
}

function commandLine(run: Run): Row[] {
  const result = resultOf(run, 'h', erp);
  const row = (what: string, spent: Spread | null) => {
    const value = ratio(spent?.median ?? null, result?.node.median ?? null);
    return atMost({
      what,
      target: '≤ 1.3 x `node -e 0`',
      limit: 1.3,
      value,
      error: errorOf(run, 'h', erp),
      measured: `${times(value)}: ${ms(spent?.median ?? null)} against ${ms(result?.node.median ?? null)} (n = ${spent?.n ?? 0})`,
    });
  };
  return [row('`erp --version`', result?.version ?? null), row('`erp status`', result?.status ?? null)];
}

function portSearch(run: Run): Row[] {
  const result = resultOf(run, 'n', erp);
  // Older runs have no such test; their document stays as it was.
  if (result === null && errorOf(run, 'n', erp) === null) return [];
  const row = (what: string, limit: number, of: string, ours: Spread | null, other: Spread | null) => {
    const value = ratio(ours?.median ?? null, other?.median ?? null);
    return atMost({
      what,
      target: `≤ ${limit} x ${of}`,
      limit,
      value,
      error: errorOf(run, 'n', erp) ?? 'not there',
      measured: `${times(value)}: ${ms(ours?.median ?? null)} against ${ms(other?.median ?? null)} (n = ${ours?.n ?? 0})`,
    });
  };
  const {calm, crowded} = result ?? {};
  const among = `among ${crowded?.sockets ?? 0} open sockets`;
  return [
    row(
      `who holds ${result?.ports ?? 0} ports, the survey alone`,
      1.3,
      '`ss -ltnp`',
      calm?.scan ?? null,
      calm?.ss ?? null,
    ),
    row(`… ${among}`, 3, 'without them', crowded?.scan ?? null, calm?.scan ?? null),
    row('`erp ports`', 1.6, '`node -e 0`', calm?.command ?? null, calm?.node ?? null),
    row(`… ${among}`, 3, 'without them', crowded?.command ?? null, calm?.command ?? null),
  ];
}
