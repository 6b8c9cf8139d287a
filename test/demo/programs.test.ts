import {cpSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {openDatabase} from '../../demo/lib/database.js';
import {logTime} from '../../demo/lib/log.js';
import {freePort} from '../support/free-port.js';
import {ask, type Program, Rig} from './support/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

describe('migrate', () => {
  it('sets the schema up once and says what it did', async () => {
    const first = rig.start('migrate');
    expect(await first.exited).toMatchObject({code: 0});
    expect(
      first.output
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^.* INFO migrate /, '')),
    ).toEqual([
      expect.stringContaining(rig.databasePath),
      'schema 0 to 1: articles, stock and orders',
      'schema 1 to 2: queue of long-running tasks',
      'schema 2 to 3: heartbeat of workers',
      '12 sample articles in stock',
      'done',
    ]);
    const second = rig.start('migrate');
    expect(await second.exited).toMatchObject({code: 0});
    expect(second.output).toMatch(/schema 3 is current, nothing to do\n$/);
  });

  it('goes on from an older schema without touching its data', async () => {
    await rig.start('migrate').exited;
    const db = await openDatabase(rig.databasePath);
    db.exec('DROP TABLE workers; PRAGMA user_version = 2; UPDATE stock SET quantity = 1 WHERE article_id = 1');
    db.close();
    const migrate = rig.start('migrate');
    expect(await migrate.exited).toMatchObject({code: 0});
    expect(migrate.output).not.toContain('sample articles');
    const url = await rig.start('backend').url();
    expect((await ask(`${url}/api/v1/articles/1`)).body.quantity).toBe(1);
  });

  it.each(['migrate', 'backend', 'worker'] as const)('%s refuses a file of a newer version', async (name) => {
    await rig.start('migrate').exited;
    const db = await openDatabase(rig.databasePath);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const program = rig.start(name);
    expect(await program.exited).toMatchObject({code: 3});
    expect(program.output).toMatch(/has schema 99, this version knows 3/);
  });

  it('says so when the file is no database', async () => {
    mkdirSync(join(rig.folder, 'data'));
    writeFileSync(rig.databasePath, 'not a database, but long enough to be taken for one'.repeat(100));
    const migrate = rig.start('migrate');
    expect(await migrate.exited).toMatchObject({code: 1});
    expect(migrate.output).toMatch(/^migrate: Cannot open .*: file is not a database\. Move it away/);
  });
});

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const builtIn = major > 22 || (major === 22 && minor >= 13);
(builtIn ? it.skip : it)('says how to get a database engine where there is none, exit code 8', async () => {
  const folder = join(rig.folder, 'elsewhere');
  cpSync(fileURLToPath(new URL('../../demo', import.meta.url)), folder, {recursive: true});
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  const migrate = rig.run('migrate', [process.execPath, join(folder, 'migrate.js')]);
  expect(await migrate.exited).toMatchObject({code: 8});
  expect(migrate.output).toMatch(/^migrate: The demo needs an embedded database .* npm install libsql\.\n$/);
});

describe('backend', () => {
  it('is ready from an empty folder', async () => {
    await rig.start('backend').url();
  });

  it('reports a taken port as Node does and exits with 1', async () => {
    const port = new URL(await rig.start('backend').url()).port;
    const second = rig.start('backend', {PORT: port});
    expect(await second.exited).toEqual({code: 1, signal: null});
    expect(second.output).toContain(`Error: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n    at `);
  });

  it.each(['abc', '70000', '-1', '80.5'])('refuses PORT=%s in one line', async (port) => {
    const backend = rig.start('backend', {PORT: port});
    expect(await backend.exited).toMatchObject({code: 3});
    expect(backend.output).toBe(`backend: PORT is "${port}": a whole number from 0 to 65535 is needed.\n`);
  });

  it('writes its lines in the form that the operators know', async () => {
    const backend = rig.start('backend');
    await ask(`${await backend.url()}/api/v1/stock?limit=1`);
    await backend.says(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO access 127\.0\.0\.1 "GET \/api\/v1\/stock\?limit=1" 200 [\d.]+ms$/m,
    );
    for (const line of backend.output.trimEnd().split('\n')) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) [a-z]+ ./);
    }
    expect(logTime(new Date(2026, 4, 22, 9, 5, 30, 7))).toBe('2026-05-22 09:05:30,007');
  });
});

describe('on request to stop', () => {
  it.each([
    ['backend', 'SIGTERM'],
    ['backend', 'SIGINT'],
    ['frontend', 'SIGTERM'],
    ['worker', 'SIGINT'],
  ] as const)('%s ends with 0 on %s', async (name, signal) => {
    const program = rig.start(name, {BACKEND_URL: `http://127.0.0.1:${await freePort()}`});
    await program.says(/listening on|worker ready\./);
    if (name !== 'worker') await ask(`${await program.url()}/health`); // leaves a kept-alive connection behind
    const startedMs = performance.now();
    expect(await program.end(signal)).toEqual({code: 0, signal: null});
    // Sooner than the connection would end by itself.
    expect(performance.now() - startedMs).toBeLessThan(4500);
    expect(program.output).toMatch(/INFO \w+ stopped\n$/);
  });

  it('the backend answers what was asked before, and nothing new', async () => {
    const backend: Program = rig.start('backend', {DEMO_PROVOKE: '1'});
    const url = await backend.url();
    await ask(`${url}/api/v1/demo/provoke`, {failure: 'slow', latencySeconds: 0.5});
    const order = ask(`${url}/api/v1/orders`, {customer: 'x', lines: [{articleId: 1, quantity: 1}]});
    const stock = new Promise<void>((resolve) => {
      // The order is in work as soon as its effect is seen by somebody else.
      void openDatabase(rig.databasePath).then(async (db) => {
        while ((db.get('SELECT COUNT(*) AS n FROM orders') as {n: number}).n === 0) await new Promise(setImmediate);
        db.close();
        resolve();
      });
    });
    await stock;
    backend.child.kill('SIGTERM');
    await backend.says(/finishing what was begun/);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    expect(await order).toMatchObject({status: 201});
    expect(await backend.exited).toEqual({code: 0, signal: null});
  });
});
