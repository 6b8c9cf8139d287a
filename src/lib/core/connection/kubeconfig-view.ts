/** What `kubectl config view --minify -o json` says about one context. Tokens and certificates are not read. */
export interface KubeconfigView {
  readonly context: string;
  readonly namespace: string | null;
  readonly cluster: string;
  /** As it is written; '' where the cluster names none. */
  readonly server: string;
  readonly proxyUrl: string | null;
  /** Without a scheme the server is taken for https then. */
  readonly hasTls: boolean;
}

/** null: that is not what kubectl prints. `no-context`: there is none in it. */
export function readKubeconfigView(json: string): KubeconfigView | 'no-context' | null {
  let view: unknown;
  try {
    view = JSON.parse(json);
  } catch {
    return null;
  }
  if (!isRecord(view) || view['kind'] !== 'Config') return null;
  const context = first(view['contexts']);
  if (context === null) return 'no-context';
  const cluster = first(view['clusters']);
  const details = inner(context, 'context');
  const way = cluster === null ? {} : inner(cluster, 'cluster');
  return {
    context: text(context['name']),
    namespace: text(details['namespace']) || null,
    cluster: cluster === null ? text(details['cluster']) : text(cluster['name']),
    server: text(way['server']),
    proxyUrl: text(way['proxy-url']) || null,
    hasTls: ['certificate-authority', 'certificate-authority-data', 'insecure-skip-tls-verify'].some(
      (key) => way[key] !== undefined,
    ),
  };
}

export interface ServerUrl {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Without user and password. */
  readonly url: string;
}

/** The address of an API server as client-go understands it. null: it is none. */
export function parseServerUrl(server: string, hasTls: boolean): ServerUrl | null {
  const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(server);
  const url = parseUrl(hasScheme ? server : `${hasTls ? 'https' : 'http'}://${server}`);
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol)) return null;
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  url.username = '';
  url.password = '';
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (scheme === 'https' ? 443 : 80)),
    url: hasScheme ? url.href.replace(/\/$/, '') : server.replace(/^[^/@]*@/, ''),
  };
}

export function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

type Fields = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

function first(list: unknown): Fields | null {
  const entry: unknown = Array.isArray(list) ? list[0] : null;
  return isRecord(entry) ? entry : null;
}

function inner(entry: Fields, key: string): Fields {
  const value = entry[key];
  return isRecord(value) ? value : {};
}
