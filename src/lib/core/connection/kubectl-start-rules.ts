import {
  type ForwardAbout,
  first,
  kubectl,
  type KubectlRule,
  ofContext,
  ofTarget,
  refusedUpgrade,
} from './kubectl-rule.js';

/** The program that a kubeconfig names to get a token. What it says itself may look like any other error. */
export const login: readonly KubectlRule[] = [
  {
    pattern: /getting credentials: exec: (?:executable |fork\/exec )?"?(?:\S*[\\/])?([^\s":\\/]+)"?:? (not found|.*)/i,
    kind: 'needs-you',
    cause: 'kube-login',
    confidence: 0.9,
    cost: 0,
    subject: first,
    remedy: ([, plugin, problem], about) =>
      /^(not found|.*not found in)/.test(problem ?? '')
        ? `install ${plugin}, with which the kubeconfig logs in, or put its folder on the PATH`
        : `log in with ${plugin} again, then check: ${kubectl(about, 'get pods')}`,
  },
  {
    pattern: /getting credentials:|exec plugin: |auth plugin has been removed|no Auth Provider found/i,
    kind: 'needs-you',
    cause: 'kube-login',
    confidence: 0.9,
    cost: 0,
    subject: ofContext,
    remedy: (_, about) => `see how the kubeconfig logs in: ${kubectl(about, 'config view --minify')}`,
  },
];

export const ofTheKubeconfig: readonly KubectlRule[] = [
  {
    pattern:
      /context was not found for specified context: (\S+)|context "([^"]+)" does not exist|no context exists with the name:? "([^"]+)"/i,
    kind: 'needs-you',
    cause: 'kube-context-unknown',
    confidence: 0.95,
    cost: 0,
    subject: ([, one, two, three]) => one ?? two ?? three ?? null,
    remedy: () => 'see the contexts there are: kubectl config get-contexts',
  },
  {
    pattern: /loading config file "([^"]+)".*(permission denied|access is denied)/i,
    kind: 'needs-you',
    cause: 'kubeconfig-unreadable',
    confidence: 0.95,
    cost: 0,
    subject: first,
    remedy: ([, path]) => `give this user the right to read ${path}, or name another file in KUBECONFIG`,
  },
  {
    pattern: /loading config file "([^"]+)"|invalid configuration|unable to read (?:client|certificate)\S* (\S+)/i,
    kind: 'needs-you',
    cause: 'kubeconfig-invalid',
    confidence: 0.95,
    cost: 0,
    subject: ([, config, part]) => config ?? part ?? null,
    remedy: () => 'correct the kubeconfig; kubectl config view says where it fails',
  },
  {
    pattern: /x509:|tls: .*certificate/i,
    kind: 'needs-you',
    cause: 'kube-certificate',
    confidence: 0.9,
    cost: 0,
    subject: ofContext,
    remedy: () =>
      'renew the certificate, or fetch the kubeconfig of the cluster again; check the clock of this machine',
  },
];

export const rights: readonly KubectlRule[] = [
  {
    // It asks for every request of discovery, as that is never answered and so never remembered.
    pattern: /server has asked for the client to provide credentials/i,
    kind: 'needs-you',
    cause: 'kube-unauthorized',
    confidence: 0.95,
    cost: 4,
    subject: ofContext,
    remedy: (_, about) => `log in again, then check: ${kubectl(about, 'auth whoami')}`,
  },
  {
    pattern: /must be logged in|\bunauthorized\b/i,
    kind: 'needs-you',
    cause: 'kube-unauthorized',
    confidence: 0.95,
    cost: 1,
    subject: ofContext,
    remedy: (_, about) => `log in again, then check: ${kubectl(about, 'auth whoami')}`,
  },
  {
    pattern: /cannot (\w+) resource "(pods\/portforward)"(?:.*in the namespace "([^"]+)")?/i,
    kind: 'needs-you',
    cause: 'kube-forbidden',
    confidence: 0.95,
    cost: refusedUpgrade,
    subject: ([, verb, resource]) => `${verb} ${resource}`,
    remedy: askForRight,
  },
  {
    pattern: /cannot (\w+) resource "([^"]+)"(?:.*in the namespace "([^"]+)")?/i,
    kind: 'needs-you',
    cause: 'kube-forbidden',
    confidence: 0.95,
    cost: 1,
    subject: ([, verb, resource]) => `${verb} ${resource}`,
    remedy: askForRight,
  },
  {
    pattern: /\(forbidden\)|\bis forbidden\b|: forbidden\b/i,
    kind: 'needs-you',
    cause: 'kube-forbidden',
    confidence: 0.9,
    cost: 4,
    subject: () => 'create pods/portforward',
    remedy: (_, about) => `check: ${kubectl(about, 'auth can-i create pods/portforward')}`,
  },
];

