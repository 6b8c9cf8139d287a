import type {Variables} from '../config/variables.js';
import type {LogDiagnosis} from '../logs/diagnosis/log-diagnosis.js';
import type {ExcerptLine} from './excerpt.js';
import {buildPrompt, type Prompt} from './prompt.js';
import {type HttpRequest, protocols} from './protocols.js';
import {baseUrlMistake, type ExplainSettings, providerFacts, type ProviderSettings} from './settings.js';

export interface ExplainQuestion {
  readonly diagnosis: LogDiagnosis;
  readonly excerpt: readonly ExcerptLine[];
  readonly settings: ExplainSettings;
  /** Of this process: keys, and values that must not be sent. */
  readonly env: Variables;
}

/** What `--dry-run` shows: what would be sent, to where. */
export interface ExplainPlan {
  readonly prompt: Prompt;
  /** In the order in which they are asked, until one answers. */
  readonly providers: readonly PlannedProvider[];
}

export interface PlannedProvider {
  readonly provider: ProviderSettings['name'];
  readonly model: string | null;
  /** Why it is not asked; null: it is. */
  readonly problem: string | null;
  readonly reach: 'on this machine' | 'encrypted' | 'not encrypted';
  /** The key is shown as `***`. Without a model the first that the server offers takes its place. */
  readonly health: HttpRequest;
  readonly ask: HttpRequest;
}

export const unknownModel = '(the first that it offers)';

export function planExplanation(question: ExplainQuestion): ExplainPlan {
  const prompt = promptFor(question);
  return {
    prompt,
    providers: question.settings.providers.map((provider) => {
      const problem = cannotBeAsked(provider, question.env);
      const key = keyOf(provider, question.env) === null ? null : '***';
      const protocol = protocols[provider.name];
      return {
        provider: provider.name,
        model: provider.model,
        problem,
        reach: reachOf(provider.url),
        health: protocol.health(provider, key),
        ask: protocol.ask(provider, key, provider.model ?? unknownModel, prompt),
      };
    }),
  };
}

function reachOf(url: string): PlannedProvider['reach'] {
  if (/^https?:\/\/(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?(?:\/|$)/i.test(url)) return 'on this machine';
  return url.startsWith('https:') ? 'encrypted' : 'not encrypted';
}

export const promptFor = ({diagnosis, excerpt, settings, env}: ExplainQuestion): Prompt =>
  buildPrompt(diagnosis, excerpt, {env, hidesAddresses: settings.hidesAddresses, maxBytes: settings.maxBytes});

export function keyOf(provider: ProviderSettings, env: Variables): string | null {
  const {keyVariable} = providerFacts[provider.name];
  return keyVariable === null ? null : env[keyVariable]?.trim() || null;
}

/** What is missing or wrong before anybody is asked; null: nothing. */
export function cannotBeAsked(provider: ProviderSettings, env: Variables): string | null {
  const mistake = baseUrlMistake(provider.url);
  if (mistake !== null) return `${provider.urlFrom ?? provider.name} ${mistake}`;
  const {keyVariable} = providerFacts[provider.name];
  if (keyVariable === null) return null;
  const key = keyOf(provider, env);
  // Servers of one's own that speak the protocol of OpenAI mostly want no key.
  if (key === null) return provider.name === 'openai' && provider.urlFrom !== null ? null : `${keyVariable} is not set`;
  return /^[\x21-\x7e]+$/.test(key) ? null : `${keyVariable} holds characters that no key has`;
}
