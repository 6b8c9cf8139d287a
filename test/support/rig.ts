import {type ChildProcess, spawn} from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {request} from 'node:http';
import {type AddressInfo, connect, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {screenOf} from './screen.js';
import type {ErpEvent, ServiceStatus, StatusDocument} from '../../src/lib/core/report/status.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** The binary under test, as it ships. */
export const erpBinary = join(root, 'bin', 'run.js');
export const fixtures = join(root, 'test', 'fixtures');
/** Programs with one habit each. */
export const program = (name: string): string => join(fixtures, 'programs', name);
export const rootFile = (...path: string[]): string => join(root, ...path);

/** Everything that is waited for gets this long: the machine may be busy with more than us. */
export const limitMs = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As this user; root only. */
  readonly uid?: number;
}

/** A user without rights; for tests that run as root. */
export const nobody = 65_534;

export interface Process {
  readonly pid: number;
  readonly command: string;
}

type Body = (rig: Rig) => Promise<void>;

/**
 * A test with its own folder and its own runtime folder. Whatever happens, all its processes end with it; a test that
 * went well and left one behind fails. On failure everything that was said is printed.
 */
export const inRig =
  (body: Body): (() => Promise<void>) =>
  async () => {
    const rig = new Rig();
    let failed: unknown;
    try {
      await body(rig);
    } catch (error) {
      failed = error;
      if (error instanceof Error) error.message += rig.reportSafely();
    }
    const left = await rig.end(failed === undefined);
    if (failed !== undefined) throw failed as Error;
    if (left.length > 0) throw new Error(`left behind: ${describe(left)}${rig.lastReport}`);
  };

const describe = (processes: readonly Process[]) =>
  processes.map(({pid, command}) => `${pid} ${command.slice(0, 160)}`).join('\n             ');

export class Rig {
  readonly dir: string;
  /** The project's folder: where commands run unless told otherwise. */
  readonly project: string;
  readonly runtime: string;
  readonly mark: string;
  lastReport = '';
  /** For every command of this test. */
  readonly variables: Record<string, string> = {};
  readonly #runs: Run[] = [];
  readonly #closers: (() => void)[] = [];

  constructor() {
    this.dir = realpathSync(mkdtempSync(join(tmpdir(), 'erp-acc-')));
    this.mark = `RIG=${this.dir}`;
    this.project = join(this.dir, 'shop');
    this.runtime = join(this.dir, 'run');
    for (const folder of [this.project, this.runtime, join(this.dir, 'home')]) mkdirSync(folder, {mode: 0o700});
  }

  /** No variable that would help Python, none of npm or jest, and the mark by which everything of this test is found. */
  env(more: RunOptions['env'] = {}): Record<string, string> {
    const env: Record<string, string | undefined> = {
      PATH: process.env['PATH'],
      HOME: join(this.dir, 'home'),
      LANG: 'C.UTF-8',
      XDG_RUNTIME_DIR: this.runtime,
      RIG: this.dir,
      ...this.variables,
      ...more,
    };
    return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  }

  // ——— files ———

  write(path: string, content: string | object, mode = 0o644): string {
    const file = join(this.project, path);
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
    chmodSync(file, mode);
    return file;
  }

  remove(path: string): void {
    rmSync(join(this.project, path), {recursive: true});
  }

  config(services: Record<string, object>, more: object = {}): void {
    this.write('erp.config.json', {...more, services});
  }

  read(path: string): string {
    return readFileSync(join(this.project, path), 'utf8');
  }

  /** The log of a service, without what is rotated away. */
  log(service: string, folder = this.project): string {
    const file = join(folder, 'logs', `${service}.log`);
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  /** The supervisor's own log, as operators read it. */
  ownLog(): string {
    const folder = join(this.project, 'watchdog_logs');
    if (statSync(folder, {throwIfNoEntry: false})?.isDirectory() !== true) return '';
    const names = readdirSync(folder).filter((name) => /^watchdog_\d{8}\.log$/.test(name));
    return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  }

  /** Waits for a line of the supervisor's own log. */
  async logged(pattern: RegExp, limit = limitMs): Promise<void> {
    await until(
      `the log says ${String(pattern)}`,
      () => pattern.test(this.ownLog()),
      limit,
      () => this.ownLog(),
    );
  }

  events(folder = this.project): ErpEvent[] {
    const file = join(folder, '.erp', 'events.jsonl');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as ErpEvent);
  }

