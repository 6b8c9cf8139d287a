import {reasonOf} from '../lib/demo-error.js';
import {type Database, isBusy} from '../lib/database.js';
import type {Log} from '../lib/log.js';
import type {Claim, TaskQueue} from '../lib/task-queue.js';
import {jobs} from './jobs.js';

export interface RunnerSettings {
  readonly id: string;
  /** How long a task stays ours without a sign of life. */
  readonly leaseMs: number;
  /** How often an idle worker looks for work. */
  readonly pollMs: number;
  /** First pause before a failed task is tried again. */
  readonly retryBaseMs: number;
}

type Interruption = 'cancel' | 'lost' | 'stop';

/** Takes one task after the other. The lease is renewed by a timer of its own, at a third of its length. */
export class TaskRunner {
  readonly #db: Database;
  readonly #queue: TaskQueue;
  readonly #log: Log;
  readonly #settings: RunnerSettings;
  readonly #startedMs = Date.now();
  #pollTimer: NodeJS.Timeout | undefined;
  #heartbeatTimer: NodeJS.Timeout | undefined;
  #current: {claim: Claim; abort: AbortController; ended: Promise<void>} | undefined;
  #stopping = false;

  constructor(db: Database, queue: TaskQueue, log: Log, settings: RunnerSettings) {
    this.#db = db;
    this.#queue = queue;
    this.#log = log;
    this.#settings = settings;
  }

  start(): void {
    this.#beat();
    this.#heartbeatTimer = setInterval(() => {
      this.#beat();
    }, this.#settings.leaseMs / 3);
    this.#next();
  }

  /** Puts the task in hand back into the queue and forgets this worker. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#pollTimer);
    this.#current?.abort.abort('stop' satisfies Interruption);
    await this.#current?.ended;
    clearInterval(this.#heartbeatTimer);
    this.#queue.forgetWorker(this.#settings.id, Date.now());
  }

  #next(): void {
    if (this.#stopping) return;
    const claim = this.#patiently(() => this.#queue.claim(this.#settings.id, this.#settings.leaseMs, Date.now()));
    if (claim === undefined) {
      this.#pollTimer = setTimeout(() => {
        this.#next();
      }, this.#settings.pollMs);
      return;
    }
    const abort = new AbortController();
    const ended = this.#work(claim, abort).finally(() => {
      this.#current = undefined;
    });
    this.#current = {claim, abort, ended};
    void ended.then(() => {
      this.#next();
    });
  }

  async #work(claim: Claim, abort: AbortController): Promise<void> {
    const name = `task ${String(claim.id)} (${claim.kind})`;
    const from = claim.takenOverFrom === null ? '' : `, taken over from ${claim.takenOverFrom}`;
    this.#log.info(`${name}: attempt ${String(claim.attempt)} of ${String(claim.maxAttempts)}${from}`);
    try {
      const result = await jobs[claim.kind]({
        db: this.#db,
        task: claim,
        signal: abort.signal,
        step: (progress) => {
          this.#patiently(() => {
            this.#report(claim, abort, progress);
          });
          abort.signal.throwIfAborted();
        },
      });
      const stored = this.#patiently(() => this.#queue.succeeded(claim, result, Date.now())) === true;
      this.#log.info(`${name}: ${stored ? 'done' : 'done, but the result came too late: the task is no longer ours'}`);
    } catch (error) {
      this.#patiently(() => {
        if (abort.signal.aborted) this.#interrupted(claim, name, abort.signal.reason as Interruption);
        else this.#failed(claim, name, error);
      });
    }
  }

  #interrupted(claim: Claim, name: string, why: Interruption): void {
    if (why === 'cancel') this.#queue.cancelled(claim, Date.now());
    if (why === 'stop') this.#queue.released(claim);
    const outcome = {cancel: 'cancelled', stop: 'put back, this worker stops', lost: 'left to another worker'}[why];
    this.#log.info(`${name}: ${outcome}`);
  }

  #failed(claim: Claim, name: string, error: unknown): void {
    const dueMs = this.#queue.threw(claim, reasonOf(error), this.#settings.retryBaseMs, Date.now());
    if (dueMs === undefined) this.#log.error(`${name}: failed: ${reasonOf(error)}`);
    else this.#log.warning(`${name}: ${reasonOf(error)}; next attempt at ${new Date(dueMs).toISOString()}`);
  }

  #beat(): void {
    this.#patiently(() => {
      this.#queue.heartbeat({id: this.#settings.id, pid: process.pid, startedMs: this.#startedMs}, Date.now());
      if (this.#current !== undefined) this.#report(this.#current.claim, this.#current.abort);
    });
  }

  #report(claim: Claim, abort: AbortController, progress?: number): void {
    const standing = this.#queue.report(claim, this.#settings.leaseMs, Date.now(), progress);
    if (standing !== 'go on') abort.abort(standing satisfies Interruption);
  }

  // A database that another process keeps locked is no reason to die: what we could not write now, the lease settles.
  #patiently<T>(access: () => T): T | undefined {
    try {
      return access();
    } catch (error) {
      if (!isBusy(error)) throw error;
      this.#log.warning('database is locked by another process, trying again');
      return undefined;
    }
  }
}
