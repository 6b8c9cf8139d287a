import {BlockList, isIP} from 'node:net';
import {parseHostPort} from '../core/connection/server-address.js';
import {parseUrl} from '../core/connection/kubeconfig-view.js';
import type {ServerUrl} from '../core/connection/kubeconfig-view.js';
import {variable} from './helper-command.js';
import type {ServerAddress} from './types.js';

export type ProxyAnswer =
  | {readonly proxy: ServerAddress | null}
  /** Name of the setting that can't be understood. */
  | {readonly bad: string};

const ports: Readonly<Record<string, number>> = {'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080};

/**
 * The proxy that kubectl connects through: `proxy-url` of the cluster, else the environment as Go reads it.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export function proxyFor(
  server: ServerUrl,
  proxyUrl: string | null,
  env: Readonly<Record<string, string>>,
  system: NodeJS.Platform,
): ProxyAnswer {
  if (proxyUrl !== null) {
    const proxy = addressOf(proxyUrl);
    return proxy === null ? {bad: 'proxy-url of the cluster'} : {proxy};
  }
  const written = environmentProxy(server, env, system);
  if (written === null) return {proxy: null};
  const proxy = addressOf(written.value) ?? addressOf(`http://${written.value}`);
  return proxy === null ? {bad: `the variable ${written.name}`} : {proxy};
}

/** The variable that names a proxy for this server, as it is written; null: none does, or the server is an exception. */
export function environmentProxy(
  server: Pick<ServerUrl, 'scheme' | 'host' | 'port'>,
  env: Readonly<Record<string, string>>,
  system: NodeJS.Platform,
): {readonly name: string; readonly value: string} | null {
  const names = server.scheme === 'https' ? ['HTTPS_PROXY', 'https_proxy'] : ['HTTP_PROXY', 'http_proxy'];
  const name = names.find((each) => (variable(env, each, system) ?? '') !== '');
  if (name === undefined) return null;
  const exceptions = variable(env, 'NO_PROXY', system) || variable(env, 'no_proxy', system) || '';
  return isDirect(server, exceptions) ? null : {name, value: variable(env, name, system) ?? ''};
}

function addressOf(text: string): ServerAddress | null {
  const url = parseUrl(text.trim());
  const port = url === null ? undefined : Number(url.port) || ports[url.protocol];
  if (url === null || port === undefined || url.hostname === '' || !(url.protocol in ports)) return null;
  return {host: bare(url.hostname), port};
}

/** Go never sends what is on this machine through a proxy. */
function isDirect({host, port}: Pick<ServerUrl, 'host' | 'port'>, exceptions: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))) return true;
  return exceptions
    .toLowerCase()
    .split(',')
    .map((entry) => entry.trim())
    .some((entry) => entry === '*' || (entry !== '' && matches(name, port, entry)));
}

function matches(host: string, port: number, entry: string): boolean {
  const [, network = '', bits] = /^([\da-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (bits !== undefined) return isWithin(host, network, Number(bits));
  const address = parseHostPort(entry);
  if (address !== null && address.port !== port) return false;
  const name = bare(address?.host ?? entry).replace(/^\*\./, '.');
  if (isIP(name) !== 0) return isWithin(host, name, isIP(name) === 4 ? 32 : 128);
  return name.startsWith('.') ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = isIP(network);
  if (family === 0 || family !== isIP(host) || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '');
