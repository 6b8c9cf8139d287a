import {type ForwardAbout, first, kubectl, type KubectlRule, ofTarget, refusedUpgrade} from './kubectl-rule.js';
import {isLocalCluster, startOfLocalCluster} from './local-cluster.js';

/** kubectl runs, and an error of one connection ends it: what came back over that connection says why. */
export const whileForwarding: readonly KubectlRule[] = [
  {
    pattern: /occurred forwarding.*(failed to find sandbox|sandbox.* (is not running|is closed)|no such container)/i,
    kind: 'lost',
    cause: 'pod-gone',
    confidence: 0.95,
    cost: 4,
    subject: ofTarget,
  },
  {
    pattern: /occurred forwarding.*(container (is )?not (created or )?running|network namespace .* no such file)/i,
    kind: 'remote-refused',
    cause: 'container-restarting',
    confidence: 0.9,
    cost: 4,
    subject: ofTarget,
    remedy: (_, about) => `see why it restarts: ${kubectl(about, `logs ${about.target} --previous --tail 50`)}`,
  },
  {
    pattern: /occurred forwarding.*connection refused/i,
    kind: 'remote-refused',
    cause: 'remote-port-closed',
    confidence: 0.95,
    cost: 4,
    subject: (_, {remotePort}) => (remotePort === null ? null : `remote port ${remotePort}`),
    remedy: (_, about) =>
      `see whether the app runs and listens there: ${kubectl(about, `logs ${about.target} --tail 50`)}`,
  },
  {
    pattern: /occurred forwarding.*(connection reset by peer|broken pipe)/i,
    kind: 'lost',
    cause: 'connection-reset',
    confidence: 0.9,
    cost: 4,
    subject: ofTarget,
  },
  {
    pattern: /socat not found/i,
    kind: 'needs-you',
    cause: 'node-without-socat',
    confidence: 0.95,
    cost: 4,
    subject: ofTarget,
    remedy: () => 'install socat on the nodes of the cluster: its container runtime forwards ports with it',
  },
  {
    pattern: /occurred forwarding/i,
    kind: 'lost',
    cause: 'connection-lost',
    confidence: 0.8,
    cost: 4,
    subject: ofTarget,
  },
];

/** The API server has passed the request on to a node. */
export const ofTheNode: readonly KubectlRule[] = [
  {
    pattern: /error dialing backend/i,
    kind: 'other',
    cause: 'kubelet-unreachable',
    confidence: 0.9,
    cost: refusedUpgrade,
    subject: ofTarget,
    remedy: (_, about) => `the API server does not reach the node of the pod; see: ${kubectl(about, 'get nodes')}`,
  },
  {
    pattern: /unable to upgrade connection: pod (not found|does not exist)/i,
    kind: 'lost',
    cause: 'pod-gone',
    confidence: 0.9,
    cost: refusedUpgrade,
    subject: ofTarget,
  },
];

export const ofTheLocalPort: readonly KubectlRule[] = [
  {
    pattern: /listen.*(permission denied|forbidden by its access permissions)/i,
    kind: 'port',
    cause: 'local-port-denied',
    confidence: 0.95,
    cost: 4,
    subject: localPort,
    remedy: () => 'choose another port: the system keeps this one back (below 1024, or reserved on Windows)',
  },
  {
    pattern: /listen.*(cannot assign requested address|address is not valid in its context)/i,
    kind: 'port',
    cause: 'local-address-unknown',
    confidence: 0.95,
    cost: 4,
    subject: localPort,
    remedy: (_, {forward}) => `correct the addresses of ${forward}: this machine has no such address`,
  },
  {
    pattern: /unable to listen on port|unable to listen on any|address already in use/i,
    kind: 'port',
    cause: 'local-port-taken',
    confidence: 0.95,
    cost: 4,
    subject: localPort,
    remedy: (_, {localPort: port}) => (port === null ? null : `see who has it: erp ports ${port}`),
  },
];

function localPort(_: RegExpExecArray, {localPort: port}: ForwardAbout): string | null {
  return port === null ? null : `port ${port}`;
}

export const ofTheNetwork: readonly KubectlRule[] = [
  {
    pattern: /connection to the server (\S+) was refused|dial tcp (\S+): connect\w*: .*refused/i,
    kind: 'network',
    cause: 'api-refused',
    confidence: 0.95,
    cost: 0,
    subject: ([, one, other]) => one ?? other ?? null,
    remedy: ([, one, other], {context}) => startServer(one ?? other ?? '', context),
  },
  {
    pattern: /lookup ([^\s:]+).*(no such host|server misbehaving|name resolution|i\/o timeout)|no such host/i,
    kind: 'network',
    cause: 'api-name-unknown',
    confidence: 0.9,
    cost: 0,
    subject: first,
    remedy: () => 'switch the VPN on, or use the DNS server that knows the name',
  },
  {
    pattern:
      /(?:dial tcp (\S+): .*)?(network is unreachable|no route to host|host is down|unreachable (network|host))/i,
    kind: 'network',
    cause: 'api-unreachable',
    confidence: 0.9,
    cost: 0,
    subject: first,
  },
  {
    pattern:
      /(?:dial tcp (\S+): .*)?(i\/o timeout|TLS handshake timeout|context deadline exceeded|Client\.Timeout|did not properly respond)/i,
    kind: 'network',
    cause: 'api-timeout',
    confidence: 0.9,
    cost: 0,
    subject: first,
  },
  {
    pattern: /(unable to connect to the server|error upgrading connection): .*(EOF|connection reset|connection lost)/i,
    kind: 'network',
    cause: 'api-closed',
    confidence: 0.8,
    cost: 4,
  },
  {
    pattern: /Error from server( \(\w+\))?:/i,
    kind: 'other',
    cause: 'api-failing',
    confidence: 0.8,
    cost: 4,
    remedy: (_, about) => `see how the cluster is: ${kubectl({...about, namespace: null}, 'get --raw /readyz')}`,
  },
];

function startServer(server: string, context: string | null): string {
  if (server === 'localhost:8080')
    return 'kubectl found no kubeconfig: set KUBECONFIG, or the key kubeconfig of the configuration';
  const host = server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isLocalCluster(host) ? startOfLocalCluster(context) : `see whether the API server runs on ${server}`;
}

export const atLast: readonly KubectlRule[] = [
  {
    pattern: /error creating (error|forwarding) stream|timeout occurr?ed/i,
    kind: 'half-dead',
    cause: 'no-answer',
    confidence: 0.9,
    cost: 4,
    subject: ofTarget,
  },
  {
    pattern: /lost connection to pod/i,
    kind: 'lost',
    cause: 'connection-lost',
    confidence: 0.9,
    cost: 4,
    subject: ofTarget,
  },
  {
    pattern: /error upgrading connection/i,
    kind: 'other',
    cause: 'upgrade-refused',
    confidence: 0.7,
    cost: refusedUpgrade,
    subject: ofTarget,
    remedy: (_, about) => `see how pod and node are: ${kubectl(about, 'get pods -o wide')}`,
  },
];
