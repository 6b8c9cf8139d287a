import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {now, run as runWithin} from '../commands.js';
import {load, machine} from '../machine.js';
import {root} from '../workplace.js';
import {renderLogs} from './render.js';
import type {DiagnosisScore, IncidentScore, LadderRung, LogsRun, TemplateScore} from './types.js';

const usage = `npm run bench -- --logs --tools FOLDER [options]
  --tools FOLDER           generate-logs.mjs, evaluate-log-parsing.mjs, score-diagnosis.mjs
  --size 1000M             of the log of the ladder; 0: without it
  --repeats 3
  --seeds 1,2,3            of logs with planted incidents, 100M each
  --loghub FOLDER          NAME_2k.log with NAME_truth.tsv
  --failures FOLDER        labelled failures (several: given again)
  --publish                keep it as bench/published-logs.json; npm run bench -- --report writes it into docs/benchmarks.md`;

const erp = join(root, 'bin', 'run.js');
const scan = `const fs=require('fs');const fd=fs.openSync(process.argv[1],'r');const b=Buffer.allocUnsafe(1<<20);let n=0,r;while((r=fs.readSync(fd,b,0,b.length))>0){const s=b.subarray(0,r);for(let i=s.indexOf(10);i>=0;i=s.indexOf(10,i+1))n++}console.log(n)`;

const run: typeof runWithin = (command, options) => runWithin(command, {timeoutMs: 900_000, ...options});

