import {mkdirSync} from 'node:fs';
import {dirname} from 'node:path';
import {DemoError, reasonOf} from './demo-error.js';

export type Value = string | number | null;

/** What the two engines have in common, and nothing else. Everything is synchronous. */
export interface Database {
  readonly engine: 'node:sqlite' | 'libsql';
  readonly path: string;
  /** Several statements, without parameters or rows. */
  exec(sql: string): void;
  /** @returns number of rows changed */
  run(sql: string, ...values: Value[]): number;
  get(sql: string, ...values: Value[]): unknown;
  all(sql: string, ...values: Value[]): unknown[];
  /** Runs `work` in a write transaction: all of it is written, or, when it throws, nothing. Cannot be nested. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** How long a statement waits for another process's transaction. It blocks the event loop, so: seconds, not minutes. */
const busyTimeoutMs = 3000;

/** Opens the file, creating it and its folder. @throws DemoError where no engine is installed (exit code 8) */
export async function openDatabase(path: string): Promise<Database> {
  const {engine, open} = await loadEngine();
  mkdirSync(dirname(path), {recursive: true});
  let connection: Connection;
  try {
    connection = open(path);
    connection.exec(`PRAGMA busy_timeout = ${String(busyTimeoutMs)}`);
    useWriteAheadLog(connection);
    connection.exec('PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
  } catch (error) {
    throw new DemoError(`Cannot open ${path}: ${reasonOf(error)}. Move it away to start with a fresh one.`, 1, error);
  }
  return adapt(engine, path, connection);
}

/** True for "another process holds the lock": the one failure that goes away by itself. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && /database (table )?is locked|SQLITE_BUSY/.test(error.message);
}

/** True where a row with the same unique value is there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof Error && error.message.includes('UNIQUE constraint failed');
}

interface Prepared {
  run(...values: unknown[]): {changes: number | bigint};
  all(...values: unknown[]): unknown[];
}
interface Connection {
  exec(sql: string): unknown;
  prepare(sql: string): Prepared;
  close(): void;
}

function adapt(engine: Database['engine'], path: string, connection: Connection): Database {
  const statements = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = statements.get(sql) ?? connection.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  // libsql takes one list: a lone null is no parameter for it but an object. node:sqlite takes them one by one.
  const pass = (values: Value[]): unknown[] => (engine === 'libsql' ? [values] : values);
  const all = (sql: string, ...values: Value[]) => prepare(sql).all(...pass(values));
  return {
    engine,
    path,
    exec: (sql) => {
      connection.exec(sql);
    },
    run: (sql, ...values) => Number(prepare(sql).run(...pass(values)).changes),
    // Never the engines' own get(): libsql leaves its statement open after the first row, and the next COMMIT fails
    // with "cannot commit transaction - SQL statements in progress" (seen with 0.5.29).
    get: (sql, ...values) => all(sql, ...values)[0],
    all,
    transaction: (work) => {
      // IMMEDIATE takes the write lock now: with a deferred one, two readers that both want to write end in SQLITE_BUSY.
      connection.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        connection.exec('COMMIT');
        return result;
      } catch (error) {
        try {
          connection.exec('ROLLBACK');
        } catch {
          // SQLite has rolled back by itself (disk full, I/O error): what happened first is what matters.
        }
        throw error;
      }
    },
    close: () => {
      statements.clear();
      connection.close();
    },
  };
}

// Two processes that open a new file at the same time get SQLITE_BUSY here in spite of the busy timeout.
function useWriteAheadLog(connection: Connection): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      connection.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === 100) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

async function loadEngine(): Promise<{engine: Database['engine']; open: (path: string) => Connection}> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const builtIn = major > 22 || (major === 22 && minor >= 13);
  try {
    if (builtIn) {
      const {DatabaseSync} = (await importQuietly('node:sqlite')) as {DatabaseSync: new (path: string) => Connection};
      return {engine: 'node:sqlite', open: (path) => new DatabaseSync(path)};
    }
    const {default: Libsql} = (await importQuietly('libsql')) as {default: new (path: string) => Connection};
    return {engine: 'libsql', open: (path) => new Libsql(path)};
  } catch (error) {
    const remedy = builtIn
      ? 'This Node was built without node:sqlite'
      : 'Use Node 22.13 or newer, or run: npm install libsql';
    throw new DemoError(
      `The demo needs an embedded database and found none (${firstLine(error)}). ${remedy}.`,
      8,
      error,
    );
  }
}

// A variable name keeps bundler and compiler from resolving what may not be there. Node 22 says on every start that
// node:sqlite is experimental: nothing that an operator could do about it.
async function importQuietly(name: string): Promise<unknown> {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return await import(name);
  } finally {
    process.emitWarning = emitWarning;
  }
}

function firstLine(error: unknown): string {
  return reasonOf(error).split('\n')[0] ?? '';
}
