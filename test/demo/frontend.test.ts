import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {ask, askRaw, type Program, publicFolder, Rig} from './support/rig.js';

let rig: Rig;
let backend: Program;
let backendUrl: string;
let url: string;
beforeAll(async () => {
  rig = new Rig();
  backend = rig.start('backend');
  backendUrl = await backend.url();
  url = await rig.start('frontend', {BACKEND_URL: backendUrl}).url();
});
afterAll(() => rig.close());

describe('files', () => {
  it.each([
    ['/', 'index.html', 'text/html; charset=utf-8'],
    ['/app.js', 'app.js', 'text/javascript; charset=utf-8'],
    ['/style.css?v=1', 'style.css', 'text/css; charset=utf-8'],
    ['/icon.svg', 'icon.svg', 'image/svg+xml'],
  ])('%s', async (path, name, type) => {
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(readFileSync(join(publicFolder, name), 'utf8'));
  });

  it('come with a policy that allows only this origin', async () => {
    const {headers} = await fetch(url);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  it('need neither inline scripts nor inline styles, which the policy forbids', () => {
    const page = readFileSync(join(publicFolder, 'index.html'), 'utf8');
    expect(page).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
  });

  it('are not sent again when nothing has changed', async () => {
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const again = await askRaw(url, '/', {headers: {'if-none-match': etag}});
    expect(again).toMatchObject({status: 304, text: ''});
  });

  it('take only GET and HEAD', async () => {
    expect(await ask(url, {})).toMatchObject({status: 405, body: {error: {code: 'method_not_allowed'}}});
    expect(await askRaw(url, '/', {method: 'HEAD'})).toMatchObject({status: 200, text: ''});
  });
});

describe('paths that want out', () => {
  it.each([
    '/../package.json',
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/%2e%2e%2fpackage.json',
    '/..\\..\\package.json',
    '/..%5c..%5cpackage.json',
    '/./../app.js/../../frontend.js',
    '/app.js%00.html',
    '//etc/passwd',
    '/public/../../erp.config.yaml',
    '/%c0%ae%c0%ae/etc/passwd',
    '/api/../../package.json',
    '/api/%2e%2e/%2e%2e/package.json',
    '/constructor',
    '/__proto__',
  ])('%s', async (path) => {
    const answer = await askRaw(url, path);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({error: {code: 'not_found'}});
  });

  it.each(['http://127.0.0.1:1/', 'file:///etc/passwd', '*'])('%s', async (path) => {
    expect((await askRaw(url, path)).status).toBe(400);
  });
});

describe('proxy', () => {
  it('passes requests and answers on as they are', async () => {
    const order = await ask(`${url}/api/v1/orders`, {customer: 'Möller', lines: [{articleId: 5, quantity: 1}]});
    expect(order).toMatchObject({status: 201, body: {customer: 'Möller'}});
    expect(order.headers.get('location')).toBe(`/api/v1/orders/${order.body.id}`);
    expect((await ask(`${url}/api/v1/orders?limit=1`)).body.items[0].id).toBe(order.body.id);
    expect((await ask(`${url}/api/v1/orders`, '{')).body.error.code).toBe('invalid_json');
    expect((await ask(`${url}/api/v1/orders/1`, {})).headers.get('allow')).toBe('GET, HEAD');
    const {token} = (await ask(`${url}/api/v1/sessions`, {user: 'anna'})).body;
    const me = await ask(`${url}/api/v1/sessions/me`, undefined, {headers: {authorization: `Bearer ${token}`}});
    expect(me.body).toMatchObject({user: 'anna'});
    const large = await ask(`${url}/api/v1/orders`, {customer: 'x'.repeat(300_000), lines: []});
    expect(large.body.error.code).toBe('body_too_large');
    expect((await ask(`${url}/health-of-backend`)).body.checks.database.status).toBe('healthy');
  });

  it('is itself healthy, and degraded with 200 when the backend is away or unhealthy', async () => {
    expect(await ask(`${url}/health`)).toMatchObject({status: 200, body: {status: 'healthy'}});
    const lonely = await rig.start('frontend', {BACKEND_URL: `http://127.0.0.1:${await freePort()}`}).url();
    expect(await ask(`${lonely}/health`)).toMatchObject({
      status: 200,
      body: {status: 'degraded', checks: {backend: {status: 'degraded', reason: 'ECONNREFUSED'}}},
    });
    const away = {status: 502, body: {error: {code: 'backend_away'}}};
    expect(await ask(`${lonely}/api/v1/stock`)).toMatchObject(away);
    expect(await ask(`${lonely}/health-of-backend`)).toMatchObject(away);
    expect(await ask(`${lonely}/api/v1/orders`, {customer: 'x'.repeat(200_000)})).toMatchObject(away);
    expect((await fetch(lonely)).status).toBe(200);
  });

  // Last: the backend does not live afterwards.
  const onPosix = process.platform === 'win32' ? it.skip : it;
  onPosix('notices a backend that is frozen', async () => {
    backend.child.kill('SIGSTOP');
    const {body} = await ask(`${url}/health`);
    expect(body).toMatchObject({status: 'degraded', checks: {backend: {reason: expect.stringContaining('no answer')}}});
    backend.child.kill('SIGCONT');
  });
});
