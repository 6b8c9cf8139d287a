import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {openDatabase} from '../../demo/lib/database.js';
import {ask, askRaw, type Program, Rig} from './support/rig.js';

let rig: Rig;
let backend: Program;
let url: string;
beforeAll(async () => {
  rig = new Rig();
  backend = rig.start('backend');
  url = await backend.url();
});
afterAll(() => rig.close());

describe('articles and stock', () => {
  it('creates, reads and lists an article', async () => {
    const created = await ask(`${url}/api/v1/articles`, {
      number: 'T-1',
      name: ' Tractor ',
      priceCents: 100,
      quantity: 7,
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({number: 'T-1', name: 'Tractor', unit: 'piece', priceCents: 100, quantity: 7});
    const read = await ask(`${url}${created.headers.get('location') ?? ''}`);
    expect(read).toMatchObject({status: 200, body: {id: created.body.id, number: 'T-1', quantity: 7}});
    const list = await ask(`${url}/api/v1/articles?limit=200`);
    expect(list.body.total).toBe(list.body.items.length);
    expect(list.body.items.map((item: {number: string}) => item.number)).toContain('T-1');
  });

  it('refuses a number that is taken and leaves nothing behind', async () => {
    const before = await ask(`${url}/api/v1/articles`);
    const twice = await ask(`${url}/api/v1/articles`, {number: 'A-1001', name: 'x', priceCents: 1, quantity: 5});
    expect(twice).toMatchObject({
      status: 409,
      body: {error: {code: 'article_number_taken', details: {number: 'A-1001'}}},
    });
    expect((await ask(`${url}/api/v1/articles`)).body.total).toBe(before.body.total);
  });

  it('adjusts stock up and down, never below zero', async () => {
    const {id} = (await ask(`${url}/api/v1/articles`, {number: 'T-2', name: 'Plough', priceCents: 1})).body;
    const adjust = (change: number) => ask(`${url}/api/v1/stock/${id}/adjust`, {change, reason: 'count'});
    expect(await adjust(5)).toMatchObject({status: 200, body: {articleId: id, quantity: 5}});
    expect(await adjust(-2)).toMatchObject({status: 200, body: {quantity: 3}});
    expect(await adjust(-4)).toMatchObject({
      status: 409,
      body: {error: {code: 'insufficient_stock', details: {articleId: id, requested: 4, available: 3}}},
    });
    const stock = await ask(`${url}/api/v1/stock?limit=200`);
    expect(stock.body.items.find((item: {articleId: number}) => item.articleId === id).quantity).toBe(3);
  });

  it('pages', async () => {
    const page = await ask(`${url}/api/v1/stock?limit=2&offset=1`);
    expect(page.body).toMatchObject({limit: 2, offset: 1, items: [{articleId: 2}, {articleId: 3}]});
  });
});

describe('orders', () => {
  it('takes an order of several lines from stock', async () => {
    const order = await ask(`${url}/api/v1/orders`, {
      customer: 'Meyer Farm',
      lines: [
        {articleId: 1, quantity: 2},
        {articleId: 2, quantity: 1},
      ],
    });
    expect(order.status).toBe(201);
    expect(order.body).toMatchObject({customer: 'Meyer Farm', totalCents: 2 * 2490 + 2250});
    expect(order.body.lines).toMatchObject([
      {position: 1, articleId: 1, quantity: 2},
      {position: 2, articleId: 2},
    ]);
    expect((await ask(`${url}/api/v1/orders/${order.body.id}`)).body).toEqual(order.body);
    expect((await ask(`${url}/api/v1/articles/1`)).body.quantity).toBe(398);
    const list = await ask(`${url}/api/v1/orders?limit=1`);
    expect(list.body.items).toMatchObject([{id: order.body.id, lineCount: 2}]);
  });

  it('writes nothing of an order whose last line cannot be served', async () => {
    const before = (await ask(`${url}/api/v1/articles/3`)).body.quantity;
    const orders = (await ask(`${url}/api/v1/orders`)).body.total;
    const lines = [
      {articleId: 3, quantity: 1},
      {articleId: 4, quantity: 10_000},
    ];
    const refused = await ask(`${url}/api/v1/orders`, {customer: 'x', lines});
    expect(refused).toMatchObject({status: 409, body: {error: {code: 'insufficient_stock', details: {available: 60}}}});
    expect((await ask(`${url}/api/v1/articles/3`)).body.quantity).toBe(before);
    expect((await ask(`${url}/api/v1/orders`)).body.total).toBe(orders);
  });

  it('adds up an article that is on two lines', async () => {
    const line = {articleId: 11, quantity: 20}; // 30 in stock
    expect((await ask(`${url}/api/v1/orders`, {customer: 'x', lines: [line, line]})).status).toBe(409);
    expect((await ask(`${url}/api/v1/articles/11`)).body.quantity).toBe(30);
  });
});

describe('errors', () => {
  const order = {customer: 'x', lines: [{articleId: 1, quantity: 1}]};
  const cases: [string, () => Promise<{status: number; body: object}>, number, string][] = [
    ['no JSON', () => ask(`${url}/api/v1/orders`, '{"customer":'), 400, 'invalid_json'],
    [
      'no UTF-8',
      () => ask(`${url}/api/v1/orders`, undefined, raw(Buffer.from('7b22c328227d', 'hex'))),
      400,
      'invalid_json',
    ],
    ['an empty body', () => ask(`${url}/api/v1/orders`, ''), 400, 'invalid_json'],
    ['a list', () => ask(`${url}/api/v1/orders`, [order]), 400, 'validation'],
    ['null', () => ask(`${url}/api/v1/orders`, 'null'), 400, 'validation'],
    ['a boolean as number', () => ask(`${url}/api/v1/stock/1/adjust`, {change: true}), 400, 'validation'],
    ['a wrong page', () => ask(`${url}/api/v1/orders?limit=0`), 400, 'validation'],
    ['an unknown parameter', () => ask(`${url}/api/v1/orders?page=2`), 400, 'validation'],
    ['an unknown path', () => ask(`${url}/api/v1/nothing`), 404, 'not_found'],
    ['an unknown article', () => ask(`${url}/api/v1/articles/99999`), 404, 'article_not_found'],
    ['an article that is no number', () => ask(`${url}/api/v1/articles/1%20OR%201=1`), 404, 'not_found'],
    ['an unknown order', () => ask(`${url}/api/v1/orders/99999`), 404, 'order_not_found'],
    ['an unknown task', () => ask(`${url}/api/v1/tasks/99999`), 404, 'task_not_found'],
    [
      'stock of an unknown article',
      () => ask(`${url}/api/v1/stock/99999/adjust`, {change: 1}),
      404,
      'article_not_found',
    ],
    ['a wrong method', () => ask(`${url}/api/v1/orders/1`, order), 405, 'method_not_allowed'],
    [
      'too large a body',
      () => ask(`${url}/api/v1/orders`, {...order, customer: 'x'.repeat(300_000)}),
      413,
      'body_too_large',
    ],
    [
      'another type',
      () => ask(`${url}/api/v1/orders`, order, {headers: {'content-type': 'text/plain'}}),
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown article in an order',
      () => ask(`${url}/api/v1/orders`, {customer: 'x', lines: [{articleId: 99999, quantity: 1}]}),
      422,
      'unknown_article',
    ],
    ['no session', () => ask(`${url}/api/v1/sessions/me`), 401, 'unauthorised'],
    ['failures without leave', () => ask(`${url}/api/v1/demo/provoke`, {failure: 'crash'}), 403, 'provoke_disabled'],
  ];
  it.each(cases)('%s', async (_name, question, status, code) => {
    const answer = await question();
    expect(answer).toMatchObject({status, body: {error: {code, message: expect.any(String)}}});
    expect(Object.keys(answer.body)).toEqual(['error']);
  });

  function raw(body: Uint8Array): RequestInit {
    return {method: 'POST', body, headers: {'content-type': 'application/json'}};
  }

  it('names every wrong field at once', async () => {
    const answer = await ask(`${url}/api/v1/orders`, {
      customer: '',
      note: 1,
      lines: [{articleId: 1, quantity: 0}, {quantity: 1.5}],
    });
    expect(answer.body.error.details.fields.map(({field}: {field: string}) => field)).toEqual([
      'customer',
      'lines[0].quantity',
      'lines[1].articleId',
      'lines[1].quantity',
      'note',
    ]);
  });

  it('says which methods a path takes', async () => {
    expect((await ask(`${url}/api/v1/orders`, undefined, {method: 'DELETE'})).headers.get('allow')).toBe(
      'GET, HEAD, POST',
    );
  });

  it('limits a body that does not announce its length', async () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let chunk = 0; chunk < 40; chunk += 1) controller.enqueue(new Uint8Array(10_000).fill(32));
        controller.close();
      },
    });
    const init = {method: 'POST', body, duplex: 'half', headers: {'content-type': 'application/json'}} as RequestInit;
    expect(await ask(`${url}/api/v1/orders`, undefined, init)).toMatchObject({status: 413});
  });

  it('refuses a target that is no path', async () => {
    expect(await askRaw(url, 'http://elsewhere/health')).toMatchObject({status: 400});
  });

  it('answers HEAD like GET, without the body', async () => {
    const head = await askRaw(url, '/api/v1/articles/1', {method: 'HEAD'});
    expect(head).toMatchObject({status: 200, text: ''});
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
  });
});

