import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {kubectlWords} from '../../../src/lib/core/connection/klog.js';
import {
  apiCost,
  type ForwardAbout,
  kubectlFailure,
  readKubectlLine,
} from '../../../src/lib/core/connection/kubectl-output.js';

const about: ForwardAbout = {
  forward: 'api',
  context: 'prod',
  namespace: 'shop',
  target: 'svc/api',
  remotePort: 3000,
  localPort: 8080,
};
const one = {code: 1, signal: null};
const why = (...lines: string[]) => kubectlFailure(lines, one, about);

describe('a line of a running kubectl', () => {
  it.each([
    ['Forwarding from 127.0.0.1:8080 -> 3000', {tag: 'listening', address: '127.0.0.1', port: 8080}],
    ['Forwarding from [::1]:8080 -> 3000', {tag: 'listening', address: '::1', port: 8080}],
    ['Forwarding from 10.0.0.7:80 -> http', {tag: 'listening', address: '10.0.0.7', port: 80}],
    ['Handling connection for 8080', {tag: 'nothing'}],
    ['error copying from remote stream to local connection: broken pipe', {tag: 'nothing'}],
    ['', {tag: 'nothing'}],
    [
      'E1122 15:19:01.119374    3661 portforward.go:351] error creating error stream for port 29226 -> 3000: Timeout occurred',
      {tag: 'half-dead', text: 'error creating error stream for port 29226 -> 3000: Timeout occurred'},
    ],
    [
      'E1122 15:19:01.119374    3661 portforward.go:351] "Unhandled Error" err="error creating forwarding stream for port 1 -> 2: Timeout occured" logger="UnhandledError"',
      {tag: 'half-dead', text: 'error creating forwarding stream for port 1 -> 2: Timeout occured'},
    ],
  ])('%s', (line, meaning) => {
    expect(readKubectlLine(line)).toEqual(meaning);
  });
});

describe('words of kubectl', () => {
  it.each([
    ['E1122 15:19:01.119374 3661 portforward.go:413] an error "x" occurred', 'an error "x" occurred'],
    [
      'E1122 15:19:01.036691    3680 a.go:4] "Unhandled Error" err="it said \\"no\\"\\n to C:\\\\x"',
      'it said "no"  to C:\\x',
    ],
    [
      'E1122 15:19:01.036691 3680 a.go:4] "Unhandled Error" logger="UnhandledError" err="an error occurred forwarding 1 -> 2"',
      'an error occurred forwarding 1 -> 2',
    ],
    [
      'E1122 15:19:01.036691 3680 portforward.go:424] "An error occurred forwarding" err="error forwarding port 3000" localPort=1 remotePort=3000',
      'An error occurred forwarding: error forwarding port 3000',
    ],
    ['I1122 15:19:01.036691 3680 a.go:4] "Something" a=1', 'Something'],
    ['\u001b[31merror: no\u0007\u001b[0m', 'error: no'],
    ['"Unhandled Error" err="x"', '"Unhandled Error" err="x"'],
  ])('of %j', (line, words) => {
    expect(kubectlWords(line)).toBe(words);
  });
});

