import {describe, expect, it} from '@jest/globals';
import http from 'node:http';
import net from 'node:net';
import type {AddressInfo} from 'node:net';
import {SocketProber} from '../../src/lib/platform/prober.js';
import type {ProbeAnswer, ProbeTarget} from '../../src/lib/platform/types.js';

const prober = new SocketProber();
const ask = (target: ProbeTarget, timeoutMs = 2000): Promise<ProbeAnswer> =>
  new Promise((done) => prober.probe(target, timeoutMs, done));
const get = (url: string, expect: {field: string; value: string}[] = [], timeoutMs = 2000) =>
  ask({type: 'http', url, expect, headers: {}}, timeoutMs);

/** A server that answers with exactly these bytes, in these pieces, and closes unless told otherwise. */
async function raw(pieces: readonly string[], {close = true, host = '127.0.0.1'} = {}) {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const reply = async (bytes: Buffer): Promise<void> => {
      asked.push(bytes.toString());
      for (const piece of pieces) {
        socket.write(piece, 'latin1');
        await new Promise((done) => setImmediate(done));
      }
      if (close) socket.end();
    };
    socket.once('data', (bytes) => void reply(bytes));
  });
  await new Promise<void>((done) => server.listen(0, host, done));
  const {port} = server.address() as AddressInfo;
  return {
    asked,
    port,
    url: `http://127.0.0.1:${port}/health`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
const json = (status: number, value: unknown): string => {
  const body = JSON.stringify(value);
  return `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

describe('http', () => {
  it.each([
    [200, {status: 'healthy'}, 'healthy'],
    [200, {status: 'UP'}, 'healthy'],
    [200, {status: 'degraded'}, 'degraded'],
    [200, {status: 'unhealthy'}, 'unhealthy'],
    [503, {status: 'degraded'}, 'degraded'],
    [503, {status: 'ok'}, 'unhealthy'],
    [200, {status: 'DOWN', message: 'no database'}, 'unhealthy'],
    [200, {status: 'on holiday'}, 'healthy'],
    [200, ['x'], 'healthy'],
    [302, {}, 'healthy'],
    [401, {}, 'unhealthy'],
    [404, {detail: 'Not Found'}, 'unhealthy'],
    [500, {}, 'unhealthy'],
    [429, {}, 'degraded'],
  ] as const)('%s with %j is %s', async (status, body, health) => {
    await using server = await raw([json(status, body)]);
    const answer = await get(server.url);
    expect(answer).toMatchObject({tag: 'answered', status, health});
    expect(answer.tag === 'answered' && answer.latencyMs).toBeGreaterThan(0);
  });

  it('asks for what it is told and closes', async () => {
    await using server = await raw([json(200, {})]);
    await ask(
      {type: 'http', url: `${server.url}?deep=1`, expect: [], headers: {'X-Key': 'a\r\nEvil: b', host: 'erp'}},
      1000,
    );
    expect(server.asked[0]).toBe(
      'GET /health?deep=1 HTTP/1.1\r\nhost: erp\r\nUser-Agent: erp-probe\r\nAccept: */*\r\nX-Key: a Evil: b\r\nConnection: close\r\n\r\n',
    );
  });

  it('lets what is expected decide', async () => {
    await using server = await raw([json(503, {db: {status: 'up'}, state: 'degraded'})]);
    expect(await get(server.url, [{field: 'db.status', value: 'UP'}])).toMatchObject({health: 'healthy', status: 503});
    expect(await get(server.url, [{field: 'state', value: 'healthy'}])).toMatchObject({
      health: 'degraded',
      detail: 'the answer says state is "degraded", expected "healthy"',
    });
    expect(await get(server.url, [{field: 'missing', value: 'x'}])).toMatchObject({health: 'unhealthy'});
    await using page = await raw(['HTTP/1.0 200 OK\r\n\r\n<html>']);
    expect(await get(page.url, [{field: 'status', value: 'ok'}])).toMatchObject({health: 'unhealthy'});
  });

  it.each([
    [
      'chunked',
      [
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        '5\r\n{"sta\r\n',
        '11;x=y\r\ntus":"degraded"} \r\n0\r\n\r\n',
      ],
      'degraded',
    ],
    ['byte by byte', Array.from(json(200, {status: 'degraded'})), 'degraded'],
    ['until the end', ['HTTP/1.0 200 OK\r\n\r\n{"status":', '"degraded"}'], 'degraded'],
    ['after 100 Continue', ['HTTP/1.1 100 Continue\r\n\r\n', json(200, {status: 'degraded'})], 'degraded'],
    ['bare newlines', ['HTTP/1.1 200 OK\nX: y\n\n{"status":"degraded"}'], 'degraded'],
    ['cut off', ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc'], 'healthy'],
  ] as const)('reads an answer: %s', async (_, pieces, health) => {
    await using server = await raw(pieces);
    expect(await get(server.url)).toMatchObject({tag: 'answered', health});
  });

  it('does not wait for a connection that stays open after the answer', async () => {
    await using server = await raw([json(200, {status: 'ok'})], {close: false});
    expect(await get(server.url, [], 60_000)).toMatchObject({health: 'healthy'});
  });

  it('takes an answer without end for a sign of life when time is up', async () => {
    await using server = await raw(['HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n'], {close: false});
    expect(await get(server.url, [], 100)).toMatchObject({tag: 'answered', health: 'healthy', status: 200});
  });

  it('stops reading a body without end', async () => {
    await using server = await raw(['HTTP/1.1 200 OK\r\n\r\n', ...Array.from({length: 20}, () => 'x'.repeat(10_000))], {
      close: false,
    });
    expect(await get(server.url, [], 60_000)).toMatchObject({health: 'healthy'});
  });

  it.each([
    ['timeout', [''], {close: false}],
    ['reset', [''], {}],
    ['garbage', ['SSH-2.0-OpenSSH_9.2\r\n'], {close: false}],
    ['garbage', ['HTTP/1.1 banana\r\n\r\n'], {close: false}],
    ['garbage', ['+PONG\r\n'], {}],
    ['garbage', [`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}`], {close: false}],
  ] as const)('is silent: %s to %j', async (reason, pieces, how) => {
    await using server = await raw(
      pieces.map((piece) => piece),
      how,
    );
    expect(await get(server.url, [], 200)).toMatchObject({tag: 'silent', reason});
  });

  it('tells refused, unreachable names and bad URLs apart', async () => {
    const {port} = await raw(['']).then(async (server) => (await server[Symbol.asyncDispose](), server));
    expect(await get(`http://127.0.0.1:${port}/`)).toMatchObject({reason: 'refused'});
    expect(await get(`http://[::1]:${port}/`)).toMatchObject({tag: 'silent'});
    expect(await get(`http://localhost:${port}/`)).toMatchObject({tag: 'silent'});
    expect(await get('http://name.invalid/', [], 5000)).toMatchObject({tag: 'silent'});
    expect(await get('ftp://127.0.0.1/')).toMatchObject({reason: 'error'});
    expect(await get('nonsense')).toMatchObject({reason: 'error'});
    await using plain = await raw([json(200, {})]);
    expect(await get(`https://127.0.0.1:${plain.port}/`)).toMatchObject({tag: 'silent'});
  });

  it('finds localhost on ::1 as well', async () => {
    await using server = await raw([json(200, {})], {host: '::1'});
    expect(await get(`http://localhost:${server.port}/`)).toMatchObject({health: 'healthy'});
    expect(await get(`http://[::1]:${server.port}/`)).toMatchObject({health: 'healthy'});
  });

  it('says nothing after it was cancelled', async () => {
    await using server = await raw([''], {close: false});
    let said = 0;
    const cancel = prober.probe({type: 'http', url: server.url, expect: [], headers: {}}, 50, () => said++);
    cancel();
    await get(server.url, [], 100);
    expect(said).toBe(0);
  });

  it('works with a real server', async () => {
    const server = http.createServer((_, response) => response.end('{"status":"ok"}'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const {port} = server.address() as AddressInfo;
    expect(await get(`http://127.0.0.1:${port}/`)).toMatchObject({health: 'healthy', status: 200, detail: null});
    server.close();
  });
});

describe('tcp', () => {
  const tcp = (port: number) => ask({type: 'tcp', host: '127.0.0.1', port}, 1000);

  it('tells an open port, a dropped connection and a closed port apart', async () => {
    await using open = await raw([''], {close: false});
    expect(await tcp(open.port)).toMatchObject({tag: 'answered', health: 'healthy'});
    const dropping = net.createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((done) => dropping.listen(0, '127.0.0.1', done));
    const {port} = dropping.address() as AddressInfo;
    expect(await tcp(port)).toMatchObject({tag: 'silent', reason: 'reset'});
    await new Promise((done) => dropping.close(done));
    expect(await tcp(port)).toMatchObject({tag: 'silent', reason: 'refused'});
    expect(await tcp(0)).toMatchObject({tag: 'silent', reason: 'error'});
  });
});
