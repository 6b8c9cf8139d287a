import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {ask, askRaw, type Program, Rig, until} from './support/rig.js';

let rig: Rig;
let backend: Program;
let url: string;
beforeEach(async () => {
  rig = new Rig();
  backend = rig.start('backend', {DEMO_PROVOKE: '1'});
  url = await backend.url();
});
afterEach(() => rig.close());

const provoke = (failure: string, options: object = {}) => ask(`${url}/api/v1/demo/provoke`, {failure, ...options});

describe('a provoked failure', () => {
  it('crash: an uncaught exception with its stack, exit code 1', async () => {
    expect(await provoke('crash')).toMatchObject({status: 202, body: {failure: 'crash'}});
    expect(await backend.exited).toEqual({code: 1, signal: null});
    expect(backend.output).toMatch(
      /TypeError: Cannot read properties of undefined \(reading 'percent'\)\n\s+at taxOf \(/,
    );
    expect(backend.output).toMatch(/at (Timeout\.)?nightlyInvoicing/);
  });

  it('hang: no answer any more, while the process lives and uses no processor', async () => {
    expect((await provoke('hang')).status).toBe(202);
    await until('silence', async () => {
      const answered = await fetch(`${url}/health`, {signal: AbortSignal.timeout(300)}).then(
        () => true,
        () => false,
      );
      return answered ? undefined : true;
    });
    expect(backend.running).toBe(true);
    expect(await backend.end('SIGKILL')).toMatchObject({signal: 'SIGKILL'});
  });

  it('slow: late answers for a while, then as before', async () => {
    await provoke('slow', {seconds: 1, latencySeconds: 0.4});
    let startedMs = performance.now();
    expect((await ask(`${url}/health`)).status).toBe(200);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(395);
    await until('quick answers', async () => {
      startedMs = performance.now();
      await ask(`${url}/health`);
      return performance.now() - startedMs < 300 ? true : undefined;
    });
  });

  it('unhealthy: 503 for a while, but every other answer as always', async () => {
    await provoke('unhealthy', {seconds: 0.5});
    const bad = await ask(`${url}/health`);
    expect(bad).toMatchObject({status: 503, body: {status: 'unhealthy', checks: {demo: {status: 'unhealthy'}}}});
    expect((await ask(`${url}/api/v1/stock`)).status).toBe(200);
    await until('health', async () => ((await ask(`${url}/health`)).status === 200 ? true : undefined));
  });

  it('leak: grows up to its limit and holds it', async () => {
    await provoke('leak', {megabytes: 12});
    await backend.says(/WARNING backend leak: 12 MB held/);
    expect((await ask(`${url}/health`)).status).toBe(200);
  });

  it('flood: every line, once and in order', async () => {
    await provoke('flood', {lines: 25_000});
    await backend.says(/flood: 25000 lines written/);
    const numbers = [...backend.output.matchAll(/ INFO flood line (\d+) of 25000\n/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(Array.from({length: 25_000}, (_, index) => index + 1));
  });

  it('unknown: refused with the known ones', async () => {
    const answer = await provoke('fire');
    expect(answer).toMatchObject({status: 400, body: {error: {code: 'validation'}}});
    expect(answer.body.error.message).toContain('crash, hang, slow, leak, flood, unhealthy');
  });
});

describe('strangers', () => {
  const body = JSON.stringify({failure: 'crash'});
  const json = {'content-type': 'application/json', 'content-length': String(body.length)};
  it.each([
    ['another site whose name points here', {host: 'evil.example:8000'}, 403],
    ['a proxy', {'x-forwarded-for': '10.0.0.7'}, 403],
    ['a form on a web page', {'content-type': 'text/plain'}, 415],
  ])('%s provokes nothing', async (_name, headers, status) => {
    const answer = await askRaw(url, '/api/v1/demo/provoke', {method: 'POST', headers: {...json, ...headers}, body});
    expect(answer.status).toBe(status);
    expect((await ask(`${url}/health`)).status).toBe(200);
  });

  it('not even over our own page', async () => {
    const page = await rig.start('frontend', {BACKEND_URL: url}).url();
    expect(await ask(`${page}/api/v1/demo/provoke`, {failure: 'crash'})).toMatchObject({
      status: 403,
      body: {error: {code: 'provoke_not_local'}},
    });
  });
});
