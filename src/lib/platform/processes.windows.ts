import {diskRoom} from './disk-space.js';
import {fileState} from './file-state.js';
import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {statSync} from 'node:fs';
import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import type {WindowsOutputs} from './output.windows.js';
import type {ProcessMemory} from './process-memory.js';
import type {ProcessRow} from './process-table.js';
import type {WindowsProcessTable} from './process-table.windows.js';
import type {WindowsSpawnError, WindowsSpawnPlan, WindowsSpawnRequest} from './spawn-plan.windows.js';
import {explainWindowsExit, findWindowsExecutable, taskkillArguments, windowsSpawnPlan} from './spawn-plan.windows.js';
import type {StopSignal} from '../core/spec.js';
import type {OnProblem} from './service-log.js';
import type {
  Cancel,
  Exit,
  PrecheckFailure,
  PrecheckPlan,
  ProcessIdentity,
  Processes,
  RunPlan,
  RunResult,
  SpawnPlan,
  SpawnResult,
  StragglerQuery,
  StrayProcess,
} from './types.js';

const watchPeriodMs = 1000;

/**
 * Services on Windows. A service is the tree below a hidden cmd.exe: the cmd dies with us, its child goes on, and
 * Windows remembers the parent's number for ever. So "the group of pid" is whoever descends from that number and is
 * younger than it. There is one signal, the end. Written from documentation; see the README for what has been run.
 */
export class WindowsProcesses implements Processes {
  readonly #table: WindowsProcessTable;
  readonly #output: WindowsOutputs;
  readonly #memory: ProcessMemory;
  readonly #runner: CommandRunner;
  readonly #onProblem: OnProblem;
  readonly #alive = new Set<number>();
  readonly #startTimes = new Map<number, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #rows: readonly ProcessRow[] = [];

  constructor(parts: {
    table: WindowsProcessTable;
    output: WindowsOutputs;
    memory: ProcessMemory;
    onProblem: OnProblem;
    runner?: CommandRunner;
  }) {
    this.#table = parts.table;
    this.#output = parts.output;
    this.#memory = parts.memory;
    this.#onProblem = parts.onProblem;
    this.#runner = parts.runner ?? systemRunner;
  }

