import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isEnded} from './process-table.js';

// `sess` shows a kernel address on macOS, so sessions are not asked for; descendants and marks have to do.
export const psColumns = 'pid=,ppid=,pgid=,uid=,stat=,lstart=,time=,rss=,comm=';
const row =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]{8}\s+\d{4})\s+([\d:.-]+)\s+(\d+)\s+(.*)$/;

/** Processes by ps(1), as on macOS and the BSDs. Written from its manual; see the tests for what was run where. */
export class DarwinProcessTable implements ProcessTable {
  readonly bootId: string;
  readonly startTimeHz = 1;
  readonly #runner: CommandRunner;
  readonly #uids = new Map<number, number>();

  constructor(runner: CommandRunner = systemRunner) {
    this.#runner = runner;
    this.bootId = (runner.runSync('sysctl', ['-n', 'kern.bootsessionuuid']) ?? '').trim() || 'unknown';
  }

  read(pid: number): ProcessRow | null {
    return this.#parse(this.#runner.runSync('ps', ['-o', psColumns, '-p', String(pid)]) ?? '')[0] ?? null;
  }

  scan(callback: (rows: readonly ProcessRow[]) => void): void {
    this.#runner.run('ps', ['-axo', psColumns], (output) => callback(this.#parse(output ?? '')));
  }

  firstInGroup(pgrp: number): number | null {
    const rows = this.#parse(this.#runner.runSync('ps', ['-axo', psColumns]) ?? '');
    return rows.find((one) => one.pgrp === pgrp && !isEnded(one))?.pid ?? null;
  }

  uid(pid: number): number | null {
    if (!this.#uids.has(pid)) this.read(pid);
    return this.#uids.get(pid) ?? null;
  }

  environ(pid: number): string | null {
    // -E appends the environment to the arguments, separated by blanks: enough to find a variable without blanks.
    const output = this.#runner.runSync('ps', ['-Eww', '-o', 'command=', '-p', String(pid)]);
    return output === null || output === '' ? null : output.trimEnd().replaceAll(' ', '\0');
  }

  commandLine(pid: number): string | null {
    const output = this.#runner.runSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)]) ?? '';
    return output.trim() === '' ? null : output.trim();
  }

  cwd(pid: number): string | null {
    const output = this.#runner.runSync('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn']) ?? '';
    return /^n(.*)$/m.exec(output)?.[1] ?? null;
  }

  executable(pid: number): string | null {
    const output = this.#runner.runSync('ps', ['-o', 'comm=', '-p', String(pid)]) ?? '';
    return output.trim() === '' ? null : output.trim();
  }

  standardStreams(pid: number): readonly string[] {
    const output = this.#runner.runSync('lsof', ['-a', '-p', String(pid), '-d', '0,1,2', '-Fn']) ?? '';
    return [...output.matchAll(/^n(.*)$/gm)].map((match) => match[1] as string);
  }

  controlGroup(): string | null {
    return null;
  }

  #parse(output: string): readonly DarwinRow[] {
    const rows = parsePs(output);
    for (const one of rows) this.#uids.set(one.pid, one.uid);
    return rows;
  }
}

interface DarwinRow extends ProcessRow {
  readonly uid: number;
}

/** Output of `ps -o` with `psColumns`. */
export function parsePs(output: string): readonly DarwinRow[] {
  const rows: DarwinRow[] = [];
  for (const line of output.split('\n')) {
    const match = row.exec(line);
    if (match === null) continue;
    const [, pid, ppid, pgrp, uid, state, started, time, rss, name] = match as unknown as string[];
    const startedAt = Date.parse(started as string);
    rows.push({
      pid: Number(pid),
      ppid: Number(ppid),
      pgrp: Number(pgrp),
      uid: Number(uid),
      session: 0,
      state: (state as string).charAt(0),
      // Seconds are as fine as it gets; as a number, so that two can be compared.
      startTime: String(startedAt / 1000),
      startedAt,
      name: (name as string).split('/').at(-1) as string,
      cpuSeconds: seconds(time as string),
      rssBytes: Number(rss) * 1024,
      threads: null,
    });
  }
  return rows;
}

/** `[[dd-]hh:]mm:ss.cc` */
function seconds(time: string): number {
  const [rest = '', days = '0'] = time.split('-').reverse();
  return rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}
