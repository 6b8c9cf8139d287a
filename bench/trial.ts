import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {run} from './commands.js';
import {isAlive, read} from './processes.js';
import type {Candidate, Peer, Service, Settings} from './types.js';
import type {Workplace} from './workplace.js';

export type Circumstances = Pick<Trial, 'workplace' | 'candidate' | 'settings' | 'rounds' | 'aborted'>;

/** One measurement under way: a fresh peer in a fresh folder. */
export class Trial {
  readonly workplace: Workplace;
  readonly candidate: Candidate;
  readonly settings: Settings;
  /** In how many parts, in turns with others, this peer is measured; this is one of them. */
  readonly rounds: number;
  readonly dir: string;
  readonly peer: Peer;
  /** Aborted when the time is up. */
  readonly aborted: AbortSignal;
  readonly #daemons = new Set<number>();

  constructor({workplace, candidate, settings, rounds, aborted}: Circumstances) {
    this.workplace = workplace;
    this.candidate = candidate;
    this.settings = settings;
    this.rounds = rounds;
    this.aborted = aborted;
    this.dir = workplace.folder(candidate.id);
    this.peer = candidate.create(this.dir, workplace);
  }

  get svc(): string {
    return this.workplace.svc;
  }

  /** @throws when the time is up, so that a measurement ends at its next pause */
  sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, {signal: this.aborted});
  }

  /** A measured service; `port` 0: it listens on none. */
  service(name: string, mode: string, port: number, ...rest: readonly (string | number)[]): Service {
    const argv = [this.svc, mode, ...(port === 0 ? [] : [port]), ...rest].map(String);
    return {name, argv, env: {SVC_DIR: this.dir, SVC_NAME: name}, port};
  }

  /** As many services on ports of their own, all the same. */
  services(count: number): Service[] {
    const first = this.workplace.ports(count);
    return Array.from({length: count}, (_, index) => this.service(`web${index}`, 'serve', first + index));
  }

  /** Processes of the supervisor; those seen here are ended afterwards whatever happens. */
  async daemons(): Promise<readonly number[]> {
    const pids = await this.peer.daemonPids();
    for (const pid of pids) this.#daemons.add(pid);
    return pids;
  }

  /** What the service itself has recorded, start by start. */
  starts(name: string): {readonly pid: number; readonly ms: number}[] {
    return read(join(this.dir, `${name}.starts`))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [pid, nanoseconds] = line.split(' ');
        return {pid: Number(pid), ms: Number(nanoseconds) / 1e6};
      });
  }

  /** @throws if it does not happen within the limit */
  async until(what: string, holds: () => boolean | Promise<boolean>, limitMs: number, pauseMs = 20): Promise<void> {
    const until = Date.now() + limitMs;
    while (!(await holds())) {
      if (Date.now() > until) throw new Error(`${what}: not within ${limitMs / 1000} s`);
      await this.sleep(pauseMs);
    }
  }

  /** Its first words on what runs; null: it has no such command. */
  async status(): Promise<string | null> {
    const command = this.peer.statusCommand();
    if (command === null) return null;
    const {output} = await run(command.argv, {env: command.env, cwd: this.dir});
    return output
      .replaceAll(/\u001b\[[0-9;]*m/g, '')
      .replaceAll(this.dir, '$DIR')
      .trim()
      .slice(0, 800);
  }

  async close(): Promise<void> {
    await this.daemons().catch(() => []);
    await this.peer.stop().catch((error: unknown) => console.error(`  ${this.candidate.id} does not stop:`, error));
    await this.workplace.sweep(this.dir, [...this.#daemons].filter(isAlive));
    if (process.env['KEEP'] === undefined) rmSync(this.dir, {recursive: true, force: true, maxRetries: 3});
  }
}

/** Runs a measurement and cleans up after it, in every outcome. One measurement may consist of several of these. */
export async function measure<T>(circumstances: Circumstances, body: (trial: Trial) => Promise<T>): Promise<T> {
  const trial = new Trial(circumstances);
  try {
    return await body(trial);
  } finally {
    await trial.close();
  }
}