  // ——— the command line ———

  /** Starts `erp …` and returns at once. */
  start(args: readonly string[], options: RunOptions = {}): Run {
    return this.spawn([process.execPath, erpBinary, ...args], options);
  }

  /** Runs `erp …` to its end. */
  async erp(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await this.start(args, options).end();
  }

  /** `erp …`, with the exit code that is expected of it. */
  async expectErp(code: number, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const ended = await this.erp(args, options);
    if (ended.code !== code)
      throw new Error(
        `erp ${args.join(' ')} ended with ${ended.code ?? ended.signal}, not with ${code}:\n${ended.stdout}${ended.stderr}`,
      );
    return ended;
  }

  /** Any program, in the project's folder. */
  spawn(argv: readonly [string, ...string[]], options: RunOptions = {}): Run {
    const {uid} = options;
    const run = new Run(argv, {
      cwd: options.cwd ?? this.project,
      env: this.env(options.env),
      ...(uid === undefined ? {} : {uid, gid: uid}),
    });
    this.#runs.push(run);
    return run;
  }

  /** `erp …` in a terminal of its own; see terminal.py. */
  terminal(args: readonly string[], options: RunOptions = {}): Terminal {
    return this.terminalOf([process.execPath, erpBinary, ...args], options);
  }

  terminalOf(argv: readonly string[], options: RunOptions = {}): Terminal {
    const run = this.spawn(['/usr/bin/python3', '-u', program('terminal.py'), ...argv], {
      ...options,
      env: {TERM: 'xterm', ...options.env},
    });
    return new Terminal(run, options.env?.['TERMINAL_SIZE'] ?? '100x30');
  }

  async status(options: RunOptions & {readonly args?: readonly string[]} = {}): Promise<StatusDocument> {
    const {stdout, stderr, code} = await this.erp(['status', '--json', ...(options.args ?? [])], options);
    try {
      const document = JSON.parse(stdout) as StatusDocument;
      if (Array.isArray(document.services)) return document;
    } catch {
      // The message below shows what it was.
    }
    throw new Error(`erp status --json gave (exit code ${code ?? 'none'}): ${stdout}${stderr}`);
  }

  /** The supervisor has come back after a death, for the first time; between the two nobody answers. */
  async cameBack(options: RunOptions = {}): Promise<boolean> {
    const {stdout, code} = await this.erp(['status', '--json'], options);
    return code !== 6 && (JSON.parse(stdout) as StatusDocument).supervisor?.returns === 1;
  }

  async service(name: string, options: RunOptions = {}): Promise<ServiceStatus> {
    const found = (await this.status(options)).services.find((service) => service.name === name);
    if (found === undefined) throw new Error(`status has no service ${name}`);
    return found;
  }

  /** `erp stop`, and nothing is left of anything. */
  async stop(options: RunOptions = {}): Promise<void> {
    await this.expectErp(0, ['stop', '--timeout', '30s'], options);
    await this.nothingLeft();
  }

  // ——— what runs, by our own look at /proc ———

