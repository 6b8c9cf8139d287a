import {existsSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {background, run, script} from '../commands.js';
import {allPids, folderOf, isAlive, nameOf, read, signal, treeOf} from '../processes.js';
import type {Candidate, Command, Outcome, Peer, Service, StartOptions} from '../types.js';
import {missingProgram, packageVersion} from './installed.js';

/** runit and s6: one process watches a folder of services; each has a supervisor and a logger of its own. */
abstract class Scanning implements Peer {
  protected readonly dir: string;
  protected readonly services: string;
  protected names: readonly string[] = [];
  protected main: number | null = null;
  readonly #isService: (pid: number) => boolean;

  constructor(dir: string, isService: (pid: number) => boolean) {
    this.dir = dir;
    this.services = join(dir, 'services');
    this.#isService = isService;
  }

  /** Name of the process that stands for one service. */
  protected abstract readonly each: string;
  protected abstract readonly scanner: readonly string[];
  protected abstract prepare(service: Service, logs: string, options: StartOptions): void;
  protected abstract shutdown(): Promise<void>;
  abstract stopService(name: string): Promise<void>;
  abstract pidOf(name: string): Promise<number | null>;
  abstract statusCommand(): Command;

  async start(services: readonly Service[], options: StartOptions): Promise<Outcome> {
    this.names = services.map(({name}) => name);
    for (const service of services) {
      const logs = join(this.dir, 'log', service.name);
      mkdirSync(logs, {recursive: true});
      this.prepare(service, logs, options);
    }
    return this.restartDaemon();
  }

  async restartDaemon(): Promise<Outcome> {
    this.main = background([...this.scanner, this.services], {log: join(this.dir, 'scanner.log')}).pid ?? null;
    return {code: this.main === null ? null : 0, output: ''};
  }

  async stop(): Promise<void> {
    const pids = await this.daemonPids();
    if (pids.length === 0) return;
    await this.shutdown();
    for (let tries = 0; tries < 1000 && pids.some(isAlive); tries += 1) await sleep(5);
  }

  async mainPid(): Promise<number | null> {
    return this.main;
  }

  /** Those of the services outlive the scanner: they are known by the folder they stand in. */
  async daemonPids(): Promise<readonly number[]> {
    const folders = new Set(this.names.map((name) => join(this.services, name)));
    const orphans = allPids().filter((pid) => nameOf(pid) === this.each && folders.has(folderOf(pid)));
    return treeOf([this.main, ...orphans], this.#isService);
  }

  protected folder(name: string): string {
    return join(this.services, name);
  }

  logFiles(name: string): readonly string[] {
    const dir = join(this.dir, 'log', name);
    const old = existsSync(dir) ? readdirSync(dir).filter((file) => file.startsWith('@')) : [];
    return [...old.sort(), 'current'].map((file) => join(dir, file));
  }
}

class Runit extends Scanning {
  protected readonly each = 'runsv';
  protected readonly scanner = ['runsvdir'];

  protected prepare(service: Service, logs: string, {rotate}: StartOptions): void {
    script(join(this.folder(service.name), 'run'), service);
    if (rotate !== undefined) writeFileSync(join(logs, 'config'), `s${rotate.maxBytes}\nn${rotate.keep}\n`);
    script(join(this.folder(service.name), 'log', 'run'), {argv: ['svlogd', logs], env: {}});
  }

  protected async shutdown(): Promise<void> {
    // HUP: runsvdir sends TERM to all its runsv, which stop their services; where it was killed they are told directly.
    if (isAlive(this.main) && this.main !== null) signal(this.main, 'SIGHUP');
    else for (const pid of await this.daemonPids()) if (nameOf(pid) === this.each) signal(pid, 'SIGTERM');
  }

  async stopService(name: string): Promise<void> {
    await run(['sv', 'down', this.folder(name)]);
  }

  async pidOf(name: string): Promise<number | null> {
    return Number(read(join(this.folder(name), 'supervise', 'pid'))) || null;
  }

  statusCommand(): Command {
    return {argv: ['sv', 'status', ...this.names.map((name) => this.folder(name))], env: {}};
  }
}

class S6 extends Scanning {
  protected readonly each = 's6-supervise';
  protected readonly scanner = ['s6-svscan', '-c', '1000'];

  protected prepare(service: Service, logs: string, {defaults, rotate}: StartOptions): void {
    // Only a service that has notified its readiness is started again without a wait of a second.
    const notifies = defaults !== true && service.port > 0;
    const env = notifies ? {...service.env, SVC_NOTIFY_FD: '3'} : service.env;
    script(join(this.folder(service.name), 'run'), {...service, env});
    if (notifies) writeFileSync(join(this.folder(service.name), 'notification-fd'), '3\n');
    const rotation = [`n${rotate?.keep ?? 10}`, `s${rotate?.maxBytes ?? 10_000_000}`];
    script(join(this.folder(service.name), 'log', 'run'), {argv: ['s6-log', ...rotation, logs], env: {}});
  }

  protected async shutdown(): Promise<void> {
    await run(['s6-svscanctl', '-t', this.services]);
  }

  async stopService(name: string): Promise<void> {
    await run(['s6-svc', '-wD', '-T', '5000', '-d', this.folder(name)]);
  }

  async pidOf(name: string): Promise<number | null> {
    return Number((await run(['s6-svstat', '-o', 'pid', this.folder(name)])).output.trim()) || null;
  }

  statusCommand(): Command {
    return {argv: ['s6-svstat', this.folder(this.names[0] ?? '')], env: {}};
  }
}

export const runit: Candidate = {
  id: 'runit',
  title: 'runit',
  options: 'defaults; `svlogd` for each service',
  capturesOutput: true,
  rotates: true,
  missing: missingProgram('runsvdir', 'runit'),
  version: () => packageVersion('runit'),
  create: (dir, {isService}) => new Runit(dir, isService),
};

export const s6: Candidate = {
  id: 's6',
  title: 's6',
  options: 'readiness notification (without it each restart waits a second), `s6-log` for each service',
  capturesOutput: true,
  rotates: true,
  missing: missingProgram('s6-svscan', 's6'),
  version: () => packageVersion('s6'),
  create: (dir, {isService}) => new S6(dir, isService),
};
