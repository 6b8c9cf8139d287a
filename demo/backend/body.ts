import type {IncomingMessage} from 'node:http';
import {ApiError} from '../lib/api-error.js';

export const bodyLimitBytes = 256 * 1024;

/** Reads the body as JSON. @throws ApiError 400 (no valid JSON), 413 (too long), 415 (another type) */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  // Not only for tidiness: a page of another origin can send text/plain to us without asking, but not this type.
  if (type !== 'application/json') {
    throw new ApiError(415, 'unsupported_media_type', `The body has to be application/json, not ${type === '' ? 'untyped' : type}.`);
  }
  const bytes = await readAll(request);
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes)) as unknown;
  } catch (error) {
    throw new ApiError(400, 'invalid_json', `The body is no valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyLimitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): ApiError {
  return new ApiError(413, 'body_too_large', `The body is larger than ${String(bodyLimitBytes)} bytes.`, {
    details: {limitBytes: bodyLimitBytes},
    // What is left of it will not be read, so the connection cannot be used again.
    headers: {connection: 'close'},
  });
}