/** @returns exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const {values} = parseArgs({
    args: [...argv],
    options: {
      logs: {type: 'boolean'},
      help: {type: 'boolean', default: false},
      tools: {type: 'string'},
      size: {type: 'string', default: '1000M'},
      repeats: {type: 'string', default: '3'},
      seeds: {type: 'string', default: '1,2,3'},
      loghub: {type: 'string'},
      failures: {type: 'string', multiple: true, default: []},
      publish: {type: 'boolean', default: false},
    },
  });
  if (values.help || values.tools === undefined) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const {tools} = values;
  const folder = mkdtempSync(join(tmpdir(), 'erp-bench-logs-'));
  try {
    const startedAt = new Date().toISOString();
    const loadAtStart = load();
    const log = join(folder, 'mixed.log');
    const hasLadder = values.size !== '0';
    if (hasLadder) await generate(tools, ['--size', values.size, '--seed', '1', '--out', log]);
    const ladder = hasLadder ? await climb(log, Number(values.repeats)) : [];
    const lines = hasLadder ? Number((await run(['wc', '-l', log])).output.trim().split(' ')[0]) : 0;
    const bytes = hasLadder ? statSync(log).size : 0;
    rmSync(log, {force: true});
    const incidents: IncidentScore[] = [];
    for (const seed of values.seeds.split(',').filter((one) => one !== ''))
      incidents.push(await planted(tools, folder, Number(seed)));
    const result: LogsRun = {
      startedAt,
      commit: (await run(['git', 'describe', '--always', '--dirty'], {cwd: root})).output.trim(),
      machine: await machine(),
      loadAtStart,
      log: {bytes, lines, command: `generate-logs.mjs --size ${values.size} --seed 1`},
      ladder,
      incidents,
      templates: values.loghub === undefined ? [] : await templateScores(tools, values.loghub),
      diagnoses: await Promise.all(values.failures.map((cases) => diagnosisScore(tools, cases))),
      loadAtEnd: load(),
    };
    mkdirSync(join(root, 'bench', 'results'), {recursive: true});
    const text = `${JSON.stringify(result, null, 1)}\n`;
    writeFileSync(join(root, 'bench', 'results', `logs-${startedAt.replaceAll(/[:.]/g, '')}.json`), text);
    if (values.publish) writeFileSync(join(root, 'bench', 'published-logs.json'), text);
    console.log(renderLogs(result));
    return 0;
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

async function generate(tools: string, args: readonly string[]): Promise<void> {
  await run([process.execPath, join(tools, 'generate-logs.mjs'), ...args]);
}

async function climb(log: string, repeats: number): Promise<LadderRung[]> {
  const rungs: [string, readonly string[]][] = [
    ['`wc -l` (limit)', ['wc', '-l', log]],
    ['`grep -c ERROR`', ['grep', '-c', 'ERROR', log]],
    ['Node: readSync 1 MiB + indexOf (limit in Node)', [process.execPath, '-e', scan, log]],
    ...(existsSync('/usr/bin/lnav')
      ? [
          [
            'lnav, count by level',
            ['lnav', '-n', '-c', ';SELECT log_level, count(*) FROM all_logs GROUP BY log_level', log],
          ] as [string, readonly string[]],
        ]
      : []),
    ['`erp logs analyze`, one thread', [process.execPath, erp, 'logs', 'analyze', '--workers', '1', log]],
    ['`erp logs analyze`, two workers', [process.execPath, erp, 'logs', 'analyze', '--workers', '2', log]],
  ];
  await run(['wc', '-l', log]); // into the page cache
  const times = rungs.map((): number[] => []);
  const rss = rungs.map((): number | null => null);
  // In turns: whatever else the machine does hits all of them.
  for (let round = 0; round < repeats; round += 1)
    for (const [index, [, command]] of rungs.entries()) {
      const begun = now();
      const {output} = await run(
        existsSync('/usr/bin/time') ? ['/usr/bin/time', '-f', 'peak %M', ...command] : command,
      );
      (times[index] as number[]).push(now() - begun);
      const peak = /peak (\d+)\s*$/.exec(output)?.[1];
      if (peak !== undefined) rss[index] = Math.max(rss[index] ?? 0, Number(peak) * 1024);
    }
  return rungs.map(([what], index) => ({what, times: times[index] as number[], rss: rss[index] ?? null}));
}

interface Truth {
  readonly records: Readonly<Record<string, number>>;
  readonly incidents: readonly {readonly from: string; readonly to: string}[];
}

async function planted(tools: string, folder: string, seed: number): Promise<IncidentScore> {
  const log = join(folder, 'planted.log');
  const truthFile = join(folder, 'planted.json');
  await generate(tools, ['--size', '100M', '--seed', String(seed), '--out', log, '--truth', truthFile]);
  const truth = JSON.parse(readFileSync(truthFile, 'utf8')) as Truth;
  const {output} = await run([process.execPath, erp, 'logs', 'analyze', '--json', log], {env: {TZ: 'UTC'}});
  const report = JSON.parse(output.slice(output.indexOf('{'))) as {
    events: number;
    incidents: readonly {from: string; to: string}[];
  };
  const delays: number[] = [];
  const matched = new Set<unknown>();
  for (const {from, to} of truth.incidents) {
    const hit = report.incidents.find(
      (one) =>
        Date.parse(one.from) >= Date.parse(from) - 60_000 &&
        Date.parse(one.from) <= Date.parse(to) &&
        !matched.has(one),
    );
    if (hit === undefined) continue;
    matched.add(hit);
    delays.push(Math.abs(Date.parse(hit.from) - Date.parse(from)) / 1000);
  }
  return {
    seed,
    megabytes: 100,
    found: delays.filter((delay) => delay <= 60).length,
    planted: truth.incidents.length,
    invented: report.incidents.filter((one) => !matched.has(one)).length,
    delay: delays.length === 0 ? null : Math.max(...delays),
    events: report.events,
    expectedEvents: Object.values(truth.records).reduce((sum, count) => sum + count, 0),
  };
}

async function templateScores(tools: string, data: string): Promise<TemplateScore[]> {
  const {output} = await run([
    process.execPath,
    join(tools, 'evaluate-log-parsing.mjs'),
    '--json',
    '--data',
    data,
    '--',
    process.execPath,
    erp,
    'logs',
    'analyze',
    '--json-templates',
  ]);
  const {sets} = JSON.parse(output.slice(output.indexOf('{'))) as {sets: readonly Record<string, number | string>[]};
  return sets.map((set) => ({
    set: String(set['name']),
    ga: Number(set['GA']),
    fga: Number(set['FGA']),
    pa: Number(set['PA~']),
    fta: Number(set['FTA~']),
  }));
}

async function diagnosisScore(tools: string, folder: string): Promise<DiagnosisScore> {
  const {output} = await run([
    process.execPath,
    join(tools, 'score-diagnosis.mjs'),
    '--quiet',
    folder,
    '--',
    process.execPath,
    erp,
    'logs',
    'analyze',
    '--diagnose',
    '--json',
    '-',
  ]);
  const after = (label: string) =>
    new RegExp(`^${label}\\s+([\\d.]+ %\\s+\\([\\d/]+\\))`, 'm').exec(output)?.[1]?.replace(/\s+/g, ' ') ?? '–';
  const counts = /^cases\s+(\d+) \((\d+) failing/m.exec(output);
  return {
    name: folder.startsWith(root)
      ? 'our own (test/fixtures/failures)'
      : 'the labelled failures that we had (data/failures)',
    cases: Number(counts?.[1] ?? 0),
    failing: Number(counts?.[2] ?? 0),
    cause: after('cause accuracy'),
    subject: after('subject accuracy'),
    evidence: after('evidence hit rate'),
    falseAlarms: after('false positives'),
  };
}
