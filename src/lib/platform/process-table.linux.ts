import {endianness} from 'node:os';
import {closeSync, openSync, readFileSync, readdirSync, readlinkSync, readSync, statSync} from 'node:fs';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isEnded} from './process-table.js';
import {inSlices} from './slices.js';

const scratch = Buffer.allocUnsafe(4096);
let environScratch: Buffer | null = null;

export class LinuxProcessTable implements ProcessTable {
  readonly bootId: string;
  startTimeHz = 100;
  #pageSize = 4096;
  #bootedAt: number | null = null;

  constructor() {
    this.bootId = bootId();
    // The page size is 4, 16 or 64 KiB by machine; the kernel tells every program in its auxiliary vector.
    for (const [type, value] of auxiliaryVector()) {
      if (type === 6n) this.#pageSize = Number(value);
      if (type === 17n) this.startTimeHz = Number(value);
    }
    const booted = /^btime (\d+)$/m.exec(text('/proc/stat') ?? '');
    if (booted !== null) this.#bootedAt = Number(booted[1]) * 1000;
  }

  read(pid: number): ProcessRow | null {
    const stat = small(`/proc/${pid}/stat`);
    return stat === null ? null : this.#parse(stat);
  }

  scan(callback: (rows: readonly ProcessRow[]) => void): void {
    inSlices(this.#scan(), callback);
  }

  *#scan(): Generator<undefined, readonly ProcessRow[]> {
    const rows: ProcessRow[] = [];
    for (const pid of this.pids()) {
      const row = this.read(pid);
      if (row !== null) rows.push(row);
      yield;
    }
    return rows;
  }

  children(pid: number): readonly number[] {
    try {
      const lists = readdirSync(`/proc/${pid}/task`).map((thread) => small(`/proc/${pid}/task/${thread}/children`));
      return lists.flatMap((list) => list?.match(/\d+/g)?.map(Number) ?? []);
    } catch {
      return []; // it has gone
    }
  }

  rows(): readonly ProcessRow[] {
    return this.pids()
      .map((pid) => this.read(pid))
      .filter((row) => row !== null);
  }

  argv(pid: number): readonly string[] {
    return (text(`/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
  }

  namespaceOf(pid: number): string | null {
    return link(`/proc/${pid}/ns/pid`);
  }

  firstInGroup(pgrp: number): number | null {
    for (const pid of this.pids()) {
      const row = this.read(pid);
      if (row !== null && row.pgrp === pgrp && !isEnded(row)) return pid;
    }
    return null;
  }

  uid(pid: number): number | null {
    return statSync(`/proc/${pid}`, {throwIfNoEntry: false})?.uid ?? null;
  }

  environ(pid: number): string | null {
    // An environment may be long; one buffer serves all of a scan.
    environScratch ??= Buffer.allocUnsafe(128 * 1024);
    const bytes = readInto(`/proc/${pid}/environ`, environScratch);
    return bytes === null ? null : environScratch.toString('latin1', 0, bytes);
  }

  commandLine(pid: number): string | null {
    const bytes = readInto(`/proc/${pid}/cmdline`, scratch);
    if (bytes === null) return null;
    if (bytes === 0) {
      const row = this.read(pid);
      return row === null ? null : `[${row.name}]`;
    }
    return scratch.toString('utf8', 0, bytes).replace(/\0+$/, '').replaceAll('\0', ' ');
  }

  cwd(pid: number): string | null {
    return link(`/proc/${pid}/cwd`);
  }

  executable(pid: number): string | null {
    return link(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '') ?? null;
  }

  standardStreams(pid: number): readonly string[] {
    return [0, 1, 2].map((fd) => link(`/proc/${pid}/fd/${fd}`)).filter((target) => target !== null);
  }

  controlGroup(pid: number): string | null {
    return small(`/proc/${pid}/cgroup`);
  }

  pids(): readonly number[] {
    try {
      const pids: number[] = [];
      for (const name of readdirSync('/proc')) {
        const first = name.charCodeAt(0);
        if (first >= 48 && first <= 57) pids.push(Number(name));
      }
      return pids;
    } catch {
      return [];
    }
  }

  lastPid(): number | null {
    // `0.06 0.12 0.40 2/133 4711`; sandboxes that only play Linux say 0.
    const last = Number(/(\d+)\s*$/.exec(small('/proc/loadavg') ?? '')?.[1] ?? 0);
    return last > 0 ? last : null;
  }

  #parse(stat: string): ProcessRow | null {
    // `12 (a) b) S 1 12 …`: the name may hold blanks and brackets, so the last `)` ends it.
    const open = stat.indexOf('(');
    const close = stat.lastIndexOf(')');
    if (open === -1 || close === -1) return null;
    const fields = stat.slice(close + 2).split(' ', 22);
    const number = (field: number): number => Number(fields[field - 3]);
    const ticks = fields[22 - 3];
    if (ticks === undefined) return null;
    return {
      pid: Number(stat.slice(0, open)),
      ppid: number(4),
      pgrp: number(5),
      session: number(6),
      state: fields[0] as string,
      startTime: ticks,
      startedAt: this.#bootedAt === null ? null : this.#bootedAt + (Number(ticks) / this.startTimeHz) * 1000,
      name: stat.slice(open + 1, close),
      cpuSeconds: (number(14) + number(15)) / this.startTimeHz,
      rssBytes: number(24) * this.#pageSize,
      threads: number(20),
    };
  }
}

/** Boot id and pid namespace: the same boot in another container has other pids. */
function bootId(): string {
  const boot = (text('/proc/sys/kernel/random/boot_id') ?? 'unknown').trim();
  const namespace = /\d+/.exec(link('/proc/self/ns/pid') ?? '');
  return namespace === null ? boot : `${boot}:${namespace[0]}`;
}

function auxiliaryVector(): readonly (readonly [bigint, bigint])[] {
  try {
    const bytes = readFileSync('/proc/self/auxv');
    const pairs: [bigint, bigint][] = [];
    for (let at = 0; at + 16 <= bytes.length; at += 16) {
      const pair: [bigint, bigint] =
        endianness() === 'BE'
          ? [bytes.readBigUInt64BE(at), bytes.readBigUInt64BE(at + 8)]
          : [bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8)];
      pairs.push(pair);
    }
    return pairs;
  } catch {
    return [];
  }
}

/** Files of /proc have no size: one read into a buffer that is large enough, without the fstat of readFileSync. */
function readInto(path: string, buffer: Buffer): number | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    let length = 0;
    while (length < buffer.length) {
      const bytes = readSync(fd, buffer, length, buffer.length - length, null);
      if (bytes === 0) break;
      length += bytes;
    }
    return length;
  } catch {
    return null; // the process has gone, or it is somebody else's
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function small(path: string): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const bytes = readSync(fd, scratch, 0, scratch.length, null);
    return bytes === 0 ? null : scratch.toString('latin1', 0, bytes);
  } catch {
    return null;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function text(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
