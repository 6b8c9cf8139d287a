import {type ChildProcess, spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {cpus, release, totalmem} from 'node:os';
import {run} from './commands.js';
import {allPids} from './processes.js';
import {rounded} from './statistics.js';
import type {Run} from './types.js';

export const load = (): string => readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' ');

export const loadNow = (): number => Number(load().split(' ')[0]);

export async function machine(): Promise<Run['machine']> {
  const list = cpus();
  return {
    cpu: list[0]?.model.trim() ?? '?',
    cores: list.length,
    memoryGiB: rounded(totalmem() / 2 ** 30, 0),
    kernel: release(),
    node: process.version,
    gcc: (await run(['gcc', '-dumpfullversion'])).output.trim(),
  };
}

/**
 * Processes that do nothing: a supervisor that looks through all of them now and then pays for each. They end with the
 * pipe to us, so even our SIGKILL leaves none.
 */
export class Others {
  readonly #shell: ChildProcess;
  /** All of them run. */
  readonly ready: Promise<void>;

  constructor(count: number) {
    const program = `i=0; while [ $i -lt ${count} ]; do
      sleep 86400 </dev/null >/dev/null & pids="$pids $!"; i=$((i + 1))
    done
    echo ready; cat >/dev/null; [ -z "$pids" ] || kill $pids`;
    const shell = spawn('sh', ['-c', program], {stdio: ['pipe', 'pipe', 'ignore'], detached: true});
    this.ready = new Promise((resolve) => shell.stdout.once('data', () => resolve()));
    this.#shell = shell;
  }

  end(): void {
    this.#shell.stdin?.end();
  }
}

export const processCount = (): number => allPids().length;
