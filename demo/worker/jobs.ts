import {setTimeout as pause} from 'node:timers/promises';
import type {Database} from '../lib/database.js';
import type {Claim, TaskKind} from '../lib/task-queue.js';

/** What a job may do besides its work. */
export interface JobContext {
  readonly db: Database;
  readonly task: Claim;
  /** Records the progress (0..1). @throws when the task was cancelled, lost or the worker stops */
  readonly step: (progress: number) => void;
  /** Ends early when the worker stops or the task is cancelled. */
  readonly signal: AbortSignal;
}

export type Job = (context: JobContext) => Promise<unknown>;

/** Jobs may be run again from the start at any time (retry, take-over), so each of them is idempotent. */
export const jobs: Readonly<Record<TaskKind, Job>> = {
  'stock-report': stockReport,
  'import-articles': importArticles,
  'fail-twice': (context) => failUntil(context, 3),
  'fail-always': (context) => failUntil(context, Number.POSITIVE_INFINITY),
};

/** Counts and values the stock and proves it against its movements. Options: `steps` (20), `stepMs` (100). */
async function stockReport({db, task, step, signal}: JobContext): Promise<unknown> {
  const steps = option(task, 'steps', 20);
  const stepMs = option(task, 'stepMs', 100);
  for (let done = 0; done < steps; done += 1) {
    step(done / steps);
    await pause(stepMs, undefined, {signal});
  }
  const totals = db.get(
    `SELECT COUNT(*) AS articles, COALESCE(SUM(quantity), 0) AS pieces, COALESCE(SUM(quantity * price_cents), 0) AS valueCents
     FROM stock JOIN articles ON articles.id = stock.article_id`,
  ) as object;
  const differences = db.all(
    `SELECT article_id AS articleId, quantity,
       (SELECT COALESCE(SUM(change), 0) FROM stock_movements AS m WHERE m.article_id = stock.article_id) AS proven
     FROM stock WHERE quantity <> proven`,
  );
  return {...totals, differences};
}

/** Creates `count` (100) articles in lots of 25, each lot in one transaction. */
async function importArticles({db, task, step, signal}: JobContext): Promise<unknown> {
  const count = option(task, 'count', 100);
  const stepMs = option(task, 'stepMs', 20);
  const lot = 25;
  let created = 0;
  for (let first = 1; first <= count; first += lot) {
    step((first - 1) / count);
    db.transaction(() => {
      for (let index = first; index < first + lot && index <= count; index += 1)
        created += importOne(db, task.id, index);
    });
    await pause(stepMs, undefined, {signal});
  }
  return {created, skipped: count - created};
}

function importOne(db: Database, taskId: number, index: number): number {
  const number = `I-${String(taskId)}-${String(index).padStart(5, '0')}`;
  const now = new Date().toISOString();
  const article = db.get(
    `INSERT INTO articles (number, name, unit, price_cents, created_at) VALUES (?, ?, 'piece', ?, ?)
     ON CONFLICT (number) DO NOTHING RETURNING id`,
    number,
    `Imported article ${String(index)}`,
    100 + index,
    now,
  ) as {id: number} | undefined;
  if (article === undefined) return 0;
  db.run('INSERT INTO stock (article_id, quantity, updated_at) VALUES (?, 0, ?)', article.id, now);
  return 1;
}

async function failUntil({task, step, signal}: JobContext, good: number): Promise<unknown> {
  step(0.5);
  await pause(10, undefined, {signal});
  if (task.attempt >= good) return {attempts: task.attempt};
  throw new Error(`supplier's server did not answer (attempt ${String(task.attempt)})`);
}

function option(task: Claim, name: string, fallback: number): number {
  const value = task.options[name];
  return typeof value === 'number' ? value : fallback;
}