describe('health and system status', () => {
  it('is healthy with sessions in memory where no Redis is configured', async () => {
    const {status, body} = await ask(`${url}/health`);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['status', 'timestamp', 'checks']);
    expect(body).toMatchObject({
      status: 'healthy',
      checks: {database: {status: 'healthy'}, sessions: {status: 'healthy', store: 'memory'}},
    });
    expect(new Date(body.timestamp).toISOString()).toBe(body.timestamp);
  });

  it('has the shape that the front end in the field reads, cached until it is reset', async () => {
    const share = expect.any(Number);
    const shape = {
      timestamp: expect.any(String),
      status: expect.stringMatching(/^(healthy|warning|error)$/),
      system_info: {
        system: expect.any(String),
        version: expect.any(String),
        python_version: expect.any(String),
        cpu_count: expect.any(Number),
        memory_total: expect.any(Number),
        memory_available: expect.any(Number),
      },
      current_stats: {cpu_percent: share, memory_percent: share, disk_percent: share},
      database: {status: 'connected', response_time_ms: expect.any(Number)},
      app_info: {version: expect.any(String), project_name: expect.any(String), api_prefix: '/api/v1'},
    };
    const first = await ask(`${url}/api/v1/system/status`);
    expect(first.body).toEqual({...shape, cache: {from_cache: false}});
    for (const value of Object.values(first.body.current_stats)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(100);
    }
    const second = await ask(`${url}/api/v1/system/status`);
    expect(second.body).toEqual({
      ...first.body,
      cache: {from_cache: true, cached_at: expect.any(String), cache_age_seconds: expect.any(Number)},
    });
    const reset = await ask(`${url}/api/v1/system/status/reset-cache`);
    expect(reset.body).toEqual({message: expect.any(String), timestamp: expect.any(String)});
    expect((await ask(`${url}/api/v1/system/status`)).body.cache).toEqual({from_cache: false});
  });
});

