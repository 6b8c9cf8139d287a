import type {Diagnosis} from '../diagnosis/diagnosis.js';
import {formatDuration} from '../report/format.js';
import {isLocalCluster, startOfLocalCluster} from './local-cluster.js';

/** What was seen around when an API server was out of reach. */
export interface NetworkFacts {
  /** This machine has an address that is not internal. */
  readonly hasAddress: boolean;
  readonly internet: 'there' | 'away' | 'captive-portal' | 'not-asked';
  /** Of the API server's host. `literal`: it is an address. */
  readonly name: 'resolved' | 'unknown' | 'literal' | 'not-asked';
}

/** What became of a connection to the API server. */
export type DialAnswer =
  | {readonly tag: 'reached'; readonly latencyMs: number}
  | {
      readonly tag: 'refused' | 'unreachable' | 'timeout' | 'no-name' | 'error';
      /** As the system says it: `ENETUNREACH`, … */
      readonly detail: string;
    };
export type DialMiss = Exclude<DialAnswer, {tag: 'reached'}>;

/** The API server that a gate asks. */
export interface GateAbout {
  /** As kubectl calls it. */
  readonly context: string;
  readonly server: {readonly host: string; readonly port: number};
}

export const serverText = ({host, port}: GateAbout['server']): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** Why an API server is out of reach, in the order in which one thing explains the other. */
export function offlineDiagnosis(miss: DialMiss, facts: NetworkFacts | null, about: GateAbout): Diagnosis {
  const server = serverText(about.server);
  const isLocal = isLocalCluster(about.server.host);
  const seen = missText(miss, server);
  const is = (cause: string, confidence: number, evidence: readonly string[], remedy: string): Diagnosis => ({
    cause,
    confidence,
    subject: server,
    evidence,
    remedy,
  });
  if (facts !== null && !facts.hasAddress && !isLocal)
    return is(
      'no-network',
      0.95,
      ['this machine has no network address', seen],
      'connect it: cable, Wi-Fi, flight mode',
    );
  if (miss.tag === 'refused')
    return is(
      'api-refused',
      0.9,
      [seen],
      isLocal
        ? startOfLocalCluster(about.context)
        : `start the API server on ${server}, or correct the context ${about.context}`,
    );
  if (isLocal) return is('cluster-stopped', 0.8, [seen], startOfLocalCluster(about.context));
  if (facts?.internet === 'captive-portal')
    return is(
      'captive-portal',
      0.9,
      ['a portal answers in place of the internet', seen],
      'log in: open any page in a browser',
    );
  if (miss.tag === 'no-name' || facts?.name === 'unknown') {
    const evidence = [`the name ${about.server.host} has no address here`, seen];
    if (facts?.internet === 'away')
      return is('internet-away', 0.8, [...evidence, 'public addresses are silent as well'], 'wait, or another network');
    return is('api-name-unknown', 0.85, evidence, 'switch the VPN on, or use the DNS server that knows the name');
  }
  if (facts?.internet === 'there')
    return is(
      'cluster-unreachable',
      0.8,
      ['the internet is there', seen],
      `switch the VPN on, or see whether ${server} runs`,
    );
  if (facts?.internet === 'away')
    return is('internet-away', 0.85, ['public addresses are silent as well', seen], 'wait, or another network');
  return is('api-unreachable', 0.7, [seen], `see whether ${server} can be reached from this network`);
}

function missText({tag, detail}: DialMiss, server: string): string {
  switch (tag) {
    case 'refused':
      return `${server} refuses connections`;
    case 'unreachable':
      return `${server} can't be reached (${detail})`;
    case 'timeout':
      return `${server} is silent`;
    case 'no-name':
      return `${server}: the name has no address (${detail})`;
    case 'error':
      return `${server}: ${detail}`;
  }
}

/** "silent for 41s. Internet is there: VPN?" */
export function offlineNote(miss: DialMiss, facts: NetworkFacts | null, about: GateAbout, forMs: number): string {
  const verb = miss.tag === 'refused' ? 'refuses' : miss.tag === 'timeout' ? 'silent' : 'out of reach';
  const cause = offlineDiagnosis(miss, facts, about);
  const hints: Readonly<Record<string, string>> = {
    'no-network': 'No network',
    'captive-portal': 'A portal wants a login',
    'cluster-unreachable': 'Internet is there: VPN?',
    'internet-away': 'Internet is away as well',
    'api-name-unknown': 'Its name is not known here: VPN?',
  };
  const hint = hints[cause.cause] ?? (cause.remedy === null ? '' : cause.remedy);
  return `${verb} for ${formatDuration(forMs)}${hint === '' ? '' : `. ${hint}`}`;
}
