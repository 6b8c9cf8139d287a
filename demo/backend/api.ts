import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as pause} from 'node:timers/promises';
import {ApiError} from '../lib/api-error.js';
import {isBusy} from '../lib/database.js';
import {logAccess, type Reply, sendJson, targetOf} from '../lib/http.js';
import type {Log} from '../lib/log.js';
import {drain, readJson} from './body.js';
import {findRoute, type Route} from './router.js';

export interface Api {
  readonly routes: readonly Route[];
  /** How long answers are held back at the moment, in ms. */
  readonly latencyMs: () => number;
  readonly log: Log;
  readonly accessLog: Log;
}

/** One request from its first byte to its answer. Whatever happens, the client gets the typed error and no stack. */
export async function handleRequest(api: Api, request: IncomingMessage, response: ServerResponse): Promise<void> {
  logAccess(api.accessLog, request, response);
  const delayMs = api.latencyMs();
  const reply = await answer(api, request);
  if (delayMs > 0) await pause(delayMs);
  sendJson(response, reply);
  drain(request);
}

async function answer(api: Api, request: IncomingMessage): Promise<Reply> {
  try {
    const url = targetOf(request);
    if (url === undefined) throw new ApiError(400, 'invalid_target', 'The request target is no path.');
    const {route, id} = findRoute(api.routes, request.method ?? 'GET', url.pathname);
    return await route.answer({request, query: url.searchParams, id, json: () => readJson(request)});
  } catch (error) {
    const known = error instanceof ApiError ? error : translate(error, api.log, request);
    return {status: known.status, body: known.toJSON(), headers: known.headers};
  }
}

function translate(error: unknown, log: Log, request: IncomingMessage): ApiError {
  if (isBusy(error)) {
    return new ApiError(503, 'database_busy', 'The database is locked by another process.', {
      headers: {'retry-after': '1'},
    });
  }
  log.error(`${request.method ?? ''} ${request.url ?? ''} failed`, error);
  return new ApiError(500, 'internal', 'Something went wrong here. The log of the backend tells what.');
}
