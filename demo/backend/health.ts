import {statSync} from 'node:fs';
import type {Database} from '../lib/database.js';
import {reasonOf} from '../lib/demo-error.js';
import type {Reply} from '../lib/http.js';
import type {TaskQueue} from '../lib/task-queue.js';
import type {SessionStore} from './session-store.js';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

interface Check {
  readonly status: HealthStatus;
  readonly reason?: string;
  readonly [fact: string]: unknown;
}

/** A task that has waited this long with no worker alive is worth a word. */
const patienceMs = 30_000;

export interface HealthSources {
  readonly db: Database;
  readonly queue: TaskQueue;
  readonly sessions: SessionStore;
  /** A reason to be unhealthy that somebody asked for, see provoke.ts. */
  readonly provoked: () => string | undefined;
}

/** 200 while we serve our users, also with something missing (degraded); 503 only when we do not. */
export function health({db, queue, sessions, provoked}: HealthSources): Reply {
  const checks: Record<string, Check> = {
    database: checkDatabase(db),
    sessions: {...sessions.status()},
    tasks: checkTasks(queue),
  };
  const reason = provoked();
  if (reason !== undefined) checks['demo'] = {status: 'unhealthy', reason};
  const status = worst(Object.values(checks).map((check) => check.status));
  return {
    status: status === 'unhealthy' ? 503 : 200,
    body: {status, timestamp: new Date().toISOString(), checks},
  };
}

function worst(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('unhealthy')) return 'unhealthy';
  return statuses.includes('degraded') ? 'degraded' : 'healthy';
}

/** Reads a row; also notices that the file was deleted under us, when every write would go into nothing. */
export function checkDatabase(db: Database): Check & {responseTimeMs: number} {
  const startedMs = performance.now();
  const took = () => Math.round((performance.now() - startedMs) * 100) / 100;
  try {
    db.get('SELECT COUNT(*) FROM workers');
    if (statSync(db.path, {throwIfNoEntry: false}) === undefined) throw new Error(`${db.path} is gone`);
    return {status: 'healthy', responseTimeMs: took()};
  } catch (error) {
    return {status: 'unhealthy', responseTimeMs: took(), reason: reasonOf(error)};
  }
}

function checkTasks(queue: TaskQueue): Check {
  try {
    const {workers, waiting, oldestWaitMs} = queue.supply(Date.now());
    if (workers > 0 || oldestWaitMs < patienceMs) return {status: 'healthy', workers, waiting};
    return {status: 'degraded', workers, waiting, reason: `${String(waiting)} tasks wait and no worker runs`};
  } catch (error) {
    return {status: 'degraded', reason: reasonOf(error)};
  }
}
