import {spawnSync} from 'node:child_process';
import {mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {allPids, environmentOf, executableOf, folderOf, isAlive, listeningPorts, runMark, signal} from './processes.js';
import {setTimeout as sleep} from 'node:timers/promises';

declare const BENCH_ROOT: string;

/** The checkout that is measured; filled in when run.mjs bundles the harness. */
export const root = BENCH_ROOT;

// Below the range from which the system takes ports for outgoing connections.
const firstPort = 21_000;
const lastPort = 32_000;

/** What a run has to itself: a folder, its own copy of the measured service, ports, and a mark on its processes. */
export class Workplace {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'erp-bench-')));
  readonly svc = join(this.dir, 'svc');
  #nextPort = firstPort;

  constructor() {
    process.env[runMark] = this.dir;
    const {status, error} = spawnSync('gcc', ['-O2', '-Wall', '-o', this.svc, join(root, 'bench', 'svc.c')], {
      stdio: 'inherit',
    });
    if (status === 0) return;
    this.close();
    throw new Error(`the measured service, bench/svc.c, needs gcc: ${error?.message ?? `exit code ${status}`}`);
  }

  readonly isService = (pid: number): boolean => executableOf(pid) === this.svc;

  /** The first of `count` ports in a row that nobody listens on. */
  ports(count: number): number {
    const taken = listeningPorts();
    for (let tries = 0; tries < 1000; tries += 1) {
      const first = this.#nextPort + count > lastPort ? firstPort : this.#nextPort;
      this.#nextPort = first + count;
      const range = Array.from({length: count}, (_, index) => first + index);
      if (range.every((port) => !taken.has(port))) return first;
    }
    throw new Error(`no ${count} free ports in a row between ${firstPort} and ${lastPort}`);
  }

  folder(name: string): string {
    return mkdtempSync(join(this.dir, `${name}-`));
  }

  /** Ends what a measurement in this folder has left behind; supervisors first, they would start their services again. */
  async sweep(dir: string, daemons: readonly number[]): Promise<void> {
    for (const pid of daemons) signal(pid, 'SIGKILL');
    for (let round = 0; round < 3; round += 1) {
      const left = processesOf(dir);
      for (const pid of left) signal(pid, 'SIGKILL');
      if (left.length === 0) return;
      await sleep(100);
    }
  }

  /** Ends all that this run has started and removes its folder; at once, for an interrupt. */
  close(): void {
    for (let round = 0; round < 20; round += 1) {
      const left = processesOf(this.dir);
      if (left.length === 0) break;
      for (const pid of left) signal(pid, 'SIGKILL');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
    if (process.env['KEEP'] === undefined) rmSync(this.dir, {recursive: true, force: true, maxRetries: 3});
  }
}

/** By our mark, and where a supervisor gives its services an environment of its own, by their folder or program. */
function processesOf(dir: string): number[] {
  const isOurs = (pid: number) =>
    folderOf(pid).startsWith(dir) ||
    executableOf(pid).startsWith(dir) ||
    environmentOf(pid).some((variable) => variable === `${runMark}=${dir}` || variable.startsWith(`SVC_DIR=${dir}`));
  return allPids().filter((pid) => pid !== process.pid && isAlive(pid) && isOurs(pid));
}
