import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {extname, join} from 'node:path';
import {DemoError, reasonOf} from '../lib/demo-error.js';

interface StaticFile {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing but our own files, no frame around us, no address of this page for others. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * The files of one folder, read once. Requests only ever look up a name in this list, so there is no path that could
 * lead out of the folder.
 */
export function readStaticFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  try {
    for (const entry of readdirSync(folder, {withFileTypes: true})) {
      const type = types[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const content = readFileSync(join(folder, entry.name));
      const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
      files.set(`/${entry.name}`, {content, type, etag});
    }
  } catch (error) {
    throw new DemoError(`Cannot read the page's files: ${reasonOf(error)}. Run: npm run build`, 1, error);
  }
  const index = files.get('/index.html');
  if (index === undefined) throw new DemoError(`There is no index.html in ${folder}. Run: npm run build`, 1);
  return files.set('/', index);
}

export function sendFile(file: StaticFile, request: IncomingMessage, response: ServerResponse): void {
  // Asked again each time, answered with 304: a page from before an upgrade must not meet the new backend.
  const headers = {...securityHeaders, etag: file.etag, 'cache-control': 'no-cache'};
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {...headers, 'content-type': file.type, 'content-length': file.content.length});
  response.end(file.content);
}
