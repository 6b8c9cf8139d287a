import {createServer} from 'node:net';
import {writeFileSync} from 'node:fs';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {checkVersion, SupervisorClient} from '../../src/cli/supervisor-client.js';
import {versionsAgree} from '../../src/cli/versions.js';
import type {StreamMessage} from '../../src/lib/core/report/api.js';
import {FakeSupervisor, scratch} from '../support/fake-supervisor.js';

let place: ReturnType<typeof scratch>;
let supervisor: FakeSupervisor;
let client: SupervisorClient;
const actor = {user: 'ops1', tty: null, from: null, commandLine: 'erp test'};

beforeEach(async () => {
  place = scratch();
  supervisor = await new FakeSupervisor(place.socketPath, place.dir).listen();
  client = new SupervisorClient({projectDir: place.dir, sockets: [place.socketPath]});
});
afterEach(async () => {
  await supervisor[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

/** The first messages of a stream, which is then left. */
async function take(stream: AsyncGenerator<StreamMessage, boolean>, count: number): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  while (messages.length < count) {
    const next = await stream.next();
    if (next.done === true) break;
    messages.push(next.value);
  }
  await stream.return(true);
  return messages;
}

describe('asking', () => {
  it('says hello, sends what is asked, and gets the answer', async () => {
    expect(await client.hello()).toMatchObject({project: place.dir, pid: 8817});
    expect(await client.status()).toEqual(supervisor.status);
    const answer = await client.start({services: ['backend'], spec: null, actor});
    expect(answer.started).toEqual(['backend']);
    expect(supervisor.received.at(-1)).toMatchObject({path: '/v1/start', body: {services: ['backend'], actor}});
  });

  it('survives folders whose names are not Latin', async () => {
    supervisor.claims = '/srv/会社 ü%20';
    const other = new SupervisorClient({projectDir: '/srv/会社 ü%20', sockets: [place.socketPath]});
    expect(await other.hello()).not.toBeNull();
  });

  it('nobody there is null, whether the socket is missing or left over', async () => {
    await supervisor.die();
    expect(await client.hello()).toBeNull();
    expect(await client.stop({services: null, now: false, dependents: true, actor})).toBeNull();
    await expect(client.start({services: null, spec: null, actor})).rejects.toMatchObject({
      code: 'ERP_SUPERVISOR_GONE',
      exitCode: 6,
    });
    const never = new SupervisorClient({projectDir: place.dir, sockets: [`${place.socketPath}-none`]});
    expect(await never.hello()).toBeNull();
    writeFileSync(`${place.socketPath}-file`, '');
    const file = new SupervisorClient({projectDir: place.dir, sockets: [`${place.socketPath}-file`]});
    expect(await file.hello()).toBeNull();
  });

  it("another project's answer is refused", async () => {
    supervisor.claims = '/srv/other';
    await expect(client.hello()).rejects.toMatchObject({code: 'ERP_OTHER_PROJECT', exitCode: 7});
    await expect(take(client.events({after: null, lease: null, status: false}), 1)).rejects.toMatchObject({
      code: 'ERP_OTHER_PROJECT',
    });
  });

  it("the supervisor's own errors keep code, remedy and exit code", async () => {
    supervisor.onPost = () => ({
      status: 409,
      body: {error: {code: 'ERP_NEEDED_BY', message: 'worker needs redis.', remedy: ['erp stop'], exitCode: 2}},
    });
    await expect(client.stop({services: ['redis'], now: false, dependents: false, actor})).rejects.toMatchObject({
      code: 'ERP_NEEDED_BY',
      message: 'worker needs redis.',
      remedy: ['erp stop'],
      exitCode: 2,
    });
    supervisor.onPost = () => ({status: 500, body: 'what?'});
    await expect(client.start({services: null, spec: null, actor})).rejects.toMatchObject({exitCode: 1});
  });

  it('silence ends, garbage and half an answer are nobody', async () => {
    const path = `${place.socketPath}-2`;
    let reply = '';
    const server = createServer((socket) => {
      socket.on('data', () => reply !== '' && socket.end(reply));
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const odd = new SupervisorClient({projectDir: place.dir, sockets: [path]});
      await expect(odd.hello(50)).rejects.toMatchObject({code: 'ERP_SUPERVISOR_SILENT', exitCode: 9});
      reply = 'SSH-2.0-OpenSSH\r\n';
      expect(await odd.hello()).toBeNull();
      reply = `HTTP/1.1 200 OK\r\nx-erp-project: ${place.dir}\r\n\r\n{"pid": 8`;
      expect(await odd.hello()).toBeNull();
    } finally {
      server.close();
    }
  });
});

describe('following', () => {
  it('replays from a number on and goes on with what happens', async () => {
    for (const text of ['one', 'two', 'three']) supervisor.emit('ready', text);
    const stream = client.events({after: 1, lease: 'tty1', status: true});
    const first = await take(stream, 3);
    expect(first.map((message) => (message.type === 'event' ? message.event.text : message.type))).toEqual([
      'two',
      'three',
      'status',
    ]);
    expect(supervisor.leases).toEqual(['tty1']);
  });

  it('goes on without a gap and without a repetition when the supervisor is replaced', async () => {
    supervisor.emit('ready', 'one');
    const stream = client.events({after: 0, lease: null, status: false});
    const texts: string[] = [];
    const next = async () => {
      const {value} = await stream.next();
      if (typeof value === 'object' && value.type === 'event') texts.push(value.event.text);
    };
    await next();
    await supervisor.die();
    supervisor.emit('adopted', 'two');
    await supervisor.listen();
    await next();
    supervisor.emit('ready', 'three');
    await next();
    await stream.return(true);
    expect(texts).toEqual(['one', 'two', 'three']);
    expect(supervisor.received.at(-1)?.query['after']).toBe('1');
  });

  it('ends with the word of the supervisor', async () => {
    const stream = client.events({after: null, lease: null, status: true});
    await stream.next();
    supervisor.end({reason: 'critical-failed', exitCode: 4, text: 'backend failed'});
    expect((await stream.next()).value).toMatchObject({type: 'end', exitCode: 4});
    expect(await stream.next()).toEqual({done: true, value: true});
  });

  it('says false when nobody comes back', async () => {
    const stream = client.events({after: null, lease: null, status: true, patienceMs: 100});
    await stream.next();
    await supervisor.die();
    expect(await stream.next()).toEqual({done: true, value: false});
  });

  it('can be left at any time', async () => {
    const leave = new AbortController();
    const stream = client.events({after: null, lease: null, status: false, signal: leave.signal});
    const pending = stream.next();
    await supervisor.asked(({path}) => path === '/v1/events');
    leave.abort();
    expect((await pending).done).toBe(true);
  });
});

it.each([
  ['0.1.0', '0.1.7', true],
  ['0.1.0', '0.2.0', true],
  ['0.1.0', '0.3.0', false],
  ['1.9.0', '2.0.0', false],
  ['', '0.1.0', false],
])('versions %s and %s agree: %s', (a, b, agree) => {
  expect(versionsAgree(a, b)).toBe(agree);
  if (!agree) expect(() => checkVersion({version: a}, b)).toThrow('The supervisor that runs is');
});
