import {rounded, spread} from '../statistics.js';
import type {Cause, Deaths, Memory, PortTimes, Results, Run, Spread, Storm, TestId} from '../types.js';
import {figure, mebibytes, ms, ratio, seconds, table, times} from './numbers.js';
import {errorOf, middle, pooled, resultOf} from './select.js';

/** One table for each test, all peers of the run side by side. */
export function peerTables(run: Run): string {
  return [
    recovery,
    hang,
    footprint,
    bringUp,
    flood,
    survival,
    leftovers,
    commandLine,
    causes,
    storms,
    crowds,
    portSearch,
  ]
    .map((part) => part(run))
    .filter((text) => text !== '')
    .join('\n\n');
}

/** A row for each peer that took part; one that failed says so. */
function peersTable<T extends TestId>(
  run: Run,
  test: T,
  title: string,
  head: readonly string[],
  cells: (peer: string, result: Results[T]) => readonly string[],
): string {
  const rows = run.peers.flatMap(({id, title: name}) => {
    const result = resultOf(run, test, id);
    if (result !== null) return [[name, ...cells(id, result)]];
    const error = errorOf(run, test, id);
    return error === null ? [] : [[name, error, ...head.slice(1).map(() => '')]];
  });
  return rows.length === 0 ? '' : `### ${title}\n\n${table(['', ...head], rows)}`;
}

function recovery(run: Run): string {
  const bare = spread(pooled(run, 'a', 'bare-node', ({steady}) => steady)).median;
  const title = 'a. A service is killed: until a new pid answers';
  const head = ['median', 'p95', 'x bare Node', 'n', 'again at once: median', 'p95', 'n', 'gave up after'];
  return peersTable(run, 'a', title, head, (peer, {gaveUpAfter}) => {
    const steady = spread(pooled(run, 'a', peer, (result) => result.steady));
    const quick = pooled(run, 'a', peer, (result) => result.atOnce);
    const atOnce = quick.length === 0 ? ['–', '–', '0'] : numbers(quick);
    return [
      ms(steady.median),
      ms(steady.p95),
      Number.isFinite(bare) ? times(ratio(steady.median, bare)) : '–',
      String(steady.n),
      ...atOnce,
      gaveUpAfter === null ? 'never' : `${gaveUpAfter} deaths`,
    ];
  });
}

function numbers(values: readonly number[]): string[] {
  const {median, p95, n} = spread(values);
  return [ms(median), ms(p95), String(n)];
}

function hang(run: Run): string {
  return peersTable(run, 'b', 'b. A service is frozen (SIGSTOP)', ['noticed', 'median', 'p95', 'n'], (_, result) =>
    result.noticed
      ? ['yes', ms(result.median), ms(result.p95), String(result.n)]
      : [`no, in ${result.watchedSeconds} s`, '–', '–', '1'],
  );
}

function footprint(run: Run): string {
  const both = ({rssKiB, pssKiB}: Memory) => `${mebibytes(rssKiB)} / ${mebibytes(pssKiB)}`;
  const title = 'c. Memory of all its processes (RSS / PSS), CPU while nothing happens';
  const head = [
    '1 service',
    '100 services',
    'processes at 100',
    'CPU in 60 s at 100',
    '… one HTTP probe a second each',
  ];
  return peersTable(run, 'c', title, head, (_, {one, hundred, idle, probed}) => [
    both(one),
    both(hundred),
    String(hundred.processes),
    seconds(idle.cpuSecondsPerMinute),
    probed === null ? 'has none' : seconds(probed.idle.cpuSecondsPerMinute),
  ]);
}

function bringUp(run: Run): string {
  const title = 'd. 100 services: from the command until all answer; from the command to stop';
  const head = [
    'last one starts',
    'all answer',
    'x bare Node',
    'none lives',
    'supervisor gone',
    'by request: all answer',
    'none lives',
  ];
  const bare = middle(run, 'd', 'bare-node', ({answering}) => answering);
  return peersTable(run, 'd', title, head, (peer) => {
    const of = (value: (result: Results['d']) => number | null) => middle(run, 'd', peer, value);
    const answering = of((result) => result.answering);
    return [
      ms(of(({lastExec}) => lastExec)),
      ms(answering),
      times(ratio(answering, bare)),
      ms(of(({stopped}) => stopped)),
      ms(of(({gone}) => gone)),
      ms(of(({request}) => request?.answering ?? null)),
      ms(of(({request}) => request?.stopped ?? null)),
    ];
  });
}

function flood(run: Run): string {
  const title = `e. ${run.settings.lines.toLocaleString('en')} lines of 120 bytes, rotation at 10 MB where there is one`;
  const head = [
    'writer',
    'all on disk',
    'CPU',
    'RSS idle',
    'peak',
    'lost',
    'doubled',
    'out of order',
    'damaged',
    'files',
    'largest',
  ];
  return peersTable(run, 'e', title, head, (peer) => {
    const of = (value: (result: Results['e']) => number) => middle(run, 'e', peer, value);
    const most = (value: (result: Results['e']) => number) =>
      String(Math.max(...pooled(run, 'e', peer, (result) => [value(result)])));
    return [
      seconds(of(({writerSeconds}) => writerSeconds)),
      seconds(of(({onDiskSeconds}) => onDiskSeconds)),
      seconds(of(({cpuSeconds}) => cpuSeconds)),
      mebibytes(of(({idleRssKiB}) => idleRssKiB)),
      mebibytes(of(({peakRssKiB}) => peakRssKiB)),
      most(({missing}) => missing),
      most(({doubled}) => doubled),
      most(({outOfOrder}) => outOfOrder),
      most(({damaged}) => damaged),
      most(({files}) => files),
      `${rounded((of(({largestFileBytes}) => largestFileBytes) ?? NaN) / 1e6)} MB`,
    ];
  });
}

