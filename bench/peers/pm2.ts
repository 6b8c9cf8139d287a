import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {run} from '../commands.js';
import {read, treeOf} from '../processes.js';
import type {Candidate, Outcome, Peer, Service, StartOptions} from '../types.js';

const folder = process.env['PEERS_DIR'] ?? join(tmpdir(), 'peers');
const program = join(folder, 'pm2', 'node_modules', '.bin', 'pm2');
/** A PM2_HOME in which pm2-logrotate is installed: the only rotation that pm2 has. */
const seed = join(folder, 'pm2-seed');

class Pm2 implements Peer {
  readonly #dir: string;
  readonly #home: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #isService: (pid: number) => boolean;

  constructor(dir: string, isService: (pid: number) => boolean) {
    this.#dir = dir;
    this.#home = join(dir, 'home');
    this.#env = {PM2_HOME: this.#home, PM2_DISABLE_VERSION_CHECK: 'true', NO_COLOR: '1'};
    this.#isService = isService;
  }

  #run(...args: readonly string[]): Promise<Outcome> {
    return run([program, ...args], {env: this.#env, cwd: this.#dir, timeoutMs: 120_000});
  }

  async start(services: readonly Service[], {rotate}: StartOptions): Promise<Outcome> {
    mkdirSync(this.#home, {recursive: true});
    if (rotate !== undefined) await this.#rotating(rotate);
    const apps = services.map(({name, argv, env}) => ({
      name,
      script: argv[0],
      args: argv.slice(1),
      interpreter: 'none',
      exec_mode: 'fork',
      env,
      cwd: this.#dir,
      out_file: join(this.#dir, `${name}.log`),
      error_file: join(this.#dir, `${name}.err.log`),
      restart_delay: 0,
    }));
    const config = join(this.#dir, 'ecosystem.config.js');
    writeFileSync(config, `module.exports = ${JSON.stringify({apps})}`);
    return this.#run('start', config);
  }

  async #rotating({maxBytes, keep}: NonNullable<StartOptions['rotate']>): Promise<void> {
    if (!existsSync(seed)) throw new Error(`no ${seed} with pm2-logrotate in it: see bench/README.md`);
    cpSync(seed, this.#home, {recursive: true});
    // A second is the shortest interval of its worker.
    const settings = {max_size: maxBytes, retain: keep, workerInterval: 1};
    for (const [key, value] of Object.entries(settings)) await this.#run('set', `pm2-logrotate:${key}`, String(value));
    await sleep(3000);
  }

  async stop(): Promise<void> {
    if (existsSync(this.#home)) await this.#run('kill');
  }

  async stopService(name: string): Promise<void> {
    await this.#run('stop', name);
  }

  async mainPid(): Promise<number | null> {
    return Number(read(join(this.#home, 'pm2.pid'))) || null;
  }

  async daemonPids(): Promise<readonly number[]> {
    return treeOf([await this.mainPid()], this.#isService);
  }

  async pidOf(name: string): Promise<number | null> {
    const {output} = await this.#run('pid', name);
    return Number(output.trim().split('\n').at(-1)) || null;
  }

  logFiles(name: string): readonly string[] {
    const old = readdirSync(this.#dir).filter((file) => file.startsWith(`${name}__`));
    return [...old.sort(), `${name}.log`].map((file) => join(this.#dir, file));
  }

  statusCommand() {
    return {argv: [program, 'ls'], env: this.#env};
  }

  async prepareDeath(): Promise<void> {
    await this.#run('save');
  }

  restartDaemon(): Promise<Outcome> {
    return this.#run('resurrect');
  }
}

export const pm2: Candidate = {
  id: 'pm2',
  title: 'pm2',
  options:
    '`restart_delay: 0`, fork mode; in e pm2-logrotate with `workerInterval: 1`; in f `pm2 save` before, `pm2 resurrect` after',
  capturesOutput: true,
  rotates: true,
  missing: () => (existsSync(program) ? null : `no ${program} (npm i --prefix "$PEERS_DIR/pm2" pm2)`),
  version: async () =>
    (JSON.parse(readFileSync(join(folder, 'pm2', 'node_modules', 'pm2', 'package.json'), 'utf8')) as {version: string})
      .version,
  create: (dir, {isService}) => new Pm2(dir, isService),
};
