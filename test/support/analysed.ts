import {Readable} from 'node:stream';
import type {Analysis} from '../../src/lib/core/logs/analysis.js';
import {assemble} from '../../src/lib/core/logs/assemble.js';
import {templatesOf, variablesOf} from '../../src/lib/core/logs/templates/templates.js';
import {collectLogs, type LogInput} from '../../src/lib/runtime/log-analysis/collect-logs.js';

/** Dates without a year are before it. */
export const readAt = new Date('2026-11-24T12:00:00Z');

/** What the whole of the reading end finds in an input, in this thread. */
export async function analysedFrom(from: LogInput['from'], segmentBytes = 4 * 1024 * 1024): Promise<Analysis> {
  const {collector, facts, unreadable} = await collectLogs([{name: 'x', service: null, from}], {
    filter: {since: null, until: null, level: 0, greps: []},
    labels: false,
    workerFile: null,
    workers: 1,
    now: readAt.getTime(),
    segmentBytes,
  });
  if (unreadable[0] !== undefined) throw new Error(unreadable[0].message);
  return assemble(collector, facts, {templatesOf, variablesOf}).analysis;
}

/** The same for bytes that come in pieces. */
export async function analysed(pieces: readonly Buffer[], segmentBytes?: number): Promise<Analysis> {
  const stream = Readable.from(
    pieces.filter(({length}) => length > 0),
    {objectMode: false},
  );
  return await analysedFrom({stream}, segmentBytes);
}
