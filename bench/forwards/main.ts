import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import {faultCases} from '../../test/support/cluster/fault-table.js';
import {keptVersions, kubectlOf} from '../../test/support/cluster/kubectl-versions.js';
import {networkLab} from '../../test/support/cluster/netlab.js';
import {rootFile} from '../../test/support/rig.js';
import {run} from '../commands.js';
import type {LogsRun} from '../logs/types.js';
import {load, machine} from '../machine.js';
import {render} from '../report/render.js';
import type {Run} from '../types.js';
import {brokenForGood, measureFault, measureFootprint, measureLoad, rigs} from './measurements.js';
import {renderForwards} from './render.js';
import type {ApiLoad, Footprint, ForwardEntry, ForwardsRun, SubjectId} from './types.js';

const usage = `npm run bench -- --forwards [options]
  --kubectl 1.30,1.33     only these
  --faults 'pod deleted'  only faults whose names begin so; several with commas
  --repeats 3             of each fault
  --seconds 60            of the footprint of twenty forwards; 0: without cost
  A part is printed; the whole is kept as bench/published-forwards.json and goes into docs/benchmarks.md.`;

const subjects: readonly SubjectId[] = ['erp', 'naive'];
const twenty = 20;

interface Wish {
  readonly versions: readonly string[];
  readonly faults: typeof faultCases;
  readonly repeats: number;
  readonly seconds: number;
  readonly isWhole: boolean;
}

/** @returns exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const wish = understood(argv);
  if (wish === null) return argv.includes('--help') ? 0 : 2;
  const missing = wish.versions.filter((version) => kubectlOf(version) === null);
  if (missing.length > 0 || networkLab.missing !== null) {
    console.error(missing.length > 0 ? `no kubectl.${missing.join(', kubectl.')} beside kubectl` : networkLab.missing);
    return 8;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      // The namespaces go with the end of this process.
      void Promise.all([...rigs].map((rig) => rig.end(false))).finally(() => process.exit(130));
    });
  const whole = await runAll(wish);
  const folder = rootFile('bench', 'results');
  mkdirSync(folder, {recursive: true});
  const text = `${JSON.stringify(whole, null, 1)}\n`;
  writeFileSync(`${folder}/forwards-${whole.startedAt.replaceAll(/[:.]/g, '')}.json`, text);
  if (wish.isWhole) {
    writeFileSync(rootFile('bench', 'published-forwards.json'), text);
    const published = JSON.parse(readFileSync(rootFile('bench', 'published.json'), 'utf8')) as Run;
    const logs = rootFile('bench', 'published-logs.json');
    const ofLogs = existsSync(logs) ? (JSON.parse(readFileSync(logs, 'utf8')) as LogsRun) : null;
    writeFileSync(rootFile('docs', 'benchmarks.md'), render(published, whole, ofLogs));
  }
  console.log(renderForwards(whole));
  return 0;
}

/** null: there is nothing to do; what there is to say was said. */
function understood(argv: readonly string[]): Wish | null {
  const text = {type: 'string'} as const;
  try {
    const {values} = parseArgs({
      args: [...argv],
      options: {
        forwards: {type: 'boolean'},
        help: {type: 'boolean', default: false},
        kubectl: text,
        faults: text,
        repeats: {...text, default: '3'},
        seconds: {...text, default: '60'},
      },
    });
    if (values.help) {
      console.log(usage);
      return null;
    }
    const beginnings = values.faults?.split(',') ?? [''];
    const faults = faultCases.filter(({name}) => beginnings.some((beginning) => name.startsWith(beginning)));
    if (faults.length === 0) throw new Error(`--faults ${values.faults ?? ''}: none begins so`);
    const repeats = Number(values.repeats);
    const seconds = Number(values.seconds);
    if (!Number.isInteger(repeats) || repeats < 1 || !Number.isInteger(seconds) || seconds < 0)
      throw new Error('--repeats and --seconds are whole numbers');
    const isWhole = values.kubectl === undefined && values.faults === undefined && repeats >= 3 && seconds > 0;
    return {versions: values.kubectl?.split(',') ?? keptVersions, faults, repeats, seconds, isWhole};
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return null;
  }
}

async function runAll({versions, faults, repeats, seconds}: Wish): Promise<ForwardsRun> {
  const startedAt = new Date().toISOString();
  const loadAtStart = load();
  const entries: ForwardEntry[] = [];
  const footprints: Footprint[] = [];
  const loads: ApiLoad[] = [];
  // What costs CPU is measured alone; what mostly waits, with one kubectl beside the other.
  for (const kubectl of seconds > 0 ? versions : []) {
    footprints.push(await measureFootprint(kubectl, twenty, seconds));
    console.log(JSON.stringify(footprints.at(-1)));
    for (const broken of brokenForGood)
      loads.push(...(await Promise.all(subjects.map((subject) => measureLoad(kubectl, subject, broken)))));
    console.log(JSON.stringify(loads));
  }
  await Promise.all(
    versions.map(async (kubectl) => {
      for (const each of faults)
        for (const hasTraffic of [false, true])
          for (const subject of subjects) {
            const entry = await measureFault({kubectl, subject}, each, hasTraffic, repeats);
            entries.push(entry);
            const who = `${subject}, kubectl ${kubectl}, ${hasTraffic ? 'asked' : 'idle'}`;
            console.log(`${each.name}  ${who}: ${entry.error ?? entry.times.join(', ')}`);
          }
    }),
  );
  const {cpu, cores, memoryGiB, kernel, node} = await machine();
  return {
    startedAt,
    finishedAt: new Date().toISOString(),
    commit: (await run(['git', 'describe', '--always', '--dirty'], {cwd: rootFile()})).output.trim(),
    machine: {cpu, cores, memoryGiB, kernel, node},
    loadAtStart,
    loadAtEnd: load(),
    repeats,
    entries: inOrder(entries, faults),
    footprints,
    loads,
  };
}

/** The kubectls take turns as they please; in the document faults stand as in their table. */
const inOrder = (entries: readonly ForwardEntry[], faults: Wish['faults']): ForwardEntry[] => {
  const places = new Map(faults.map(({name}, index) => [name, index]));
  const placeOf = ({fault}: ForwardEntry): number => places.get(fault) ?? 0;
  return [...entries].sort((a, b) => a.kubectl.localeCompare(b.kubectl) || placeOf(a) - placeOf(b));
};
