import type {IncomingMessage} from 'node:http';
import {ApiError} from '../lib/api-error.js';

export const bodyLimitBytes = 256 * 1024;

/** Reads the body as JSON. @throws ApiError 400 (no valid JSON), 413 (too long), 415 (another type) */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  // Not only for tidiness: a page of another origin can send text/plain to us without asking, but not this type.
  if (type !== 'application/json') {
    throw new ApiError(
      415,
      'unsupported_media_type',
      `The body has to be application/json, not ${type === '' ? 'untyped' : type}.`,
    );
  }
  const bytes = await readAll(request);
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes)) as unknown;
  } catch (error) {
    throw new ApiError(
      400,
      'invalid_json',
      `The body is no valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

// With listeners and not with `for await`: leaving that loop early destroys the connection, and our answer with it.
function readAll(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) {
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > bodyLimitBytes) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
    request.on('error', () => {
      reject(new ApiError(400, 'body_incomplete', 'The body ended before its announced length.'));
    });
  });
}

/**
 * Lets the rest of an unwanted body run out, so that the client reads our answer instead of a reset connection; after
 * 16 MiB it has had its chance.
 */
export function drain(request: IncomingMessage): void {
  if (request.complete) return;
  let sizeBytes = 0;
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > 16 * 1024 * 1024) request.destroy();
  });
}

function tooLarge(): ApiError {
  return new ApiError(413, 'body_too_large', `The body is larger than ${String(bodyLimitBytes)} bytes.`, {
    details: {limitBytes: bodyLimitBytes},
  });
}
