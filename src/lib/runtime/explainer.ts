import {type Breaker, breakerAfter, closedBreaker} from '../core/explain/breaker.js';
import {builtInText} from '../core/explain/built-in.js';
import {formatDuration} from '../core/config/durations.js';
import {neutralise} from '../core/explain/neutralise.js';
import {cannotBeAsked, type ExplainQuestion, keyOf, promptFor} from '../core/explain/plan.js';
import {
  connectionProblem,
  ours,
  parsed,
  type ProviderProblem,
  statusProblem,
  type WebAnswer,
  type WebFailure,
} from '../core/explain/problems.js';
import type {Prompt} from '../core/explain/prompt.js';
import {errorText, type HttpRequest, modelIn, protocols} from '../core/explain/protocols.js';
import type {ProviderSettings} from '../core/explain/settings.js';

export interface ExplainInput extends ExplainQuestion {
  readonly signal: AbortSignal;
}

export interface Explanation {
  /** `openai`, `anthropic`, `ollama` or `built-in`. */
  readonly provider: string;
  /** null: the built-in diagnosis. */
  readonly model: string | null;
  /** Harmless to show; true or not, nobody knows. */
  readonly text: string;
  /** Who was to be asked before, and why there is no answer of theirs. */
  readonly tried: readonly {readonly provider: string; readonly problem: string}[];
}

/** The world as the explainer needs it. */
export interface ExplainWorld {
  exchange(
    request: HttpRequest,
    limits: {timeoutMs: number; maxBytes: number; signal: AbortSignal; env: ExplainInput['env']},
  ): Promise<WebAnswer | WebFailure>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Breakers by provider and address. It outlives the process where it can. */
  readonly breakers: BreakerMemory;
}

export interface BreakerMemory {
  get(key: string): Breaker;
  set(key: string, breaker: Breaker): void;
}

/** Lists of models are long; an explanation is not. */
const mostBytes = 4 * 1024 * 1024;
/** A server that lives says what models it has at once. */
const longestHealthMs = 5000;

/** Asks one provider after the other until one answers; the built-in diagnosis always does. Never rejects. */
export async function explainWith(world: ExplainWorld, input: ExplainInput): Promise<Explanation> {
  const prompt = promptFor(input);
  const tried: {provider: string; problem: string}[] = [];
  for (const provider of input.settings.providers) {
    const outcome = await tryProvider(world, input, provider, prompt);
    if ('text' in outcome) return {provider: provider.name, ...outcome, tried};
    tried.push({provider: provider.name, problem: withoutKey(outcome.problem, keyOf(provider, input.env))});
    if (input.signal.aborted) break;
  }
  return {provider: 'built-in', model: null, text: builtInText(input.diagnosis), tried};
}

type Answered = {readonly model: string; readonly text: string};

async function tryProvider(
  world: ExplainWorld,
  input: ExplainInput,
  provider: ProviderSettings,
  prompt: Prompt,
): Promise<Answered | {readonly problem: string}> {
  const missing = cannotBeAsked(provider, input.env);
  if (missing !== null) return {problem: missing};
  const key = `${provider.name} ${provider.url}`;
  const before = breakerAfter(world.breakers.get(key), {tag: 'ask', now: world.now()});
  world.breakers.set(key, before);
  if (before.tag === 'open') {
    const rest = formatDuration(Math.ceil((before.until - world.now()) / 1000) * 1000);
    return {problem: `left alone for another ${rest}: ${before.problem}`};
  }
  const outcome = await new Attempt(world, input, provider, prompt).run();
  if (input.signal.aborted && !('text' in outcome)) return outcome;
  world.breakers.set(key, breakerAfter(before, eventOf(outcome, world.now())));
  return outcome;
}

function eventOf(outcome: Answered | ProviderProblem, now: number) {
  if ('text' in outcome) return {tag: 'answered'} as const;
  const {isOurs, problem, retryAfterMs} = outcome;
  return isOurs ? ({tag: 'refused'} as const) : ({tag: 'failed', now, problem, retryAfterMs} as const);
}

/** A server's message may repeat what it was sent. */
const withoutKey = (problem: string, key: string | null): string =>
  key === null ? problem : problem.replaceAll(key, '***');

/** One provider, once: is it there and has it the model, then the question. */
class Attempt {
  readonly #endsAt: number;
  readonly #key: string | null;
  readonly #world: ExplainWorld;
  readonly #input: ExplainInput;
  readonly #provider: ProviderSettings;
  readonly #prompt: Prompt;

