import {spawnSync} from 'node:child_process';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {ask, type Json, type Program, Rig, until} from './support/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

async function login(url: string, user: string): Promise<string> {
  const {status, body} = await ask(`${url}/api/v1/sessions`, {user});
  expect(status).toBe(201);
  return body.token;
}
const me = (url: string, token: string, method = 'GET') =>
  ask(`${url}/api/v1/sessions/me`, undefined, {method, headers: {authorization: `Bearer ${token}`}});
const sessionCheck = async (url: string): Promise<Json> => (await ask(`${url}/health`)).body.checks.sessions;

describe('sessions in memory', () => {
  it('begin, are known by their token and end', async () => {
    const url = await rig.start('backend').url();
    const token = await login(url, 'anna');
    expect(await me(url, token)).toMatchObject({status: 200, body: {user: 'anna', expiresAt: expect.any(String)}});
    expect((await me(url, `${token}x`)).status).toBe(401);
    expect((await me(url, token, 'DELETE')).status).toBe(204);
    const gone = await me(url, token);
    expect(gone).toMatchObject({status: 401, body: {error: {code: 'unauthorised'}}});
    expect(gone.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('are degraded where Redis is configured and away', async () => {
    const backend = rig.start('backend', {REDIS_URL: `redis://127.0.0.1:${await freePort()}`});
    const url = await backend.url();
    const token = await login(url, 'anna');
    expect((await me(url, token)).status).toBe(200);
    const {status, body} = await ask(`${url}/health`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'degraded',
      checks: {sessions: {status: 'degraded', store: 'memory', reason: expect.stringContaining('ECONNREFUSED')}},
    });
  });

  it('refuses a REDIS_URL that is none, without repeating it', async () => {
    const backend = rig.start('backend', {REDIS_URL: 'http://:secret@x'});
    expect(await backend.exited).toMatchObject({code: 3});
    expect(backend.output).toMatch(/^backend: REDIS_URL is not of the form/);
    expect(backend.output).not.toContain('secret');
  });
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
if (!hasRedis) console.warn('SKIPPED: no redis-server on this machine, sessions were not tried on a real Redis');

(hasRedis ? describe : describe.skip)('sessions in a real Redis', () => {
  const startRedis = async (port: number, ...more: string[]): Promise<Program> => {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...more];
    const redis = rig.run('redis', ['redis-server', ...options]);
    await redis.says(/Ready to accept connections/);
    return redis;
  };
  const storeIs = (url: string, store: string): Promise<true> =>
    until(`sessions in ${store}`, async () => ((await sessionCheck(url)).store === store ? true : undefined));

  it('are shared by two backends, with a password and a database', async () => {
    const port = await freePort();
    await startRedis(port, '--requirepass', 'secret word');
    const env = {REDIS_URL: `redis://:secret%20word@127.0.0.1:${port}/2`};
    const [first, second] = [rig.start('backend', env), rig.start('backend', env)];
    const urls = [await first.url(), await second.url()] as const;
    const token = await login(urls[0], 'anna');
    expect(await me(urls[1], token)).toMatchObject({status: 200, body: {user: 'anna'}});
    expect((await me(urls[1], token, 'DELETE')).status).toBe(204);
    expect((await me(urls[0], token)).status).toBe(401);
    expect(await sessionCheck(urls[0])).toEqual({status: 'healthy', store: 'redis'});
    expect(first.output).not.toContain('secret');
  });

  it('move to memory when Redis dies and back when it returns, each said once', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    const backend = rig.start('backend', {REDIS_URL: `redis://127.0.0.1:${port}`});
    const url = await backend.url();
    expect(backend.output).toMatch(/INFO backend sessions are kept in Redis at 127\.0\.0\.1:\d+/);
    const [anna, ben] = [await login(url, 'anna'), await login(url, 'ben')];

    await redis.end('SIGKILL');
    await storeIs(url, 'memory');
    expect((await ask(`${url}/health`)).body).toMatchObject({status: 'degraded'});
    // Nobody is logged out; who comes and goes meanwhile is carried over.
    expect((await me(url, anna)).body).toMatchObject({user: 'anna'});
    const carla = await login(url, 'carla');
    await me(url, ben, 'DELETE');

    await startRedis(port);
    await storeIs(url, 'redis');
    expect((await ask(`${url}/health`)).body).toMatchObject({status: 'healthy'});
    const second = await rig.start('backend', {REDIS_URL: `redis://127.0.0.1:${port}`}).url();
    expect((await me(second, carla)).body).toMatchObject({user: 'carla'});
    expect((await me(second, ben)).status).toBe(401);
    expect(backend.output.match(/sessions are kept in/g)).toHaveLength(3);
  });

  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix('move to memory when Redis only falls silent', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    const backend = rig.start('backend', {REDIS_URL: `redis://127.0.0.1:${port}`});
    const url = await backend.url();
    redis.child.kill('SIGSTOP');
    const token = await login(url, 'anna');
    expect(await sessionCheck(url)).toMatchObject({status: 'degraded', reason: expect.stringContaining('no answer')});
    redis.child.kill('SIGCONT');
    await storeIs(url, 'redis');
    expect((await me(url, token)).status).toBe(200);
  });

  it('stay in memory while Redis takes no writes', async () => {
    const port = await freePort();
    await startRedis(port, '--replicaof', '127.0.0.1', String(await freePort()));
    const backend = rig.start('backend', {REDIS_URL: `redis://127.0.0.1:${port}`});
    const url = await backend.url();
    await login(url, 'anna');
    expect(await sessionCheck(url)).toMatchObject({
      store: 'memory',
      reason: expect.stringMatching(/READONLY|MASTERDOWN/),
    });
  });
});
