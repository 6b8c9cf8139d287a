import type {ServiceSpec} from '../spec.js';
import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {LogLevel} from '../spec.js';
import type {Effect} from './events.js';
import type {Memory, Service, State, ToldPorts} from './state.js';

/** What a decision may look at besides state and event. */
export interface Context {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** In [0, 1). */
  readonly chance: number;
  readonly spec: ServiceSpec;
  /** All that it depends on is there. */
  readonly dependenciesUp: boolean;
  /** Nothing that somebody wants up holds the next life back. */
  readonly mayStart: boolean;
  /** Ports of others that a life which begins now is started with. */
  tellPorts(): ToldPorts;
}

export type Step = readonly [Service, readonly Effect[]];

export function step(state: State, memory: Memory, ...effects: readonly (Effect | null)[]): Step {
  return [{state, memory}, effects.filter((effect) => effect !== null)];
}

export function report(
  level: LogLevel,
  type: string,
  text: string,
  diagnosis?: Diagnosis,
  facts?: Readonly<Record<string, unknown>>,
): Effect {
  return {
    tag: 'report',
    level,
    type,
    text,
    ...(diagnosis === undefined ? {} : {diagnosis}),
    ...(facts === undefined ? {} : {facts}),
  };
}

export function withEffect([service, effects]: Step, effect: Effect): Step {
  return [service, [...effects, effect]];
}

export function withEffects([service, effects]: Step, first: readonly Effect[]): Step {
  return [service, [...first, ...effects]];
}
