import type {Variables} from '../core/config/variables.js';
import {environmentProxy} from './api-proxy.js';

/** How a server of the web is reached: null directly, else through this one. */
export type WebRoute =
  | {readonly proxy: WebProxy | null}
  /** A whole sentence's end: `HTTPS_PROXY is no address`. */
  | {readonly problem: string};

export interface WebProxy {
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | null;
  /** The variable that names it. */
  readonly from: string;
}

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in the way kubectl reads them: what is on this machine never goes through one. */
export function webRoute(target: URL, env: Variables, system: NodeJS.Platform = process.platform): WebRoute {
  const scheme = target.protocol === 'https:' ? 'https' : 'http';
  const port = Number(target.port || (scheme === 'https' ? 443 : 80));
  const set = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const written = environmentProxy({scheme, host: target.hostname.replace(/^\[|\]$/g, ''), port}, set, system);
  if (written === null) return {proxy: null};
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(written.value) ? written.value : `http://${written.value}`;
  if (!URL.canParse(text)) return {problem: `${written.name} is no address of a proxy`};
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return {
      problem: `${written.name} names a ${url.protocol.slice(0, -1)} proxy; only http and https proxies are spoken`,
    };
  const isTls = url.protocol === 'https:';
  return {
    proxy: {
      isTls,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || (isTls ? 443 : 80)),
      authorization: url.username === '' ? null : basic(url),
      from: written.name,
    },
  };
}

function basic({username, password}: URL): string {
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(user).toString('base64')}`;
}
