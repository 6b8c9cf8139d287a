import {readFileSync, stat, statfs} from 'node:fs';
import {cpus, freemem, totalmem} from 'node:os';
import {KeptRows} from './kept-rows.js';
import type {ProcessMemory} from './process-memory.js';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isEnded, isProcessOf} from './process-table.js';
import {kinship} from './stragglers.js';
import type {ProcessIdentity} from './types.js';

export interface ServiceSample {
  readonly service: string;
  /** Processor time of all that ever belonged to it since we look; never decreases. */
  readonly cpuSeconds: number;
  /** Share of one processor since the last sample, 1 = one core; null: first sample. */
  readonly cpuRatio: number | null;
  readonly rssBytes: number;
  readonly processes: number;
  readonly pids: readonly number[];
  /** null: the system does not tell. */
  readonly threads: number | null;
}

export interface MachineSample {
  /** Share of all processors since the last sample, 0..1; null: first sample. */
  readonly cpuRatio: number | null;
  readonly memoryTotalBytes: number;
  readonly memoryAvailableBytes: number;
  /** Of the disk of the first place; null: can't be asked. */
  readonly diskTotalBytes: number | null;
  readonly diskFreeBytes: number | null;
  /** Every disk that holds one of the places, each once; one that can't be asked is left out. */
  readonly disks: readonly Disk[];
}

export interface Disk {
  readonly places: readonly string[];
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** What is kept on a disk: `state`, `logs`, `project`. */
export interface Place {
  readonly place: string;
  readonly path: string;
}

export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly services: readonly ServiceSample[];
  /** Those of `services` whose figures are new. */
  readonly measured: readonly ServiceSample[];
  readonly machine: MachineSample;
}

/** A service and its living leader. */
export interface Led {
  readonly service: string;
  readonly leader: ProcessIdentity;
}

interface Account {
  /** Seconds of processes that have ended. */
  past: number;
  /** Seconds so far by process, `pid:start`. */
  present: Map<string, number>;
  total: number;
  at: number;
}

/** Measures services and machine: one pass over all processes for all services. */
export class Sampler {
  readonly #rows: KeptRows;
  /** Services of their members as of the last sample. */
  #members: ReadonlyMap<number, string> = new Map();
  #lastRows: readonly ProcessRow[] | null = null;
  #samples: ReadonlyMap<string, ServiceSample> = new Map();
  /** Have other members than their last figures tell of. */
  readonly #stale = new Set<string>();
  /** Rows that belong to no service: they never will as long as the leaders are the same. */
  #strangers = new WeakSet<ProcessRow>();
  #leaders: ReadonlySet<ProcessIdentity> = new Set();
  readonly #memory: ProcessMemory;
  readonly #places: readonly Place[];
  readonly #accounts = new Map<string, Account>();
  #cpu: {readonly busy: number; readonly all: number} | null = null;
  #cpuRatio: number | null = null;

  constructor({table, memory, places}: {table: ProcessTable; memory: ProcessMemory; places: readonly Place[]}) {
    this.#rows = new KeptRows(table);
    this.#memory = memory;
    this.#places = places;
  }

