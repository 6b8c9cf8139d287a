// What remains when connections or servers have ended. The truth is what a real bind says.
import {describe, expect, it} from '@jest/globals';
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {type AddressInfo, connect, createServer} from 'node:net';
import {createInterface} from 'node:readline';
import {python} from '../support/tools.js';
import {until} from './rig.js';
import {connectionOf} from '../../src/lib/platform/listeners.linux.js';
import {blocking, surveyLinux} from '../../src/lib/platform/port-survey.linux.js';

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const withPython = python.missing === null && process.platform === 'linux' ? it : it.skip;

async function bindSays(port: number): Promise<string> {
  const server = createServer();
  try {
    server.listen({port, host: '127.0.0.1', exclusive: true});
    await once(server, 'listening');
    return 'free';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    await new Promise((done) => server.close(done));
  }
}

/** A line of /proc/net/tcp: near end, far end, state, inode. */
const row = (near: number, far: number, state: string, inode: number): string => {
  const end = (port: number) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return `   1: ${end(near)} ${end(far)} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`;
};

describe('a connection on the port', () => {
  const judged = (rows: readonly string[], listening: readonly number[] = []) =>
    blocking(rows.flatMap(connectionOf), {automatic: [32_768, 60_999], listening: new Set(listening)});

  it.each<[string, string[], number[], number]>([
    ['that lives', [row(40_000, 50_000, '01', 7)], [], 1],
    ['that lives, a client’s', [row(40_000, 443, '01', 7)], [], 1],
    ['that is over, a client’s of a server with a fixed port', [row(40_000, 443, '06', 0)], [], 1],
    ['that is over, a client’s of a server that listens here', [row(40_000, 50_000, '06', 0)], [50_000], 1],
    ['that is over, a client’s that waits for the far end', [row(40_000, 443, '05', 0)], [], 1],
    ['that is over, of a server', [row(40_000, 50_000, '06', 0)], [], 0],
    ['that is over, one of many of a server', [row(40_000, 1025, '06', 0), row(40_000, 1026, '06', 0)], [], 0],
  ])('%s: is in the way or not', (_, rows, listening, expected) => {
    expect(judged(rows, listening)).toHaveLength(expected);
  });

  it('belongs to nobody when it is over, not to root', () => {
    expect(connectionOf(row(40_000, 443, '06', 0))).toMatchObject([{uid: null, inode: null, isOver: true}]);
    expect(connectionOf(row(40_000, 443, '01', 7))).toMatchObject([{uid: 0, inode: '7', isOver: false}]);
  });
});

onLinux('what remains', () => {
  it('of a client’s connection keeps its port for a while: never free, and nobody’s', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      await once(client, 'connect');
      const port = client.localPort as number;
      client.end().resume();
      await once(client, 'close');
      await until('only TIME_WAIT is left', () => surveyLinux([port]).listeners?.every(({inode}) => inode === null));
      expect([await bindSays(port), surveyLinux([port]).listeners]).toEqual([
        'EADDRINUSE',
        [expect.objectContaining({port, pid: null, user: null, isConnection: true})],
      ]);
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  withPython('of a server that was killed: all its workers are named', async () => {
    const program = `import os, socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
workers = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        time.sleep(600); os._exit(0)
    workers.append(pid)
print(s.getsockname()[1], *workers, flush=True); time.sleep(600)`;
    const server: ChildProcess = spawn('python3', ['-c', program], {
      detached: true, // a group of its own, as a supervisor gives it
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(server, 'exit');
    if (server.stdout === null) throw new Error('no output');
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const [port = 0, ...workers] = line.split(' ').map(Number);
    try {
      expect(surveyLinux([port]).listeners).toMatchObject([{pid: server.pid}]);
      server.kill('SIGKILL');
      await gone;
      const [listener] = surveyLinux([port]).listeners ?? [];
      expect([listener?.pid, ...(listener?.alsoHeldBy ?? [])].sort()).toEqual(workers.sort());
    } finally {
      server.kill('SIGKILL');
      for (const worker of workers) process.kill(worker, 'SIGKILL');
    }
  });
});
