import {describe, expect, it} from '@jest/globals';
import http from 'node:http';
import net from 'node:net';
import type {AddressInfo} from 'node:net';
import {SystemNetwork} from '../../src/lib/platform/network.js';
import {NameLookup} from '../../src/lib/platform/name-lookup.js';
import type {ResolveName} from '../../src/lib/platform/name-lookup.js';
import type {NetworkFacts} from '../../src/lib/core/connection/offline-cause.js';
import type {DialAnswer, ServerAddress} from '../../src/lib/platform/types.js';

const noName = Object.assign(new Error('no such name'), {code: 'ENOTFOUND'});
const never: ResolveName = () => {};
const unknown: ResolveName = (_host, callback) => setImmediate(() => callback(noName, []));
const loopback: ResolveName = (_host, callback) =>
  setImmediate(() => callback(null, [{address: '127.0.0.1', family: 4}]));

const dial = (network: SystemNetwork, server: ServerAddress, timeoutMs = 5000): Promise<DialAnswer> =>
  new Promise((done) => network.dial(server, timeoutMs, done));
const lookAround = (
  network: SystemNetwork,
  question: Partial<Parameters<SystemNetwork['lookAround']>[0]>,
): Promise<NetworkFacts> =>
  new Promise((done) => network.lookAround({host: '', publicTargets: [], portalUrl: null, ...question}, done));

