import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {CommandSpec} from '../../src/lib/core/spec.js';
import type {Exit, ProcessIdentity, SpawnPlan} from '../../src/lib/platform/types.js';
import type {SystemWorld, WorldOptions} from '../../src/lib/platform/world.js';
import {createWorld} from '../../src/lib/platform/world.js';

export const programs = fileURLToPath(new URL('../../../test/fixtures/programs/', import.meta.url));
export const compiled = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Waits until a condition holds; says what it waited for when it never does. */
export async function until(what: string, condition: () => unknown, limitMs = 15_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Life {
  readonly identity: ProcessIdentity;
  readonly pid: number;
  readonly exit: Promise<Exit>;
}

/** A world in a folder of its own, and everything that is started in it ends with it. */
export class Rig implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'erp-rig-'));
  readonly problems: string[] = [];
  readonly options: WorldOptions;
  world: SystemWorld;
  readonly #lives: {life: Life; service: string}[] = [];
  readonly project = Math.random().toString(36).slice(2);

  constructor(options: Partial<WorldOptions> = {}) {
    this.options = {
      runtimeDir: join(this.dir, 'run'),
      stateDir: join(this.dir, '.erp'),
      logDir: join(this.dir, 'logs'),
      logging: {
        maxFileBytes: 20e6,
        rotateEveryMs: null,
        maxFiles: null,
        maxAgeDays: 30,
        maxTotalBytes: 2e9,
        gzip: false,
        ownLevel: 'DEBUG',
        ownMaxAgeDays: 90,
      },
      machine: null,
      onProblem: (level, text) => this.problems.push(`${level} ${text}`),
      ...options,
    };
    this.world = createWorld(this.options);
  }

  /** Another supervisor takes over: the old one's files and timers are gone, the services are not. */
  succeed(): void {
    this.world.close();
    this.world = createWorld(this.options);
  }

  /** Another supervisor, after the first one was closed. */
  reopen(): void {
    this.world = createWorld(this.options);
  }

  plan(service: string, command: CommandSpec, more: Partial<SpawnPlan> = {}): SpawnPlan {
    return {
      service,
      incarnation: 1,
      command,
      cwd: this.dir,
      env: {PATH: process.env['PATH'] ?? '', ERP_MARK: `${this.project}/${service}/${more.incarnation ?? 1}`},
      stdin: 'open',
      output: 'pipe',
      ...more,
    };
  }

  start(service: string, command: CommandSpec, more: Partial<SpawnPlan> = {}): Life {
    let ended: (exit: Exit) => void = () => undefined;
    const exit = new Promise<Exit>((resolve) => (ended = resolve));
    const result = this.world.processes.spawn(this.plan(service, command, more), ended);
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    const life = {identity: result.identity, pid: result.identity.pid, exit};
    this.#lives.push({life, service});
    return life;
  }

  /** The first line that matches, of those that come from now on and those that came already. */
  async line(service: string, pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    const look = (line: string): void => {
      found ??= pattern.exec(line);
    };
    const cancel = this.world.output.onLine(service, look);
    this.world.output.tail(service, 50).forEach(look);
    try {
      await until(`a line ${pattern} of ${service}`, () => found !== null);
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said ${JSON.stringify(this.world.output.tail(service, 50))}`);
    } finally {
      cancel();
    }
    return found as unknown as RegExpExecArray;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const {processes} = this.world;
    for (const {life, service} of this.#lives) {
      processes.signalGroup(life.pid, 'SIGKILL');
      const query = {service, markPrefix: `${this.project}/${service}/`, leaders: [life.identity], except: null};
      const strays = await new Promise<readonly ProcessIdentity[]>((done) => processes.stragglers(query, done));
      for (const stray of strays) processes.signal(stray, 'SIGKILL');
    }
    this.world.close(true);
    rmSync(this.dir, {recursive: true, force: true});
  }
}
