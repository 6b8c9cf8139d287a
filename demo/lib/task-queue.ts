import type {Database} from './database.js';

/**
 *            ┌────────┐ claim  ┌─────────┐ succeeded  ┌──────┐
 * create ───►│ queued ├───────►│ running ├───────────►│ done │
 *            └───┬────┘        └┬─┬─┬─┬─▲┘            └──────┘
 *                │ released ◄───╯ │ │ │ ╰─ claim, also of an expired lease
 *                │         threw, │ │ │        ┌──────────┐
 *                │ attempts left  │ │ ╰───────►│ retrying ├─ due ─► claim
 *                │                │ │          └────┬─────┘
 *                │  threw, none ──╯ ╰─ cancelled ─╮ │
 *                │            ┌────────┐    ┌─────▼─▼───┐
 *                │            │ failed │    │ cancelled │
 *                │            └────────┘    └─────▲─────┘
 *                ╰─────────────── cancel ─────────╯
 */
export const taskStates = ['queued', 'running', 'retrying', 'done', 'failed', 'cancelled'] as const;
export type TaskState = (typeof taskStates)[number];

export const taskKinds = ['stock-report', 'import-articles', 'fail-twice', 'fail-always'] as const;
export type TaskKind = (typeof taskKinds)[number];

/** What the API shows. Times are ISO 8601, progress lies in 0..1. */
export interface Task {
  readonly id: number;
  readonly kind: TaskKind;
  readonly state: TaskState;
  readonly progress: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly result: unknown;
  readonly error: string | null;
  readonly worker: string | null;
  readonly cancelRequested: boolean;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly nextAttemptAt: string | null;
}

/** A task in the hands of a worker. `attempt` is its fence: what an earlier attempt still reports is not believed. */
export interface Claim {
  readonly id: number;
  readonly kind: TaskKind;
  readonly options: Readonly<Record<string, unknown>>;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly owner: string;
  readonly takenOverFrom: string | null;
}

/** What a worker learns when it reports progress. `lost`: another worker has the task by now. */
export type Standing = 'go on' | 'cancel' | 'lost';

/** Pause before the next attempt: 0.5 s, 1 s, 2 s …, at most 30 s, unless `baseMs` says otherwise. */
export function retryPauseMs(attempt: number, baseMs: number): number {
  return Math.min(30_000, baseMs * 2 ** (attempt - 1));
}

