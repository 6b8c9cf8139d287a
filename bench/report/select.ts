import {median} from '../statistics.js';
import type {EntryOf, Results, Run, TestId} from '../types.js';

/** Results of one test with one peer, one for each round that did not fail. */
export function resultsOf<T extends TestId>(run: Run, test: T, peer: string): Results[T][] {
  return run.entries
    .filter((entry): entry is Extract<typeof entry, EntryOf<T>> => entry.test === test && entry.peer === peer)
    .map((entry) => (entry as EntryOf<T>).result)
    .filter((result) => result !== null);
}

export const resultOf = <T extends TestId>(run: Run, test: T, peer: string): Results[T] | null =>
  resultsOf(run, test, peer)[0] ?? null;

/** Median over the rounds; null: not measured. */
export function middle<T extends TestId>(
  run: Run,
  test: T,
  peer: string,
  value: (result: Results[T]) => number | null,
): number | null {
  const values = resultsOf(run, test, peer)
    .map(value)
    .filter((each) => each !== null);
  return values.length === 0 ? null : median(values);
}

/** All values of all rounds together. */
export const pooled = <T extends TestId>(
  run: Run,
  test: T,
  peer: string,
  values: (result: Results[T]) => readonly number[],
): number[] => resultsOf(run, test, peer).flatMap(values);

export const errorOf = (run: Run, test: TestId, peer: string): string | null =>
  run.entries.find((entry) => entry.test === test && entry.peer === peer && entry.error !== null)?.error ?? null;