describe('why kubectl has ended', () => {
  const sandbox = '5'.repeat(64);
  const lost = 'error: lost connection to pod';
  const framed = (text: string) => [
    `E1122 15:19:01.119374    3661 portforward.go:413] an error occurred forwarding 8080 -> 3000: ${text}`,
    `E1122 15:19:01.119374    3661 portforward.go:424] "Unhandled Error" err=${JSON.stringify(`an error occurred forwarding 8080 -> 3000: ${text}`)}`,
    `E1122 15:19:01.119374    3661 portforward.go:424] "An error occurred forwarding" err=${JSON.stringify(text)} localPort=8080 remotePort=3000`,
  ];

  it.each([
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : failed to find sandbox "${sandbox}" in store: not found`,
      'lost',
      'pod-gone',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : sandbox container "${sandbox}" is not running`,
      'lost',
      'pod-gone',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : network namespace for sandbox "${sandbox}" is closed`,
      'lost',
      'pod-gone',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : container not running (${sandbox})`,
      'remote-refused',
      'container-restarting',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : failed to execute portforward in network namespace "/var/run/netns/cni-1": failed to connect to localhost:3000 inside namespace "${sandbox}", IPv4: dial tcp4 127.0.0.1:3000: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address `,
      'remote-refused',
      'remote-port-closed',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : exit status 1: 2026/11/22 15:19:01 socat[3661] E connect(5, AF=2 127.0.0.1:3000, 16): Connection refused`,
      'remote-refused',
      'remote-port-closed',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : readfrom tcp4: read: connection reset by peer`,
      'lost',
      'connection-reset',
    ],
    [
      `error forwarding port 3000 to pod ${sandbox}, uid : unable to do port forwarding: socat not found`,
      'needs-you',
      'node-without-socat',
    ],
    [`error forwarding port 3000 to pod ${sandbox}, uid : dial tcp4: i/o timeout`, 'lost', 'connection-lost'],
  ])('%s', (text, kind, cause) => {
    for (const line of framed(text)) {
      // What came back over the connection explains its end, not the other way round.
      const failure = why('Handling connection for 8080', line, lost);
      expect([failure.kind, failure.diagnosis.cause]).toEqual([kind, cause]);
      expect(failure.diagnosis.evidence[0]).toMatch(/^kubectl: an error occurred forwarding/i);
      expect(failure.diagnosis.evidence[0]).not.toContain(sandbox);
    }
  });

  it.each([
    [
      'error: error upgrading connection: error dialing backend: dial tcp 10.0.0.5:10250: i/o timeout',
      'other',
      'kubelet-unreachable',
    ],
    [
      'error: error upgrading connection: error dialing backend: x509: certificate has expired',
      'other',
      'kubelet-unreachable',
    ],
    [
      'error: error upgrading connection: unable to upgrade connection: pod not found ("web-0_shop")',
      'lost',
      'pod-gone',
    ],
    ['error: error upgrading connection: something new', 'other', 'upgrade-refused'],
    [
      'Unable to listen on port 80: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:80: bind: An attempt was made to access a socket in a way forbidden by its access permissions.]',
      'port',
      'local-port-denied',
    ],
    [
      'Unable to listen on port 80: Listeners failed to create with the following errors: [unable to create listener: Error listen tcp4 127.0.0.1:80: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.]',
      'port',
      'local-port-taken',
    ],
    ['Unable to connect to the server: dial tcp 10.8.0.1:6443: i/o timeout', 'network', 'api-timeout'],
    [
      'Unable to connect to the server: dial tcp 10.8.0.1:6443: connect: network is unreachable',
      'network',
      'api-unreachable',
    ],
    [
      'Unable to connect to the server: dial tcp 10.8.0.1:6443: connect: no route to host',
      'network',
      'api-unreachable',
    ],
    [
      'Unable to connect to the server: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
      'network',
      'api-timeout',
    ],
    [
      'Unable to connect to the server: dial tcp 10.8.0.1:6443: connectex: No connection could be made because the target machine actively refused it.',
      'network',
      'api-refused',
    ],
    [
      'Unable to connect to the server: dial tcp 10.8.0.1:6443: connectex: A connection attempt failed because the connected party did not properly respond after a period of time',
      'network',
      'api-timeout',
    ],
    [
      'Unable to connect to the server: dial tcp 10.8.0.1:6443: connectex: A socket operation was attempted to an unreachable network.',
      'network',
      'api-unreachable',
    ],
    [
      'Unable to connect to the server: dial tcp: lookup api.corp: Temporary failure in name resolution',
      'network',
      'api-name-unknown',
    ],
    ['Unable to connect to the server: EOF', 'network', 'api-closed'],
    [
      'Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2026-11-22T15:19:01Z is after 2026-01-01T00:00:00Z',
      'needs-you',
      'kube-certificate',
    ],
    ['error: no context exists with the name: "nope"', 'needs-you', 'kube-context-unknown'],
    ['error: exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"', 'needs-you', 'kube-login'],
    [
      'Error from server (ServiceUnavailable): the server is currently unable to handle the request',
      'other',
      'api-failing',
    ],
    ['Error from server: etcdserver: leader changed', 'other', 'api-failing'],
    ['Error from server (NotFound): services "certificate-forbidden" not found', 'needs-you', 'kube-not-found'],
    [
      'error: cannot attach to *v1.Ingress: selector for *v1.Ingress not implemented',
      'needs-you',
      'target-without-pods',
    ],
    ['ERROR: LOST CONNECTION TO POD', 'lost', 'connection-lost'],
  ])('%s', (line, kind, cause) => {
    const failure = why(line);
    expect([failure.kind, failure.diagnosis.cause]).toEqual([kind, cause]);
  });

  it('is that nothing came through, where it gave up after a long time', () => {
    const failure = why(
      'E1122 15:19:01.119374    3661 portforward.go:351] error creating error stream for port 29226 -> 3000: Timeout occurred',
      lost,
    );
    expect([failure.kind, failure.diagnosis.cause]).toEqual(['half-dead', 'no-answer']);
  });

  it('is the signal that ended it, whatever it had said before', () => {
    const said = [
      'E1122 15:19:01.119374 3661 portforward.go:351] error creating error stream for port 1 -> 2: Timeout occurred',
    ];
    expect(kubectlFailure(said, {code: null, signal: 'SIGKILL'}, about)).toMatchObject({
      kind: 'lost',
      diagnosis: {cause: 'killed-by-signal', subject: 'SIGKILL'},
    });
    expect(kubectlFailure([], {code: 137, signal: null}, about).diagnosis.subject).toBe('signal 9');
  });

  it('is quoted when it is not known, and the way to try it is named', () => {
    const failure = kubectlFailure(
      ['first', '\u001b[31mpanic: runtime error\u001b[0m', '  '],
      {code: 2, signal: null},
      about,
    );
    expect(failure).toEqual({
      kind: 'other',
      diagnosis: {
        cause: 'kubectl-failed',
        confidence: 0.6,
        subject: 'code 2',
        evidence: ['kubectl: panic: runtime error'],
        remedy: 'try it by hand: kubectl --context prod -n shop port-forward svc/api 8080:3000',
      },
    });
    expect(kubectlFailure([], {code: 3, signal: null}, about).diagnosis.evidence).toEqual([
      'kubectl ended with code 3 and said nothing',
    ]);
    expect(kubectlFailure([], {code: null, signal: null}, about).diagnosis.cause).toBe('kubectl-ended');
  });

  it('leads to commands that can be pasted', () => {
    const remedy = (line: string, what: Partial<ForwardAbout> = {}) =>
      kubectlFailure([line], one, {...about, ...what}).diagnosis.remedy;
    const forbidden =
      'error: error upgrading connection: pods "x" is forbidden: User "dev" cannot create resource "pods/portforward" in API group "" in the namespace "billing"';
    expect(remedy(forbidden)).toBe(
      'get the right to create pods/portforward in namespace shop; check: kubectl --context prod -n shop auth can-i create pods/portforward',
    );
    expect(remedy(forbidden, {context: null, namespace: null})).toBe(
      'get the right to create pods/portforward in namespace billing; check: kubectl -n billing auth can-i create pods/portforward',
    );
    expect(remedy('Error from server (NotFound): services "x" not found')).toBe(
      'see what is there: kubectl --context prod -n shop get services; elsewhere: kubectl --context prod get services -A',
    );
    const refused = (server: string) =>
      `The connection to the server ${server} was refused - did you specify the right host or port?`;
    expect(remedy(refused('192.168.49.2:8443'), {context: 'minikube'})).toBe('minikube start');
    expect(remedy(refused('127.0.0.1:32771'), {context: 'minikube-two'})).toBe('minikube start -p minikube-two');
    expect(remedy(refused('kubernetes.docker.internal:6443'), {context: 'docker-desktop'})).toBe(
      'start Docker Desktop',
    );
    expect(remedy(refused('127.0.0.1:6443'), {context: 'kind-dev'})).toBe('docker start dev-control-plane');
    expect(remedy(refused('0.0.0.0:6443'), {context: 'k3d-dev'})).toBe('k3d cluster start dev');
    expect(remedy(refused('[::1]:6443'), {context: null})).toContain('minikube start');
    expect(remedy(refused('10.8.0.1:6443'))).toBe('see whether the API server runs on 10.8.0.1:6443');
    expect(remedy(refused('localhost:8080'), {context: null})).toContain('KUBECONFIG');
    expect(remedy('Unable to listen on port 8080: … address already in use')).toBe('see who has it: erp ports 8080');
    expect(remedy('Unable to connect to the server: getting credentials: exec: executable aws not found')).toBe(
      'install aws, with which the kubeconfig logs in, or put its folder on the PATH',
    );
  });

  it('is said with what the program for the login said before it', () => {
    const {diagnosis} = why(
      'Error loading SSO Token: Unauthorized',
      'Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255',
    );
    expect(diagnosis).toMatchObject({cause: 'kube-login', subject: 'aws'});
    expect(diagnosis.evidence[1]).toContain('Error loading SSO Token');
  });

  it('is told without passwords and tokens', () => {
    expect(
      why('Unable to connect to the server: Get "https://dev:hunter22@10.8.0.1:6443/api": EOF').diagnosis.evidence,
    ).toEqual(['kubectl: Unable to connect to the server: Get "https://***@10.8.0.1:6443/api": EOF']);
    expect(why('Authorization: Bearer abcdefghijklmnop').diagnosis.evidence[0]).not.toContain('abcdefghijk');
    // A file that holds one is no secret, and what has to be looked at.
    expect(why('error: unable to read client-key /home/dev/dev.key for dev').diagnosis.evidence[0]).toContain(
      'dev.key',
    );
    expect(why('error: bad token=abcdefghijk').diagnosis.evidence[0]).not.toContain('abcdefghijk');
  });

  it('is told of any output, in few printable words', () => {
    const text = fc.oneof(
      fc.string({unit: 'binary', maxLength: 400}),
      fc.constantFrom(lost, 'Handling connection for 1'),
    );
    fc.assert(
      fc.property(fc.array(text, {maxLength: 30}), fc.constantFrom(0, 1, 127, 143, null), (lines, code) => {
        const {diagnosis} = kubectlFailure(lines, {code, signal: null}, about);
        expect(diagnosis.evidence.length).toBeGreaterThan(0);
        for (const line of diagnosis.evidence) {
          expect(line.length).toBeLessThanOrEqual(210);
          // biome-ignore lint: control characters are what must not be there
          expect(line).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        }
      }),
    );
  });
});

describe('what a start has cost the API server', () => {
  it.each([
    ['a whole start', null, 4],
    [
      'no kubectl',
      {
        kind: 'tool-missing',
        diagnosis: {cause: 'kubectl-missing', confidence: 1, subject: null, evidence: [], remedy: null},
      },
      0,
    ],
    ['a network that is away', why('Unable to connect to the server: dial tcp 10.8.0.1:6443: i/o timeout'), 0],
    ['words that nobody knows', why('what?'), 4],
  ] as const)('%s', (_, failure, cost) => {
    expect(apiCost(failure)).toBe(cost);
  });
});
