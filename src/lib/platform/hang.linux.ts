import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {type HangFacts, type Peer, peerName, type WaitKind, waitKind} from '../core/diagnosis/hang.js';
import {systemTools} from './command-runner.js';
import {findExecutable} from './executable.posix.js';
import type {HangLook} from './hang.darwin.js';

/** How long the processor time is watched, if there is that much time. */
const sampleMs = 200;
/** What reading and the way back of the answer may take. */
const reserveMs = 120;
/** Clock ticks a second; the same on every Linux that Node runs on. */
const ticks = 100;

interface Row {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly state: string;
}

/** Linux: all of it stands in /proc. */
export async function hangFactsLinux(look: HangLook): Promise<HangFacts | null> {
  const group = membersOf(look.pid);
  const worker = workerOf(group);
  if (worker === null) return null;
  const stack = stackOf(worker, look.until - reserveMs / 2);
  const before = group.map(({pid}) => threadTimes(pid));
  const startedAt = performance.now();
  if (worker.state !== 'T') await look.pause(Math.min(sampleMs, look.until - Date.now() - reserveMs));
  const tookMs = Math.max(1, performance.now() - startedAt);
  const times = group.flatMap(({pid}, index) => spent(before[index] ?? new Map(), threadTimes(pid)));
  const wanted = times.map(({ranMs, waitedMs}) => (ranMs + waitedMs) / tookMs);
  const channel = channelOf(worker.pid);
  const sockets = socketsOf(group, look);
  return {
    pid: worker.pid,
    name: worker.name,
    state: stateOf(worker.pid) ?? worker.state,
    waitsIn: channel === null ? waitBySyscall(worker.pid) : waitKind(channel),
    channel,
    threads: directory(`/proc/${worker.pid}/task`).length,
    cpuRatio: times.reduce((sum, {ranMs}) => sum + ranMs, 0) / tookMs,
    wantedRatio: wanted.reduce((sum, ratio) => sum + ratio, 0),
    busyThreads: wanted.filter((ratio) => ratio > 0.5).length,
    openFiles: openFilesOf(worker.pid),
    ...sockets,
    stack: await stack,
  };
}

/** Of the group and of the session that this process leads. */
function membersOf(leader: number): Row[] {
  return directory('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const fields = statOf(`/proc/${name}/stat`);
    if (fields === null || (Number(fields.rest[2]) !== leader && Number(fields.rest[3]) !== leader)) return [];
    const state = fields.rest[0] ?? '';
    return state === 'Z' ? [] : [{pid: Number(name), ppid: Number(fields.rest[1]), name: fields.name, state}];
  });
}

/** Who has children waits for them; of the others the one with most threads and files. */
function workerOf(group: readonly Row[]): Row | null {
  const parents = new Set(group.map(({ppid}) => ppid));
  const waiting = (row: Row): boolean => parents.has(row.pid) && waitKindOf(row.pid) === 'child';
  const workers = group.filter((row) => !waiting(row));
  const weight = ({pid}: Row): number =>
    directory(`/proc/${pid}/task`).length * 4 + directory(`/proc/${pid}/fd`).length;
  const all = workers.length > 0 ? workers : group;
  return [...all].sort((a, b) => weight(b) - weight(a))[0] ?? null;
}

/** Fields of a stat file behind the name, which may hold blanks and brackets. */
function statOf(path: string): {readonly name: string; readonly rest: readonly string[]} | null {
  const text = textOf(path);
  const end = text?.lastIndexOf(')') ?? -1;
  if (text === null || end < 0) return null;
  return {name: text.slice(text.indexOf('(') + 1, end), rest: text.slice(end + 2).split(' ')};
}

const stateOf = (pid: number): string | null => statOf(`/proc/${pid}/stat`)?.rest[0] ?? null;

interface CpuTime {
  readonly ranMs: number;
  /** It could have run, but others did. */
  readonly waitedMs: number;
}

function threadTimes(pid: number): Map<string, CpuTime> {
  const all = new Map<string, CpuTime>();
  for (const thread of directory(`/proc/${pid}/task`)) {
    const time = timeOf(`/proc/${pid}/task/${thread}`);
    if (time !== null) all.set(thread, time);
  }
  return all;
}

/** Nanoseconds where the kernel counts them, else user and system time in ticks. */
function timeOf(folder: string): CpuTime | null {
  const [ran, waited] = (textOf(`${folder}/schedstat`) ?? '').split(' ').map(Number);
  if (ran !== undefined && waited !== undefined && ran > 0) return {ranMs: ran / 1e6, waitedMs: waited / 1e6};
  const rest = statOf(`${folder}/stat`)?.rest;
  return rest === undefined ? null : {ranMs: ((Number(rest[11]) + Number(rest[12])) * 1000) / ticks, waitedMs: 0};
}

function spent(before: ReadonlyMap<string, CpuTime>, after: ReadonlyMap<string, CpuTime>): CpuTime[] {
  return [...after].map(([thread, then]) => {
    const {ranMs, waitedMs} = before.get(thread) ?? then;
    return {ranMs: Math.max(0, then.ranMs - ranMs), waitedMs: Math.max(0, then.waitedMs - waitedMs)};
  });
}

function channelOf(pid: number): string | null {
  const channel = textOf(`/proc/${pid}/wchan`)?.trim() ?? '';
  // The kernel shows `0` to those who may not know.
  return channel === '' || channel === '0' ? null : channel;
}

