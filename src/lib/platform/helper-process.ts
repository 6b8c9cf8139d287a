import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {constants, setPriority} from 'node:os';
import {StringDecoder} from 'node:string_decoder';
import type {HelperOutcome} from '../core/connection/helper-outcome.js';
import {systemRunner} from './command-runner.js';
import type {HelperCommand} from './helper-command.js';
import {taskkillArguments} from './spawn-plan.windows.js';
import type {Cancel} from './types.js';

export interface HelperPlan {
  readonly command: HelperCommand;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** null: as long as it likes. */
  readonly timeoutMs: number | null;
  /** Whatever else wants the processor goes first. default: no */
  readonly isUrgent?: false;
  /** Called for each line of its output, which is not kept then. */
  readonly onLine?: (line: string) => void;
}

/** After SIGTERM; a helper only reads, it loses nothing. */
const graceMs = 500;
const keptBytes = 1024 * 1024;
const lineBytes = 64 * 1024;

/** Who still runs: nobody reads their output once we have ended. */
const running = new Set<ChildProcess>();
let isWatchingExit = false;

/**
 * Runs a program that only reads, and whoever it starts. The callback comes exactly once unless cancelled: at the end,
 * or when time is up even if the program can't be ended.
 */
export function runHelper(plan: HelperPlan, callback: (outcome: HelperOutcome) => void): Cancel {
  let isOver = false;
  let isTooLate = false;
  let error: HelperOutcome['error'] = null;
  const output = new Kept(plan.onLine);
  const complaints = new Kept();
  const answer = (code: number | null, signal: string | null): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    clearTimeout(hopeless);
    output.end();
    callback({code, signal, stdout: output.text, stderr: complaints.text, isTooLate, error});
  };
  const child = start(plan, (failure) => {
    error = {code: failure.code ?? '', message: failure.message};
    if (child?.pid === undefined) answer(null, null);
  });
  child?.stdout?.on('data', (bytes: Buffer) => isOver || output.push(bytes));
  child?.stderr?.on('data', (bytes: Buffer) => isOver || complaints.push(bytes));
  // `close` comes when its grandchildren have let go of the pipes, too, which may be never.
  child?.once('exit', (code, signal) => {
    // Whoever it has left behind in its group; the group keeps its number from being given away.
    if (process.platform !== 'win32') end(child, 'SIGKILL');
    running.delete(child);
    const settled = setTimeout(() => answer(code, signal), graceMs);
    child.once('close', () => {
      clearTimeout(settled);
      answer(code, signal);
    });
  });
  let hopeless: NodeJS.Timeout | undefined;
  const timer =
    plan.timeoutMs === null || child === null
      ? undefined
      : setTimeout(() => {
          isTooLate = true;
          stop(child);
          // Whoever hangs in the kernel does not even end by SIGKILL: we go on without it.
          hopeless = setTimeout(() => {
            letGo(child);
            answer(null, null);
          }, graceMs * 2);
        }, plan.timeoutMs);
  return () => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    clearTimeout(hopeless);
    if (child === null) return;
    stop(child);
    letGo(child);
  };
}

function start(plan: HelperPlan, onError: (error: NodeJS.ErrnoException) => void): ChildProcess | null {
  try {
    const child = spawn(plan.command.file, plan.command.args, {
      cwd: plan.cwd,
      env: {...plan.env},
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      windowsVerbatimArguments: plan.command.isVerbatim,
      // A group of its own: a wrapper's kubectl is ended with it, and Ctrl-C of a terminal is none of its business.
      detached: process.platform !== 'win32',
    });
    child.on('error', onError);
    if (child.pid !== undefined) remember(child);
    if (child.pid !== undefined && plan.isUrgent === false) beNice(child.pid);
    return child;
  } catch (error) {
    setImmediate(() => onError(error as NodeJS.ErrnoException));
    return null;
  }
}

function beNice(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or may not be told: it is short anyway.
  }
}

function remember(child: ChildProcess): void {
  running.add(child);
  if (isWatchingExit) return;
  isWatchingExit = true;
  process.on('exit', () => {
    for (const each of running) end(each, 'SIGKILL');
  });
}

function stop(child: ChildProcess): void {
  end(child, 'SIGTERM');
  const timer = setTimeout(() => end(child, 'SIGKILL'), graceMs);
  timer.unref();
  child.once('exit', () => clearTimeout(timer));
}

/** Our event loop does not wait for it any longer. */
function letGo(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

/** Ends the program and, POSIX, its whole group. */
function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    systemRunner.run('taskkill.exe', taskkillArguments(child.pid), () => undefined);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // gone
  }
}

/** Output of a helper: whole up to a limit, or line by line. */
class Kept {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: ((line: string) => void) | undefined;
  text = '';

  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(bytes: Buffer): void {
    if (this.text.length > (this.#onLine === undefined ? keptBytes : lineBytes)) {
      if (this.#onLine === undefined) return;
      this.text = ''; // no line of kubectl is that long
    }
    this.text += this.#decoder.write(bytes);
    if (this.#onLine === undefined) return;
    const lines = this.text.split(/\r?\n/);
    this.text = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
  }

  end(): void {
    if (this.#onLine !== undefined && this.text !== '') this.#onLine(this.text);
  }
}