async function listen(server: net.Server, host = '127.0.0.1') {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(0, host, done));
  const {port} = server.address() as AddressInfo;
  return {
    port,
    target: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/generate_204`,
    connections: () => sockets.size,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
const answers = (status: number, headers = {}) =>
  listen(http.createServer((_request, response) => response.writeHead(status, headers).end()));
/** A port where nobody listens: it was just given back. */
async function closedPort(): Promise<number> {
  await using server = await listen(net.createServer());
  return server.port;
}

describe('addresses', () => {
  const info = (address: string, internal = false) => ({address, internal, family: 'IPv4'}) as never;

  it('are those that lead out, in an order that does not change', () => {
    const seen = (interfaces: Record<string, never[]>) => new SystemNetwork({interfaces: () => interfaces}).addresses();
    expect(seen({lo: [info('127.0.0.1', true)], wlan: [info('192.168.0.7'), info('2001:db8::1')]})).toBe(
      '192.168.0.7,2001:db8::1',
    );
    expect(seen({b: [info('2001:db8::1')], a: [info('192.168.0.7')]})).toBe('192.168.0.7,2001:db8::1');
    expect(seen({lo: [info('127.0.0.1', true)]})).toBe('');
    expect(seen({wlan: [info('fe80::1'), info('169.254.3.4')]})).toBe('');
  });

  it('are not taken for absent where the question is forbidden', () => {
    const forbidden = () => {
      throw new Error('uv_interface_addresses returned Unknown system error 13');
    };
    expect(new SystemNetwork({interfaces: forbidden}).addresses()).not.toBe('');
  });
});

describe('dial', () => {
  it('reaches a server that listens', async () => {
    await using server = await listen(net.createServer());
    const answer = await dial(new SystemNetwork(), {host: '127.0.0.1', port: server.port});
    expect(answer).toMatchObject({tag: 'reached'});
    expect(answer.tag === 'reached' && answer.latencyMs).toBeGreaterThan(0);
  });

  it('reaches it by its name, too', async () => {
    await using server = await listen(net.createServer());
    const network = new SystemNetwork({resolve: loopback});
    expect(await dial(network, {host: 'api.example', port: server.port})).toMatchObject({tag: 'reached'});
  });

  it('tries the other address of a name', async () => {
    await using server = await listen(net.createServer());
    const resolve: ResolveName = (_host, callback) =>
      callback(null, [
        {address: '127.0.0.2', family: 4},
        {address: '127.0.0.1', family: 4},
      ]);
    expect(await dial(new SystemNetwork({resolve}), {host: 'api.example', port: server.port})).toMatchObject({
      tag: 'reached',
    });
  });

  it('says that a connection was refused', async () => {
    const server = {host: '127.0.0.1', port: await closedPort()};
    expect(await dial(new SystemNetwork(), server)).toEqual({tag: 'refused', detail: 'ECONNREFUSED'});
  });

  it('says that a name has no address', async () => {
    const network = new SystemNetwork({resolve: unknown});
    expect(await dial(network, {host: 'api.example', port: 443})).toEqual({tag: 'no-name', detail: 'ENOTFOUND'});
  });

  it('does not wait for a name service that is silent', async () => {
    const network = new SystemNetwork({resolve: never});
    const answer = await dial(network, {host: 'api.example', port: 443}, 50);
    expect(answer).toMatchObject({tag: 'timeout', detail: expect.stringContaining('name service')});
  });

  it('says what is no address at all', async () => {
    expect(await dial(new SystemNetwork(), {host: '127.0.0.1', port: 70_000})).toMatchObject({tag: 'error'});
  });

  it('does not call once it is cancelled', async () => {
    await using server = await listen(net.createServer());
    const network = new SystemNetwork();
    let calls = 0;
    network.dial({host: '127.0.0.1', port: server.port}, 1000, () => (calls += 1))();
    await dial(network, {host: '127.0.0.1', port: server.port});
    expect(calls).toBe(0);
  });
});

describe('names', () => {
  it('are looked up once for all who ask, and two at a time', () => {
    const asked: string[] = [];
    const open = new Map<string, () => void>();
    const names = new NameLookup((host, callback) => {
      asked.push(host);
      open.set(host, () => callback(null, [{address: '127.0.0.1', family: 4}]));
    });
    const answered: string[] = [];
    for (const host of ['a', 'a', 'b', 'c', 'd', 'a']) names.resolve(host, () => answered.push(host));
    expect(asked).toEqual(['a', 'b']);
    open.get('a')?.();
    expect(answered).toEqual(['a', 'a', 'a']);
    expect(asked).toEqual(['a', 'b', 'c']);
    names.resolve('a', () => answered.push('a again'));
    for (const host of ['b', 'c', 'd']) open.get(host)?.();
    open.get('a')?.();
    expect(answered).toEqual(['a', 'a', 'a', 'b', 'c', 'd', 'a again']);
  });
});

describe('lookAround', () => {
  const network = new SystemNetwork({resolve: loopback});

  it('asks nobody when it is told nobody', async () => {
    let asked = 0;
    const offline = new SystemNetwork({
      interfaces: () => ({}),
      resolve: () => (asked += 1),
      prober: {probe: () => ((asked += 1), () => {})},
    });
    expect(await lookAround(offline, {})).toEqual({hasAddress: false, internet: 'not-asked', name: 'not-asked'});
    expect(await lookAround(offline, {host: '10.0.0.1'})).toMatchObject({name: 'literal', internet: 'not-asked'});
    expect(await lookAround(offline, {host: 'fe80::1'})).toMatchObject({name: 'literal'});
    expect(asked).toBe(0);
  });

  it('asks all public targets at once, and one is enough', async () => {
    await using first = await listen(net.createServer());
    const closed = `127.0.0.1:${await closedPort()}`;
    expect(await lookAround(network, {publicTargets: [closed, first.target]})).toMatchObject({internet: 'there'});
    expect(await lookAround(network, {publicTargets: [closed, closed]})).toMatchObject({internet: 'away'});
  });

  it('believes in the internet when the page answers 204', async () => {
    await using page = await answers(204);
    expect(await lookAround(network, {portalUrl: page.url})).toMatchObject({internet: 'there'});
  });

  it.each([
    ['a page of its own', 200, {}],
    ['another place', 302, {location: 'http://login.example/'}],
    ['a log-in', 511, {}],
  ])('knows a captive portal by %s, whatever can be dialled', async (_, status, headers) => {
    await using page = await answers(status, headers);
    await using target = await listen(net.createServer());
    expect(await lookAround(network, {portalUrl: page.url, publicTargets: [target.target]})).toMatchObject({
      internet: 'captive-portal',
    });
  });

  it('believes the public targets where the page is silent', async () => {
    await using silent = await listen(net.createServer());
    await using target = await listen(net.createServer());
    expect(await lookAround(network, {portalUrl: silent.url, publicTargets: [target.target]})).toMatchObject({
      internet: 'there',
    });
    const closed = `127.0.0.1:${await closedPort()}`;
    expect(await lookAround(network, {portalUrl: `http://${closed}/`, publicTargets: [closed]})).toMatchObject({
      internet: 'away',
    });
  });

  it('says whether the name is known, and does not wait for it longer than for the rest', async () => {
    const ask = (resolve: ResolveName) => lookAround(new SystemNetwork({resolve}), {host: 'api.example'});
    expect(await ask(loopback)).toMatchObject({name: 'resolved'});
    expect(await ask(unknown)).toMatchObject({name: 'unknown'});
    expect(await ask(never)).toMatchObject({name: 'unknown'});
  });

  it('leaves no connection behind when it is cancelled', async () => {
    await using page = await listen(net.createServer());
    let calls = 0;
    const cancel = network.lookAround(
      {host: 'api.example', publicTargets: [page.target], portalUrl: page.url},
      () => (calls += 1),
    );
    cancel();
    await dial(network, {host: '127.0.0.1', port: page.port});
    expect(calls).toBe(0);
  });
});
