import {diskRoom} from './disk-space.js';
import {fileState} from './file-state.js';
import {findMarked} from './marked.js';
import {spawn} from 'node:child_process';
import type {ChildProcess, StdioOptions} from 'node:child_process';
import {accessSync, closeSync, constants, openSync, realpathSync, statSync} from 'node:fs';
import {isProjectGroup} from './control-group.js';
import {findExecutable, missingInterpreter} from './executable.posix.js';
import type {PosixOutputs} from './output.js';
import type {ProcessMemory} from './process-memory.js';
import type {ProcessRow, ProcessTable} from './process-table.js';
import {isEnded, isStopped} from './process-table.js';
import {SharedScan} from './shared-scan.js';
import {inSlices} from './slices.js';
import type {Launch} from './stragglers.js';
import {findGroupMembers, findStragglers, runsProgramOf} from './stragglers.js';
import type {Foundling} from '../core/supervision/foundling.js';
import type {CommandSpec, StopSignal} from '../core/spec.js';
import type {
  Cancel,
  Exit,
  FormerLife,
  PrecheckFailure,
  PrecheckPlan,
  ProcessIdentity,
  Processes,
  RunPlan,
  RunResult,
  SpawnError,
  SpawnPlan,
  SpawnResult,
  StragglerQuery,
  StrayProcess,
} from './types.js';

/** Adopted processes have no parent here that is told of their end; asking costs a microsecond. */
const watchPeriodMs = 400;
/** A zombie, or another process under the same number, still answers kill(pid, 0). */
const statEveryNthWatch = Math.ceil(5000 / watchPeriodMs);
/** Earlier lives that we remember for a service, to tell what a daemon came from. */
const rememberedLaunches = 8;
const runTailBytes = 2048;
/** A service that forks without end is not followed to its last child. */
const mostDescendants = 500;
/** Start times are coarse. */
const startToleranceMs = 50;

interface Watch {
  readonly identity: ProcessIdentity;
  readonly onExit: (exit: Exit) => void;
}

export class PosixProcesses implements Processes {
  readonly #table: ProcessTable;
  readonly #scan: SharedScan;
  readonly #output: PosixOutputs;
  readonly #memory: ProcessMemory;
  readonly #launches = new Map<string, Launch[]>();
  /** Start time of the leaders we know, by pid: the number of a group alone may have been given to somebody else. */
  readonly #leaders = new Map<number, string>();
  /** Last member seen alive of a group whose leader has ended: asking it again spares a scan of all processes. */
  readonly #survivors = new Map<number, number>();
  readonly #watches = new Set<Watch>();
  readonly #runs = new Set<ProcessIdentity>();
  #watchTimer: NodeJS.Timeout | null = null;
  #watchCount = 0;

  constructor({table, output, memory}: {table: ProcessTable; output: PosixOutputs; memory: ProcessMemory}) {
    this.#table = table;
    this.#scan = new SharedScan(table);
    this.#output = output;
    this.#memory = memory;
  }