function survival(run: Run): string {
  const title = 'f. The supervisor is killed while its service writes a line every 5 ms';
  const head = ['', 'supervises again', 'after', 'service lives on', 'second copies', 'lines lost', 'write errors'];
  const cells = (what: string, deaths: Deaths) => [
    what,
    `${deaths.back} of ${deaths.trials}`,
    deaths.backMs === null ? '–' : `${ms(deaths.backMs.median)} (at most ${ms(deaths.backMs.max)})`,
    `${deaths.survived} of ${deaths.trials}`,
    String(deaths.copies),
    `${deaths.lost} of ${deaths.written}`,
    String(deaths.writeErrors),
  ];
  const rows = run.peers.flatMap(({id, title: name}) => {
    const result = resultOf(run, 'f', id);
    if (result === null) {
      const error = errorOf(run, 'f', id);
      return error === null ? [] : [[name, error, ...head.slice(1).map(() => '')]];
    }
    const {alone, byHand} = result;
    return [
      ...(alone === null ? [] : [[name, ...cells('nobody helps', alone)]]),
      ...(byHand === null ? [] : [[name, ...cells('started again after 3 s', byHand)]]),
    ];
  });
  return rows.length === 0 ? '' : `### ${title}\n\n${table(['', ...head], rows)}`;
}

function leftovers(run: Run): string {
  const title = 'g. What lives on of a child, a child with its own session, a double-forked daemon';
  const words = (list: readonly string[]) => list.join(', ') || 'nothing';
  const head = ['after a crash of the service', 'after its stop', 'after the shutdown', 'stop took'];
  return peersTable(run, 'g', title, head, (_, result) => [
    words(result.afterCrash),
    words(result.afterStop),
    words(result.afterShutdown),
    ms(result.stopMs),
  ]);
}

function commandLine(run: Run): string {
  const title = 'h. The status command against `node -e 0`';
  return peersTable(run, 'h', title, ['median', '`node -e 0`', 'ratio', 'n'], (_, {status, node}) => [
    ms(status.median),
    ms(node.median),
    times(ratio(status.median, node.median)),
    String(status.n),
  ]);
}

function causes(run: Run): string {
  const title =
    'i. A stranger holds the port for 15 s; the program is missing for 15 s (all options at their defaults)';
  const cells = ({starts, cpuSeconds, backMs, status}: Cause) => [
    String(starts),
    seconds(cpuSeconds),
    backMs === null ? 'not within 10 s' : ms(backMs),
    quoted(status),
  ];
  const head = ['', 'starts', 'CPU', 'back after the cause went', 'status meanwhile'];
  const rows = run.peers.flatMap(({id, title: name}) => {
    const result = resultOf(run, 'i', id);
    if (result === null) return [];
    return [
      [name, 'port', ...cells(result.port)],
      [name, 'program', ...cells(result.file)],
    ];
  });
  return rows.length === 0 ? '' : `### ${title}\n\n${table(['', ...head], rows)}`;
}

function storms(run: Run): string {
  const title = 'j, k. Exit storm of 30 s; the same after 20 s of good service (all options at their defaults)';
  const cells = (storm: Storm | null) => [
    String(storm?.starts ?? '–'),
    seconds(storm?.cpuSeconds ?? null),
    quoted(storm?.status ?? null),
  ];
  const rows = run.peers
    .filter(({id}) => resultOf(run, 'j', id) !== null || resultOf(run, 'k', id) !== null)
    .map(({id, title: name}) => [name, ...cells(resultOf(run, 'j', id)), ...cells(resultOf(run, 'k', id))]);
  const head = ['', 'starts', 'CPU', 'status', 'later: starts', 'CPU', 'status'];
  return rows.length === 0 ? '' : `### ${title}\n\n${table(head, rows)}`;
}

/** The words about the service, without drawing: a whole table of a peer does not fit into a cell. */
function quoted(status: string | null): string {
  const line = status
    ?.split('\n')
    .map((text) =>
      text
        .replaceAll(/[─-╿|`]+/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .find((text) => /\b(web|bad|late)/.test(text));
  return line === undefined ? '–' : `\`${line.slice(0, 140)}\``;
}

function crowds(run: Run): string {
  const title = 'l. A kill of one service among 10 and among 300';
  const head = ['10: median', '300: median', '10: CPU for each', '300: CPU for each'];
  return peersTable(run, 'l', title, head, (_, {few, many}) => [
    ms(few.recovery.median),
    ms(many.recovery.median),
    `${figure(few.cpuMsPerKill)} ms`,
    `${figure(many.cpuMsPerKill)} ms`,
  ]);
}

function portSearch(run: Run): string {
  const result = resultOf(run, 'n', 'erp');
  if (result === null) return '';
  const {ports, calm, crowded, finders} = result;
  const row = (what: string, times: (of: PortTimes) => Spread | null) => [
    what,
    ms(times(calm)?.median ?? null),
    ms(times(crowded)?.median ?? null),
    String(times(calm)?.n ?? 0),
  ];
  const rows = [
    row('`node -e 0`', ({node}) => node),
    row('`ss -ltnp`', ({ss}) => ss),
    row('erp: the survey alone', ({scan}) => scan),
    row('`erp ports`', ({command}) => command),
    ...finders.map(({name, version, what, times: spent}) => [
      `${name} ${version ?? '(not installed)'}: ${what}`,
      ms(spent?.median ?? null),
      '–',
      String(spent?.n ?? 0),
    ]),
  ];
  const title = `n. Who holds ${ports} ports`;
  return `### ${title}\n\n${table(['', 'median', `among ${crowded.sockets} open sockets`, 'n'], rows)}`;
}
