import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {background} from '../commands.js';
import {read, signal, treeOf} from '../processes.js';
import type {Candidate, Outcome, Peer, Service, StartOptions} from '../types.js';
import {root} from '../workplace.js';

/** What floors have in common: processes that are started in the background and killed. */
abstract class Floor implements Peer {
  protected readonly dir: string;
  protected readonly isService: (pid: number) => boolean;
  protected mains: number[] = [];

  constructor(dir: string, isService: (pid: number) => boolean) {
    this.dir = dir;
    this.isService = isService;
  }

  abstract start(services: readonly Service[], options: StartOptions): Promise<Outcome>;

  protected launch(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Outcome {
    const {pid} = background(argv, {env, cwd: this.dir});
    if (pid !== undefined) this.mains.push(pid);
    return {code: pid === undefined ? null : 0, output: ''};
  }

  async restartDaemon(): Promise<Outcome> {
    return {code: null, output: 'not possible'};
  }

  /** The supervisor goes first: it would start its services again. */
  async stop(): Promise<void> {
    const services = treeOf(this.mains, () => false).filter(this.isService);
    for (const pid of this.mains.splice(0)) signal(pid, 'SIGKILL');
    for (const pid of services) signal(pid, 'SIGTERM');
  }

  async mainPid(): Promise<number | null> {
    return this.mains.at(-1) ?? null;
  }

  async daemonPids(): Promise<readonly number[]> {
    return treeOf(this.mains, this.isService);
  }

  async pidOf(_name: string): Promise<number | null> {
    return null;
  }

  logFiles(name: string): readonly string[] {
    return [join(this.dir, `${name}.log`)];
  }

  statusCommand(): null {
    return null;
  }

  /** Services with their log files, as the loops read them. */
  protected listed(services: readonly Service[]): string {
    const file = join(this.dir, 'services.json');
    const withLogs = services.map((service) => ({...service, log: join(this.dir, `${service.name}.log`)}));
    writeFileSync(file, JSON.stringify(withLogs));
    return file;
  }
}

/** waitpid, vfork and exec in C; the loop is the program of the service itself, so each has one. */
class BareC extends Floor {
  readonly #svc: string;

  constructor(dir: string, svc: string) {
    super(dir, () => false);
    this.#svc = svc;
  }

  async start(services: readonly Service[]): Promise<Outcome> {
    for (const {port, env} of services) this.launch([this.#svc, 'bare', String(port)], env);
    return {code: 0, output: ''};
  }

  override async daemonPids(): Promise<readonly number[]> {
    return this.mains;
  }

  override async stop(): Promise<void> {
    const services = treeOf(this.mains, () => false).filter((pid) => !this.mains.includes(pid));
    for (const pid of this.mains.splice(0)) signal(pid, 'SIGKILL');
    for (const pid of services) signal(pid, 'SIGTERM');
  }
}

class BareNode extends Floor {
  async start(services: readonly Service[]): Promise<Outcome> {
    return this.launch([process.execPath, join(root, 'bench', 'floors', 'bare-node.mjs'), this.listed(services)]);
  }
}

class BareFifo extends Floor {
  #argv: readonly string[] = [];

  async start(services: readonly Service[], {rotate = {maxBytes: 1e9, keep: 5}}: StartOptions): Promise<Outcome> {
    const program = join(root, 'bench', 'floors', 'bare-fifo.mjs');
    this.#argv = [process.execPath, program, this.listed(services), String(rotate.maxBytes), String(rotate.keep)];
    return this.launch(this.#argv);
  }

  override async restartDaemon(): Promise<Outcome> {
    return this.launch(this.#argv);
  }

  override async pidOf(name: string): Promise<number | null> {
    return Number(read(join(this.dir, `${name}.log.pid`))) || null;
  }

  override logFiles(name: string): readonly string[] {
    const number = (file: string) => Number(file.split('.').at(-1));
    const old = readdirSync(this.dir)
      .filter((file) => file.startsWith(`${name}.log.`) && /\.\d+$/.test(file))
      .sort((a, b) => number(b) - number(a));
    return [...old, `${name}.log`].map((file) => join(this.dir, file));
  }
}

/** The floor of log capture: a pipe into `cat > file`. */
class Cat extends Floor {
  async start(services: readonly Service[]): Promise<Outcome> {
    for (const {argv, env, name} of services) {
      this.launch(
        ['sh', '-c', 'log=$1; shift; "$@" 2>&1 | exec cat > "$log"', 'cat', `${this.dir}/${name}.log`, ...argv],
        env,
      );
    }
    return {code: 0, output: ''};
  }
}

const bare = {
  capturesOutput: true,
  rotates: false,
  missing: () => null,
  version: async () => process.version,
} as const;

export const floors: readonly Candidate[] = [
  {
    ...bare,
    id: 'bare-c',
    title: 'bare C loop (floor)',
    floorFor: ['a', 'c', 'd'],
    options: '`waitpid`, `vfork`, `exec`, one loop for each service; no output',
    capturesOutput: false,
    version: async () => 'svc.c',
    create: (dir, {svc}) => new BareC(dir, svc),
  },
  {
    ...bare,
    id: 'bare-node',
    title: 'bare Node loop (floor)',
    floorFor: ['a', 'c', 'd', 'e', 'l'],
    options: '`spawn` again on `exit`, output piped into a file; no probe, no rotation, no command line',
    create: (dir, {isService}) => new BareNode(dir, isService),
  },
  {
    ...bare,
    id: 'bare-fifo',
    title: 'bare Node + FIFO (floor)',
    floorFor: ['a', 'c', 'd', 'e', 'f'],
    options: 'the same, but the service holds its own log FIFO; rotation by rename, takes over by pid file',
    rotates: true,
    create: (dir, {isService}) => new BareFifo(dir, isService),
  },
  {
    ...bare,
    id: 'cat',
    title: '`cat > file` (floor)',
    floorFor: ['e'],
    options: '`service | cat > file`',
    version: async () => 'coreutils',
    create: (dir, {isService}) => new Cat(dir, isService),
  },
];