  spawn(plan: SpawnPlan, onExit: (exit: Exit) => void): SpawnResult {
    const stdio = this.#output.stdio(plan);
    if ('code' in stdio) return {ok: false, error: stdio};
    // A session and a group of its own; both streams are FIFOs that the child itself holds open read-write: neither
    // our death nor our restart ends its input or output.
    const started = start(plan, ['stdin' in stdio ? stdio.stdin : 'ignore', stdio.output, stdio.output]);
    stdio.release();
    if ('code' in started) return {ok: false, error: started};
    const {child, executable} = started;
    const pid = child.pid as number;
    // The child can't have been reaped yet: that happens in the event loop. So its number is still its own.
    const row = this.#table.read(pid);
    const identity: ProcessIdentity = {pid, startTime: row?.startTime ?? null, bootId: this.#table.bootId};
    const launch: Launch = {
      identity,
      mark: plan.env['ERP_MARK'] ?? null,
      command: plan.command,
      executable,
      lastStartTime: null,
    };
    // A walk along the whole path; only a later search for daemons asks for it.
    setImmediate(() => (launch.executable = realPath(executable)));
    this.#rememberLaunch(plan.service, launch);
    this.#knowLeader(identity);
    const startedAt = performance.now();
    // `exit`, not `close`: a grandchild that keeps the streams open does not make the service alive.
    child.once('exit', (code, signal) => {
      launch.lastStartTime = this.#startTimeAfter(identity, performance.now() - startedAt);
      onExit({code, signal});
    });
    return {ok: true, identity};
  }

  watch(identity: ProcessIdentity, onExit: (exit: Exit) => void): Cancel {
    const watch: Watch = {identity, onExit};
    this.#knowLeader(identity);
    this.#output.adopt(identity.pid);
    this.#watches.add(watch);
    this.#watchTimer ??= setInterval(() => this.#look(), watchPeriodMs);
    return () => {
      this.#watches.delete(watch);
      this.#stopLooking();
    };
  }

  identifyOrphan(pid: number, launchedBy?: string): ProcessIdentity | null {
    const row = this.#table.read(pid);
    if (row === null || isEnded(row) || this.#table.uid(pid) !== (process.geteuid?.() ?? 0)) return null;
    if (launchedBy !== undefined) {
      const executable = this.#table.executable(pid);
      const launches = this.#launches.get(launchedBy) ?? [];
      if (!launches.some((launch) => runsProgramOf(launch, row, executable))) return null;
    }
    // Orphans are given to pid 1, or to the systemd of the user's session.
    const isOrphan = row.ppid === 1 || this.#table.read(row.ppid)?.name === 'systemd';
    return isOrphan ? {pid, startTime: row.startTime, bootId: this.#table.bootId} : null;
  }

  lookBelow(service: string, leader: ProcessIdentity): void {
    const members: ProcessRow[] = [];
    const queue = [leader.pid];
    for (let pid = queue.pop(); pid !== undefined && members.length < mostDescendants; pid = queue.pop()) {
      for (const child of this.#table.children?.(pid) ?? []) {
        const row = this.#table.read(child);
        if (row === null || row.ppid !== pid) continue;
        members.push(row);
        queue.push(child);
      }
    }
    if (!this.#isAlive(leader)) return;
    const {startTime} = leader;
    if (startTime !== null) this.#memory.recall(service, {...leader, startTime, leader});
    this.#memory.remember(service, leader, members);
  }

  recall(service: string, life: FormerLife): void {
    const {leader, command, lastedMs} = life;
    for (const one of life.descendants) this.#memory.recall(service, {...one, bootId: leader.bootId, leader});
    const found = findExecutable('shell' in command ? '/bin/sh' : command.argv[0], life.cwd, life.env);
    this.#rememberLaunch(service, {
      identity: leader,
      mark: null,
      command,
      executable: 'found' in found ? realPath(found.found) : null,
      lastStartTime: lastedMs === null ? null : this.#startTimeAfter(leader, lastedMs),
    });
  }

  groupMembers(projectMark: string, callback: (found: readonly StrayProcess[]) => void): void {
    if (!isProjectGroup(this.#table.controlGroup(process.pid), projectMark)) setImmediate(callback, []);
    else this.#table.scan((rows) => inSlices(findGroupMembers(projectMark, this.#table, rows), callback));
  }

  isAlive(identity: ProcessIdentity): boolean {
    const alive = this.#isAlive(identity);
    if (!alive) {
      // Whoever asked has learnt it now; the watcher of the same process should not learn it 400 ms later.
      for (const watch of this.#watches)
        if (watch.identity.pid === identity.pid) setImmediate(() => this.#ended(watch));
    }
    return alive;
  }

  isSomebodyElse(identity: ProcessIdentity): boolean {
    const row = this.#table.read(identity.pid);
    return row !== null && identity.startTime !== null && row.startTime !== identity.startTime;
  }

  groupAlive(pid: number): boolean {
    if (!isGroup(pid) || poke(-pid, 0) === 'gone' || this.#isReused(pid)) return false;
    // Zombies answer as well. The leader first, then whom we saw last, then everybody.
    for (const member of [pid, this.#survivors.get(pid)]) {
      const row = member === undefined ? null : this.#table.read(member);
      if (row !== null && row.pgrp === pid && !isEnded(row)) return true;
    }
    const survivor = this.#table.firstInGroup(pid);
    if (survivor === null) this.#survivors.delete(pid);
    else this.#survivors.set(pid, survivor);
    return survivor !== null;
  }

  groupMember(pid: number): {readonly pid: number; readonly command: string} | null {
    const survivor = this.#survivors.get(pid);
    const row = survivor === undefined ? null : this.#table.read(survivor);
    if (row === null || row.pgrp !== pid || isEnded(row)) return null;
    return {pid: row.pid, command: this.#table.commandLine(row.pid) ?? row.name};
  }

  findMarked(project: string, services: readonly string[]): readonly Foundling[] {
    return findMarked(project, services, {table: this.#table, streamsOf: (name) => this.#output.streamsOf(name)});
  }

  signalGroup(pid: number, signal: StopSignal, ifStopped?: 'SIGKILL'): 'sent' | 'gone' | 'denied' {
    if (!isGroup(pid) || this.#isReused(pid)) return 'gone';
    const leader = ifStopped === undefined ? null : this.#table.read(pid);
    return poke(-pid, leader !== null && ifStopped !== undefined && isStopped(leader) ? ifStopped : signal);
  }

  signal(identity: ProcessIdentity, signal: StopSignal): 'sent' | 'gone' | 'denied' {
    return this.#isAlive(identity) ? poke(identity.pid, signal) : 'gone';
  }

  stragglers(query: StragglerQuery, callback: (found: readonly StrayProcess[]) => void): void {
    this.#scan.ask((rows, table) => {
      this.#memory.retain(rows);
      const sources = {
        table,
        memory: this.#memory,
        rows,
        launches: this.#launches.get(query.service) ?? [],
        otherLaunches: [...this.#launches].flatMap(([service, launches]) =>
          service === query.service ? [] : launches,
        ),
        spared: [...this.#runs],
        streams: this.#output.streamsOf(query.service),
      };
      inSlices(findStragglers(query, sources), callback);
    });
  }

  precheck(plan: PrecheckPlan): PrecheckFailure | null {
    const {command, cwd, env} = plan;
    // Node reports a missing working folder as ENOENT of the program: so it comes first.
    if (statSync(cwd, {throwIfNoEntry: false})?.isDirectory() !== true)
      return {cause: 'missing-file', subject: cwd, message: `The working folder ${cwd} does not exist.`};
    if (!mayEnter(cwd))
      return {
        cause: 'missing-file',
        subject: cwd,
        message: `The working folder ${cwd} may not be entered by this user.`,
      };
    if ('argv' in command) {
      const executable = findExecutable(command.argv[0], cwd, env);
      if ('missing' in executable) {
        const cause = executable.missing === 'EACCES' ? 'permission-denied' : 'missing-module';
        return {cause, subject: executable.subject, message: executable.message};
      }
      const interpreter = missingInterpreter(executable.found, cwd, env);
      if (interpreter !== null) return {cause: 'missing-module', ...interpreter};
    }
    for (const file of plan.files) {
      if (statSync(file, {throwIfNoEntry: false}) === undefined)
        return {cause: 'missing-file', subject: file, message: `${file} does not exist.`};
    }
    return null;
  }

  fileState(path: string): string {
    return fileState(path);
  }

  diskRoom(path: string): ReturnType<Processes['diskRoom']> {
    return diskRoom(path);
  }

  run(plan: RunPlan, callback: (result: RunResult) => void): Cancel {
    let done = false;
    let group: ProcessIdentity | null = null;
    const state: {timer?: NodeJS.Timeout} = {};
    let timedOut = false;
    const tail = new ByteTail(runTailBytes);
    let stopListening: Cancel = () => undefined;
    const finish = (exit: Exit, error: SpawnError | null): void => {
      if (done) return;
      done = true;
      clearTimeout(state.timer);
      stopListening();
      if (group !== null) this.#runs.delete(group);
      callback({exit, timedOut, error, tail: tail.text()});
    };
    const kill = (): void => {
      if (group !== null) poke(-group.pid, 'SIGKILL');
    };
    // What a probe says belongs into its result; what a hook says belongs into the log as well, and a hook outlives us
    // like the service does: a migration is not to die of EPIPE half-way because the supervisor was replaced.
    const isProbe = plan.purpose === 'probe';
    const pipe = isProbe ? null : this.#output.hookStream(plan.service, (bytes) => tail.push(bytes));
    if (pipe !== null) stopListening = pipe.close;
    const out = pipe === null ? 'pipe' : pipe.fd;
    const started = start(plan, ['ignore', out, out]);
    if ('code' in started) {
      setImmediate(() => finish({code: null, signal: null}, started));
      return () => finishSilently();
    }
    const {child} = started;
    group = {
      pid: child.pid as number,
      startTime: this.#table.read(child.pid as number)?.startTime ?? null,
      bootId: this.#table.bootId,
    };
    this.#runs.add(group);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        tail.push(bytes);
        if (!isProbe) this.#output.write(plan.service, bytes);
      });
      stream?.on('error', () => undefined);
    }
    child.once('exit', (code, signal) => {
      const exit = {code, signal};
      if (pipe !== null) {
        pipe.drain();
        finish(exit, null);
      } else {
        // Its last words may still be in the pipe; a grandchild may hold the pipe open for ever.
        const late = setTimeout(() => finish(exit, null), 50);
        child.once('close', () => {
          clearTimeout(late);
          finish(exit, null);
        });
      }
    });
    state.timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, plan.timeoutMs);
    function finishSilently(): void {
      if (done) return;
      callback = () => undefined;
      kill();
      if (group === null) done = true;
    }
    return finishSilently;
  }

  close(): void {
    this.#watches.clear();
    this.#stopLooking();
  }

  #isAlive(identity: ProcessIdentity): boolean {
    if (identity.bootId !== this.#table.bootId || !isGroup(identity.pid)) return false;
    const row = this.#table.read(identity.pid);
    if (row === null || isEnded(row)) return false;
    return identity.startTime === null || row.startTime === identity.startTime;
  }

  #rememberLaunch(service: string, launch: Launch): void {
    const launches = this.#launches.get(service) ?? [];
    this.#launches.set(service, [...launches.slice(1 - rememberedLaunches), launch]);
  }

  /** The start time, as the process table tells it, of whoever was started this long after the leader. */
  #startTimeAfter({startTime}: ProcessIdentity, ms: number): number | null {
    return startTime === null
      ? null
      : Number(startTime) + Math.ceil(((ms + startToleranceMs) / 1000) * this.#table.startTimeHz);
  }

  #knowLeader(identity: ProcessIdentity): void {
    if (identity.startTime !== null && identity.bootId === this.#table.bootId)
      this.#leaders.set(identity.pid, identity.startTime);
  }

  /** Has the number of this group gone to a younger process? Then nobody of the old group is left. */
  #isReused(pid: number): boolean {
    const startTime = this.#leaders.get(pid);
    if (startTime === undefined) return false;
    const row: ProcessRow | null = this.#table.read(pid);
    return row !== null && row.startTime !== startTime;
  }

  #look(): void {
    const closely = ++this.#watchCount % statEveryNthWatch === 0;
    for (const watch of [...this.#watches]) {
      const {identity} = watch;
      if (poke(identity.pid, 0) === 'gone' || (closely && !this.#isAlive(identity))) this.#ended(watch);
    }
  }

  #ended(watch: Watch): void {
    if (!this.#watches.delete(watch)) return;
    this.#stopLooking();
    watch.onExit({code: null, signal: null});
  }

  #stopLooking(): void {
    if (this.#watches.size > 0 || this.#watchTimer === null) return;
    clearInterval(this.#watchTimer);
    this.#watchTimer = null;
  }
}

/** The last bytes of a stream. */
class ByteTail {
  #bytes: Buffer = Buffer.alloc(0);
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(-this.#limit);
  }

  text(): string {
    return this.#bytes.toString('utf8');
  }
}

type Started = {readonly child: ChildProcess; readonly executable: string};

/** Starts a command as leader of a session. Never throws, whatever the system says. */
function start(
  plan: {readonly command: CommandSpec; readonly cwd: string; readonly env: Readonly<Record<string, string>>},
  stdio: StdioOptions,
): Started | SpawnError {
  const {command, cwd, env} = plan;
  const argv = 'shell' in command ? (['/bin/sh', '-c', command.shell] as const) : command.argv;
  const executable = findExecutable(argv[0], cwd, env);
  if ('missing' in executable) return {code: executable.missing, message: executable.message};
  try {
    const child = spawn(executable.found, argv.slice(1), {argv0: argv[0], cwd, env, detached: true, stdio});
    // Some failures are thrown, others come as an event in the next tick: then there is no pid.
    child.on('error', () => undefined);
    return child.pid === undefined ? whyNoPid(cwd, executable.found) : {child, executable: executable.found};
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    return {code: code ?? 'UNKNOWN', message: explain(code, executable.found) ?? message};
  }
}

/** Node tells the reason later; the caller needs it now. These are all that Node reports in this way. */
function whyNoPid(cwd: string, executable: string): SpawnError {
  const folder = statSync(cwd, {throwIfNoEntry: false});
  if (folder === undefined) return {code: 'ENOENT', message: `The working folder ${cwd} does not exist.`};
  if (!folder.isDirectory()) return {code: 'ENOTDIR', message: `The working folder ${cwd} is no folder.`};
  if (!mayEnter(cwd)) return {code: 'EACCES', message: `The working folder ${cwd} may not be entered by this user.`};
  const interpreter = missingInterpreter(executable, cwd, {});
  if (interpreter !== null) return {code: 'ENOENT', message: interpreter.message};
  const outOfFiles = missingDescriptors();
  if (outOfFiles !== null) return {code: outOfFiles, message: explain(outOfFiles, executable) ?? outOfFiles};
  if (statSync(executable, {throwIfNoEntry: false}) === undefined)
    return {code: 'ENOENT', message: `${executable} does not exist.`};
  return {code: 'EAGAIN', message: explain('EAGAIN', executable) as string};
}

/** A start takes a handful of descriptors for a moment. */
function missingDescriptors(): string | null {
  const fds: number[] = [];
  try {
    while (fds.length < 10) fds.push(openSync('/dev/null', 'r'));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EMFILE';
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

function explain(code: string | undefined, executable: string): string | null {
  switch (code) {
    case 'E2BIG':
      return `Arguments and environment of ${executable} are longer than this system allows (getconf ARG_MAX).`;
    case 'EAGAIN':
      return 'The system has no process left for this user (ulimit -u, or the limit of its control group).';
    case 'EMFILE':
      return 'The supervisor has no file descriptor left (ulimit -n).';
    case 'ENFILE':
      return 'The machine has no file descriptor left (fs.file-max).';
    case 'ENOMEM':
      return 'The system has no memory left to start a process.';
    case 'ETXTBSY':
      return `${executable} is being written at this moment.`;
    case 'ENOEXEC':
      return `${executable} is no program for this machine (no "#!" line, or another processor's).`;
    default:
      return null;
  }
}

/** 0 and -1 would reach our own group, or everybody. */
const isGroup = (pid: number): boolean => Number.isInteger(pid) && pid > 1;

function poke(pid: number, signal: NodeJS.Signals | 0): 'sent' | 'gone' | 'denied' {
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'denied' : 'gone';
  }
}

function mayEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
