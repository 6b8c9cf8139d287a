import {copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {run} from './commands.js';
import type {ForwardsRun} from './forwards/types.js';
import {main as logs} from './logs/main.js';
import type {LogsRun} from './logs/types.js';
import {load, loadNow, machine, Others, processCount} from './machine.js';
import {options, type Options, usage} from './options.js';
import {candidates} from './peers/all.js';
import {render} from './report/render.js';
import {rounded} from './statistics.js';
import {tests} from './tests/all.js';
import {isFloor, type Test} from './tests/test.js';
import {measure} from './trial.js';
import type {Candidate, Entry, Run} from './types.js';
import {root, Workplace} from './workplace.js';

const results = join(root, 'bench', 'results');
/** Of the last whole run: the figures behind docs/benchmarks.md, kept with it. */
const published = join(root, 'bench', 'published.json');
const publishedForwards = join(root, 'bench', 'published-forwards.json');
const publishedLogs = join(root, 'bench', 'published-logs.json');
const document = join(root, 'docs', 'benchmarks.md');

export async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--logs')) {
    process.exitCode = await logs(argv);
    return;
  }
  const wish = understood(argv);
  if (wish === null) return;
  if (wish.report !== null) {
    report(wish.report === '' ? published : wish.report);
    return;
  }
  const workplace = new Workplace();
  const others = new Others(wish.settings.others);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      // Nothing that was started is worth an orderly end, and what was measured is in its file already.
      console.error(`${name}: ends all that this run has started; what is measured lies in ${results}`);
      workplace.close();
      process.exit(130);
    });
  }
  try {
    await others.ready;
    await runAll(workplace, wish);
  } finally {
    others.end();
    workplace.close();
  }
}

/** null: there is nothing to do; what there is to say was said. */
function understood(argv: readonly string[]): Options | null {
  if (argv.includes('--help')) {
    console.log(usage);
    return null;
  }
  try {
    return options(argv, {peers: candidates.map(({id}) => id), tests: tests.map(({id}) => id)});
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return null;
  }
}

async function runAll(workplace: Workplace, wish: Options): Promise<void> {
  const all = candidates.filter(({id}) => wish.peers?.includes(id) ?? true);
  const present = all.filter((candidate) => candidate.missing() === null);
  const absent = all.flatMap((candidate) => {
    const missing = candidate.missing();
    return missing === null ? [] : [{title: candidate.title, missing}];
  });
  for (const {title, missing} of absent) console.log(`left out: ${title}: ${missing}`);
  const startedAt = new Date();
  let record: Run = {
    id: startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-'),
    whole: wish.peers === null && wish.tests === null,
    startedAt: startedAt.toISOString(),
    finishedAt: null,
    commit: (await run(['git', 'describe', '--always', '--dirty'], {cwd: root})).output.trim(),
    machine: await machine(),
    otherProcesses: {ours: wish.settings.others, all: processCount()},
    loadAtStart: load(),
    loadAtEnd: null,
    settings: wish.settings,
    peers: await Promise.all(
      present.map(async (candidate) => ({
        id: candidate.id,
        title: candidate.title,
        floor: isFloor(candidate),
        version: await candidate.version().catch(() => 'of unknown version'),
        options: candidate.options,
      })),
    ),
    absent,
    entries: [],
  };
  const chosen = tests.filter(({id}) => wish.tests?.includes(id) ?? true);
  for (const test of chosen) {
    for (const group of turns(test, present)) {
      const entries = await Promise.all(
        group.map(({candidate, round}) => one(workplace, wish, test, candidate, round)),
      );
      record = {...record, entries: [...record.entries, ...entries]};
      save(record);
    }
  }
  record = {...record, finishedAt: new Date().toISOString(), loadAtEnd: load()};
  const path = save(record);
  // A part of the tests or of the peers says nothing about the rest of the document.
  if (record.whole) {
    copyFileSync(path, published);
    report(published);
  } else console.log(`\n${render(record)}\n${path}`);
}

function report(file: string): void {
  const forwards = existsSync(publishedForwards)
    ? (JSON.parse(readFileSync(publishedForwards, 'utf8')) as ForwardsRun)
    : null;
  const ofLogs = existsSync(publishedLogs) ? (JSON.parse(readFileSync(publishedLogs, 'utf8')) as LogsRun) : null;
  writeFileSync(document, render(JSON.parse(readFileSync(file, 'utf8')) as Run, forwards, ofLogs));
  console.log(`${file} → ${document}`);
}

/** erp and the floors are what ratios are taken of. */
const isCompared = (candidate: Candidate): boolean => candidate.id === 'erp' || isFloor(candidate);

const roundsOf = (test: Test, candidate: Candidate): number => (isCompared(candidate) ? test.rounds : 1);

/** Who is measured when: one after the other and in turns, but where a test mostly waits the slow peers all at once. */
function turns(test: Test, present: readonly Candidate[]): {candidate: Candidate; round: number}[][] {
  const suited = present.filter((candidate) => test.applies(candidate));
  const compared = suited.filter(isCompared);
  const peers = suited.filter((candidate) => !compared.includes(candidate));
  const rounds = Array.from({length: test.rounds}, (_, index) => index + 1);
  const inTurns = rounds.flatMap((round) => compared.map((candidate) => [{candidate, round}]));
  const rest = peers.map((candidate) => ({candidate, round: 1}));
  return [...inTurns, ...(test.waits ? [rest] : rest.map((each) => [each]))].filter(({length}) => length > 0);
}

async function one(
  workplace: Workplace,
  {settings}: Options,
  test: Test,
  candidate: Candidate,
  round: number,
): Promise<Entry> {
  const rounds = roundsOf(test, candidate);
  const loadBefore = loadNow();
  const since = Date.now();
  const aborted = AbortSignal.timeout(test.limitSeconds * 1000);
  let outcome: Pick<Entry, 'result' | 'error'>;
  try {
    const work = measure({workplace, candidate, settings, rounds, aborted}, (trial) => test.measure(trial));
    outcome = {result: await work, error: null};
  } catch (error) {
    outcome = {result: null, error: aborted.aborted ? `not done after ${test.limitSeconds} s` : String(error)};
  }
  const seconds = rounded((Date.now() - since) / 1000);
  const words = outcome.result === null ? (outcome.error ?? '') : test.brief(outcome.result);
  console.log(
    `${test.id}  ${test.title}  ${candidate.id}${rounds > 1 ? ` ${round}/${rounds}` : ''}: ${words}  (${seconds} s)`,
  );
  return {test: test.id, peer: candidate.id, round, loadBefore, seconds, ...outcome} as Entry;
}

/** After each measurement, so that a run that is cut short has not been in vain. */
function save(record: Run): string {
  mkdirSync(results, {recursive: true});
  const path = join(results, `${record.id}.json`);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 1)}\n`);
  renameSync(`${path}.new`, path);
  return path;
}