// Last: from here on the database is not what it was.
describe('when the database fails', () => {
  it('answers 503 while another process keeps it locked, and serves again afterwards', async () => {
    const other = await openDatabase(rig.databasePath);
    other.exec('BEGIN IMMEDIATE');
    const refused = await ask(`${url}/api/v1/stock/1/adjust`, {change: 1});
    expect(refused).toMatchObject({status: 503, body: {error: {code: 'database_busy'}}});
    other.exec('COMMIT');
    other.close();
    expect((await ask(`${url}/api/v1/stock/1/adjust`, {change: 1})).status).toBe(200);
  });

  it('keeps the stack to its own log', async () => {
    const other = await openDatabase(rig.databasePath);
    other.exec('ALTER TABLE orders RENAME TO lost');
    other.close();
    const {status, body} = await ask(`${url}/api/v1/orders`);
    expect(status).toBe(500);
    expect(body).toEqual({error: {code: 'internal', message: expect.any(String)}});
    expect(JSON.stringify(body)).not.toMatch(/orders|sqlite|\.js|at /i);
    await backend.says(/ERROR backend GET \/api\/v1\/orders failed\n.*no such table: orders\n\s+at /);
  });

  it('is unhealthy when the file is gone', async () => {
    const {rmSync} = await import('node:fs');
    rmSync(rig.databasePath);
    expect(await ask(`${url}/health`)).toMatchObject({
      status: 503,
      body: {
        status: 'unhealthy',
        checks: {database: {status: 'unhealthy', reason: expect.stringContaining('is gone')}},
      },
    });
    await ask(`${url}/api/v1/system/status/reset-cache`);
    const {body} = await ask(`${url}/api/v1/system/status`);
    expect(body).toMatchObject({status: 'error', database: {status: 'error', error: expect.any(String)}});
  });
});
