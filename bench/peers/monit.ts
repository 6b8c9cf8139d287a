import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {run, script} from '../commands.js';
import {isAlive, read, treeOf} from '../processes.js';
import type {Candidate, Outcome, Peer, Service, StartOptions} from '../types.js';
import {missingProgram, programPath} from './installed.js';

/** monit watches pid files; Debian's start-stop-daemon makes the service a daemon, a shell redirects its output. */
class Monit implements Peer {
  readonly #dir: string;
  readonly #config: string;
  readonly #isService: (pid: number) => boolean;
  readonly #starter = programPath('start-stop-daemon') ?? 'start-stop-daemon';
  #names: readonly string[] = [];

  constructor(dir: string, isService: (pid: number) => boolean) {
    this.#dir = dir;
    this.#config = join(dir, 'monitrc');
    this.#isService = isService;
  }

  async start(services: readonly Service[], options: StartOptions): Promise<Outcome> {
    this.#names = services.map(({name}) => name);
    const checks = services.map((service) => this.#check(service, options));
    writeFileSync(
      this.#config,
      `set daemon 1
set pidfile ${this.#dir}/monit.pid
set idfile ${this.#dir}/id
set statefile ${this.#dir}/state
set logfile ${this.#dir}/monit.log
set httpd unixsocket ${this.#dir}/m.sock
  allow u:p
${checks.join('')}`,
      {mode: 0o600},
    );
    return this.restartDaemon();
  }

  #check(service: Service, {probed}: StartOptions): string {
    const {name, port} = service;
    const program = script(join(this.#dir, 'run', name), service, `>>'${this.#log(name)}' 2>&1`);
    const start = `--start --background --make-pidfile --pidfile ${this.#pidFile(name)} --startas ${program}`;
    const ask = `  if failed host 127.0.0.1 port ${port} protocol http request "/health" with timeout 1 seconds then restart\n`;
    return `check process ${name} with pidfile ${this.#pidFile(name)}
  start program = "${this.#starter} ${start}" with timeout 5 seconds
  stop program = "${this.#starter} ${this.#stopping(name).join(' ')}" with timeout 10 seconds
${probed === true && port > 0 ? ask : ''}`;
  }

  #stopping(name: string): readonly string[] {
    return ['--stop', '--oknodo', '--retry', 'TERM/1/KILL/5', '--pidfile', this.#pidFile(name)];
  }

  #log(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  #pidFile(name: string): string {
    return join(this.#dir, `${name}.pid`);
  }

  async restartDaemon(): Promise<Outcome> {
    return run(['monit', '-c', this.#config], {cwd: this.#dir});
  }

  async stop(): Promise<void> {
    const pid = await this.mainPid();
    if (!existsSync(this.#config) || !isAlive(pid)) return;
    await run(['monit', '-c', this.#config, 'quit']);
    for (let tries = 0; tries < 1000 && isAlive(pid); tries += 1) await sleep(10);
    // monit leaves its services alone when it quits.
    for (const name of this.#names) await run([this.#starter, ...this.#stopping(name)]);
  }

  async stopService(name: string): Promise<void> {
    await run(['monit', '-c', this.#config, 'stop', name]);
    await sleep(4000);
  }

  async mainPid(): Promise<number | null> {
    return Number(read(join(this.#dir, 'monit.pid'))) || null;
  }

  async daemonPids(): Promise<readonly number[]> {
    return treeOf([await this.mainPid()], this.#isService);
  }

  async pidOf(name: string): Promise<number | null> {
    return Number(read(this.#pidFile(name))) || null;
  }

  logFiles(name: string): readonly string[] {
    return [this.#log(name)];
  }

  statusCommand() {
    return {argv: ['monit', '-B', '-c', this.#config, 'summary'], env: {}};
  }
}

export const monit: Candidate = {
  id: 'monit',
  title: 'monit',
  options: '`set daemon 1` (its shortest cycle), `start-stop-daemon`; where probed an HTTP request a second',
  capturesOutput: false,
  rotates: false,
  missing: missingProgram('monit', 'monit'),
  version: async () => /[\d.]+\d/.exec((await run(['monit', '--version'])).output)?.[0] ?? '?',
  create: (dir, {isService}) => new Monit(dir, isService),
};
