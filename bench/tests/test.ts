import type {Trial} from '../trial.js';
import type {Candidate, Results, TestId} from '../types.js';

/** One test: what is done with a peer, and for which peers it makes sense. */
export interface Test<T extends TestId = TestId> {
  readonly id: T;
  readonly title: string;
  /** With erp and the floors, which are compared with each other, it is done so often, in turns. */
  readonly rounds: number;
  /** It mostly waits: peers other than erp and the floors may take it at the same time. */
  readonly waits: boolean;
  readonly limitSeconds: number;
  applies(candidate: Candidate): boolean;
  measure(trial: Trial): Promise<Results[T]>;
  /** A few words for whoever looks on. */
  brief(result: Results[T]): string;
}

export const isFloor = ({floorFor}: Candidate): boolean => floorFor !== undefined;

/** Floors take part where they are a measure, all others everywhere. */
export const suits = (candidate: Candidate, id: TestId): boolean => candidate.floorFor?.includes(id) ?? true;