function askForRight([, verb, resource, seen]: RegExpExecArray, about: ForwardAbout): string {
  const namespace = about.namespace ?? seen ?? null;
  const where = namespace === null ? '' : ` in namespace ${namespace}`;
  return `get the right to ${verb} ${resource}${where}; check: ${kubectl({...about, namespace}, `auth can-i ${verb} ${resource}`)}`;
}

export const ofTheTarget: readonly KubectlRule[] = [
  {
    pattern: /\(NotFound\): namespaces "([^"]+)" not found/i,
    kind: 'needs-you',
    cause: 'kube-not-found',
    confidence: 0.95,
    cost: 2,
    subject: ([, name]) => `namespace/${name}`,
    remedy: (_, about) => `correct the namespace; there are: ${kubectl({...about, namespace: null}, 'get namespaces')}`,
  },
  {
    pattern: /\(NotFound\): ([a-z]+)\S* "([^"]+)" not found/i,
    kind: 'needs-you',
    cause: 'kube-not-found',
    confidence: 0.95,
    cost: 2,
    subject: ([, kind = '', name]) => `${kind.replace(/s$/, '')}/${name}`,
    remedy: ([, kind], about) =>
      `see what is there: ${kubectl(about, `get ${kind}`)}; elsewhere: ${kubectl({...about, namespace: null}, `get ${kind} -A`)}`,
  },
  {
    pattern: /doesn't have a resource type "([^"]+)"/i,
    kind: 'needs-you',
    cause: 'kube-not-found',
    confidence: 0.95,
    cost: 5,
    subject: first,
    remedy: (_, {forward}) => `correct the target of ${forward}: svc/NAME, pod/NAME, deploy/NAME or statefulset/NAME`,
  },
  {
    pattern: /\(NotFound\)/i,
    kind: 'needs-you',
    cause: 'kube-not-found',
    confidence: 0.9,
    cost: 2,
    subject: ofTarget,
    remedy: (_, about) => `see what is there: ${kubectl(about, 'get services,pods')}`,
  },
  {
    pattern: /without a selector/i,
    kind: 'needs-you',
    cause: 'service-without-selector',
    confidence: 0.95,
    cost: 1,
    subject: ofTarget,
    remedy: (_, about) => `name a pod or a deployment as target: ${kubectl(about, 'get pods,deploy')}`,
  },
  {
    pattern: /cannot attach to \*?([\w.]+)/i,
    kind: 'needs-you',
    cause: 'target-without-pods',
    confidence: 0.9,
    cost: 2,
    subject: ofTarget,
    remedy: (_, about) =>
      `name a service, a pod or a deployment as target: ${kubectl(about, 'get services,pods,deploy')}`,
  },
  {
    pattern: /does not have a (?:service|named) port '?([^'\s]+)/i,
    kind: 'needs-you',
    cause: 'no-such-port',
    confidence: 0.95,
    cost: 2,
    subject: ([, port]) => `port ${port}`,
    remedy: (_, about) =>
      `correct remotePort of ${about.forward}; the ports are shown by: ${kubectl(about, `describe ${about.target}`)}`,
  },
  {
    pattern: /timed out waiting for the condition/i,
    kind: 'pods',
    cause: 'no-pods',
    confidence: 0.9,
    cost: 3,
    subject: ofTarget,
    remedy: (_, about) => `see why there is no pod: ${kubectl(about, `describe ${about.target}`)}`,
  },
  {
    pattern: /pod is not running. Current status=(\w+)/i,
    kind: 'pods',
    cause: 'pod-pending',
    confidence: 0.95,
    cost: 3,
    subject: first,
    remedy: (_, about) => `see what it waits for: ${kubectl(about, 'get pods')}`,
  },
];
