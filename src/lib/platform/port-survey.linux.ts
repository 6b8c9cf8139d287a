import {readFileSync, readlinkSync} from 'node:fs';
import type {PortListener, PortSurvey, ReservedRange} from '../core/ports/survey.js';
import type {ListeningSocket} from './listeners.js';
import {type Connection, connectionsOn, directory, readSockets, userName} from './listeners.linux.js';
import {LinuxProcessTable} from './process-table.linux.js';
import {variableOf} from './process-table.js';

/**
 * Who listens on a Linux machine, from /proc alone: the tables of sockets once, the open files of the processes once,
 * for all ports together. `ss` does the same; it and its like are missing in slim containers.
 *
 * A socket that was bound without listening keeps a port from being bound, and is not in these tables: ADR 0018.
 */
export function surveyLinux(wanted: 'all' | readonly number[]): PortSurvey {
  const reserved = reservedRanges();
  const all = readSockets();
  if (all === null)
    return {listeners: null, problem: 'who listens can not be told: /proc/net/tcp can not be read', reserved};
  const asked = wanted === 'all' ? null : new Set(wanted);
  const sockets = asked === null ? all : all.filter(({port}) => asked.has(port));
  const connections = asked === null ? [] : outgoingOn(asked, sockets, all);
  const table = new LinuxProcessTable();
  const holders = holdersOf([...sockets, ...connections], table);
  const listeners = [
    ...sockets.map((socket) => listener(socket, holders.get(socket.inode ?? '') ?? [], table)),
    ...connections.map((socket) => ({
      ...listener(socket, holders.get(socket.inode ?? '') ?? [], table),
      isConnection: true as const,
    })),
  ];
  return {listeners, problem: null, reserved};
}

/**
 * A port of the automatic range may be the near end of somebody's connection; it can't be bound then, although nobody
 * listens. Only then is the table of all connections worth its price.
 */
function outgoingOn(
  asked: ReadonlySet<number>,
  sockets: readonly ListeningSocket[],
  all: readonly ListeningSocket[],
): readonly ListeningSocket[] {
  const automatic = automaticRange();
  const held = new Set(sockets.map(({port}) => port));
  const open = new Set([...asked].filter((port) => isWithin(automatic, port) && !held.has(port)));
  return open.size === 0
    ? []
    : blocking(connectionsOn(open), {automatic, listening: new Set(all.map(({port}) => port))});
}

/**
 * Those of the connections that keep their port from being bound. What a server has left behind (TIME_WAIT) does not,
 * since servers set SO_REUSEADDR; what a client has left behind does for a minute. The table does not tell the two
 * apart, but a client has one far end, and that is a server's: it listens here, or its port is not an automatic one.
 */
export function blocking(
  connections: readonly Connection[],
  {automatic, listening}: {readonly automatic: readonly [number, number]; readonly listening: ReadonlySet<number>},
): readonly Connection[] {
  const over = connections.filter(({isOver}) => isOver);
  return connections.filter(({port, remotePort, isOver}) => {
    if (!isOver) return true;
    const alone = over.filter((other) => other.port === port).length === 1;
    return alone && (listening.has(remotePort) || !isWithin(automatic, remotePort));
  });
}

function automaticRange(): readonly [number, number] {
  const [from = 32_768, to = 60_999] = numbers('/proc/sys/net/ipv4/ip_local_port_range');
  return [from, to];
}

const isWithin = ([from, to]: readonly [number, number], port: number): boolean => port >= from && port <= to;

function listener(socket: ListeningSocket, pids: readonly number[], table: LinuxProcessTable): PortListener {
  const [pid = null, ...alsoHeldBy] = pids;
  const row = pid === null ? null : table.read(pid);
  const {port, address, inode, uid} = socket;
  const base = {port, address, isDualStack: null, inode};
  // It may have ended since its files were read.
  if (pid === null || row === null)
    return {
      ...base,
      ...{pid: null, alsoHeldBy: [], name: null, command: null, startedAt: null, cwd: null, mark: null},
      user: uid === null ? null : userName(uid),
    };
  const owner = table.uid(pid) ?? uid;
  return {
    ...base,
    pid,
    alsoHeldBy,
    name: row.name,
    command: table.commandLine(pid),
    user: owner === null ? null : userName(owner),
    startedAt: row.startedAt,
    cwd: table.cwd(pid),
    mark: variableOf(table.environ(pid) ?? '', 'ERP_MARK'),
  };
}

/**
 * A server listens before it has connections, and /proc lists files by their numbers: its listeners are among the first.
 * The thousands of connections behind them are looked through only when somebody is still missing.
 */
const firstFiles = 256;

