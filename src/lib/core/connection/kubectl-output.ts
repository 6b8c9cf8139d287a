import {plain} from '../diagnosis/plain.js';
import type {FailureKind, ForwardFailure} from './forward-failure.js';

export type KubectlLine =
  | {readonly tag: 'listening'; readonly address: string; readonly port: number}
  /** Nothing comes through any more, although kubectl lives. */
  | {readonly tag: 'half-dead'; readonly text: string}
  | {readonly tag: 'nothing'};

/** What a line of `kubectl port-forward` means while it runs. */
export function readKubectlLine(line: string): KubectlLine {
  const [, address, port] = /^Forwarding from \[?([^\]]+?)\]?:(\d+) -> \S+/.exec(line) ?? [];
  if (address !== undefined && port !== undefined) return {tag: 'listening', address, port: Number(port)};
  if (/error creating (error|forwarding) stream|timeout occurr?ed/i.test(line))
    return {tag: 'half-dead', text: quoted(line)};
  return {tag: 'nothing'};
}

/** What a forward was about, for remedies. */
export interface ForwardAbout {
  readonly forward: string;
  readonly context: string | null;
  readonly namespace: string | null;
  readonly target: string;
  readonly remotePort: number | string | null;
  readonly localPort: number | null;
}

interface Rule {
  readonly pattern: RegExp;
  readonly kind: FailureKind;
  readonly cause: string;
  readonly confidence: number;
  /** Requests that a start with this end has cost. */
  readonly cost: number;
  subject?(match: RegExpExecArray, about: ForwardAbout): string | null;
  remedy?(match: RegExpExecArray, about: ForwardAbout): string | null;
}

const kubectl = ({context, namespace}: ForwardAbout): string =>
  [
    'kubectl',
    ...(context === null ? [] : ['--context', context]),
    ...(namespace === null ? [] : ['-n', namespace]),
  ].join(' ');