  spawn(plan: SpawnPlan, onExit: (exit: Exit) => void): SpawnResult {
    const started = start({...plan, logFile: this.#output.fileFor(plan.service)});
    if (!('child' in started)) return {ok: false, error: started};
    if (started.warning !== null) this.#onProblem('WARNING', `${plan.service}: ${started.warning}`);
    const pid = started.child.pid as number;
    // The kernel's own time of the start costs half a second to ask for; ours is good to a few milliseconds, and
    // enough to tell whether a number has been given to somebody else.
    const identity = {pid, startTime: String(Date.now()), bootId: this.#table.bootId};
    this.#startTimes.set(pid, identity.startTime);
    this.#alive.add(pid);
    started.child.once('exit', (code, signal) => {
      this.#alive.delete(pid);
      const why = code === null ? null : explainWindowsExit(code);
      if (why !== null) this.#output.mark(plan.service, `${plan.service}: ${why}`);
      onExit({code, signal});
    });
    return {ok: true, identity};
  }

  watch(identity: ProcessIdentity, onExit: (exit: Exit) => void): Cancel {
    const timer = setInterval(() => {
      if (this.#alive.has(identity.pid) || exists(identity.pid)) return;
      // The cmd has gone with an earlier supervisor; its child may live.
      this.#table.scan((rows) => {
        this.#rows = rows;
        if (!this.#timers.has(timer) || this.#tree(identity).length > 0) return;
        stop();
        onExit({code: null, signal: null});
      });
    }, watchPeriodMs);
    this.#timers.add(timer);
    const stop = (): void => {
      clearInterval(timer);
      this.#timers.delete(timer);
    };
    return stop;
  }

  isAlive(identity: ProcessIdentity): boolean {
    if (identity.bootId !== this.#table.bootId) return false;
    if (this.#alive.has(identity.pid)) return true;
    this.#refresh(identity.pid);
    return this.#tree(identity).length > 0;
  }

  groupAlive(pid: number): boolean {
    if (this.#alive.has(pid)) return true;
    this.#refresh(pid);
    return this.#tree(this.#identity(pid)).length > 0;
  }

  signalGroup(pid: number): 'sent' | 'gone' | 'denied' {
    this.#refresh(pid);
    const tree = this.#tree(this.#identity(pid));
    if (tree.length === 0 && !this.#alive.has(pid)) return 'gone';
    // /T follows living parents only: whoever has lost its parent is ended by its own number.
    this.#runner.run('taskkill.exe', taskkillArguments(pid), () => undefined);
    for (const row of tree)
      if (row.pid !== pid) this.#runner.run('taskkill.exe', taskkillArguments(row.pid), () => undefined);
    return 'sent';
  }

  signal(identity: ProcessIdentity, _signal: StopSignal): 'sent' | 'gone' | 'denied' {
    if (!this.isAlive(identity)) return 'gone';
    try {
      process.kill(identity.pid, 'SIGKILL');
      return 'sent';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'denied' : 'gone';
    }
  }

  stragglers(query: StragglerQuery, callback: (found: readonly StrayProcess[]) => void): void {
    this.#table.scan((rows) => {
      this.#rows = rows;
      const spared = new Set(query.except === null ? [] : this.#tree(query.except).map((row) => row.pid));
      const found = new Map<number, ProcessRow>();
      for (const leader of query.leaders) {
        if (leader.bootId !== this.#table.bootId) continue;
        for (const row of this.#tree(leader)) if (!spared.has(row.pid)) found.set(row.pid, row);
      }
      for (const row of rows) {
        const known = this.#memory.knows(query.service, row.pid, row.startTime);
        if (known && !spared.has(row.pid)) found.set(row.pid, row);
      }
      callback(
        [...found.values()].map((row) => ({
          pid: row.pid,
          startTime: row.startTime,
          bootId: this.#table.bootId,
          command: this.#table.commandLine(row.pid) ?? row.name,
          why: 'descendant' as const,
        })),
      );
    });
  }

  fileState(path: string): string {
    return fileState(path);
  }

  diskRoom(path: string): ReturnType<Processes['diskRoom']> {
    return diskRoom(path);
  }

  precheck(plan: PrecheckPlan): PrecheckFailure | null {
    const {command, cwd, env} = plan;
    if (statSync(cwd, {throwIfNoEntry: false})?.isDirectory() !== true)
      return {cause: 'missing-file', subject: cwd, message: `The working folder ${cwd} does not exist.`};
    if ('argv' in command) {
      const value = (wanted: string): string | undefined =>
        Object.entries(env).find(([name]) => name.toUpperCase() === wanted)?.[1];
      const found = findWindowsExecutable(command.argv[0], cwd, value('PATH') ?? '', value('PATHEXT'), isFile);
      if (found === null)
        return {
          cause: 'missing-module',
          subject: command.argv[0],
          message: `${command.argv[0]} was not found in the PATH of the service.`,
        };
    }
    for (const file of plan.files) {
      if (statSync(file, {throwIfNoEntry: false}) === undefined)
        return {cause: 'missing-file', subject: file, message: `${file} does not exist.`};
    }
    return null;
  }

  run(plan: RunPlan, callback: (result: RunResult) => void): Cancel {
    const isProbe = plan.purpose === 'probe';
    const started = start({...plan, logFile: isProbe ? null : this.#output.fileFor(plan.service)});
    let over = false;
    let timedOut = false;
    const finish = (exit: Exit, error: WindowsSpawnError | null): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      const tail = isProbe ? '' : this.#output.tail(plan.service, 10).join('\n');
      callback({exit, timedOut, error, tail});
    };
    if (!('child' in started)) {
      const timer = setTimeout(() => finish({code: null, signal: null}, started), 0);
      return () => {
        over = true;
        clearTimeout(timer);
      };
    }
    const {child} = started;
    const kill = (): void => this.#runner.run('taskkill.exe', taskkillArguments(child.pid as number), () => undefined);
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, plan.timeoutMs);
    child.once('exit', (code, signal) => finish({code, signal}, null));
    return () => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      kill();
    };
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
  }

  #identity(pid: number): ProcessIdentity {
    return {pid, startTime: this.#startTimes.get(pid) ?? null, bootId: this.#table.bootId};
  }

  /** PowerShell blocks for half a second here; only asked when the cmd itself is gone. */
  #refresh(pid: number): void {
    this.#table.read(pid);
    this.#rows = this.#table.lastRows();
  }

  /** Whoever descends from this number and is not older than its first owner. */
  #tree(root: ProcessIdentity): readonly ProcessRow[] {
    const since = Number(root.startTime ?? 0) - 2000;
    const found: ProcessRow[] = [];
    const seen = new Set<number>();
    const queue = [root.pid];
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      for (const row of this.#rows) {
        const isYoungEnough = row.startedAt !== null && row.startedAt >= since;
        if (!isYoungEnough || (row.pid !== root.pid && row.ppid !== pid)) continue;
        if (row.pid === root.pid && row.startedAt > since + 4000) continue; // the number is somebody else's now
        if (!found.includes(row)) found.push(row);
        if (row.pid !== pid) queue.push(row.pid);
      }
    }
    return found;
  }
}

function start(
  request: WindowsSpawnRequest,
): {readonly child: ChildProcess; readonly warning: string | null} | WindowsSpawnError {
  const plan: WindowsSpawnPlan | WindowsSpawnError = windowsSpawnPlan(request, isFile);
  if ('code' in plan) return plan;
  try {
    const child = spawn(plan.file, [...plan.args], {...plan.options, cwd: request.cwd, env: {...request.env}});
    child.on('error', () => undefined);
    if (child.pid === undefined) return {code: 'ENOENT', message: `${plan.file} could not be started.`};
    return {child, warning: plan.warning};
  } catch (error) {
    return {code: 'EINVAL', message: (error as Error).message};
  }
}

const isFile = (path: string): boolean => statSync(path, {throwIfNoEntry: false})?.isFile() === true;

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
