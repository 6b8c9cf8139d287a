// The demo's page on a port of its own. It talks to the backend through this server, so the browser needs one origin.
import type {IncomingMessage, ServerResponse} from 'node:http';
import {fileURLToPath} from 'node:url';
import {BackendProxy, parseBackendUrl} from './frontend/backend-proxy.js';
import {readStaticFiles, securityHeaders, sendFile} from './frontend/static-files.js';
import {ApiError} from './lib/api-error.js';
import {logAccess, sendJson, serve, targetOf} from './lib/http.js';
import {createLog} from './lib/log.js';
import {onStopSignal, runProgram} from './lib/program.js';
import {portFrom} from './lib/settings.js';

await runProgram('frontend', () => {
  const log = createLog('frontend');
  const accessLog = createLog('access');
  const port = portFrom(process.env, 3000);
  const proxy = new BackendProxy(parseBackendUrl(process.env['BACKEND_URL'] ?? 'http://127.0.0.1:8000'), 10_000);
  // Beside this very file, in the bundle too; tests run the compiled sources, where the page lies elsewhere.
  const files = readStaticFiles(process.env['DEMO_PUBLIC'] ?? fileURLToPath(new URL('./public/', import.meta.url)));

  const refuse = (response: ServerResponse, error: ApiError): void => {
    sendJson(response, {status: error.status, body: error.toJSON(), headers: {...error.headers, ...securityHeaders}});
  };
  const ownHealth = async (response: ServerResponse): Promise<void> => {
    const reason = await proxy.probe(1000);
    const status = reason === undefined ? 'healthy' : 'degraded';
    const checks = {backend: {status, ...(reason === undefined ? {} : {reason})}};
    // 200 all the same: this server does its work, and restarting it would not bring the backend back.
    sendJson(response, {
      status: 200,
      body: {status, timestamp: new Date().toISOString(), checks},
      headers: securityHeaders,
    });
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = targetOf(request);
    if (url === undefined) {
      refuse(response, new ApiError(400, 'invalid_target', 'The request target is no path.'));
      return;
    }
    if (url.pathname.startsWith('/api/')) {
      proxy.forward(`${url.pathname}${url.search}`, request, response);
      return;
    }
    request.resume();
    const known = url.pathname === '/health' || url.pathname === '/health-of-backend' || files.has(url.pathname);
    if (!known) {
      refuse(response, new ApiError(404, 'not_found', `There is nothing at ${url.pathname}.`));
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      const headers = {allow: 'GET, HEAD'};
      refuse(response, new ApiError(405, 'method_not_allowed', `${url.pathname} takes GET, HEAD.`, {headers}));
    } else if (url.pathname === '/health') {
      void ownHealth(response);
    } else if (url.pathname === '/health-of-backend') {
      proxy.forward('/health', request, response);
    } else {
      const file = files.get(url.pathname);
      if (file !== undefined) sendFile(file, request, response);
    }
  };
  const service = serve(port, log, (request, response) => {
    logAccess(accessLog, request, response);
    handle(request, response);
  });
  onStopSignal(async (signal) => {
    log.info(`${signal}: finishing what was begun`);
    await service.close(5000);
    proxy.close();
    log.info('stopped');
  });
});
