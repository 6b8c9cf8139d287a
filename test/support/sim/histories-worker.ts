import {parentPort, workerData} from 'node:worker_threads';
import fc from '../property.js';
import {deathlyHistoryOf, historyOf, live} from './histories.js';
import type {Finding, Order} from './replay.js';

const {kind, seed, path, runs} = workerData as Order;

const details = fc.check(
  fc.property(kind === 'any' ? historyOf : deathlyHistoryOf, (history) => {
    live(history, path !== null);
  }),
  {seed, numRuns: runs, ...(path === null ? {} : {path, endOnFailure: true})},
);
const error = details.errorInstance;
const finding: Finding | null = details.failed
  ? {
      message: error instanceof Error ? error.message : String(error),
      history: JSON.stringify(details.counterexample?.[0]),
      histories: details.numRuns,
      simplifications: details.numShrinks,
      path: details.counterexamplePath ?? '',
    }
  : null;
parentPort?.postMessage(finding);
