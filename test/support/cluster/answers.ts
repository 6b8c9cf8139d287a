import {randomUUID} from 'node:crypto';
import {STATUS_CODES, type ServerResponse} from 'node:http';
import type {Socket} from 'node:net';

/** A failure in the API's own form. */
export interface Refusal {
  readonly code: number;
  readonly body: object;
}

export function refusal(code: number, reason: string, message: string, name?: string, kind?: string): Refusal {
  const details = name === undefined && kind === undefined ? {} : {details: {name, kind}};
  const base = {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...details, code};
  return {code, body: base};
}

export const unauthorised: Refusal = refusal(401, 'Unauthorized', 'Unauthorized');

export const notFound = (resource: string, name: string): Refusal =>
  refusal(404, 'NotFound', `${resource}${groups[resource] ?? ''} "${name}" not found`, name, resource);
const groups: Readonly<Record<string, string>> = {deployments: '.apps', statefulsets: '.apps', replicasets: '.apps'};

export function forbidden(verb: string, namespace: string, resource: string, name?: string, sub?: string): Refusal {
  const full = sub === undefined ? resource : `${resource}/${sub}`;
  const what = name === undefined ? resource : `${resource} "${name}"`;
  const message = `${what} is forbidden: User "dev" cannot ${verb} resource "${full}" in API group "" in the namespace "${namespace}"`;
  return refusal(403, 'Forbidden', message, name, resource);
}

export function send(response: ServerResponse, code: number, body: object): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
    'audit-id': randomUUID(),
  });
  response.end(bytes);
}

export const refuse = (response: ServerResponse, {code, body}: Refusal): void => send(response, code, body);

/** To a request that wanted an upgrade. */
export function refuseUpgrade(socket: Socket, {code, body}: Refusal): void {
  const text = `${JSON.stringify(body)}\n`;
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}
