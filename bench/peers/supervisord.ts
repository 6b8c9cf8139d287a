import {existsSync, readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {run} from '../commands.js';
import {isAlive, read, treeOf} from '../processes.js';
import type {Candidate, Outcome, Peer, Service, StartOptions} from '../types.js';
import {missingProgram} from './installed.js';

class Supervisord implements Peer {
  readonly #dir: string;
  readonly #config: string;
  readonly #isService: (pid: number) => boolean;

  constructor(dir: string, isService: (pid: number) => boolean) {
    this.#dir = dir;
    this.#config = join(dir, 'supervisord.conf');
    this.#isService = isService;
  }

  async start(services: readonly Service[], options: StartOptions): Promise<Outcome> {
    const programs = services.map((service) => this.#program(service, options));
    writeFileSync(
      this.#config,
      `[unix_http_server]
file=${this.#dir}/s.sock
[supervisord]
logfile=${this.#dir}/supervisord.log
pidfile=${this.#dir}/supervisord.pid
minfds=4096
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${this.#dir}/s.sock
${programs.join('')}`,
    );
    return this.restartDaemon();
  }

  #program({name, argv, env}: Service, {defaults, rotate}: StartOptions): string {
    const environment = Object.entries(env).map(([key, value]) => `${key}="${value}"`);
    return `[program:${name}]
command=${argv.join(' ')}
autorestart=true
${defaults === true ? '' : 'startsecs=0\n'}redirect_stderr=true
environment=${environment.join(',')}
stdout_logfile=${join(this.#dir, `${name}.log`)}
stdout_logfile_maxbytes=${rotate?.maxBytes ?? 52_428_800}
stdout_logfile_backups=${rotate?.keep ?? 10}
`;
  }

  #control(...args: readonly string[]): Promise<Outcome> {
    return run(['supervisorctl', '-c', this.#config, ...args], {cwd: this.#dir});
  }

  async stop(): Promise<void> {
    const pid = await this.mainPid();
    if (!existsSync(this.#config) || !isAlive(pid)) return;
    await this.#control('shutdown');
    for (let tries = 0; tries < 2500 && isAlive(pid); tries += 1) await sleep(4);
  }

  async stopService(name: string): Promise<void> {
    await this.#control('stop', name);
  }

  async mainPid(): Promise<number | null> {
    return Number(read(join(this.#dir, 'supervisord.pid'))) || null;
  }

  async daemonPids(): Promise<readonly number[]> {
    return treeOf([await this.mainPid()], this.#isService);
  }

  async pidOf(name: string): Promise<number | null> {
    return Number((await this.#control('pid', name)).output.trim()) || null;
  }

  logFiles(name: string): readonly string[] {
    const number = (file: string) => Number(file.split('.').at(-1));
    const old = readdirSync(this.#dir)
      .filter((file) => file.startsWith(`${name}.log.`))
      .sort((a, b) => number(b) - number(a));
    return [...old, `${name}.log`].map((file) => join(this.#dir, file));
  }

  statusCommand() {
    return {argv: ['supervisorctl', '-c', this.#config, 'status'], env: {}};
  }

  restartDaemon(): Promise<Outcome> {
    return run(['supervisord', '-c', this.#config], {cwd: this.#dir});
  }
}

export const supervisord: Candidate = {
  id: 'supervisord',
  title: 'supervisord',
  options: '`startsecs=0` (the fastest restart there is), `autorestart=true`, `redirect_stderr=true`',
  capturesOutput: true,
  rotates: true,
  missing: missingProgram('supervisord', 'supervisor'),
  version: async () => (await run(['supervisord', '--version'])).output.trim(),
  create: (dir, {isService}) => new Supervisord(dir, isService),
};