  /**
   * @param leaders the living leader of each service; those below it are remembered as the service's own, so that they
   * are found after they have left it
   * @param isDue whose figures are wanted; of the others only those who are new
   */
  sample(
    leaders: readonly Led[],
    callback: (sample: Sample) => void,
    isDue: (service: string) => boolean = () => true,
  ): void {
    const remembered = this.#memory.pids();
    const fresh = leaders.filter(({leader}) => !this.#leaders.has(leader));
    const due = new Set(fresh.map(({service}) => service));
    const calm = new Set<string>();
    for (const {service} of leaders)
      (isDue(service) || this.#stale.has(service) || due.has(service) ? due : calm).add(service);
    const led = new Set(fresh.map(({leader}) => leader.pid));
    const isWanted = (pid: number): boolean => {
      const service = this.#members.get(pid);
      return service === undefined ? led.has(pid) || remembered.has(pid) : !calm.has(service);
    };
    this.#rows.scan(isWanted, (rows) => {
      const isSame = rows === this.#lastRows && due.size === 0 && leaders.length === this.#leaders.size;
      this.#lastRows = rows;
      // A life that began while the last scan went on: whoever it had started by then was taken for a stranger.
      if (fresh.length > 0) this.#strangers = new WeakSet();
      const measured = isSame ? [] : this.#services(leaders, rows, due);
      const services = [...this.#samples.values()];
      this.#machine((machine) => callback({at: Date.now(), services, measured, machine}));
    });
  }

  #services(leaders: readonly Led[], rows: readonly ProcessRow[], due: ReadonlySet<string>): readonly ServiceSample[] {
    this.#leaders = new Set(leaders.map(({leader}) => leader));
    const byPid = new Map(rows.map((row) => [row.pid, row]));
    const owners = new Map<number, string>();
    const byLeader = new Map<number, Led>();
    for (const one of leaders) byLeader.set(one.leader.pid, one);
    const ownerOf = (row: ProcessRow): string | null => {
      const itself = byLeader.get(row.pid);
      if (itself !== undefined && isProcessOf(itself.leader, row)) return itself.service;
      for (const number of [row.session, row.pgrp]) {
        const one = byLeader.get(number);
        if (one !== undefined && kinship(row, [one.leader], byPid) !== null) return one.service;
      }
      for (const service of this.#memory.services())
        if (this.#memory.knows(service, row.pid, row.startTime)) return service;
      return null;
    };
    for (const row of rows) {
      const service = this.#strangers.has(row) ? '' : ownerOf(row);
      if (service !== null) owners.set(row.pid, service);
    }
    // Whoever has left session and group is still somebody's child.
    const resolve = (row: ProcessRow, depth: number): string => {
      const known = owners.get(row.pid);
      if (known !== undefined) return known;
      const parent = depth < 64 && row.ppid > 1 ? byPid.get(row.ppid) : undefined;
      const service = parent === undefined ? '' : resolve(parent, depth + 1);
      owners.set(row.pid, service);
      return service;
    };
    const members = new Map<string, ProcessRow[]>(leaders.map(({service}) => [service, []]));
    for (const row of rows) {
      const service = resolve(row, 0);
      if (service === '') this.#strangers.add(row);
      else if (!isEnded(row)) members.get(service)?.push(row);
    }
    const memberOf = new Map<number, string>();
    for (const [service, group] of members) for (const {pid} of group) memberOf.set(pid, service);
    this.#members = memberOf;
    this.#memory.retain(rows);
    for (const {service, leader} of leaders) this.#memory.remember(service, leader, members.get(service) ?? []);
    return this.#accounted(members, due);
  }

  #accounted(members: ReadonlyMap<string, readonly ProcessRow[]>, due: ReadonlySet<string>): readonly ServiceSample[] {
    const now = performance.now();
    const samples = new Map<string, ServiceSample>();
    const measured: ServiceSample[] = [];
    const measure = (service: string, group: readonly ProcessRow[]): void => {
      const sample = this.#account(service, group, now);
      samples.set(service, sample);
      measured.push(sample);
      this.#stale.delete(service);
    };
    for (const [service, group] of members) {
      const before = due.has(service) ? undefined : this.#samples.get(service);
      if (before === undefined) measure(service, group);
      else {
        samples.set(service, before);
        if (group.length !== before.pids.length || group.some(({pid}, index) => pid !== before.pids[index]))
          this.#stale.add(service);
      }
    }
    // Not running now: what it has used stays on its account.
    for (const service of this.#accounts.keys()) if (!members.has(service)) measure(service, []);
    this.#samples = samples;
    return measured;
  }

  #account(service: string, group: readonly ProcessRow[], now: number): ServiceSample {
    let account = this.#accounts.get(service);
    const isFirst = account === undefined;
    if (account === undefined) {
      account = {past: 0, present: new Map(), total: 0, at: now};
      this.#accounts.set(service, account);
    }
    const present = new Map(group.map((row) => [`${row.pid}:${row.startTime}`, row.cpuSeconds ?? 0]));
    for (const [key, seconds] of account.present) if (!present.has(key)) account.past += seconds;
    account.present = present;
    const cpuSeconds = Math.max(account.total, account.past + sum(present.values()));
    const elapsed = (now - account.at) / 1000;
    const cpuRatio = isFirst || elapsed <= 0 ? null : (cpuSeconds - account.total) / elapsed;
    account.total = cpuSeconds;
    account.at = now;
    return {
      service,
      cpuSeconds,
      cpuRatio,
      rssBytes: sum(group.map((row) => row.rssBytes ?? 0)),
      processes: group.length,
      pids: group.map(({pid}) => pid),
      threads: group.some((row) => row.threads === null) ? null : sum(group.map((row) => row.threads ?? 0)),
    };
  }

  #machine(callback: (machine: MachineSample) => void): void {
    const cpu = cpuTimes();
    const elapsed = this.#cpu === null ? 0 : cpu.all - this.#cpu.all;
    // Within one tick of the kernel nothing has been counted: what was said before is still the best.
    if (this.#cpu !== null && elapsed > 0)
      this.#cpuRatio = Math.min(1, Math.max(0, (cpu.busy - this.#cpu.busy) / elapsed));
    if (this.#cpu === null || elapsed > 0) this.#cpu = cpu;
    const cpuRatio = this.#cpuRatio;
    availableMemory((memoryAvailableBytes) => {
      askDisks(this.#places, (disks) => {
        const first = disks.find(({places}) => places.includes(this.#places[0]?.place ?? ''));
        callback({
          cpuRatio,
          memoryTotalBytes: totalmem(),
          memoryAvailableBytes,
          diskTotalBytes: first?.sizeBytes ?? null,
          diskFreeBytes: first?.freeBytes ?? null,
          disks,
        });
      });
    });
  }
}

/** Places on the same device are one disk. Asked anew each time: somebody may mount one meanwhile. */
function askDisks(places: readonly Place[], callback: (disks: readonly Disk[]) => void): void {
  const devices = new Map<number, Place[]>();
  forEach(
    places,
    (one, next) =>
      stat(one.path, (error, file) => {
        if (error === null) devices.set(file.dev, [...(devices.get(file.dev) ?? []), one]);
        next();
      }),
    () => {
      const disks: Disk[] = [];
      forEach(
        [...devices.values()],
        (sharing, next) =>
          statfs(sharing[0]?.path ?? '', (error, disk) => {
            if (error === null)
              disks.push({
                places: sharing.map(({place}) => place),
                freeBytes: disk.bavail * disk.bsize,
                sizeBytes: disk.blocks * disk.bsize,
              });
            next();
          }),
        () => callback(disks),
      );
    },
  );
}

/** One after the other. */
function forEach<T>(items: readonly T[], visit: (item: T, next: () => void) => void, done: () => void): void {
  const step = (index: number): void => {
    const item = items[index];
    if (item === undefined) done();
    else visit(item, () => step(index + 1));
  };
  step(0);
}

function cpuTimes(): {readonly busy: number; readonly all: number} {
  let busy = 0;
  let idle = 0;
  for (const {times} of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return {busy, all: busy + idle};
}

/** What programs could still get: free memory alone leaves out what the system only keeps as a cache. */
function availableMemory(callback: (bytes: number) => void): void {
  if (process.platform === 'linux') {
    let kilobytes: string | undefined;
    try {
      kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1];
    } catch {
      // A kernel before 3.14, or a sandbox.
    }
    callback(kilobytes === undefined ? freemem() : Number(kilobytes) * 1024);
    return;
  }
  // Loaded when first needed: four megabytes that Linux does without.
  import('systeminformation')
    .then(({default: system}) => system.mem())
    .then((memory) => memory.available)
    .catch(() => freemem())
    .then(callback)
    .catch((error: unknown) => {
      // An error of the callback is ours, not one of the promise.
      setImmediate(() => {
        throw error;
      });
    });
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
