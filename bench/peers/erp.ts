import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {run} from '../commands.js';
import {askSocket} from '../http.js';
import {isAlive, nameOf, parentOf, pidsWith, read, treeOf} from '../processes.js';
import type {Candidate, Outcome, Peer, Service, StartOptions} from '../types.js';
import {root} from '../workplace.js';

const cli = [process.execPath, join(root, 'bin', 'run.js')];
const actor = {user: 'bench', tty: null, from: null, commandLine: 'npm run bench'};

interface Status {
  readonly supervisor: {readonly pid: number};
  readonly services: readonly {readonly name: string; readonly pid: number | null}[];
}

/** `erp` of this checkout: the built command line, one process a command, as users run it. */
export class Erp implements Peer {
  readonly #dir: string;
  readonly #config: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #isService: (pid: number) => boolean;

  constructor(dir: string, isService: (pid: number) => boolean) {
    this.#dir = dir;
    this.#config = join(dir, 'erp.config.json');
    this.#env = {XDG_RUNTIME_DIR: join(dir, 'run'), NO_COLOR: '1'};
    this.#isService = isService;
    mkdirSync(this.#env['XDG_RUNTIME_DIR'] ?? '', {mode: 0o700});
  }

  async start(services: readonly Service[], options: StartOptions): Promise<Outcome> {
    this.configure(services, options);
    return this.restartDaemon();
  }

  /** @param onRequest services that only run when somebody asks for them by name */
  configure(services: readonly Service[], options: StartOptions, onRequest: readonly string[] = []): void {
    const {rotate} = options;
    const entries = services.map((service) => [
      service.name,
      {
        command: service.argv,
        env: service.env,
        ...probing(service, options.probed ?? false),
        ...(options.defaults === true ? {} : {backOff: ['0s'], maxRestarts: 1000}),
        ...(onRequest.includes(service.name) ? {autoStart: false} : {}),
      },
    ]);
    const logging = rotate && {maxFileSize: `${rotate.maxBytes}B`, maxFiles: rotate.keep, gzip: false};
    const config = {name: 'bench', services: Object.fromEntries(entries) as object, ...(logging && {logging})};
    writeFileSync(this.#config, JSON.stringify(config));
  }

  /** Asks the supervisor without a command in between. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<string> {
    const base = join(this.#dir, 'run', 'erp');
    const [hash = ''] = readdirSync(base);
    return askSocket(join(base, hash, 'control.sock'), method, path, body && {...body, actor});
  }

  #run(...args: readonly string[]): Promise<Outcome> {
    const argv = [...cli, ...args, '--config', this.#config];
    return run(argv, {env: this.#env, cwd: this.#dir, timeoutMs: 150_000});
  }

  restartDaemon(): Promise<Outcome> {
    return this.#run('start', '--detach');
  }

  async stop(): Promise<void> {
    if (existsSync(join(this.#dir, '.erp'))) await this.#run('stop');
  }

  async stopService(name: string): Promise<void> {
    await this.#run('stop', name);
  }

  async #status(): Promise<Status | null> {
    try {
      return JSON.parse(await this.ask('GET', '/v1/status')) as Status;
    } catch {
      return null;
    }
  }

  async mainPid(): Promise<number | null> {
    return (await this.#status())?.supervisor.pid ?? null;
  }

  /** The supervisor, its guardian, and whatever else runs for them: all have our runtime folder in their environment. */
  async daemonPids(): Promise<readonly number[]> {
    const main = await this.mainPid();
    const guardian = main === null ? null : parentOf(main);
    const tree = treeOf([main, guardian !== null && nameOf(guardian) === 'sh' ? guardian : null], this.#isService);
    const others = pidsWith(`XDG_RUNTIME_DIR=${this.#env['XDG_RUNTIME_DIR'] ?? ''}`).filter(
      (pid) => isAlive(pid) && !this.#isService(pid),
    );
    // A command that still waits is the user's.
    return [...new Set([...tree, ...others])].filter((pid) => !read(`/proc/${pid}/cmdline`).includes(cli[1] ?? ''));
  }

  async pidOf(name: string): Promise<number | null> {
    return (await this.#status())?.services.find((service) => service.name === name)?.pid ?? null;
  }

  logFiles(name: string): readonly string[] {
    const dir = join(this.#dir, 'logs');
    const rotated = (file: string) => /^-\d{8}-\d{6}(-(\d+))?\.log$/.exec(file.slice(name.length));
    const files = existsSync(dir) ? readdirSync(dir).filter((file) => file.startsWith(name)) : [];
    const old = files.filter((file) => rotated(file) !== null);
    const number = (file: string) => Number(rotated(file)?.[2] ?? 0);
    const second = (file: string) => file.slice(0, name.length + '-20261122-195300'.length);
    old.sort((a, b) => second(a).localeCompare(second(b)) || number(a) - number(b));
    return [...old, `${name}.log`].map((file) => join(dir, file));
  }

  statusCommand() {
    return {argv: [...cli, 'status', '--config', this.#config], env: this.#env};
  }

  portsCommand() {
    return {argv: [...cli, 'ports', '--config', this.#config], env: this.#env};
  }

  versionCommand() {
    return {argv: [...cli, '--version'], env: this.#env};
  }
}

/** Checked every second, replaced after two without an answer; a service without a port runs unprobed everywhere. */
function probing(service: Service, probed: boolean): object {
  if (service.port === 0) return {};
  if (!probed) return {port: service.port, probe: 'none'};
  return {
    port: service.port,
    health: `http://127.0.0.1:${service.port}/health`,
    checkInterval: '1s',
    timeoutThreshold: '2s',
  };
}

export const erp: Candidate = {
  id: 'erp',
  title: 'erp',
  options:
    '`backOff: [0s]`, `maxRestarts: 1000`; `probe: none`, or where probed `health`, `checkInterval: 1s`, ' +
    '`timeoutThreshold: 2s`; in e `maxFileSize`, `maxFiles: 30`, `gzip: false`',
  capturesOutput: true,
  rotates: true,
  missing: () => null,
  version: async () => (await run([...cli, '--version'])).output.trim().split(' ')[0] ?? '?',
  create: (dir, {isService}) => new Erp(dir, isService),
};
