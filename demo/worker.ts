// Takes long-running tasks from the queue in the database.
import {randomBytes} from 'node:crypto';
import {openDatabase} from './lib/database.js';
import {createLog} from './lib/log.js';
import {onStopSignal, runProgram} from './lib/program.js';
import {setUpSchema} from './lib/schema.js';
import {databasePathFrom, numberFrom} from './lib/settings.js';
import {TaskQueue} from './lib/task-queue.js';
import {TaskRunner} from './worker/task-runner.js';

await runProgram('worker', async () => {
  const log = createLog('worker');
  const settings = {
    id: `${String(process.pid)}-${randomBytes(3).toString('hex')}`,
    leaseMs: numberFrom(process.env, 'DEMO_LEASE_MS', 5000, 100, 600_000),
    pollMs: numberFrom(process.env, 'DEMO_POLL_MS', 250, 10, 60_000),
    retryBaseMs: numberFrom(process.env, 'DEMO_RETRY_MS', 500, 1, 60_000),
  };
  const db = await openDatabase(databasePathFrom(process.env));
  setUpSchema(db);
  const runner = new TaskRunner(db, new TaskQueue(db), log, settings);
  onStopSignal(async (signal) => {
    log.info(`${signal}: stopping`);
    await runner.stop();
    db.close();
    log.info('stopped');
  });
  runner.start();
  // Awaited by `readiness: {log: …}` in erp.config.yaml.
  log.info('ready.');
});
