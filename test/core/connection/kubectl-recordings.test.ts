import {readFileSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import {
  apiCost,
  type ForwardAbout,
  kubectlFailure,
  readKubectlLine,
} from '../../../src/lib/core/connection/kubectl-output.js';

const versions = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];

interface Recording {
  readonly about: Pick<ForwardAbout, 'namespace' | 'target' | 'remotePort' | 'localPort'>;
  readonly exit: {readonly code: number | null; readonly signal: string | null};
  /** That the API server has seen. */
  readonly requests: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

const recorded: Readonly<Record<string, Readonly<Record<string, Recording>>>> = Object.fromEntries(
  versions.map((version) => [version, JSON.parse(readFileSync(`test/fixtures/kubectl/${version}.json`, 'utf8'))]),
);

/** Kind, cause and subject of what the recordings show. */
const meanings: Readonly<Record<string, readonly [kind: string, cause: string, subject?: string | RegExp | null]>> = {
  healthy: ['lost', 'kubectl-ended', null],
  'healthy, nothing cached': ['lost', 'kubectl-ended', null],
  terminated: ['lost', 'killed-by-signal', 'SIGTERM'],
  'pod-deleted': ['lost', 'pod-gone', 'svc/api'],
  'pod-deleted-fin': ['lost', 'connection-lost', 'svc/api'],
  'port-closed': ['remote-refused', 'remote-port-closed', 'remote port 3000'],
  'api-restarted': ['lost', 'connection-lost'],
  'kubeconfig-unreadable': ['needs-you', 'kubeconfig-unreadable', '/home/dev/.kube/kc.yaml'],
  'api-down': ['network', 'api-refused', /^127\.0\.0\.1:\d+$/],
  '401': ['needs-you', 'kube-unauthorized', 'prod'],
  '401, nothing cached': ['needs-you', 'kube-unauthorized', 'prod'],
  '403': ['needs-you', 'kube-forbidden', 'get services'],
  '403, nothing cached': ['needs-you', 'kube-forbidden', 'get services'],
  '403-portforward': ['needs-you', 'kube-forbidden', 'create pods/portforward'],
  kubelet: ['other', 'kubelet-unreachable', 'svc/api'],
  'no-pods': ['pods', 'no-pods', 'svc/empty'],
  'no-selector': ['needs-you', 'service-without-selector', 'svc/noselector'],
  'no-service': ['needs-you', 'kube-not-found', 'service/nothing'],
  'no-pod': ['needs-you', 'kube-not-found', 'pod/nothing'],
  'no-deploy': ['needs-you', 'kube-not-found', 'deployment/nothing'],
  'no-namespace': ['needs-you', 'kube-not-found', 'namespace/nowhere'],
  'no-type': ['needs-you', 'kube-not-found', 'svcc'],
  'no-port': ['needs-you', 'no-such-port', 'port 1234'],
  'no-named-port': ['needs-you', 'no-such-port', 'port https'],
  'no-named-port-pod': ['needs-you', 'no-such-port', 'port https'],
  'pod-pending': ['pods', 'pod-pending', 'Pending'],
  'port-taken': ['port', 'local-port-taken', /^port \d+$/],
  'port-denied': ['port', 'local-port-denied', 'port 1'],
  'address-unknown': ['port', 'local-address-unknown'],
  'context-unknown': ['needs-you', 'kube-context-unknown', 'nope'],
  'kubeconfig-bad': ['needs-you', 'kubeconfig-invalid', '/home/dev/.kube/bad.yaml'],
  'kubeconfig-missing': ['network', 'api-refused', 'localhost:8080'],
  'kubeconfig-file-missing': ['needs-you', 'kubeconfig-invalid', '/home/dev/.kube/ca.crt'],
  'no-ca': ['needs-you', 'kube-certificate', 'prod'],
  'name-unknown': ['network', 'api-name-unknown', 'api.nowhere.invalid'],
  'plugin-fails': ['needs-you', 'kube-login', 'get-token'],
  'plugin-missing': ['needs-you', 'kube-login', 'aws-iam-nothing'],
  'half-dead': ['lost', 'killed-by-signal', 'SIGKILL'],
  'tls-silent': ['network', 'api-timeout'],
};

const about: ForwardAbout = {
  forward: 'api',
  context: 'prod',
  namespace: 'shop',
  target: 'svc/api',
  remotePort: 3000,
  localPort: 8080,
};

describe.each(versions)('what kubectl %s said', (version) => {
  const faults = recorded[version] ?? {};
  const failureOf = ({about: what, exit, stdout, stderr}: Recording) =>
    kubectlFailure([...stdout, ...stderr], exit, {...about, ...what});

  it.each(Object.keys(faults))('%s', (fault) => {
    const recording = faults[fault] as Recording;
    const {kind, diagnosis} = failureOf(recording);
    const [expectedKind, cause, subject] = meanings[fault] ?? [];
    expect([kind, diagnosis.cause]).toEqual([expectedKind, cause]);
    if (subject instanceof RegExp) expect(diagnosis.subject).toMatch(subject);
    else if (subject !== undefined) expect(diagnosis.subject).toBe(subject);
    for (const line of diagnosis.evidence) {
      expect(line.length).toBeLessThanOrEqual(210);
      expect(line).not.toMatch(/^kubectl: (error:|[EW]\d{4} )|Unhandled Error|portforward\.go|\\"/);
    }
    if (kind === 'needs-you') expect(diagnosis.remedy).not.toBeNull();
  });

  it('is known by the API server to cost what is put down for it', () => {
    for (const [fault, recording] of Object.entries(faults)) {
      // The first time only: what it has found out is remembered for hours.
      if (fault.endsWith('nothing cached') && !fault.startsWith('401')) continue;
      const cost = apiCost(fault === 'healthy' ? null : failureOf(recording));
      expect({fault, enough: cost >= recording.requests}).toEqual({fault, enough: true});
      // What was killed is taken for a whole start.
      if (recording.exit.signal === null)
        expect({fault, tooMuch: cost > recording.requests + 1}).toEqual({fault, tooMuch: false});
    }
  });

  it('is read while it runs', () => {
    const {healthy, 'half-dead': halfDead} = faults;
    expect(healthy?.stdout.map(readKubectlLine)).toEqual([
      {tag: 'listening', address: '127.0.0.1', port: healthy?.about.localPort},
      {tag: 'nothing'},
    ]);
    expect((halfDead?.stderr ?? []).map((line) => readKubectlLine(line).tag)).toEqual(
      halfDead === undefined ? [] : ['half-dead'],
    );
  });
});
