import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {afterEach, describe, expect, it} from '@jest/globals';
import {parseRedisUrl, RedisClient} from '../../demo/backend/redis-client.js';
import {encodeCommand, RespError, RespParser, type RespValue} from '../../demo/backend/resp.js';

describe('RespParser', () => {
  const text =
    '+OK\r\n$5\r\nh\u00e9llo\r\n'.replace('$5', '$6') +
    ':42\r\n$-1\r\n-ERR no\r\n*3\r\n:1\r\n*-1\r\n$0\r\n\r\n$4\r\n\r\n\r\n\r\n';
  const values: RespValue[] = ['OK', 'héllo', 42, null, new RespError('ERR no'), [1, null, ''], '\r\n\r\n'];

  it('reads every kind of reply', () => {
    expect(new RespParser().push(Buffer.from(text))).toEqual(values);
  });

  it('reads the same wherever the bytes are cut', () => {
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; size += 1) {
      const parser = new RespParser();
      const read: RespValue[] = [];
      for (let at = 0; at < bytes.length; at += size) read.push(...parser.push(bytes.subarray(at, at + size)));
      expect(read).toEqual(values);
    }
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', ':x\r\n', '$2\r\nabcd\r\n'])('refuses %j', (foreign) => {
    expect(() => new RespParser().push(Buffer.from(foreign))).toThrow(/RESP|malformed/);
  });

  it('encodes lengths in bytes', () => {
    expect(encodeCommand(['SET', 'é', ''])).toBe('*3\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n');
  });
});

describe('parseRedisUrl', () => {
  it('reads user, password and database', () => {
    const all = {host: 'db', port: 7000, user: 'u', password: 'p@ss', database: 3};
    expect(parseRedisUrl('redis://u:p%40ss@db:7000/3')).toEqual(all);
    expect(parseRedisUrl('redis://[::1]')).toEqual({host: '::1', port: 6379, user: '', password: '', database: 0});
  });

  it.each([
    'localhost:6379',
    'rediss://x',
    'redis://x/main',
    'redis://:%zz@x',
  ])('refuses %s and keeps it to itself', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(/^REDIS_URL is not of the form redis:/);
  });
});

describe('RedisClient', () => {
  let server: Server | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    server = undefined;
  });

  /** A Redis that gives the scripted answers, one for each command; undefined: it stays silent. */
  async function scripted(answers: (string | undefined)[], seen: string[] = []) {
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const command of chunk.toString().split(/(?=\*\d)/)) {
          seen.push(
            command
              .split('\r\n')
              .filter((_, index) => index > 0 && index % 2 === 0)
              .join(' '),
          );
          const answer = answers.shift();
          if (answer !== undefined) socket.write(answer);
        }
      });
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return {host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: '', password: '', database: 0};
  }

  it('authenticates, selects and pings before it is used', async () => {
    const seen: string[] = [];
    const address = await scripted(['+OK\r\n', '+OK\r\n', '+PONG\r\n', '$1\r\nv\r\n'], seen);
    const client = await RedisClient.connect({...address, user: 'u', password: 'p', database: 2}, 1000);
    expect(await client.command('GET', 'k')).toBe('v');
    expect(seen).toEqual(['AUTH u p', 'SELECT 2', 'PING', 'GET k']);
    client.close();
  });

  it('says why it was refused', async () => {
    const address = await scripted(['-WRONGPASS invalid username-password pair\r\n']);
    await expect(RedisClient.connect({...address, password: 'p'}, 1000)).rejects.toThrow(/WRONGPASS/);
  });

  it('survives an error reply', async () => {
    const client = await RedisClient.connect(await scripted(['+PONG\r\n', '-READONLY no\r\n', '+OK\r\n']), 1000);
    await expect(client.command('SET', 'a', 'b')).rejects.toThrow(RespError);
    expect(await client.command('SET', 'a', 'b')).toBe('OK');
    client.close();
  });

  it('ends the connection and everything that waits on it after a silence', async () => {
    const client = await RedisClient.connect(await scripted(['+PONG\r\n', undefined, undefined]), 100);
    const lost = new Promise<Error>((resolve) => {
      client.onLost = resolve;
    });
    const waiting = await Promise.allSettled([client.command('GET', 'a'), client.command('GET', 'b')]);
    expect(waiting.map(({status}) => status)).toEqual(['rejected', 'rejected']);
    expect((await lost).message).toBe('no answer to GET within 100 ms');
    await expect(client.command('PING')).rejects.toThrow(/no answer/);
  });

  it('reports a closed port', async () => {
    const address = await scripted([]);
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await expect(RedisClient.connect(address, 1000)).rejects.toThrow(/ECONNREFUSED/);
  });
});