function waitKindOf(pid: number): WaitKind | null {
  const channel = channelOf(pid);
  return channel === null ? waitBySyscall(pid) : waitKind(channel);
}

/** Numbers of the calls that a process may wait in. */
const calls: Readonly<Record<string, Readonly<Record<number, WaitKind>>>> = {
  x64: {
    ...{202: 'lock', 232: 'events', 281: 'events', 7: 'events', 271: 'events', 23: 'events', 270: 'events'},
    ...{45: 'socket', 47: 'socket', 43: 'socket', 288: 'socket', 42: 'connect', 230: 'sleep', 35: 'sleep', 61: 'child'},
  },
  arm64: {
    ...{98: 'lock', 22: 'events', 73: 'events', 72: 'events', 207: 'socket', 212: 'socket', 202: 'socket'},
    ...{242: 'socket', 203: 'connect', 115: 'sleep', 101: 'sleep', 260: 'child'},
  },
};

function waitBySyscall(pid: number): WaitKind | null {
  const number = Number(textOf(`/proc/${pid}/syscall`)?.split(' ')[0]);
  return calls[process.arch]?.[number] ?? null;
}

function openFilesOf(pid: number): HangFacts['openFiles'] {
  const used = directory(`/proc/${pid}/fd`).length;
  const limit = /^Max open files\s+(\d+)/m.exec(textOf(`/proc/${pid}/limits`) ?? '')?.[1];
  return used === 0 ? null : {used, limit: limit === undefined ? null : Number(limit)};
}

// ——— sockets ———

const tcpStates: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN-SENT',
  '03': 'SYN-RECV',
  '04': 'FIN-WAIT-1',
  '05': 'FIN-WAIT-2',
  '06': 'TIME-WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE-WAIT',
  '09': 'LAST-ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
};

interface Socket {
  readonly localPort: number;
  readonly host: string;
  readonly port: number;
  readonly state: string;
  readonly unread: number;
}

function socketsOf(
  group: readonly Row[],
  {places, port}: HangLook,
): Pick<HangFacts, 'peers' | 'unread' | 'unaccepted'> {
  const inodes = new Set(group.flatMap(({pid}) => socketInodes(pid)));
  const table = group[0] === undefined ? [] : tcpTable(group[0].pid);
  const sockets = table.flatMap(([inode, socket]) => (inodes.has(inode) ? [socket] : []));
  const listening = new Set(sockets.filter(({state}) => state === 'LISTEN').map(({localPort}) => localPort));
  if (port !== null) listening.add(port);
  const counts = new Map<string, Peer>();
  let unread = 0;
  let unaccepted = 0;
  for (const {localPort, host, port: peerPort, state, unread: bytes} of sockets) {
    // Of a listening socket the queue counts connections.
    if (state === 'LISTEN') unaccepted += bytes;
    else if (listening.has(localPort)) unread += bytes > 0 ? 1 : 0;
    else {
      const key = `${host} ${peerPort} ${state}`;
      const count = (counts.get(key)?.count ?? 0) + 1;
      counts.set(key, {host, port: peerPort, state, count, name: peerName(host, peerPort, places)});
    }
  }
  return {peers: [...counts.values()].sort((a, b) => b.count - a.count), unread, unaccepted};
}

function socketInodes(pid: number): string[] {
  return directory(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** All TCP sockets of the network that this process lives in, by inode. */
function tcpTable(pid: number): [string, Socket][] {
  return ['tcp', 'tcp6'].flatMap((kind) =>
    (textOf(`/proc/${pid}/net/${kind}`) ?? '')
      .split('\n')
      .slice(1)
      .flatMap((line): [string, Socket][] => {
        const [, local = '', remote = '', state = '', queues = '', , , , , inode = ''] = line.trim().split(/\s+/);
        const name = tcpStates[state];
        if (name === undefined || inode === '') return [];
        const [host, port] = addressOf(remote);
        return [
          [
            inode,
            {
              localPort: addressOf(local)[1],
              host,
              port,
              state: name,
              unread: parseInt(queues.split(':')[1] ?? '0', 16),
            },
          ],
        ];
      }),
  );
}

/** `0100007F:1538`: words of four bytes, each the wrong way round. */
function addressOf(text: string): [host: string, port: number] {
  const [hex = '', port = '0'] = text.split(':');
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((b) => parseInt(b, 16)),
  );
  const isMapped = bytes.length === 16 && bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255;
  if (bytes.length === 4 || isMapped) return [bytes.slice(-4).join('.'), parseInt(port, 16)];
  const groups = Array.from({length: 8}, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16));
  return [groups.join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::'), parseInt(port, 16)];
}

// ——— stack ———

/** Of a Python program where py-spy is installed; null: it is not, or takes too long. */
async function stackOf({pid, name}: Row, until: number): Promise<readonly string[] | null> {
  const left = until - Date.now();
  if (!/^(?:python|uvicorn|gunicorn|celery)/.test(name) || left < 50) return null;
  const lookup = findExecutable('py-spy', '/', {PATH: process.env.PATH ?? ''});
  if (!('found' in lookup)) return null;
  const {output, failure} = await systemTools(lookup.found, ['dump', '--nonblocking', '--pid', String(pid)], left);
  if (failure !== null) return null;
  const frames = output.split('\n').flatMap((line) => /^\s+(\S+ \([^)]+\))\s*$/.exec(line)?.[1] ?? []);
  return frames.length === 0 ? null : frames;
}

function directory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // gone, or not ours to see
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
