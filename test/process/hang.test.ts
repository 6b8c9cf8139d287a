import {type ChildProcess, spawn} from 'node:child_process';
import {createServer, type Server} from 'node:net';
import {afterEach, describe, expect, it} from '@jest/globals';
import {lookAtHang} from '../../src/lib/platform/hang.js';
import {readLsof} from '../../src/lib/platform/hang.darwin.js';
import type {Diagnosis} from '../../src/lib/core/diagnosis/diagnosis.js';
import {python} from '../support/tools.js';

const known: Diagnosis = {
  cause: 'hang',
  confidence: 0.9,
  subject: null,
  evidence: ['last answer 45s ago; timeout: no answer within 5s'],
  remedy: null,
};
const children: ChildProcess[] = [];
const servers: Server[] = [];

afterEach(() => {
  for (const child of children.splice(0)) if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  for (const server of servers.splice(0)) server.close();
});

/** Runs until it has said `hangs`. */
async function hanging(argv: readonly string[]): Promise<number> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {detached: true, stdio: ['ignore', 'pipe', 'inherit']});
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes('hangs')) resolve();
    });
  });
  return child.pid as number;
}

const inPython = (source: string): Promise<number> => hanging(['/usr/bin/python3', '-u', '-c', source]);

async function silentServer(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}));
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as {port: number}).port;
}

/** Looked at until it says so: a thread may not be where it will be for ever yet. */
async function seen(pid: number, words: RegExp, places: {name: string; port: number}[] = []): Promise<Diagnosis> {
  const question = {service: 'web', pid, port: null, known, places};
  for (const giveUpAt = Date.now() + 15_000; ; ) {
    const startedAt = Date.now();
    const diagnosis = await lookAtHang(question, startedAt + 500);
    if (diagnosis !== null && words.test(diagnosis.evidence[0] ?? '')) return diagnosis;
    if (Date.now() > giveUpAt) throw new Error(`saw ${JSON.stringify(diagnosis)}, not ${words}`);
  }
}

const onLinux = process.platform === 'linux' && python.missing === null ? describe : describe.skip;

onLinux('what a process that does not answer is doing', () => {
  it('waits for a lock that nobody gives back', async () => {
    const pid = await inPython(
      'import threading\na = threading.Lock()\na.acquire()\nt = threading.Thread(target=a.acquire)\nt.start()\nprint("hangs")\na.acquire()\n',
    );
    const {cause, evidence, remedy} = await seen(pid, /^hung: waits for a lock \(futex\), no sockets$/);
    expect(cause).toBe('hang');
    expect(evidence).toEqual([
      expect.any(String),
      ...known.evidence,
      expect.stringMatching(
        new RegExp(`^python3\\S* \\(pid ${pid}\\): state S.*, 2 threads, \\d+ of \\d+ files open$`),
      ),
    ]);
    expect(remedy).toMatch(/stack of all threads/);
  });

  it('is busy in an endless loop, below a shell that waits for it', async () => {
    const pid = await hanging(['sh', '-c', '/usr/bin/python3 -u -c "print(\'hangs\')\nwhile True: pass"; echo never']);
    const {evidence, remedy} = await seen(pid, /^hung: busy at \d+ % CPU in one thread/);
    expect(evidence.join()).toMatch(/python3/);
    expect(remedy).toMatch(/endless loop/);
  });

  it('has all connections of its pool open to a database that says nothing', async () => {
    const port = await silentServer();
    const pid = await inPython(
      `import socket\npool = [socket.create_connection(('127.0.0.1', ${port})) for _ in range(40)]\nprint("hangs")\npool[0].recv(1)\n`,
    );
    const places = [{name: 'postgres', port}];
    const {evidence, subject} = await seen(pid, /^hung: 0 % CPU, all 40 pool connections open to postgres/, places);
    expect(subject).toBe(`127.0.0.1:${port}`);
    expect(evidence.join('\n')).toMatch(/connections: 40 ESTABLISHED to postgres/);
  });

  it('waits for a host that does not answer', async () => {
    // A listener whose queue is full drops what comes: the kernel tries again and again.
    const pid = await inPython(`import socket
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
full = []
for _ in range(4):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(server.getsockname())
    full.append(s)
import os
if os.fork() > 0:
    print("hangs")
    os.wait()
server.close()
last = socket.socket()
last.connect(full[0].getpeername())
`);
    await seen(pid, /^hung: waits for 127\.0\.0\.1:\d+ which does not answer \(SYN-SENT\)$/);
  });

  it('was stopped', async () => {
    const pid = await inPython('import time\nprint("hangs")\ntime.sleep(1000)\n');
    process.kill(pid, 'SIGSTOP');
    const {remedy} = await seen(pid, /^hung: it was stopped \(SIGSTOP\)$/);
    expect(remedy).toContain(`kill -CONT ${pid}`);
  });

  it('has gone: nothing is told', async () => {
    const pid = await inPython('print("hangs")\nimport time\ntime.sleep(1000)\n');
    const child = children.splice(0)[0];
    child?.kill('SIGKILL');
    await new Promise((ended) => child?.once('exit', ended));
    expect(await lookAtHang({service: 'web', pid, port: null, known, places: []}, Date.now() + 500)).toBeNull();
  });
});

it('macOS: connections as lsof tells them', () => {
  const output = [
    'p812',
    'f3',
    'tIPv4',
    'PTCP',
    'n127.0.0.1:52110->127.0.0.1:5432',
    'TST=ESTABLISHED',
    'f4',
    'tIPv4',
    'PTCP',
    'n127.0.0.1:52111->127.0.0.1:5432',
    'TST=ESTABLISHED',
    'f5',
    'tIPv6',
    'PTCP',
    'n[::1]:8000->[::1]:61111',
    'TST=ESTABLISHED',
    'f6',
    'tIPv4',
    'PTCP',
    'n10.0.0.9:52112->10.0.0.5:443',
    'TST=SYN_SENT',
    'f7',
    'tREG',
    'n/srv/app.log',
  ].join('\n');
  expect(readLsof(output, {places: [], port: 8000}, 812)).toEqual({
    peers: [
      {host: '127.0.0.1', port: 5432, state: 'ESTABLISHED', count: 2, name: 'PostgreSQL'},
      {host: '10.0.0.5', port: 443, state: 'SYN-SENT', count: 1, name: null},
    ],
    used: 5,
  });
});