  constructor(world: ExplainWorld, input: ExplainInput, provider: ProviderSettings, prompt: Prompt) {
    this.#world = world;
    this.#input = input;
    this.#provider = provider;
    this.#prompt = prompt;
    this.#endsAt = performance.now() + input.settings.timeoutMs;
    this.#key = keyOf(provider, input.env);
  }

  async run(): Promise<Answered | ProviderProblem> {
    const health = await this.#send(protocols[this.#provider.name].health(this.#provider, this.#key), longestHealthMs);
    if (health.tag === 'failed') return this.#connection(health, longestHealthMs);
    const listed = this.#models(health);
    if (!Array.isArray(listed)) return listed as ProviderProblem;
    const model = this.#model(listed as readonly string[]);
    return typeof model === 'string' ? await this.#ask(model, listed as readonly string[]) : model;
  }

  /** Empty: it keeps its models to itself, as some servers that speak the protocol of another do. */
  #models(health: WebAnswer): readonly string[] | ProviderProblem {
    const {name} = this.#provider;
    if (health.status === 200) {
      const models = protocols[name].models(parsed(health.body));
      return models ?? ours(`${this.#provider.url} answers, but not as ${name} does: nothing was sent`);
    }
    const hasNoList =
      [400, 404, 405, 501].includes(health.status) && name !== 'ollama' && this.#provider.model !== null;
    return hasNoList ? [] : statusProblem(health, this.#provider, this.#world.now());
  }

  #model(listed: readonly string[]): string | ProviderProblem {
    const {name, model} = this.#provider;
    if (model === null) {
      const [first] = listed;
      if (first !== undefined) return first;
      return ours(
        name === 'ollama' ? 'it has no model: ollama pull llama3.2' : `it offers no model (explain.models.${name})`,
      );
    }
    // Others answer to names that they don't list; Ollama would not.
    if (name !== 'ollama' || modelIn(listed, model) !== null) return model;
    return ours(`it has no model ${model}: ollama pull ${model}${offered(listed)}`);
  }

  async #ask(model: string, listed: readonly string[]): Promise<Answered | ProviderProblem> {
    const request = protocols[this.#provider.name].ask(this.#provider, this.#key, model, this.#prompt);
    const answer = await this.#send(request, this.#input.settings.timeoutMs);
    if (answer.tag === 'failed') return this.#connection(answer, null);
    if (answer.status !== 200) {
      const problem = statusProblem(answer, this.#provider, this.#world.now());
      const isMissing = answer.status === 404 && modelIn(listed, model) === null;
      return isMissing ? {...problem, problem: `${problem.problem}${offered(listed)}`} : problem;
    }
    const body = parsed(answer.body);
    const said = protocols[this.#provider.name].answer(body);
    const text = said === null ? '' : neutralise(said);
    if (text !== '') return {model, text};
    const why = body === undefined ? 'it is no JSON' : (errorText(body) ?? 'no text is in it');
    return {problem: `its answer can't be used: ${why}`, isOurs: false, retryAfterMs: null};
  }

  async #send(request: HttpRequest, atMostMs: number): Promise<WebAnswer | WebFailure> {
    const {signal, env} = this.#input;
    const timeoutMs = Math.round(Math.min(atMostMs, this.#endsAt - performance.now()));
    if (signal.aborted) return {tag: 'failed', kind: 'cancelled', detail: 'cancelled'};
    if (timeoutMs <= 0) return {tag: 'failed', kind: 'timeout', detail: ''};
    return await this.#world.exchange(request, {timeoutMs, maxBytes: mostBytes, signal, env});
  }

  #connection(failed: WebFailure, healthMs: number | null): ProviderProblem {
    return connectionProblem(failed, this.#provider, this.#input.settings.timeoutMs, healthMs);
  }
}

const offered = (listed: readonly string[]): string =>
  listed.length === 0 ? '' : `; it has ${listed.slice(0, 5).join(', ')}${listed.length > 5 ? ', …' : ''}`;

/** For one process. */
export class KeptBreakers implements BreakerMemory {
  readonly #breakers = new Map<string, Breaker>();

  get(key: string): Breaker {
    return this.#breakers.get(key) ?? closedBreaker;
  }

  set(key: string, breaker: Breaker): void {
    this.#breakers.set(key, breaker);
  }
}
