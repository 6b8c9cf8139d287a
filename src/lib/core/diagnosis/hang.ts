import {listOf} from '../report/format.js';
import type {Diagnosis} from './diagnosis.js';

/** What was seen of a process group that does not answer. */
export interface HangFacts {
  /** The process that does the work; a shell that waits for it is none. */
  readonly pid: number;
  readonly name: string;
  /** As Linux has it: R, S, D (in the kernel), T (stopped), Z. */
  readonly state: string;
  readonly waitsIn: WaitKind | null;
  /** The kernel's own name for it. */
  readonly channel: string | null;
  readonly threads: number;
  /** Of one processor, of all its threads together. */
  readonly cpuRatio: number;
  /** What they would have taken on a machine that is not busy with others. */
  readonly wantedRatio: number;
  /** Threads that want more than half a processor. */
  readonly busyThreads: number;
  readonly openFiles: {readonly used: number; readonly limit: number | null} | null;
  /** Connections that it has made, by peer and state. */
  readonly peers: readonly Peer[];
  /** Requests that have come in and that it has not read; connections that it has not accepted. */
  readonly unread: number;
  readonly unaccepted: number;
  /** Innermost first; null: no tool is there that could tell. */
  readonly stack: readonly string[] | null;
}

export interface Peer {
  readonly host: string;
  readonly port: number;
  /** `ESTABLISHED`, `SYN-SENT`, `CLOSE-WAIT` … */
  readonly state: string;
  readonly count: number;
  /** Who that is: a service of this project, or what usually listens there. */
  readonly name: string | null;
}

export type WaitKind = 'lock' | 'events' | 'socket' | 'connect' | 'sleep' | 'child' | 'pipe' | 'disk';

const busyRatio = 0.8;
/** A connection or two is no pool. */
const poolSize = 3;
const filesRatio = 0.95;

const waits: Readonly<Record<WaitKind, string>> = {
  lock: 'waits for a lock (futex)',
  events: 'waits for events',
  socket: 'waits for data from a connection',
  connect: 'waits for a connection to be made',
  sleep: 'sleeps',
  child: 'waits for a process that it has started',
  pipe: 'waits for a pipe',
  disk: 'waits for a disk or a network file system',
};

/** What a hung process was doing, in words. `known` is what its silence had told before. */
export function hangDiagnosis(facts: HangFacts, known: Diagnosis, service: string): Diagnosis {
  const {words, subject, remedy} = judged(facts, service);
  return {
    cause: known.cause,
    confidence: known.confidence,
    subject,
    evidence: [
      `${known.cause === 'hang' ? 'hung' : 'just before it was ended'}: ${words}`,
      ...known.evidence,
      ...details(facts),
    ],
    remedy: remedy ?? known.remedy,
    explanation: `It did not ${known.cause === 'hang' ? 'answer' : 'get ready'}: ${words}.`,
  };
}

interface Judged {
  readonly words: string;
  readonly subject: string | null;
  readonly remedy: string | null;
}

function judged(facts: HangFacts, service: string): Judged {
  const {pid, state, cpuRatio, wantedRatio, busyThreads, openFiles, peers, waitsIn} = facts;
  const cpu = `${Math.round(cpuRatio * 100)} % CPU`;
  if (state.startsWith('T') || state.startsWith('t'))
    return {
      words: 'it was stopped (SIGSTOP)',
      subject: `pid ${pid}`,
      remedy: `who stopped it? it would have gone on with: kill -CONT ${pid}`,
    };
  if (state.startsWith('D') || waitsIn === 'disk')
    return {
      words: `${waits.disk}${channelText(facts)}`,
      subject: `pid ${pid}`,
      remedy: 'look at the disk and at network drives: dmesg | tail, df -h',
    };
  if (wantedRatio >= busyRatio) {
    const where = busyThreads === 1 ? 'in one thread' : `in ${busyThreads} threads`;
    return {
      words: `busy at ${cpu}${busyThreads === 0 ? '' : ` ${where}`}${cpuRatio < busyRatio ? ' (the machine gives it no more)' : ''}`,
      subject: cpu,
      remedy: `an endless loop, or too much work at once: see what it does with a profiler, and its last lines: erp logs ${service} -n 60`,
    };
  }
  const calling = peers.find((peer) => peer.state === 'SYN-SENT');
  if (calling !== undefined)
    return {
      words: `waits for ${peerText(calling)} which does not answer (SYN-SENT)`,
      subject: address(calling),
      remedy: `is ${address(calling)} up, and may it be reached from here (firewall, VPN)? give the connection a timeout`,
    };
  if (openFiles?.limit != null && openFiles.used >= openFiles.limit * filesRatio)
    return {
      words: `${openFiles.used} of ${openFiles.limit} files open`,
      subject: `${openFiles.limit} files`,
      remedy: 'it leaks files or connections, or its limit is too low: ulimit -n',
    };
  const open = peers.filter((peer) => peer.state === 'ESTABLISHED').sort((a, b) => b.count - a.count)[0];
  if (open !== undefined && open.count >= poolSize)
    return {
      words: `${cpu}, all ${open.count} pool connections open to ${peerText(open)}`,
      subject: address(open),
      remedy: `see what ${open.name ?? address(open)} is doing (long queries, locks), and whether connections are given back to the pool`,
    };
  if (open !== undefined && waitsIn !== 'lock')
    return {
      words: `${cpu}, waits for ${peerText(open)}, which is connected and says nothing`,
      subject: address(open),
      remedy: `see what ${open.name ?? address(open)} is doing; give the request a timeout`,
    };
  const sockets = peers.length === 0 ? ', no sockets' : '';
  if (waitsIn === 'lock')
    return {
      words: `${waits.lock}${sockets}`,
      subject: null,
      remedy:
        'two threads wait for each other, or one holds a lock for ever: a stack of all threads tells (py-spy dump, jstack, gdb)',
    };
  return {
    words: `${cpu}, ${waitsIn === null ? 'waits' : waits[waitsIn]}${channelText(facts)}${sockets}`,
    subject: null,
    remedy: null,
  };
}

