// The demo's HTTP backend: articles, stock, orders, tasks and sessions under /api/v1, and /health.
import {handleRequest} from './backend/api.js';
import {articleRoutes} from './backend/articles.js';
import {health} from './backend/health.js';
import {orderRoutes} from './backend/orders.js';
import {Provocations} from './backend/provoke.js';
import {parseRedisUrl} from './backend/redis-client.js';
import {SessionStore} from './backend/session-store.js';
import {sessionRoutes} from './backend/sessions.js';
import {systemStatusRoutes} from './backend/system-status.js';
import {taskRoutes} from './backend/tasks.js';
import {openDatabase} from './lib/database.js';
import {serve} from './lib/http.js';
import {createLog} from './lib/log.js';
import {onStopSignal, runProgram} from './lib/program.js';
import {setUpSchema} from './lib/schema.js';
import {databasePathFrom, portFrom} from './lib/settings.js';
import {TaskQueue} from './lib/task-queue.js';

await runProgram('backend', async () => {
  const log = createLog('backend');
  const port = portFrom(process.env, 8000);
  const redisUrl = process.env['REDIS_URL'] ?? '';
  const redis = redisUrl === '' ? undefined : parseRedisUrl(redisUrl);

  const db = await openDatabase(databasePathFrom(process.env));
  for (const sentence of setUpSchema(db)) log.info(sentence);
  log.info(`database ${db.path} (${db.engine}) is ready`);

  const queue = new TaskQueue(db);
  const provocations = new Provocations(log);
  const sessions = new SessionStore(redis, log);
  await sessions.start();

  const sources = {db, queue, sessions, provoked: () => provocations.unhealthyReason()};
  const api = {
    log,
    accessLog: createLog('access'),
    latencyMs: () => provocations.latencyMs(),
    routes: [
      {method: 'GET', path: '/health', answer: () => health(sources)} as const,
      ...articleRoutes(db),
      ...orderRoutes(db),
      ...taskRoutes(queue),
      ...sessionRoutes(sessions),
      ...systemStatusRoutes(db),
      provocations.route(process.env['DEMO_PROVOKE'] === '1'),
    ],
  };
  const service = serve(port, log, (request, response) => {
    void handleRequest(api, request, response);
  });
  onStopSignal(async (signal) => {
    log.info(`${signal}: finishing what was begun`);
    await service.close(5000);
    sessions.close();
    db.close();
    log.info('stopped');
  });
});
