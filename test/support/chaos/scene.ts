import {spawnSync} from 'node:child_process';
import {cpSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {commandOf, type Ended, isAlive, kill, Rig} from '../rig.js';
import {type MemorySample, mib, type SeenProcess} from './judge.js';
import type {Span} from './judge-lines.js';
import {Fleet} from './fleet.js';
import type {Operators} from './operators.js';

const sampleEveryMs = 250;
const settledMs = 2000;
const tellEveryMs = 60_000;
const diskMegabytes = 512;

/** The stage of a run: its folder, its fleet, its supervisors as we see them from outside, and what was done to them. */
export class Scene {
  readonly rig = new Rig();
  readonly fleet = new Fleet(this.rig);
  readonly full: Span[] = [];
  readonly #kills: Span[] = [];
  readonly #onceFiles: string[] = [];
  readonly memory: MemorySample[] = [];
  readonly startedAt = Date.now();
  /** Is the project on a disk of its own, which can be filled? */
  readonly hasDisk: boolean;
  /** Faults may make commands fail that meet them; until when they do. */
  #troubledUntil = 0;
  #lastSupervisor: number | null = null;
  #adoptions = {bytes: 0, count: 0};
  #frozenSince: number | null = null;
  #watching = true;
  #watch: Promise<void> = Promise.resolve();

  readonly notes: string[] = [];
  readonly #say: (text: string) => void;

  constructor(wantDisk: boolean, say: (text: string) => void) {
    this.#say = say;
    this.hasDisk =
      wantDisk &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m`, 'erp-chaos', this.rig.project]).status === 0;
  }

  get elapsedMs(): number {
    return Date.now() - this.startedAt;
  }

  /** For the report of this round. */
  note(text: string): void {
    this.notes.push(text);
  }

  // ——— supervisors ———

  /** A look at every process costs too much to be taken each time. */
  supervisor(): number | null {
    if (this.#lastSupervisor === null || commandOf(this.#lastSupervisor)?.startsWith('erp-supervisor') !== true)
      this.#lastSupervisor = this.rig.supervisors()[0]?.pid ?? null;
    return this.#lastSupervisor;
  }

  /** One that has had the time to read what the last one left. */
  hasSettledSupervisor(): boolean {
    const pid = this.supervisor();
    const seen = this.memory.find((sample) => sample.pid === pid);
    return seen !== undefined && this.elapsedMs - seen.atMs > settledMs;
  }

  /** @returns false: none was there */
  killSupervisor(): boolean {
    const pid = this.supervisor();
    if (pid === null) return false;
    kill(pid);
    this.#killed();
    return true;
  }

  killGuardian(): boolean {
    const guardians = this.rig.guardians();
    for (const {pid} of guardians) kill(pid);
    return guardians.length > 0;
  }

  async freezeSupervisor(ms: number): Promise<boolean> {
    const pid = this.supervisor();
    if (pid === null) return false;
    this.#frozenSince ??= Date.now();
    kill(pid, 'SIGSTOP');
    await sleep(ms);
    kill(pid, 'SIGCONT');
    this.#frozenSince = null;
    return true;
  }

  /** A file that does not exist yet: a supervisor makes it when it dies at a point of its code (ERP_FAULT_ONCE). */
  onceFile(): string {
    const file = join(this.fleet.books, `died-${this.#onceFiles.length + 1}`);
    this.#onceFiles.push(file);
    return file;
  }

  /** Deaths of supervisors that were brought about. */
  allKills(): readonly Span[] {
    const byPoint = this.#onceFiles.flatMap((file) => {
      const at = statSync(file, {throwIfNoEntry: false})?.mtimeMs;
      return at === undefined ? [] : [{from: at, to: at + 1}];
    });
    return [...this.#kills, ...byPoint].sort((a, b) => a.from - b.from);
  }

  /** `erp supervisor restart`: it dies at some moment in between. */
  async replace(operators: Operators, env: Record<string, string> = {}): Promise<Ended | null> {
    const from = Date.now();
    const ended = await operators.run(['supervisor', 'restart'], [0, 6, 7, 9], env);
    this.#kills.push({from, to: Date.now()});
    return ended;
  }

  /** How often a supervisor said that it took over a service. */
  adoptions(): number {
    const file = join(this.rig.project, '.erp', 'events.jsonl');
    const bytes = statSync(file, {throwIfNoEntry: false})?.size ?? 0;
    if (bytes !== this.#adoptions.bytes)
      this.#adoptions = {bytes, count: this.rig.events().filter(({type}) => type === 'adopted').length};
    return this.#adoptions.count;
  }

  #killed(): void {
    const to = Date.now();
    this.#kills.push({from: this.#frozenSince ?? to, to});
  }

  /** Samples memory until the end. */
  watch(): void {
    let told = 0;
    this.#watch = (async () => {
      while (this.#watching) {
        const pid = this.supervisor();
        const rssBytes = pid === null ? null : rssOf(pid);
        if (pid !== null && rssBytes !== null) this.memory.push({pid, atMs: this.elapsedMs, rssBytes});
        if (this.elapsedMs > told + tellEveryMs) {
          told = this.elapsedMs;
          this.#say(`  memory after ${Math.round(told / 1000)} s: ${mib(rssBytes ?? 0)} MiB (supervisor ${pid})`);
        }
        await sleep(sampleEveryMs);
      }
    })();
  }

  // ——— services ———

  /** The leader that wrote itself down last, if it still lives. */
  leader(service: string): number | null {
    const pid = this.fleet.lastStart(service)?.pid ?? null;
    return pid !== null && isAlive(pid) && environment(pid, 'CHAOS_BOOKS') === this.fleet.books ? pid : null;
  }

  /** All processes that carry a mark of erp's. */
  marked(): SeenProcess[] {
    return this.rig
      .processes()
      .map(({pid, command}) => ({pid, command, mark: environment(pid, 'ERP_MARK')}))
      .filter(({mark}) => mark !== null);
  }

  // ——— the disk ———

  /** @returns false: there is no disk of our own */
  async fillDisk(ms: number): Promise<boolean> {
    if (!this.hasDisk) return false;
    const from = Date.now();
    const ballast = join(this.rig.project, 'ballast');
    this.trouble(ms + 3000);
    try {
      fill(ballast);
      await sleep(ms);
    } finally {
      rmSync(ballast, {force: true});
      // Whoever could not write tries again within a second.
      this.full.push({from, to: Date.now() + 1000});
    }
    return true;
  }

  trouble(ms: number): void {
    this.#troubledUntil = Math.max(this.#troubledUntil, Date.now() + ms);
  }

  /** Did a fault of files or disk touch this span? Commands may fail then. */
  wasTroubled(from: number): boolean {
    return this.#troubledUntil > from;
  }

  // ——— the end ———

  /**
   * Ends what runs, however the run ended.
   * @param keep copies what lies on the disk that goes away, for whoever looks for the cause
   */
  async close(wentWell: boolean, keep: boolean): Promise<readonly string[]> {
    this.#watching = false;
    await this.#watch;
    for (const {pid} of this.rig.supervisors()) kill(pid, 'SIGCONT');
    const left = await this.rig.endProcesses(wentWell);
    if (keep) cpSync(this.rig.project, join(this.rig.dir, 'kept'), {recursive: true});
    if (this.hasDisk) spawnSync('umount', ['-l', this.rig.project]);
    if (!keep) rmSync(this.rig.dir, {recursive: true, force: true, maxRetries: 5});
    return left.map(({pid, command}) => `${pid} ${command.slice(0, 160)}`);
  }
}

/** Zeros up to the last byte: piece by piece, since others write meanwhile. */
function fill(path: string): void {
  const free = statfsSync(join(path, '..'));
  for (let size = free.bavail * free.bsize; size >= 1; size = Math.floor(size / 2)) {
    try {
      writeFileSync(path, Buffer.alloc(size), {flag: 'a'});
    } catch {
      // Half of it, then.
    }
  }
}

export function rssOf(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

function environment(pid: number, name: string): string | null {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  } catch {
    return null;
  }
}
