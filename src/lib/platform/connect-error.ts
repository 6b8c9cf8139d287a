/** What a failed connection says about the way to the server. */
export interface ConnectError {
  readonly tag: 'refused' | 'reset' | 'timeout' | 'no-name' | 'unreachable' | 'error';
  /** As the system says it: `ENETUNREACH`, …; '' where it gives none. */
  readonly code: string;
  readonly message: string;
}

const tags: Readonly<Record<string, ConnectError['tag']>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ECONNABORTED: 'reset',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'no-name',
  EAI_AGAIN: 'no-name',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EAFNOSUPPORT: 'unreachable',
  EINVAL: 'unreachable',
};

/** Of several addresses, what tells most: a refusal comes from the host itself, and no IPv6 says little about IPv4. */
const telling: readonly ConnectError['tag'][] = ['refused', 'reset', 'timeout', 'no-name', 'unreachable', 'error'];

export function classifyConnectError(error: NodeJS.ErrnoException): ConnectError {
  const each = ((error as {errors?: NodeJS.ErrnoException[]}).errors ?? [error]).map(
    ({code = '', message}): ConnectError => ({tag: tags[code] ?? 'error', code, message}),
  );
  return each.reduce((best, next) => (telling.indexOf(next.tag) < telling.indexOf(best.tag) ? next : best));
}
