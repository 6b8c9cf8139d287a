import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import type {Analysis} from '../../lib/core/logs/analysis.js';
import {assemble, type Clustering, type Assembled} from '../../lib/core/logs/assemble.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {
  type Collected,
  collectLogs,
  type CollectOptions,
  type LogInput,
} from '../../lib/runtime/log-analysis/collect-logs.js';

export type Filter = CollectOptions['filter'];

/** More than four threads wait for memory, not for each other. */
const mostWorkers = 4;

/** Reads and adds up; says what could not be read, and fails if that was everything. */
export async function collect(
  inputs: readonly LogInput[],
  filter: Filter,
  options: {
    readonly root: string;
    readonly labels: boolean;
    readonly workers: number | null;
    readonly advise: (text: string) => void;
    readonly onProgress?: CollectOptions['onProgress'];
  },
): Promise<Collected> {
  const collected = await collectLogs(inputs, {
    filter,
    labels: options.labels,
    now: Date.now(),
    workerFile: join(options.root, 'dist', 'log-scan.js'),
    workers: options.workers ?? Math.min(mostWorkers, availableParallelism()),
    ...(options.onProgress === undefined ? {} : {onProgress: options.onProgress}),
  });
  for (const {name, message} of collected.unreadable) options.advise(`${name} can't be read: ${message}`);
  if (collected.facts.length > 0 || collected.unreadable.length === 0) return collected;
  const [first] = collected.unreadable;
  throw new ErpError(
    collected.unreadable.length === 1
      ? `${first?.name} can't be read: ${first?.message}.`
      : `None of ${collected.unreadable.length} logs can be read.`,
    {
      code: 'ERP_LOG_UNREADABLE',
      exitCode: ExitCode.unexpected,
      remedy: [
        first?.code === 'EACCES' || first?.code === 'EPERM'
          ? `it belongs to somebody else: ls -l ${first.name}, or sudo erp logs analyze ${first.name}`
          : `look: ls -l ${first?.name}`,
      ],
    },
  );
}

/** Both sides share their templates, so that they can be compared. */
export function assembleBoth(
  a: Collected,
  b: Collected,
  clustering: Clustering,
): {readonly a: Analysis; readonly b: Analysis} {
  const shared = sharedClustering(clustering);
  // The first round makes each side known, the second one finds the templates of both together.
  assemble(a.collector, a.facts, {...clustering, templatesOf: shared.note});
  assemble(b.collector, b.facts, {...clustering, templatesOf: shared.note});
  return {
    a: assemble(a.collector, a.facts, {...clustering, templatesOf: shared.templatesOf}).analysis,
    b: assemble(b.collector, b.facts, {...clustering, templatesOf: shared.templatesOf}).analysis,
  };
}

type Distinct = Parameters<Clustering['templatesOf']>[0];

function sharedClustering(clustering: Clustering): {
  readonly note: Clustering['templatesOf'];
  readonly templatesOf: Clustering['templatesOf'];
} {
  const all: Distinct[number][] = [];
  const places = new Map<string, number>();
  let texts: string[] | null = null;
  const keyOf = ({text, from, detail}: Distinct[number]) => `${from} ${text}\n${detail ?? ''}`;
  const note = (distinct: Distinct) => {
    for (const one of distinct) {
      const key = keyOf(one);
      const place = places.get(key);
      if (place === undefined) {
        places.set(key, all.length);
        all.push(one);
      } else all[place] = {...one, count: one.count + (all[place] as Distinct[number]).count};
    }
    return [];
  };
  const templatesOf = (distinct: Distinct) => {
    if (texts === null) {
      texts = [];
      for (const {text, members} of clustering.templatesOf(all)) for (const member of members) texts[member] = text;
    }
    const groups = new Map<string, number[]>();
    for (const [index, one] of distinct.entries()) {
      const text = texts[places.get(keyOf(one)) as number] as string;
      const there = groups.get(text);
      if (there === undefined) groups.set(text, [index]);
      else there.push(index);
    }
    return [...groups].map(([text, members]) => ({text, members}));
  };
  return {note, templatesOf};
}

export type {Assembled, Collected, LogInput};