/** The queue lies in the database: it outlives every process that works on it. All times come in, in ms since 1970. */
export class TaskQueue {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  create(kind: TaskKind, options: object, maxAttempts: number, nowMs: number): Task {
    const row = this.#db.get(
      `INSERT INTO tasks (kind, options, state, max_attempts, due_ms, created_ms) VALUES (?, ?, 'queued', ?, ?, ?) RETURNING *`,
      kind,
      JSON.stringify(options),
      maxAttempts,
      nowMs,
      nowMs,
    );
    return toTask(row as TaskRow);
  }

  find(id: number): Task | undefined {
    const row = this.#db.get('SELECT * FROM tasks WHERE id = ?', id);
    return row === undefined ? undefined : toTask(row as TaskRow);
  }

  /** Newest first. */
  list(limit: number, offset: number): {items: Task[]; total: number} {
    const rows = this.#db.all('SELECT * FROM tasks ORDER BY id DESC LIMIT ? OFFSET ?', limit, offset) as TaskRow[];
    const {total} = this.#db.get('SELECT COUNT(*) AS total FROM tasks') as {total: number};
    return {items: rows.map(toTask), total};
  }

  /** @returns the task as it is now, or undefined where there is none. What has ended already stays as it is. */
  cancel(id: number, nowMs: number): {task: Task; accepted: boolean} | undefined {
    return this.#db.transaction(() => {
      const atOnce = this.#db.run(
        `UPDATE tasks SET state = 'cancelled', finished_ms = ?, lease_owner = NULL, lease_until_ms = NULL, cancel_requested = 1
         WHERE id = ? AND (state IN ('queued', 'retrying') OR (state = 'running' AND lease_until_ms < ?))`,
        nowMs,
        id,
        nowMs,
      );
      const asked = this.#db.run(`UPDATE tasks SET cancel_requested = 1 WHERE id = ? AND state = 'running'`, id);
      const task = this.find(id);
      return task === undefined ? undefined : {task, accepted: atOnce + asked > 0};
    });
  }

  /** Takes the oldest task that is due, or that a worker left behind when its lease ran out. */
  claim(owner: string, leaseMs: number, nowMs: number): Claim | undefined {
    // A plain read first: an idle worker must not take the write lock four times a second.
    if (this.#db.get(`SELECT 1 FROM tasks WHERE ${claimable} LIMIT 1`, nowMs, nowMs) === undefined) return undefined;
    return this.#db.transaction(() => {
      this.#giveUpAbandoned(nowMs);
      const row = this.#db.get(`SELECT * FROM tasks WHERE ${claimable} ORDER BY due_ms, id LIMIT 1`, nowMs, nowMs) as
        | TaskRow
        | undefined;
      if (row === undefined) return undefined;
      this.#db.run(
        `UPDATE tasks SET state = 'running', attempts = attempts + 1, progress = 0, lease_owner = ?, lease_until_ms = ?,
         started_ms = COALESCE(started_ms, ?) WHERE id = ?`,
        owner,
        nowMs + leaseMs,
        nowMs,
        row.id,
      );
      return {
        id: row.id,
        kind: row.kind,
        options: JSON.parse(row.options) as Record<string, unknown>,
        attempt: row.attempts + 1,
        maxAttempts: row.max_attempts,
        owner,
        takenOverFrom: row.lease_owner,
      };
    });
  }

  /** Prolongs the lease and, where given, records the progress. */
  report(claim: Claim, leaseMs: number, nowMs: number, progress?: number): Standing {
    const row = this.#db.get(
      `UPDATE tasks SET lease_until_ms = ?, progress = COALESCE(?, progress) WHERE ${held} RETURNING cancel_requested AS cancel`,
      nowMs + leaseMs,
      progress === undefined ? null : Math.min(1, Math.max(0, progress)),
      ...holder(claim),
    ) as {cancel: number} | undefined;
    if (row === undefined) return 'lost';
    return row.cancel === 1 ? 'cancel' : 'go on';
  }

  succeeded(claim: Claim, result: unknown, nowMs: number): boolean {
    return this.#end(claim, `state = 'done', progress = 1, error = NULL, result = ?, finished_ms = ?`, [
      JSON.stringify(result ?? null),
      nowMs,
    ]);
  }

  cancelled(claim: Claim, nowMs: number): boolean {
    return this.#end(claim, `state = 'cancelled', finished_ms = ?`, [nowMs]);
  }

  /** @returns when it is tried again, or undefined: it has failed for good (or is no longer ours) */
  threw(claim: Claim, message: string, retryBaseMs: number, nowMs: number): number | undefined {
    if (claim.attempt >= claim.maxAttempts) {
      this.#end(claim, `state = 'failed', error = ?, finished_ms = ?`, [message, nowMs]);
      return undefined;
    }
    const dueMs = nowMs + retryPauseMs(claim.attempt, retryBaseMs);
    return this.#end(claim, `state = 'retrying', error = ?, due_ms = ?`, [message, dueMs]) ? dueMs : undefined;
  }

  /** Puts it back untouched, for a worker that was asked to stop: this was no attempt. */
  released(claim: Claim): boolean {
    return this.#end(claim, `state = 'queued', attempts = attempts - 1, progress = 0`, []);
  }

  heartbeat(worker: {id: string; pid: number; startedMs: number}, nowMs: number): void {
    this.#db.run(
      `INSERT INTO workers (id, pid, started_ms, heartbeat_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET heartbeat_ms = excluded.heartbeat_ms`,
      worker.id,
      worker.pid,
      worker.startedMs,
      nowMs,
    );
  }

  /** Removes the entry of a worker that stops, and those of workers that have been silent for an hour. */
  forgetWorker(id: string, nowMs: number): void {
    this.#db.run('DELETE FROM workers WHERE id = ? OR heartbeat_ms < ?', id, nowMs - 3_600_000);
  }

  /** Workers heard of in the last 10 s, and how long the oldest task that could run has been waiting. */
  supply(nowMs: number): {workers: number; waiting: number; oldestWaitMs: number} {
    const {workers} = this.#db.get(
      'SELECT COUNT(*) AS workers FROM workers WHERE heartbeat_ms > ?',
      nowMs - 10_000,
    ) as {
      workers: number;
    };
    const {waiting, oldest} = this.#db.get(
      `SELECT COUNT(*) AS waiting, MIN(due_ms) AS oldest FROM tasks WHERE state IN ('queued', 'retrying') AND due_ms <= ?`,
      nowMs,
    ) as {waiting: number; oldest: number | null};
    return {workers, waiting, oldestWaitMs: oldest === null ? 0 : nowMs - oldest};
  }

  statistics(): object {
    const byState: Record<string, number> = Object.fromEntries(taskStates.map((state) => [state, 0]));
    const counts = this.#db.all('SELECT state, COUNT(*) AS count FROM tasks GROUP BY state') as {
      state: TaskState;
      count: number;
    }[];
    for (const {state, count} of counts) byState[state] = count;
    const totals = this.#db.get(
      `SELECT COUNT(*) AS total, COALESCE(SUM(MAX(attempts - 1, 0)), 0) AS retries,
         AVG(CASE WHEN state = 'done' THEN finished_ms - started_ms END) AS mean,
         MAX(CASE WHEN state = 'done' THEN finished_ms - started_ms END) AS longest,
         AVG(started_ms - created_ms) AS wait
       FROM tasks`,
    ) as {total: number; retries: number; mean: number | null; longest: number | null; wait: number | null};
    const ended = (byState['done'] ?? 0) + (byState['failed'] ?? 0);
    return {
      total: totals.total,
      byState,
      byKind: Object.fromEntries(
        (
          this.#db.all('SELECT kind, COUNT(*) AS count FROM tasks GROUP BY kind') as {kind: string; count: number}[]
        ).map(({kind, count}) => [kind, count]),
      ),
      retries: totals.retries,
      successShare: ended === 0 ? null : (byState['done'] ?? 0) / ended,
      meanDurationMs: rounded(totals.mean),
      maxDurationMs: totals.longest,
      meanWaitMs: rounded(totals.wait),
    };
  }

  // A task whose workers died each time would otherwise be taken over for ever.
  #giveUpAbandoned(nowMs: number): void {
    this.#db.run(
      `UPDATE tasks SET state = 'failed', error = 'the worker was lost in the last attempt', finished_ms = ?,
         lease_owner = NULL, lease_until_ms = NULL
       WHERE state = 'running' AND lease_until_ms < ? AND attempts >= max_attempts AND cancel_requested = 0`,
      nowMs,
      nowMs,
    );
    this.#db.run(
      `UPDATE tasks SET state = 'cancelled', finished_ms = ?, lease_owner = NULL, lease_until_ms = NULL
       WHERE state = 'running' AND lease_until_ms < ? AND cancel_requested = 1`,
      nowMs,
      nowMs,
    );
  }

  #end(claim: Claim, assignments: string, values: (string | number)[]): boolean {
    return (
      this.#db.run(
        `UPDATE tasks SET ${assignments}, lease_owner = NULL, lease_until_ms = NULL WHERE ${held}`,
        ...values,
        ...holder(claim),
      ) > 0
    );
  }
}

const claimable = `((state IN ('queued', 'retrying') AND due_ms <= ?) OR (state = 'running' AND lease_until_ms < ?))`;
const held = `id = ? AND state = 'running' AND lease_owner = ? AND attempts = ?`;

function holder(claim: Claim): [number, string, number] {
  return [claim.id, claim.owner, claim.attempt];
}

interface TaskRow {
  id: number;
  kind: TaskKind;
  options: string;
  state: TaskState;
  progress: number;
  attempts: number;
  max_attempts: number;
  due_ms: number;
  lease_owner: string | null;
  cancel_requested: number;
  result: string | null;
  error: string | null;
  created_ms: number;
  started_ms: number | null;
  finished_ms: number | null;
}

function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    progress: row.progress,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    options: JSON.parse(row.options) as Record<string, unknown>,
    result: row.result === null ? null : (JSON.parse(row.result) as unknown),
    error: row.error,
    worker: row.lease_owner,
    cancelRequested: row.cancel_requested === 1,
    createdAt: new Date(row.created_ms).toISOString(),
    startedAt: iso(row.started_ms),
    finishedAt: iso(row.finished_ms),
    nextAttemptAt: row.state === 'retrying' ? iso(row.due_ms) : null,
  };
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