  /** Every living process of this test: by its environment, its folder or its words. */
  processes(): Process[] {
    const found: Process[] = [];
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
      const pid = Number(name);
      const command = commandOf(pid);
      if (command === null) continue;
      const environ = environOf(pid);
      const isHolder = environ.some((entry) => entry.startsWith(`ERP_HOLDER=${this.dir}`));
      if (isHolder || environ.includes(this.mark) || command.includes(this.dir) || folderOf(pid).startsWith(this.dir))
        found.push({pid, command});
    }
    return found;
  }

  supervisors(): Process[] {
    return this.processes().filter(({command}) => command.startsWith('erp-supervisor'));
  }

  guardians(): Process[] {
    return this.processes().filter(({command}) => command.includes('erp-guardian'));
  }

  /** Who keeps the pipes of the services open beside the supervisor. */
  holders(): Process[] {
    return this.processes().filter(({command}) => command.startsWith('erp-output-holder'));
  }

  /** Processes whose command line holds all of these words. */
  having(...words: string[]): Process[] {
    return this.processes().filter(({command}) => words.every((word) => command.includes(word)));
  }

  async nothingLeft(limit = 5000): Promise<void> {
    await until(
      'nothing of this test runs any more',
      () => this.processes().length === 0,
      limit,
      () => describe(this.processes()),
    );
  }

  /** Only these and what started them (a terminal's helper) run. */
  async nothingLeftBut(...pids: number[]): Promise<void> {
    const others = () =>
      this.processes().filter(({pid, command}) => !pids.includes(pid) && !command.includes('terminal.py'));
    await until(
      'nothing else of this test runs',
      () => others().length === 0,
      5000,
      () => describe(others()),
    );
  }

  // ——— the world around ———

  onEnd(close: () => void): void {
    this.#closers.push(close);
  }

  // ——— the end ———

  /** The clean-up comes in every outcome, also when the report can't be made. */
  reportSafely(): string {
    try {
      return this.report();
    } catch (error) {
      return `\n(no report: ${String(error)})`;
    }
  }

  report(): string {
    const parts = this.#runs.map(
      (run) => `\n--- ${run.words} (${run.running ? 'runs' : (run.code ?? run.killedBy ?? 'ended')})\n${run.all}`,
    );
    parts.push(`\n--- own log\n${this.ownLog()}`);
    try {
      for (const name of readdirSync(join(this.project, 'logs')))
        if (name.endsWith('.log')) parts.push(`\n--- logs/${name}\n${this.read(join('logs', name)).slice(-3000)}`);
    } catch {
      // None.
    }
    parts.push(`\n--- runs\n             ${describe(this.processes())}\n`);
    return parts.join('');
  }

  /** @returns what was still there, half a second after everything should have ended */
  async end(wentWell: boolean): Promise<Process[]> {
    const left = await this.endProcesses(wentWell);
    chmodBack(this.dir);
    rmSync(this.dir, {recursive: true, force: true, maxRetries: 5});
    return left;
  }

  /** As `end`, and the files stay. */
  async endProcesses(wentWell: boolean): Promise<Process[]> {
    for (const close of this.#closers) close();
    const deadline = performance.now() + (wentWell ? 2000 : 0);
    while (this.processes().length > 0 && performance.now() < deadline) await tick();
    const left = this.processes();
    if (left.length > 0) this.lastReport = this.reportSafely();
    // The guardian first: it would bring the supervisor back, and that its services.
    for (let round = 0; round < 100 && this.processes().length > 0; round += 1) {
      const all = this.processes();
      for (const pid of [...this.guardians(), ...this.supervisors(), ...all].map((process) => process.pid)) kill(pid);
      await tick();
    }
    return left;
  }
}

/** A program that a test started; it tells by what it says and by its end. */
export class Run {
  readonly words: string;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  stdout = '';
  stderr = '';
  /** Both, as they came. */
  all = '';
  code: number | null = null;
  killedBy: NodeJS.Signals | null = null;
  running = true;

