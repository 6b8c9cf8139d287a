import type {Database} from './database.js';
import {DemoError} from './demo-error.js';

interface Migration {
  readonly title: string;
  readonly sql: string;
}

/** Position + 1 is the version that `PRAGMA user_version` holds. What was released is never edited, only added to. */
const migrations: readonly Migration[] = [
  {
    title: 'articles, stock and orders',
    sql: `
      CREATE TABLE articles (
        id INTEGER PRIMARY KEY,
        number TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        unit TEXT NOT NULL,
        price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
        created_at TEXT NOT NULL
      ) STRICT;
      CREATE TABLE stock (
        article_id INTEGER PRIMARY KEY REFERENCES articles (id),
        quantity INTEGER NOT NULL CHECK (quantity >= 0),
        updated_at TEXT NOT NULL
      ) STRICT;
      CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        customer TEXT NOT NULL,
        total_cents INTEGER NOT NULL CHECK (total_cents >= 0),
        created_at TEXT NOT NULL
      ) STRICT;
      CREATE TABLE order_lines (
        order_id INTEGER NOT NULL REFERENCES orders (id),
        position INTEGER NOT NULL,
        article_id INTEGER NOT NULL REFERENCES articles (id),
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
        PRIMARY KEY (order_id, position)
      ) STRICT, WITHOUT ROWID;
      -- Every change of a quantity, so that stock can be proven: quantity = sum of changes.
      CREATE TABLE stock_movements (
        id INTEGER PRIMARY KEY,
        article_id INTEGER NOT NULL REFERENCES articles (id),
        change INTEGER NOT NULL,
        reason TEXT NOT NULL,
        order_id INTEGER REFERENCES orders (id),
        created_at TEXT NOT NULL
      ) STRICT;
      CREATE INDEX stock_movements_article ON stock_movements (article_id);`,
  },
  {
    title: 'queue of long-running tasks',
    sql: `
      CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        options TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'retrying', 'done', 'failed', 'cancelled')),
        progress REAL NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
        attempts INTEGER NOT NULL DEFAULT 0,
        max_attempts INTEGER NOT NULL,
        due_ms INTEGER NOT NULL,
        lease_owner TEXT,
        lease_until_ms INTEGER,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        result TEXT,
        error TEXT,
        created_ms INTEGER NOT NULL,
        started_ms INTEGER,
        finished_ms INTEGER
      ) STRICT;
      CREATE INDEX tasks_open ON tasks (state, due_ms);`,
  },
  {
    title: 'heartbeat of workers',
    sql: `
      CREATE TABLE workers (
        id TEXT PRIMARY KEY,
        pid INTEGER NOT NULL,
        started_ms INTEGER NOT NULL,
        heartbeat_ms INTEGER NOT NULL
      ) STRICT;`,
  },
];

export const schemaVersion = migrations.length;

/**
 * Brings the schema up to date, in one transaction: killed in the middle, nothing has happened. Any number of processes
 * may do so at once; one works, the others find it done.
 * @returns what was done, one sentence each; empty when everything was in place
 * @throws DemoError (exit code 3) when the file comes from a newer version
 */
export function setUpSchema(db: Database): string[] {
  if (versionOf(db) === schemaVersion) return [];
  return db.transaction(() => {
    const found = versionOf(db);
    if (found > schemaVersion) {
      throw new DemoError(
        `${db.path} has schema ${String(found)}, this version knows ${String(schemaVersion)}. Use the newer version or another DEMO_DATA.`,
        3,
      );
    }
    const done: string[] = [];
    for (const [index, migration] of migrations.entries()) {
      if (index < found) continue;
      db.exec(migration.sql);
      done.push(`schema ${String(index)} to ${String(index + 1)}: ${migration.title}`);
    }
    db.exec(`PRAGMA user_version = ${String(schemaVersion)}`);
    if (found === 0) done.push(`${String(seed(db))} sample articles in stock`);
    return done;
  });
}

function versionOf(db: Database): number {
  return (db.get('PRAGMA user_version') as {user_version: number}).user_version;
}

/** number, name, unit, price in cents, quantity */
const samples: readonly (readonly [string, string, string, number, number])[] = [
  ['A-1001', 'Winter wheat seed, 25 kg', 'bag', 2490, 400],
  ['A-1002', 'Spring barley seed, 25 kg', 'bag', 2250, 350],
  ['A-1003', 'Maize seed, 50,000 grains', 'unit', 9890, 120],
  ['A-2001', 'Nitrogen fertiliser, 600 kg', 'big bag', 28900, 60],
  ['A-2002', 'Potash fertiliser, 25 kg', 'bag', 1690, 500],
  ['A-2003', 'Lime, 1 t', 't', 5400, 80],
  ['A-3001', 'Laying hen feed, 25 kg', 'bag', 1390, 600],
  ['A-3002', 'Dairy compound feed, 1 t', 't', 31200, 40],
  ['A-3003', 'Mineral lick, 10 kg', 'piece', 1190, 220],
  ['A-4001', 'Baling twine, 9 kg', 'coil', 3150, 140],
  ['A-4002', 'Silage film, 12 x 50 m', 'roll', 18900, 30],
  ['A-4003', 'Fence post, 1.75 m', 'piece', 590, 1000],
];

function seed(db: Database): number {
  const now = new Date().toISOString();
  for (const [number, name, unit, priceCents, quantity] of samples) {
    const article = db.get(
      'INSERT INTO articles (number, name, unit, price_cents, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id',
      number,
      name,
      unit,
      priceCents,
      now,
    ) as {id: number};
    db.run('INSERT INTO stock (article_id, quantity, updated_at) VALUES (?, ?, ?)', article.id, quantity, now);
    db.run(
      'INSERT INTO stock_movements (article_id, change, reason, created_at) VALUES (?, ?, ?, ?)',
      article.id,
      quantity,
      'opening stock',
      now,
    );
  }
  return samples.length;
}