const isNear = (host: string): boolean => /^(127\.|localhost|192\.168\.(49|39|64)\.|\[?::1)/.test(host);
const startCluster = 'start the cluster: minikube start (or Docker Desktop, kind, k3s)';

/** First cause before consequences: in the order in which they are looked for. */
const rules: readonly Rule[] = [
  {
    pattern: /must be logged in|\bunauthorized\b/i,
    kind: 'needs-you',
    cause: 'kube-unauthorized',
    confidence: 0.95,
    cost: 1,
    subject: (_, {context}) => context,
    remedy: (_, about) => `log in again, then check: ${kubectl(about)} auth whoami`,
  },
  {
    pattern: /getting credentials: exec: (?:executable )?"?([^\s":]+)/i,
    kind: 'needs-you',
    cause: 'kube-login',
    confidence: 0.9,
    cost: 0,
    subject: ([, plugin = null]) => plugin,
    remedy: ([, plugin], about) => `see what ${plugin ?? 'the login plugin'} says: ${kubectl(about)} get pods`,
  },
  {
    pattern: /cannot (\w+) resource "([^"]+)"/i,
    kind: 'needs-you',
    cause: 'kube-forbidden',
    confidence: 0.95,
    cost: 2,
    subject: ([, verb = '', resource = '']) => `${verb} ${resource}`,
    remedy: ([, verb = '', resource = ''], about) =>
      `get the right ${verb} ${resource}${about.namespace === null ? '' : ` in namespace ${about.namespace}`}; check: ${kubectl(about)} auth can-i ${verb} ${resource}`,
  },
  {
    pattern: /\bforbidden\b/i,
    kind: 'needs-you',
    cause: 'kube-forbidden',
    confidence: 0.9,
    cost: 2,
    remedy: (_, about) => `check: ${kubectl(about)} auth can-i create pods/portforward`,
  },
  {
    pattern: /\(NotFound\): (\S+) "([^"]+)" not found|\(NotFound\)/i,
    kind: 'needs-you',
    cause: 'kube-not-found',
    confidence: 0.95,
    cost: 1,
    subject: ([, kind, name], {target}) =>
      kind === undefined || name === undefined ? target : `${kind.replace(/s$/, '')}/${name}`,
    remedy: ([, kind = 'services'], about) => `see what is there: ${kubectl(about)} get ${kind}`,
  },
  {
    pattern: /without a selector/i,
    kind: 'needs-you',
    cause: 'service-without-selector',
    confidence: 0.95,
    cost: 1,
    subject: (_, {target}) => target,
    remedy: (_, about) => `name a pod or a deployment as target: ${kubectl(about)} get pods,deploy`,
  },
  {
    pattern: /does not have a service port (\S+)|does not have a named port '?([^'\s]+)/i,
    kind: 'needs-you',
    cause: 'no-such-port',
    confidence: 0.95,
    cost: 3,
    subject: ([, number, name], {remotePort}) => `port ${number ?? name ?? String(remotePort)}`,
    remedy: (_, about) =>
      `correct remotePort of ${about.forward}; the ports are shown by: ${kubectl(about)} get ${about.target}`,
  },
  {
    pattern: /context "?([^"\s]+)"? does not exist|no context exists with the name:? "?([^"\s]+)/i,
    kind: 'needs-you',
    cause: 'kube-context-unknown',
    confidence: 0.95,
    cost: 0,
    subject: ([, first, second]) => first ?? second ?? null,
    remedy: () => 'see the contexts there are: kubectl config get-contexts',
  },
  {
    pattern: /error loading config file|invalid configuration/i,
    kind: 'needs-you',
    cause: 'kubeconfig-invalid',
    confidence: 0.95,
    cost: 0,
    remedy: () => 'correct the kubeconfig; kubectl config view says where it fails',
  },
  {
    pattern: /x509|certificate/i,
    kind: 'needs-you',
    cause: 'kube-certificate',
    confidence: 0.9,
    cost: 0,
    subject: (_, {context}) => context,
    remedy: () =>
      'renew the certificate, or fetch the kubeconfig of the cluster again; check the clock of this machine',
  },
  {
    pattern: /unable to listen on port|unable to listen on any|address already in use/i,
    kind: 'port',
    cause: 'local-port-taken',
    confidence: 0.95,
    cost: 4,
    subject: (_, {localPort}) => (localPort === null ? null : `port ${localPort}`),
    remedy: (_, {localPort}) => (localPort === null ? null : `see who has it: erp ports ${localPort}`),
  },
  {
    pattern: /connection to the server (\S+) was refused/i,
    kind: 'network',
    cause: 'api-refused',
    confidence: 0.95,
    cost: 0,
    subject: ([, server = null]) => server,
    remedy: ([, server = '']) => (isNear(server) ? startCluster : `see whether the API server runs on ${server}`),
  },
  {
    pattern: /lookup (\S+?):? .*no such host|no such host/i,
    kind: 'network',
    cause: 'api-name-unknown',
    confidence: 0.9,
    cost: 0,
    subject: ([, host = null]) => host,
    remedy: () => 'VPN off, or another DNS server',
  },
  {
    pattern: /network is unreachable|no route to host|host is down/i,
    kind: 'network',
    cause: 'api-unreachable',
    confidence: 0.9,
    cost: 0,
  },
  {
    pattern: /i\/o timeout|TLS handshake timeout|context deadline exceeded|Client\.Timeout/i,
    kind: 'network',
    cause: 'api-timeout',
    confidence: 0.9,
    cost: 0,
  },
  {
    pattern: /error dialing backend/i,
    kind: 'other',
    cause: 'kubelet-unreachable',
    confidence: 0.9,
    cost: 4,
    subject: (_, {target}) => target,
    remedy: (_, about) => `see the nodes: ${kubectl(about)} get nodes`,
  },
  {
    pattern: /timed out waiting for the condition/i,
    kind: 'pods',
    cause: 'no-pods',
    confidence: 0.9,
    cost: 3,
    subject: (_, {target}) => target,
    remedy: (_, about) => `see why there is no pod: ${kubectl(about)} describe ${about.target}`,
  },
  {
    pattern: /pod is not running. Current status=(\w+)/i,
    kind: 'pods',
    cause: 'pod-pending',
    confidence: 0.95,
    cost: 3,
    subject: ([, status = null]) => status,
    remedy: (_, about) => `see what it waits for: ${kubectl(about)} get pods`,
  },
  {
    pattern: /failed to find sandbox|container not running|No such container/i,
    kind: 'lost',
    cause: 'pod-gone',
    confidence: 0.95,
    cost: 4,
    subject: (_, {target}) => target,
  },
  {
    pattern: /an error occurred forwarding.*connection refused/i,
    kind: 'remote-refused',
    cause: 'remote-port-closed',
    confidence: 0.95,
    cost: 4,
    subject: (_, {remotePort}) => (remotePort === null ? null : `remote port ${remotePort}`),
    remedy: (_, about) =>
      `see whether the app runs and listens there: ${kubectl(about)} logs ${about.target} --tail 50`,
  },
  {
    pattern: /an error occurred forwarding.*(connection reset by peer|broken pipe)/i,
    kind: 'lost',
    cause: 'connection-reset',
    confidence: 0.9,
    cost: 4,
    subject: (_, {target}) => target,
  },
  {
    pattern: /error creating (error|forwarding) stream|timeout occurr?ed/i,
    kind: 'half-dead',
    cause: 'no-answer',
    confidence: 0.9,
    cost: 4,
  },
  {
    pattern: /lost connection to pod/i,
    kind: 'lost',
    cause: 'connection-lost',
    confidence: 0.9,
    cost: 4,
    subject: (_, {target}) => target,
  },
];

