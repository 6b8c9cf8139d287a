import {oneLine} from './neutralise.js';
import type {ProviderSettings, RemoteProvider} from './settings.js';

/** A request as it goes out; `body` is sent to the byte. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** What the three protocols have in common. */
export interface Protocol {
  /** Answers without having seen anything of the log, and tells whether key and model are good. */
  health(provider: ProviderSettings, key: string | null): HttpRequest;
  ask(provider: ProviderSettings, key: string | null, model: string, text: {system: string; user: string}): HttpRequest;
  /** Names of models in the answer to `health`; null: it is no list of models. */
  models(body: unknown): readonly string[] | null;
  /** The text of the answer to `ask`; null: none is in it. */
  answer(body: unknown): string | null;
}

const json = {'content-type': 'application/json', accept: 'application/json'} as const;

const openai: Protocol = {
  health: (provider, key) => get(join(provider.url, 'models'), bearer(key)),
  ask: (provider, key, model, {system, user}) =>
    post(join(provider.url, 'chat/completions'), bearer(key), {
      model,
      stream: false,
      messages: [
        {role: 'system', content: system},
        {role: 'user', content: user},
      ],
    }),
  models: (body) => names(field(body, 'data'), 'id'),
  answer: (body) => {
    const message = field(first(field(body, 'choices')), 'message');
    return textOf(field(message, 'content')) ?? textOf(field(message, 'refusal'));
  },
};

const anthropicHeaders = (key: string | null) => ({
  'anthropic-version': '2023-06-01',
  ...(key === null ? {} : {'x-api-key': key}),
});

const anthropic: Protocol = {
  health: (provider, key) => get(`${join(anthropicBase(provider.url), 'models')}?limit=100`, anthropicHeaders(key)),
  ask: (provider, key, model, {system, user}) =>
    post(join(anthropicBase(provider.url), 'messages'), anthropicHeaders(key), {
      model,
      max_tokens: 1024,
      system,
      messages: [{role: 'user', content: user}],
    }),
  models: (body) => names(field(body, 'data'), 'id'),
  answer: (body) => textOf(field(body, 'content')),
};

const ollama: Protocol = {
  health: (provider) => get(join(provider.url, 'api/tags'), {}),
  ask: (provider, _key, model, {system, user}) =>
    post(
      join(provider.url, 'api/chat'),
      {},
      {
        model,
        stream: false,
        options: {num_predict: 1024, num_ctx: contextFor(system.length + user.length)},
        messages: [
          {role: 'system', content: system},
          {role: 'user', content: user},
        ],
      },
    ),
  models: (body) => names(field(body, 'models'), 'name'),
  answer: (body) => textOf(field(field(body, 'message'), 'content')),
};

export const protocols: Readonly<Record<RemoteProvider, Protocol>> = {openai, anthropic, ollama};

/** Ollama drops the beginning of a longer text without a word. Logs have two to three letters a token. */
const contextFor = (letters: number): number => Math.ceil((letters / 2 + 1024) / 1024) * 1024;

const bearer = (key: string | null) => (key === null ? {} : {authorization: `Bearer ${key}`});

/** `https://api.anthropic.com`, with or without `/v1`. */
const anthropicBase = (url: string): string => (/\/v\d+\/*$/.test(url) ? url : join(url, 'v1'));

const join = (base: string, path: string): string => `${base.replace(/\/+$/, '')}/${path}`;

const get = (url: string, headers: Readonly<Record<string, string>>): HttpRequest => ({
  method: 'GET',
  url,
  headers: {accept: json.accept, ...headers},
  body: null,
});

const post = (url: string, headers: Readonly<Record<string, string>>, body: unknown): HttpRequest => ({
  method: 'POST',
  url,
  headers: {...json, ...headers},
  body: JSON.stringify(body),
});

/** Null where the list lacks the model for certain: servers list `models/x` and answer to `x`. */
export function modelIn(listed: readonly string[], wanted: string): string | null {
  const same = (name: string) => name === wanted || name === `${wanted}:latest` || name.endsWith(`/${wanted}`);
  return listed.find(same) ?? null;
}

/** What a server says about an error, in its own words: `{error: {message}}`, `{error: "…"}`, `{message}`. */
export function errorText(body: unknown): string | null {
  const error = field(body, 'error');
  const said = [field(error, 'message'), error, field(body, 'message'), field(body, 'detail')].find(
    (each): each is string => typeof each === 'string' && each !== '',
  );
  return said === undefined ? null : oneLine(said);
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const first = (value: unknown): unknown => (Array.isArray(value) ? (value as unknown[])[0] : undefined);

function names(list: unknown, key: string): readonly string[] | null {
  if (!Array.isArray(list)) return null;
  return list
    .slice(0, 1000)
    .map((each) => field(each, key))
    .filter((name): name is string => typeof name === 'string' && name !== '' && name === oneLine(name, 120));
}

/** A text, or a list of parts of which some are texts. */
function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content.trim() === '' ? null : content;
  if (!Array.isArray(content)) return null;
  const text = content
    .map((part) => field(part, 'text'))
    .filter((each): each is string => typeof each === 'string')
    .join('\n');
  return text.trim() === '' ? null : text;
}
