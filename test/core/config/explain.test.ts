import {describe, expect, it} from '@jest/globals';
import {explainWithoutConfig, resolveExplain} from '../../../src/lib/core/config/resolve-explain.js';
import {Ledger} from '../../../src/lib/core/config/provenance.js';

const resolved = (given: Parameters<typeof resolveExplain>[0], env: Record<string, string> = {}) => {
  const ledger = new Ledger(() => 'erp.config.yaml:1');
  return {settings: resolveExplain(given, env, ledger), ledger};
};

describe('who is asked for an explanation', () => {
  it('without any word about it: Ollama here first, then those with a key', () => {
    expect(explainWithoutConfig({})).toEqual({
      providers: [
        {name: 'ollama', url: 'http://127.0.0.1:11434', urlFrom: null, model: null},
        {name: 'openai', url: 'https://api.openai.com/v1', urlFrom: null, model: 'gpt-5-mini'},
        {name: 'anthropic', url: 'https://api.anthropic.com', urlFrom: null, model: 'claude-haiku-4-5'},
      ],
      timeoutMs: 30_000,
      maxBytes: 12 * 1024,
      hidesAddresses: true,
    });
  });

  it('the environment where the file says nothing, and a server of its own is asked what it has', () => {
    const env = {OPENAI_BASE_URL: ' http://llm.local:8000/v1 ', OLLAMA_MODEL: 'phi4', ANTHROPIC_MODEL: 'from-env'};
    const {settings} = resolved({models: {anthropic: 'from-file'}}, env);
    expect(settings.providers).toMatchObject([
      {name: 'ollama', model: 'phi4'},
      {name: 'openai', url: 'http://llm.local:8000/v1', urlFrom: 'OPENAI_BASE_URL', model: null},
      {name: 'anthropic', model: 'from-file'},
    ]);
  });

  it('the file before the environment, in its order, and built-in is nobody who is asked', () => {
    const {settings} = resolved(
      {
        providers: ['openai', 'ollama', 'built-in'],
        urls: {openai: 'https://a/v1'},
        timeout: '5s',
        maxSize: '2 KiB',
        hideAddresses: false,
      },
      {OPENAI_BASE_URL: 'https://b/v1'},
    );
    expect(settings).toMatchObject({timeoutMs: 5000, maxBytes: 2048, hidesAddresses: false});
    expect(settings.providers).toMatchObject([
      {name: 'openai', url: 'https://a/v1', urlFrom: 'explain.urls.openai'},
      {name: 'ollama'},
    ]);
    expect(resolved({providers: ['built-in']}).settings.providers).toEqual([]);
  });

  it('says where each value came from, and keeps a password in an address to itself', () => {
    const {ledger} = resolved({providers: ['openai']}, {OPENAI_BASE_URL: 'https://u:geheim@b/v1'});
    expect(ledger.entries).toContainEqual({
      path: 'explain.urls.openai',
      value: 'https://u:***@b/v1',
      source: 'environment',
      place: 'OPENAI_BASE_URL',
    });
  });
});