/** Why kubectl has ended, from what it said last. */
export function kubectlFailure(
  lines: readonly string[],
  exit: {readonly code: number | null; readonly signal: string | null},
  about: ForwardAbout,
): ForwardFailure {
  const said = lines.filter((line) => !/^(Handling connection for|Forwarding from)/.test(line)).slice(-10);
  for (const rule of rules) {
    const line = said.findLast((each) => rule.pattern.test(each));
    const match = line === undefined ? null : rule.pattern.exec(line);
    if (line === undefined || match === null) continue;
    return {
      kind: rule.kind,
      diagnosis: {
        cause: rule.cause,
        confidence: rule.confidence,
        subject: rule.subject?.(match, about) ?? null,
        evidence: [`kubectl: ${quoted(line)}`],
        remedy: rule.remedy?.(match, about) ?? null,
      },
    };
  }
  const last = said.at(-1);
  if (exit.signal !== null && last === undefined)
    return ended('killed-by-signal', exit.signal, `kubectl was ended by ${exit.signal}`);
  if (exit.code === 0 || exit.code === null) return ended('kubectl-ended', null, 'kubectl has ended without a word');
  return {
    kind: 'other',
    diagnosis: {
      cause: 'kubectl-failed',
      confidence: 0.6,
      subject: `code ${exit.code}`,
      evidence: [
        last === undefined ? `kubectl ended with code ${exit.code} and said nothing` : `kubectl: ${quoted(last)}`,
      ],
      remedy: `try it by hand: ${kubectl(about)} port-forward ${about.target} ${about.localPort ?? ''}:${about.remotePort ?? ''}`,
    },
  };
}

/** Requests that a start with this outcome has cost; null: it went well. */
export function apiCost(failure: ForwardFailure | null): number {
  return rules.find(({cause}) => cause === failure?.diagnosis.cause)?.cost ?? 4;
}

const ended = (cause: string, subject: string | null, evidence: string): ForwardFailure => ({
  kind: 'lost',
  diagnosis: {cause, confidence: 0.9, subject, evidence: [evidence], remedy: null},
});

/** Without klog's prefix and what is wrapped around the words. */
function quoted(line: string): string {
  const bare = plain(line)
    .replace(/^[EWIF]\d{4} [\d:.]+\s+\d+ [\w.-]+:\d+\] /, '')
    .replace(/^"(Unhandled Error|An error occurred forwarding)" (logger="[^"]*" )?err="(.*?)"?$/, '$3')
    .replaceAll('\\"', '"')
    .replace(/^error: /, '');
  return bare.length > 200 ? `${bare.slice(0, 199)}…` : bare;
}
