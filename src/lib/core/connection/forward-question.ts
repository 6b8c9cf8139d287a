import type {ForwardSpec, HealthExpectation, WireProtocol} from '../spec.js';

/** What is asked through a forward. Any HTTP status proves that it works, unless an answer is expected. */
export type ForwardQuestion =
  | {
      readonly type: 'http';
      readonly method: 'HEAD' | 'GET';
      readonly path: string;
      readonly expect: readonly HealthExpectation[];
      readonly headers: Readonly<Record<string, string>>;
      /** What is spoken there is not known: any bytes prove it. */
      readonly anyAnswer: boolean;
    }
  | {readonly type: WireProtocol}
  /** Nothing is known that it would answer to: only the end of a connection says something. */
  | {readonly type: 'held-open'};

/** By number or name of the remote port, as their servers and charts have them. */
const protocols: readonly (readonly [WireProtocol, RegExp])[] = [
  ['postgres', /^(5432|6432|pg|pgsql|postgres|postgresql|tcp-postgres(ql)?)$/],
  ['redis', /^(6379|redis|tcp-redis)$/],
  ['mysql', /^(3306|mysql|tcp-mysql|mariadb)$/],
];
/** Here silence means an app that hangs. */
const webPorts =
  /^(80|443|3000|4000|4200|5000|5173|8000|808\d|809\d|8443|8888|9090|9093|16686|https?(-.*)?|web(-.*)?|ui)$/;

export function protocolOf(remotePort: number | string | null): WireProtocol | null {
  const text = String(remotePort ?? '');
  return text === '' ? null : (protocols.find(([, known]) => known.test(text))?.[0] ?? null);
}

/**
 * @param remotePort the one that is used
 * @param isIdle nothing could be proven until now: it is only looked whether the connection is held
 */
export function forwardQuestion(
  {probe}: Pick<ForwardSpec, 'probe'>,
  remotePort: number | string | null,
  isIdle: boolean,
): ForwardQuestion {
  if (isIdle || probe.type === 'none') return {type: 'held-open'};
  if (probe.type === 'tcp') return {type: probe.protocol ?? 'held-open'};
  if (probe.type === 'auto') {
    const protocol = protocolOf(remotePort);
    if (protocol !== null) return {type: protocol};
    return {type: 'http', method: 'HEAD', path: '/', expect: [], headers: {}, anyAnswer: true};
  }
  const {path, expect, headers} = probe;
  return {type: 'http', method: expect.length > 0 ? 'GET' : 'HEAD', path, expect, headers, anyAnswer: false};
}

/** May an app that is well stay silent when it is asked this? Then silence is no reason to replace kubectl. */
export function mayBeSilent({probe, remotePort}: Pick<ForwardSpec, 'probe' | 'remotePort'>): boolean {
  if (probe.type === 'none' || (probe.type === 'tcp' && probe.protocol === null)) return true;
  if (probe.type !== 'auto' || remotePort === null) return false;
  return protocolOf(remotePort) === null && !webPorts.test(String(remotePort));
}
