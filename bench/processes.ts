// What /proc knows about processes. Linux only.
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import type {Memory} from './types.js';

/** Carried by everything that a run starts, so that nothing is left when it ends. */
export const runMark = 'ERP_BENCH_RUN';

interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** CPU of children that it has reaped, in ticks of 10 ms. */
  readonly reapedTicks: number;
}

export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function factsOf(pid: number): ProcessFacts | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === '') return null;
  // The name before it is in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {pid, state: fields[0] ?? '', parent: Number(fields[1]), reapedTicks: Number(fields[13]) + Number(fields[14])};
}

export function isAlive(pid: number | null): boolean {
  const facts = pid === null ? null : factsOf(pid);
  return facts !== null && facts.state !== 'Z' && facts.state !== 'X';
}

export const parentOf = (pid: number): number | null => factsOf(pid)?.parent ?? null;

export const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export function executableOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
  } catch {
    return '';
  }
}

export function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

export const nameOf = (pid: number): string => read(`/proc/${pid}/comm`).trim();

export const environmentOf = (pid: number): readonly string[] => read(`/proc/${pid}/environ`).split('\0');

/** Processes whose environment holds this, other than ourselves. */
export const pidsWith = (variable: string): number[] =>
  allPids().filter((pid) => pid !== process.pid && environmentOf(pid).includes(variable));

/** These and what they started, without measured services (and what those started). */
export function treeOf(roots: readonly (number | null)[], isService: (pid: number) => boolean): number[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = parentOf(pid);
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = new Set<number>();
  const visit = (pid: number) => {
    if (found.has(pid) || !isAlive(pid) || isService(pid)) return;
    found.add(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  for (const root of roots) if (root !== null) visit(root);
  return [...found];
}

export function memoryOf(pids: readonly number[]): Memory {
  const sum = {processes: pids.length, rssKiB: 0, pssKiB: 0, peakKiB: 0};
  const field = (text: string, name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN) || 0;
  for (const pid of pids) {
    const rollup = read(`/proc/${pid}/smaps_rollup`);
    sum.rssKiB += field(rollup, 'Rss');
    sum.pssKiB += field(rollup, 'Pss');
    sum.peakKiB += field(read(`/proc/${pid}/status`), 'VmHWM');
  }
  return sum;
}

/** CPU seconds: all threads by the scheduler's nanosecond clock, and children that were reaped in ticks of 10 ms. */
export function cpuOf(pids: readonly number[]): number {
  let nanoseconds = 0;
  let ticks = 0;
  for (const pid of pids) {
    let threads: string[] = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      // It has ended: what it used until then counts for its parent.
    }
    for (const thread of threads) {
      nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) || 0;
    }
    ticks += factsOf(pid)?.reapedTicks ?? 0;
  }
  return nanoseconds / 1e9 + ticks / 100;
}

/** @returns false: it is gone already */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Ports of this machine that somebody listens on. */
export function listeningPorts(): Set<number> {
  const ports = new Set<number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of read(table).split('\n').slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state === '0A') ports.add(parseInt(local?.split(':')[1] ?? '0', 16));
    }
  }
  return ports;
}
