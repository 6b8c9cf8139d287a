import {type ChildProcessByStdio, spawn} from 'node:child_process';
import {closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {Socket} from 'node:net';
import {dirname} from 'node:path';
import type {Writable} from 'node:stream';
import {
  deathText,
  type DeathTraces,
  type LastExit,
  parseLastExit,
  supervisorDeath,
} from '../core/diagnosis/supervisor-death.js';
import {countOf, formatDuration} from '../core/report/format.js';
import {guardianArguments, type GuardianFiles, isMeant} from '../platform/guardian.js';
import type {News} from './shared.js';

export interface GuardingHost {
  readonly files: GuardianFiles;
  readonly env: NodeJS.ProcessEnv;
  tell(news: News): void;
}

/** What one supervisor leaves for the next, behind its pid in the note. */
interface Note {
  /** Epoch, milliseconds: when supervisors came back after an abnormal end. */
  readonly returns: readonly number[];
  readonly memoryKills: number | null;
}

const countedMs = 3_600_000;
const longestLastWords = 64 * 1024;

/**
 * The supervisor's side of its guardian (`platform/guardian.ts`): says that it has come up, tells how its predecessor
 * ended, and gets another guardian when somebody has killed the one it had.
 */
export class Guarding {
  readonly #host: GuardingHost;
  readonly #last: LastExit | null;
  #returns: readonly number[] = [];
  #standIn: ChildProcessByStdio<Writable, null, null> | null = null;

  constructor(host: GuardingHost) {
    this.#host = host;
    this.#last = parseLastExit(host.env['ERP_LAST_EXIT']);
    process.on('exit', (code) => this.#release(code));
  }

  /** How often it came back within the last hour. */
  get returns(): number {
    return this.#recent().length;
  }

  /** The door is open and services are taken over: from now on its death is nothing that a start could report. */
  up(adopted: number, restarted: number): void {
    const {files} = this.#host;
    const before = noteOf(files.note);
    const memory = memoryKills();
    if (this.#last !== null) {
      this.#returns = [...(before?.returns ?? []), Date.now()].slice(-500);
      const traces = {
        memoryKills: difference(memory.count, before?.memoryKills),
        memoryKillsOf: memory.of,
        lastWords: tailOf(files.crash),
      };
      this.#tellReturn(this.#last, traces, adopted, restarted);
    }
    empty(files.crash);
    this.#write({returns: this.#returns, memoryKills: memory.count});
  }

  /** Once per sample. A guardian that was killed leaves us to init, and nobody would bring us back. */
  look(): void {
    const guardian = Number(this.#host.env['ERP_GUARDIAN'] ?? Number.NaN);
    if (Number.isNaN(guardian) || process.ppid === guardian) return;
    const standIn = this.#standIn;
    if (standIn !== null && standIn.exitCode === null && standIn.signalCode === null) return;
    this.#standIn = this.#guardedAnew();
    this.#host.tell({
      level: 'WARNING',
      service: null,
      type: 'guardian-lost',
      text: `the guardian (pid ${standIn?.pid ?? guardian}) has gone: another one stands in (pid ${this.#standIn.pid ?? 'none'})`,
    });
  }

  #guardedAnew(): ChildProcessByStdio<Writable, null, null> {
    const env = {...this.#host.env, ERP_ADOPT_ONLY: undefined};
    const child = spawn('/bin/sh', guardianArguments(this.#host.files, process.pid), {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env,
    });
    child.on('error', () => {}); // no shell, no process to be had: tried again at the next look
    child.stdin.on('error', () => {});
    child.unref();
    if (child.stdin instanceof Socket) child.stdin.unref();
    return child;
  }

  /** Our end closes its stdin; a number before tells that it was meant. */
  #release(code: number): void {
    if (isMeant(code)) this.#standIn?.stdin.write(`${code}\n`);
  }

  #tellReturn(last: LastExit, traces: DeathTraces, adopted: number, restarted: number): void {
    const diagnosis = supervisorDeath(last, traces);
    const awayMs = awayFor(last.at);
    const often = this.#recent().length > 1 ? `; ${this.#recent().length} times in the last hour` : '';
    this.#host.tell({
      level: 'WARNING',
      service: null,
      type: 'supervisor-returned',
      text: `${deathText(last, diagnosis)}, back after ${awayMs < 100 ? `${awayMs} ms` : formatDuration(awayMs)}; ${countOf(adopted, 'service')} adopted, ${restarted} restarted${often}`,
      diagnosis,
      facts: {status: last.status, awayMs, adopted, restarted, returns: this.#recent().length},
    });
  }

  #recent(): readonly number[] {
    return this.#returns.filter((at) => at > Date.now() - countedMs);
  }

  #write(note: Note): void {
    const {note: path} = this.#host.files;
    const fresh = `${path}.${process.pid}`;
    try {
      mkdirSync(dirname(path), {recursive: true, mode: 0o700});
      writeFileSync(fresh, `${process.pid} ${JSON.stringify(note)}\n`, {mode: 0o600});
      renameSync(fresh, path);
    } catch {
      // Then the guardian takes us for one that never came up, and is slower with the next.
    }
  }
}

function noteOf(path: string): Note | null {
  try {
    const text = readFileSync(path, 'utf8');
    const {returns, memoryKills} = JSON.parse(text.slice(text.indexOf(' ') + 1)) as Partial<Note>;
    return {
      returns: Array.isArray(returns) ? returns.filter((at) => typeof at === 'number') : [],
      memoryKills: typeof memoryKills === 'number' ? memoryKills : null,
    };
  } catch {
    return null; // none yet
  }
}

const difference = (now: number | null, before: number | null | undefined): number | null =>
  now === null || before === null || before === undefined ? null : now - before;

/** Of our own cgroup where it can be read, else of the machine: that may have been another's process. */
function memoryKills(): {readonly count: number | null; readonly of: string} {
  if (process.platform !== 'linux') return {count: null, of: ''};
  try {
    const [, own] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
    if (own !== undefined) {
      const file = `/sys/fs/cgroup${own === '/' ? '' : own}/memory.events`;
      return {count: counter(readFileSync(file, 'utf8')), of: file};
    }
  } catch {
    // The root group has none, and not every container shows it.
  }
  try {
    return {count: counter(readFileSync('/proc/vmstat', 'utf8')), of: '/proc/vmstat'};
  } catch {
    return {count: null, of: ''};
  }
}

function counter(text: string): number | null {
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? [];
  return count === undefined ? null : Number(count);
}

/** @param at as the guardian's clock gave it: since the boot, else since 1970 */
function awayFor(at: number): number {
  try {
    const [uptime] = readFileSync('/proc/uptime', 'utf8').split(' ');
    return Math.max(0, Math.round(Number(uptime) * 1000 - at * 10));
  } catch {
    return Math.max(0, Date.now() - at * 10);
  }
}

function tailOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-longestLastWords);
  } catch {
    return '';
  }
}

/** Not removed: our own stderr appends to it. */
function empty(path: string): void {
  try {
    const fd = openSync(path, 'r+');
    ftruncateSync(fd, 0);
    closeSync(fd);
  } catch {
    // None.
  }
}