  constructor(
    argv: readonly [string, ...string[]],
    options: {cwd: string; env: Record<string, string>; uid?: number; gid?: number},
  ) {
    const [command, ...args] = argv;
    this.words = argv.map((word) => word.replace(process.execPath, 'node').replace(erpBinary, 'erp')).join(' ');
    this.child = spawn(command, args, {...options, stdio: ['pipe', 'pipe', 'pipe']});
    this.child.stdin?.on('error', () => {});
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.all += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.all += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', (error) => {
        this.running = false;
        reject(error);
      });
      this.child.once('close', (code, signal) => {
        this.code = code;
        this.killedBy = signal;
        this.running = false;
        resolve();
      });
    });
    this.exited.catch(() => {});
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.words} was not started`);
    return this.child.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for its end. */
  async end(limit = limitMs): Promise<Ended> {
    await until(
      `the end of ${this.words}`,
      () => !this.running,
      limit,
      () => this.all,
    );
    await this.exited;
    return {code: this.code, signal: this.killedBy, stdout: this.stdout, stderr: this.stderr};
  }

  /** Waits until its output matches. */
  async says(pattern: RegExp, limit = limitMs): Promise<RegExpExecArray> {
    await until(
      `${this.words} says ${String(pattern)}`,
      () => pattern.test(this.all) || (!this.running ? this.#silent(pattern) : false),
      limit,
      () => this.all,
    );
    return pattern.exec(this.all) as RegExpExecArray;
  }

  #silent(pattern: RegExp): never {
    throw new Error(
      `${this.words} ended with ${this.code ?? this.killedBy} and never said ${String(pattern)}:\n${this.all}`,
    );
  }
}

/** A program in a pseudo terminal. */
export class Terminal {
  readonly run: Run;
  readonly #columns: number;
  readonly #rows: number;

  constructor(run: Run, size: string) {
    this.run = run;
    const [columns = 100, rows = 30] = size.split('x').map(Number);
    this.#columns = columns;
    this.#rows = rows;
  }

  /** Waits until what was said matches, colours left out. */
  async says(pattern: RegExp, limit = limitMs): Promise<RegExpExecArray> {
    await until(
      `${this.run.words} says ${String(pattern)}`,
      () => pattern.test(this.text),
      limit,
      () => this.run.all,
    );
    return pattern.exec(this.text) as RegExpExecArray;
  }

  get text(): string {
    return this.run.all.replaceAll(colours, '');
  }

  /** What a person sees, with what has scrolled out at the top. */
  get screen(): string[] {
    return screenOf(this.run.all, this.#columns, this.#rows);
  }

  /** Pid of the program in it. */
  async pid(): Promise<number> {
    return Number((await this.run.says(/\[terminal: pid (\d+)\]/))[1]);
  }

  type(keys: string): void {
    this.run.child.stdin?.write(`type ${JSON.stringify(keys)}\n`);
  }

  /** The window is closed: the program gets SIGHUP, and EIO from whatever it still writes. */
  close(): void {
    this.run.child.stdin?.write('close\n');
  }

  /** Of the program in it. */
  async end(limit = limitMs): Promise<{readonly code: number | null; readonly signal: string | null}> {
    const [, how = '', number = ''] = await this.run.says(/\[terminal: (exit code|signal) (\w+)\]/, limit);
    return how === 'signal' ? {code: null, signal: number} : {code: Number(number), signal: null};
  }
}

const colours = /\u001b\[[\d;]*m|\u001b\[\?\d+[hl]/g;

// ——— small helpers ———

const tick = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

/** Waits for the thing itself, with a limit; says what it waited for when it never comes. */
export async function until(
  what: string,
  condition: () => unknown,
  limit = limitMs,
  detail: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never happened within ${limit} ms: ${what}\n${detail()}`);
    await tick();
  }
}

/** Stays true for as long as it is looked at: for what must not happen. */
export async function holds(what: string, condition: () => unknown, forMs: number): Promise<void> {
  const deadline = performance.now() + forMs;
  while (performance.now() < deadline) {
    if (!(await condition())) throw new Error(`did not stay so: ${what}`);
    await tick();
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

export function isAlive(pid: number): boolean {
  return commandOf(pid) !== null;
}

/** null: not there, or dead and only not yet buried. */
export function commandOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))) return null;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return words === '' ? stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1) : words;
  } catch {
    return null;
  }
}

function environOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** A read-only folder of a test can be removed by its owner again. */
function chmodBack(dir: string): void {
  for (const entry of readdirSync(dir, {withFileTypes: true}))
    if (entry.isDirectory()) chmodSync(join(dir, entry.name), 0o700);
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** null: nobody answers. */
export function get(port: number, path = '/', method = 'GET'): Promise<HttpAnswer | null> {
  return new Promise((resolve) => {
    const ask = request({host: '127.0.0.1', port, path, method, agent: false, timeout: 5000}, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({status: response.statusCode ?? 0, body}));
      response.on('error', () => resolve(null));
    });
    ask.on('timeout', () => ask.destroy());
    ask.on('error', () => resolve(null));
    ask.end();
  });
}

export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** Holds a port from this process, as a stranger would. */
export function occupy(port: number, host = '127.0.0.1'): Promise<{close: () => void; port: number}> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).end());
    server.once('error', reject);
    server.listen({port, host}, () =>
      resolve({port: (server.address() as AddressInfo).port, close: () => server.close()}),
    );
  });
}