function details(facts: HangFacts): string[] {
  const {pid, name, state, threads, openFiles, peers, unread, unaccepted, stack} = facts;
  const files =
    openFiles === null
      ? ''
      : `, ${openFiles.used}${openFiles.limit === null ? '' : ` of ${openFiles.limit}`} files open`;
  const waiting = [
    ...(unaccepted === 0 ? [] : [`${unaccepted} connections not accepted`]),
    ...(unread === 0 ? [] : [`${unread} requests not read`]),
  ];
  return [
    `${name} (pid ${pid}): state ${state}${channelText(facts)}, ${threads} ${threads === 1 ? 'thread' : 'threads'}${files}`,
    ...(peers.length === 0
      ? []
      : [
          `connections: ${listOf(peers.slice(0, 5).map((peer) => `${peer.count} ${peer.state} to ${peerText(peer)}`))}`,
        ]),
    ...(waiting.length === 0 ? [] : [`its own port: ${waiting.join(', ')}`]),
    ...(stack === null || stack.length === 0 ? [] : [`stack: ${stack.slice(0, 4).join(' < ')}`]),
  ];
}

const channelText = ({channel}: HangFacts): string => (channel === null ? '' : ` (${channel})`);

const address = ({host, port}: Peer): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const peerText = (peer: Peer): string => (peer.name === null ? address(peer) : `${peer.name} (${address(peer)})`);

/** What usually listens on a port. */
const usual: Readonly<Record<number, string>> = {
  25: 'SMTP',
  389: 'LDAP',
  587: 'SMTP',
  1433: 'SQL Server',
  1521: 'Oracle',
  3306: 'MySQL',
  5432: 'PostgreSQL',
  5672: 'RabbitMQ',
  6379: 'Redis',
  9092: 'Kafka',
  9200: 'Elasticsearch',
  11211: 'memcached',
  27017: 'MongoDB',
};

/** @param places services of this project by their ports */
export function peerName(
  host: string,
  port: number,
  places: readonly {readonly name: string; readonly port: number}[],
): string | null {
  const isHere = /^(?:127\.|::1$)/.test(host);
  return (isHere ? places.find((place) => place.port === port)?.name : undefined) ?? usual[port] ?? null;
}

/** Names of the kernel (Linux) for where a process waits. */
const channels: readonly (readonly [RegExp, WaitKind])[] = [
  [/futex/, 'lock'],
  [/ep_poll|epoll|poll_schedule|do_select|do_poll|select|kqueue/, 'events'],
  [/connect/, 'connect'],
  [/recvmsg|sk_wait|wait_woken|unix_stream|inet_csk_accept|skb_recv/, 'socket'],
  [/nanosleep|hrtimer/, 'sleep'],
  [/do_wait|kernel_wait|wait4/, 'child'],
  [/pipe/, 'pipe'],
  [/nfs|rpc_wait|io_schedule|jbd2|folio_wait|wait_on_page/, 'disk'],
];

export function waitKind(channel: string): WaitKind | null {
  return channels.find(([names]) => names.test(channel))?.[1] ?? null;
}
