import {type ExplainSettings, providerFacts, type ProviderSettings, type RemoteProvider} from '../explain/settings.js';
import {type Default, explainDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import {Ledger} from './provenance.js';
import type {Config} from './schema.js';
import {maskUrls} from './secrets.js';
import {parseSize} from './sizes.js';
import type {Variables} from './variables.js';

type Given = NonNullable<Config['explain']>;

/** Where there is no configuration: the defaults, and what the environment says. */
export const explainWithoutConfig = (env: Variables): ExplainSettings => resolveExplain({}, env, new Ledger(() => ''));

/**
 * Not a part of what the supervisor is told: it asks nobody. The variables are those that the providers' own tools read; they
 * count where the file says nothing.
 */
export function resolveExplain(given: Given, env: Variables, ledger: Ledger): ExplainSettings {
  const d = explainDefaults;
  const pick = <V, D>(key: string, value: V | undefined, byDefault: Default<D>) =>
    ledger.pick(['explain', key], value, byDefault);
  const providers: readonly (RemoteProvider | 'built-in')[] = pick('providers', given.providers, d.providers);
  const asked = providers.filter((name) => name !== 'built-in');
  return {
    providers: asked.map((name) => resolveProvider(name, given, env, ledger)),
    timeoutMs: parseDuration(pick('timeout', given.timeout, d.timeout)) ?? 0,
    maxBytes: parseSize(pick('maxSize', given.maxSize, d.maxSize)) ?? 0,
    hidesAddresses: pick('hideAddresses', given.hideAddresses, d.hideAddresses),
  };
}

function resolveProvider(name: RemoteProvider, given: Given, env: Variables, ledger: Ledger): ProviderSettings {
  const facts = providerFacts[name];
  const url = chosen(name, 'urls', given.urls?.[name], env[facts.urlVariable], ledger);
  const model = chosen(name, 'models', given.models?.[name], env[facts.modelVariable], ledger);
  const isOwn = url !== null;
  return {
    name,
    url: url ?? facts.url,
    urlFrom: given.urls?.[name] !== undefined ? `explain.urls.${name}` : isOwn ? facts.urlVariable : null,
    // The usual model is one of the usual address; another server has others.
    model: model ?? (isOwn ? null : facts.model),
  };
}

function chosen(
  name: RemoteProvider,
  key: 'urls' | 'models',
  given: string | undefined,
  variable: string | undefined,
  ledger: Ledger,
): string | null {
  const path = ['explain', key, name];
  if (given !== undefined) return ledger.fromFile(path, given.trim());
  const facts = providerFacts[name];
  const from = key === 'urls' ? facts.urlVariable : facts.modelVariable;
  const value = variable?.trim() ?? '';
  if (value === '') return null;
  ledger.note(path, maskUrls(value), 'environment', from);
  return value;
}