/** Processes that have these sockets open, by inode: the one that the others got it from first. */
function holdersOf(
  sockets: readonly ListeningSocket[],
  table: LinuxProcessTable,
): ReadonlyMap<string, readonly number[]> {
  const wanted = new Set(sockets.flatMap(({inode}) => (inode === null || inode === '0' ? [] : [`socket:[${inode}]`])));
  const found = new Map<string, number[]>();
  if (wanted.size === 0) return found;
  const seen = new Set<number>();
  const note = (pid: number, names: readonly string[]): boolean => {
    let holds = false;
    for (const target of socketsOf(pid, names)) {
      if (!wanted.has(target)) continue;
      holds = true;
      const inode = target.slice('socket:['.length, -1);
      const pids = found.get(inode);
      if (pids === undefined) found.set(inode, [pid]);
      else if (!pids.includes(pid)) pids.push(pid);
    }
    return holds;
  };
  const rest: {readonly pid: number; readonly names: readonly string[]}[] = [];
  const look = (pid: number): boolean => {
    seen.add(pid);
    const names = directory(`/proc/${pid}/fd`);
    if (names.length > firstFiles) rest.push({pid, names: names.slice(firstFiles)});
    return note(pid, names.slice(0, firstFiles));
  };
  const kernelThreads = kernelThreadsOf(table);
  const pids = directory('/proc').flatMap((name) =>
    /^\d/.test(name) && !kernelThreads.has(name) ? [Number(name)] : [],
  );
  // Who is looked for mostly came up late, the system's own came first.
  for (const pid of pids.sort((a, b) => b - a)) {
    look(pid);
    if (found.size === wanted.size) break;
  }
  for (const {pid, names} of rest) {
    if (found.size === wanted.size) break;
    note(pid, names);
  }
  // Sockets are inherited: whoever shares one is above or below the one that was found.
  for (const pid of [...new Set([...found.values()].flat())]) lookAround(pid, {table, seen, look});
  for (const sharing of found.values()) if (sharing.length > 1) sharing.sort(byOrigin(table));
  return found;
}

interface Search {
  readonly table: LinuxProcessTable;
  readonly seen: ReadonlySet<number>;
  /** Does it hold any that is wanted? */
  readonly look: (pid: number) => boolean;
}

function lookAround(pid: number, {table, seen, look}: Search): void {
  let top = pid;
  for (;;) {
    const parent = table.read(top)?.ppid ?? 0;
    if (parent <= 0 || seen.has(parent) || !look(parent) || parent === 1) break;
    top = parent;
  }
  const queue = [top, ...workersBeside(top, {table, seen, look})];
  for (let next = queue.pop(); next !== undefined; next = queue.pop())
    for (const child of table.children(next)) if (!seen.has(child) && look(child)) queue.push(child);
}

/** A server that was killed leaves its workers to whoever adopts orphans; what they still have in common is its group. */
function workersBeside(pid: number, {table, seen, look}: Search): readonly number[] {
  const row = table.read(pid);
  if (row === null || row.pgrp === pid || row.pgrp === 0 || table.read(row.pgrp) !== null) return [];
  const beside = table.children(row.ppid).filter((other) => !seen.has(other) && table.read(other)?.pgrp === row.pgrp);
  return beside.filter(look);
}

/** A server is older than its workers. Socket activation: whoever serves is named, not who holds it open for him. */
function byOrigin(table: LinuxProcessTable): (a: number, b: number) => number {
  const started = (pid: number): number => Number(table.read(pid)?.startTime ?? Infinity);
  return (a, b) => Number(a === 1) - Number(b === 1) || started(a) - started(b) || a - b;
}

function socketsOf(pid: number, names: readonly string[]): readonly string[] {
  const targets: string[] = [];
  for (const fd of names) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      if (target.startsWith('socket:')) targets.push(target);
    } catch {
      // closed meanwhile
    }
  }
  return targets;
}

/** They have no files, and a machine has hundreds of them. */
function kernelThreadsOf(table: LinuxProcessTable): ReadonlySet<string> {
  const daemon = table.read(2);
  // In a container 2 is nobody, or anybody.
  if (daemon?.name !== 'kthreadd' || daemon.ppid !== 0) return new Set();
  return new Set(table.children(2).map(String));
}

/**
 * net.ipv4.ip_local_reserved_ports is none of them: it keeps ports from being given away automatically, and who asks for
 * one by its number gets it.
 */
function reservedRanges(): readonly ReservedRange[] {
  const [lowest = 1024] = numbers('/proc/sys/net/ipv4/ip_unprivileged_port_start');
  if (lowest <= 1 || mayBindAny()) return [];
  return [{from: 1, to: lowest - 1, why: 'privileged', source: `net.ipv4.ip_unprivileged_port_start = ${lowest}`}];
}

/** CAP_NET_BIND_SERVICE, which root has unless a container took it away. */
function mayBindAny(): boolean {
  try {
    const effective = /^CapEff:\s*([\da-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    if (effective !== undefined) return (BigInt(`0x${effective}`) & (1n << 10n)) !== 0n;
  } catch {
    // a /proc that hides it
  }
  return process.geteuid?.() === 0;
}

function numbers(path: string): readonly number[] {
  try {
    return (readFileSync(path, 'latin1').match(/\d+/g) ?? []).map(Number);
  } catch {
    return [];
  }
}
