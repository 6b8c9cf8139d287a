import type {IncomingMessage} from 'node:http';
import {ApiError} from '../lib/api-error.js';
import type {Reply} from '../lib/http.js';

export interface Call {
  readonly request: IncomingMessage;
  readonly query: URLSearchParams;
  /** The number that stands for `:id`; -1 for anything that is no number, which no row has. */
  readonly id: number;
  json(): Promise<unknown>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path whose last-but-anything segment `:id` takes one number. */
  readonly path: string;
  readonly answer: (call: Call) => Reply | Promise<Reply>;
}

/** @throws ApiError 404 for an unknown path, 405 with Allow for a known one */
export function findRoute(routes: readonly Route[], method: string, path: string): {route: Route; id: number} {
  // HEAD is GET without the body, which Node leaves out by itself.
  const wanted = method === 'HEAD' ? 'GET' : method;
  const segments = path.split('/');
  const allowed = new Set<string>();
  for (const route of routes) {
    const id = match(route.path.split('/'), segments);
    if (id === undefined) continue;
    if (route.method === wanted) return {route, id};
    allowed.add(route.method);
    if (route.method === 'GET') allowed.add('HEAD');
  }
  if (allowed.size === 0) throw new ApiError(404, 'not_found', `There is nothing at ${path}.`);
  const allow = [...allowed].sort().join(', ');
  throw new ApiError(405, 'method_not_allowed', `${path} takes ${allow}, not ${method}.`, {headers: {allow}});
}

function match(pattern: readonly string[], segments: readonly string[]): number | undefined {
  if (pattern.length !== segments.length) return undefined;
  let id = -1;
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part === ':id') {
      // What is no number can still be the name of another route: /tasks/statistics.
      if (!/^[1-9]\d{0,14}$/.test(segment)) return undefined;
      id = Number(segment);
    } else if (part !== segment) return undefined;
  }
  return id;
}
