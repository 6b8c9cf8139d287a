import {describe, expect, it} from '@jest/globals';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type {AddressInfo} from 'node:net';
import {SocketProber} from '../../src/lib/platform/prober.js';
import {itNeeds, redis} from '../support/tools.js';
import {freePort} from '../support/free-port.js';
import {until} from './rig.js';
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

describe('HEAD', () => {
  const head = (url: string, anyAnswer = false) =>
    ask({type: 'http', url, expect: [], headers: {}, method: 'HEAD', anyAnswer}, 60_000);

  it.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', 200],
    ['chunks', 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n', 404],
    ['neither', 'HTTP/1.0 405 No\r\n\r\n', 405],
  ])('waits for no body, whatever is promised: %s', async (_, words, status) => {
    await using server = await raw([words], {close: false});
    expect(await head(server.url)).toMatchObject({tag: 'answered', status});
    expect(server.asked[0]).toMatch(/^HEAD \/health HTTP\/1\.1\r\n(.*\r\n)*User-Agent: erp-probe\r\n/);
  });

  it('is understood by a real server', async () => {
    const server = http.createServer((_request, response) => response.writeHead(200).end('body'.repeat(1000)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const {port} = server.address() as AddressInfo;
    expect(await head(`http://127.0.0.1:${port}/`)).toMatchObject({tag: 'answered', status: 200, health: 'healthy'});
    await new Promise((done) => server.close(done));
  });
});

describe('any answer', () => {
  const any = (url: string, timeoutMs = 2000) =>
    ask({type: 'http', url, expect: [], headers: {}, method: 'HEAD', anyAnswer: true}, timeoutMs);

  it('takes bytes that are no HTTP, and says what they were', async () => {
    await using greeting = await raw(['220 mail.example ready\r\n']);
    expect(await any(greeting.url)).toMatchObject({
      tag: 'answered',
      status: null,
      detail: expect.stringContaining('220 mail.example'),
    });
    await using binary = await raw(['\x15\x03\x01'], {close: false});
    expect(await any(binary.url)).toMatchObject({tag: 'answered', status: null});
    await using half = await raw(['HTTP/1.'], {close: false});
    expect(await any(half.url, 300)).toMatchObject({tag: 'answered', status: null});
    await using cut = await raw(['HTTP/1.']);
    expect(await any(cut.url)).toMatchObject({tag: 'answered', status: null});
  });

  it('takes HTTP for what it is', async () => {
    await using server = await raw([json(503, {})]);
    expect(await any(server.url)).toMatchObject({tag: 'answered', status: 503});
  });

  it('does not take nothing for something', async () => {
    await using closing = await raw(['']);
    expect(await any(closing.url)).toMatchObject({tag: 'silent', reason: 'reset'});
    await using silent = await raw([''], {close: false});
    expect(await any(silent.url, 100)).toMatchObject({tag: 'silent', reason: 'timeout'});
  });
});

/** A server that says this as soon as somebody connects, or once it has been asked. */
async function speaker(words: Buffer | string, {asked = false, then = 'wait'} = {}) {
  const heard: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const speak = (): void => {
      if (words.length > 0) socket.write(words);
      if (then === 'end') socket.end();
      if (then === 'reset') setImmediate(() => socket.resetAndDestroy());
    };
    socket.on('data', (bytes) => {
      heard.push(bytes);
      if (asked) speak();
    });
    if (!asked) speak();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    heard,
    at: {host: '127.0.0.1', port: (server.address() as AddressInfo).port},
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

describe('postgres', () => {
  const error = (text: string): Buffer => {
    const bytes = Buffer.from(`E....SFATAL\0C53300\0M${text}\0\0`);
    bytes.writeUInt32BE(bytes.length - 1, 1);
    return bytes;
  };

  it.each([['S'], ['N']])('answers %s to a request for TLS', async (letter) => {
    await using server = await speaker(letter, {asked: true});
    expect(await ask({type: 'postgres', ...server.at})).toMatchObject({
      tag: 'answered',
      health: 'healthy',
      detail: null,
    });
    expect(server.heard[0]).toEqual(Buffer.from('0000000804d2162f', 'hex'));
  });

  it('answers with an error, too, and never with anything else', async () => {
    await using full = await speaker(error('sorry, too many clients already'), {asked: true, then: 'end'});
    expect(await ask({type: 'postgres', ...full.at})).toMatchObject({
      tag: 'answered',
      detail: expect.stringContaining('too many clients'),
    });
    await using web = await speaker('HTTP/1.1 400 Bad Request\r\n\r\n', {asked: true, then: 'end'});
    expect(await ask({type: 'postgres', ...web.at})).toMatchObject({tag: 'silent', reason: 'garbage'});
    await using gone = await speaker('', {asked: true, then: 'end'});
    expect(await ask({type: 'postgres', ...gone.at})).toMatchObject({tag: 'silent', reason: 'reset'});
    await using mute = await speaker('');
    expect(await ask({type: 'postgres', ...mute.at}, 100)).toMatchObject({tag: 'silent', reason: 'timeout'});
  });
});

describe('redis', () => {
  it.each([
    ['+PONG\r\n', null],
    ['-NOAUTH Authentication required.\r\n', 'NOAUTH Authentication required.'],
    ['-ERR max number of clients reached\r\n', 'ERR max number of clients reached'],
  ])('answers %j', async (words, detail) => {
    await using server = await speaker(words, {asked: true});
    expect(await ask({type: 'redis', ...server.at})).toMatchObject({tag: 'answered', detail});
    expect(server.heard[0]?.toString()).toBe('*1\r\n$4\r\nPING\r\n');
  });

  it('never answers with anything else', async () => {
    await using web = await speaker('HTTP/1.1 400 Bad Request\r\n\r\n', {asked: true});
    expect(await ask({type: 'redis', ...web.at})).toMatchObject({tag: 'silent', reason: 'garbage'});
    await using reset = await speaker('', {asked: true, then: 'reset'});
    expect(await ask({type: 'redis', ...reset.at})).toMatchObject({tag: 'silent', reason: 'reset'});
  });

  itNeeds([redis], 'of a real server, with and without a password', async (rig) => {
    for (const options of [[], ['--requirepass', 'hidden']]) {
      const port = await freePort();
      const child = spawn('redis-server', ['--port', String(port), '--save', '', '--dir', rig.dir, ...options], {
        stdio: 'ignore',
      });
      const exit = once(child, 'exit');
      try {
        let answer: ProbeAnswer | null = null;
        await until('redis answers', async () => {
          answer = await ask({type: 'redis', host: '127.0.0.1', port});
          return answer.tag === 'answered' && !String(answer.detail).startsWith('LOADING');
        });
        const detail = options.length === 0 ? null : expect.stringContaining('NOAUTH');
        expect(answer).toMatchObject({tag: 'answered', health: 'healthy', detail});
      } finally {
        child.kill('SIGKILL');
        await exit;
      }
    }
  });
});

describe('mysql', () => {
  const packet = (payload: Buffer): Buffer => Buffer.concat([Buffer.from([payload.length, 0, 0, 0]), payload]);
  /** Protocol::HandshakeV10 as MySQL 8 sends it. */
  const greeting = packet(
    Buffer.concat([
      Buffer.from('\x0a8.0.36\0', 'latin1'),
      Buffer.from('0800000052423c4a5a2e4a7400ffffff0200ffdf15000000000000000000002b44275d6c2a3e1a0d5a2d3f00', 'hex'),
      Buffer.from('caching_sha2_password\0'),
    ]),
  );

  it('greets first, or says why not; nothing is sent to it', async () => {
    await using server = await speaker(greeting);
    expect(await ask({type: 'mysql', ...server.at})).toMatchObject({tag: 'answered', health: 'healthy', detail: null});
    expect(server.heard).toEqual([]);
    const full = packet(Buffer.concat([Buffer.from([0xff, 0x10, 0x04]), Buffer.from('Too many connections')]));
    await using refusing = await speaker(full, {then: 'end'});
    expect(await ask({type: 'mysql', ...refusing.at})).toMatchObject({
      tag: 'answered',
      detail: expect.stringContaining('Too many connections'),
    });
  });

  it('is not taken for what it is not', async () => {
    await using mail = await speaker('220 mail.example ESMTP\r\n');
    expect(await ask({type: 'mysql', ...mail.at})).toMatchObject({tag: 'silent', reason: 'garbage'});
    await using part = await speaker(greeting.subarray(0, 20));
    expect(await ask({type: 'mysql', ...part.at}, 200)).toMatchObject({tag: 'silent', reason: 'garbage'});
    await using gone = await speaker('', {then: 'end'});
    expect(await ask({type: 'mysql', ...gone.at})).toMatchObject({tag: 'silent', reason: 'reset'});
  });
});

describe('held open', () => {
  it('tells bytes, silence and an end apart', async () => {
    await using greeting = await speaker('hello');
    expect(await ask({type: 'held-open', ...greeting.at})).toMatchObject({tag: 'answered', detail: null});
    await using silent = await speaker('');
    expect(await ask({type: 'held-open', ...silent.at})).toMatchObject({tag: 'answered', detail: 'silent'});
    for (const then of ['end', 'reset'] as const) {
      await using dead = await speaker('', {then});
      expect(await ask({type: 'held-open', ...dead.at})).toMatchObject({tag: 'silent', reason: 'reset'});
    }
  });

  it('sees an end that comes late', async () => {
    const server = net.createServer((socket) => {
      setTimeout(() => socket.resetAndDestroy(), 50);
      socket.on('error', () => undefined);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const at = {host: '127.0.0.1', port: (server.address() as AddressInfo).port};
    expect(await ask({type: 'held-open', ...at})).toMatchObject({tag: 'silent', reason: 'reset'});
    await new Promise((done) => server.close(done));
  });
});
