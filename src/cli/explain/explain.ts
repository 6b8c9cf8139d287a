import {join} from 'node:path';
import {type ExplainPlan, type ExplainQuestion, planExplanation} from '../../lib/core/explain/plan.js';
import {exchange} from '../../lib/platform/web-exchange.js';
import {
  type BreakerMemory,
  type ExplainInput,
  explainWith,
  type Explanation,
  KeptBreakers,
} from '../../lib/runtime/explainer.js';
import {FileBreakers} from './breaker-file.js';

export type {ExplainInput, Explanation} from '../../lib/runtime/explainer.js';
export type {ExplainPlan} from '../../lib/core/explain/plan.js';

const ofThisProcess = new KeptBreakers();

/**
 * Asks the configured providers for an explanation. Never rejects: the built-in diagnosis always answers.
 * @param stateDir where it is kept that a provider is left alone; null: only in this process
 */
export async function explain(input: ExplainInput, stateDir: string | null = null): Promise<Explanation> {
  const breakers: BreakerMemory = stateDir === null ? ofThisProcess : new FileBreakers(join(stateDir, 'explain.json'));
  return await explainWith({exchange, now: () => Date.now(), breakers}, input);
}

/** What would be sent, to where; nothing is. */
export const dryRun = (question: ExplainQuestion): ExplainPlan => planExplanation(question);
