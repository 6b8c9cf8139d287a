import {spend} from './api-budget.js';
import type {
  Forward,
  ForwardContext,
  ForwardEffect,
  ForwardEvent,
  ForwardMemory,
  ForwardState,
  LossReason,
} from './forward-state.js';

/** Closing a half-open connection can block kubectl: it has no state that it could lose. */
const graceMs = 200;
export const unkillableMs = 5000;

export type ForwardStep = readonly [Forward, readonly ForwardEffect[]];

export type Up = Extract<ForwardState, {tag: 'up'}>;
export type Event<T extends ForwardEvent['tag']> = Extract<ForwardEvent, {tag: T}>;

export const step = (state: ForwardState, memory: ForwardMemory, ...effects: readonly ForwardEffect[]): ForwardStep => [
  {state, memory},
  effects,
];
export const before = (first: readonly ForwardEffect[], [forward, effects]: ForwardStep): ForwardStep => [
  forward,
  [...first, ...effects],
];

/** An incident that somebody has ended. */
export const fresh = {
  restarts: 0,
  failures: 0,
  silentRestarts: 0,
  failure: null,
  toldCause: null,
  gaveUp: false,
  loss: null,
} as const satisfies Partial<ForwardMemory>;

export function end(
  pid: number,
  then: Extract<ForwardState, {tag: 'ending'}>['then'],
  memory: ForwardMemory,
  ctx: ForwardContext,
  news: readonly ForwardEffect[] = [],
  now = false,
): ForwardStep {
  return step(
    {tag: 'ending', pid, then, killed: now, killAt: ctx.now + (now ? unkillableMs : graceMs)},
    memory,
    {tag: 'cancel-ask'},
    ...news,
    {tag: 'signal', pid, signal: now ? 'SIGKILL' : 'SIGTERM'},
  );
}

export function openLoss(memory: ForwardMemory, reason: LossReason, text: string, ctx: ForwardContext): ForwardMemory {
  return memory.loss !== null || memory.answeredAt === null ? memory : {...memory, loss: {at: ctx.now, reason, text}};
}

export const counted = (memory: ForwardMemory): ForwardMemory => ({
  ...memory,
  restarts: memory.restarts + 1,
  totalRestarts: memory.totalRestarts + 1,
});

export function spent(memory: ForwardMemory, cost: number, {now}: ForwardContext): ForwardMemory {
  return {
    ...memory,
    budget: spend(memory.budget, now, cost),
    lastCost: cost === 0 ? memory.lastCost : cost,
  };
}
