/** Who may be asked for an explanation, besides the built-in diagnosis, which always answers. */
export const remoteProviders = ['openai', 'anthropic', 'ollama'] as const;
export type RemoteProvider = (typeof remoteProviders)[number];

/** Of the configuration and, where it says nothing, of the environment. No secret is in here: keys stay in the environment. */
export interface ExplainSettings {
  /** In this order, until one answers; without `built-in`. */
  readonly providers: readonly ProviderSettings[];
  /** For one provider, from its health check to the last byte of its answer. */
  readonly timeoutMs: number;
  /** Of the text that is sent: diagnosis and excerpt together, in UTF-8. */
  readonly maxBytes: number;
  /** false: IP addresses other than loopback are sent as they are. */
  readonly hidesAddresses: boolean;
}

export interface ProviderSettings {
  readonly name: RemoteProvider;
  /** null: the first that the server offers. */
  readonly model: string | null;
  /** Without the path of the request: `https://api.openai.com/v1`. */
  readonly url: string;
  /** Where the address is written: `explain.urls.openai`, `OPENAI_BASE_URL`; null: the usual one. */
  readonly urlFrom: string | null;
}

export const providerFacts = {
  openai: {
    url: 'https://api.openai.com/v1',
    urlVariable: 'OPENAI_BASE_URL',
    modelVariable: 'OPENAI_MODEL',
    keyVariable: 'OPENAI_API_KEY',
    model: 'gpt-5-mini',
  },
  anthropic: {
    url: 'https://api.anthropic.com',
    urlVariable: 'ANTHROPIC_BASE_URL',
    modelVariable: 'ANTHROPIC_MODEL',
    keyVariable: 'ANTHROPIC_API_KEY',
    model: 'claude-haiku-4-5',
  },
  ollama: {
    url: 'http://127.0.0.1:11434',
    urlVariable: 'OLLAMA_BASE_URL',
    modelVariable: 'OLLAMA_MODEL',
    keyVariable: null,
    model: null,
  },
} as const satisfies Record<RemoteProvider, ProviderFacts>;

interface ProviderFacts {
  readonly url: string;
  readonly urlVariable: string;
  readonly modelVariable: string;
  readonly keyVariable: string | null;
  /** Small and cheap: an excerpt of a log needs no more. null: what is installed. */
  readonly model: string | null;
}

/** Why this can't be the address of a provider; null: it can. */
export function baseUrlMistake(text: string): string | null {
  if (!URL.canParse(text)) return 'is not an address';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'is neither http nor https';
  if (url.username !== '' || url.password !== '') return 'holds credentials, which belong into the variable of the key';
  return url.search === '' && url.hash === '' ? null : 'has something behind its path';
}
