import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {isLocalCluster} from '../../../src/lib/core/connection/local-cluster.js';
import {
  type DialMiss,
  type NetworkFacts,
  offlineDiagnosis,
  offlineNote,
  serverText,
} from '../../../src/lib/core/connection/offline-cause.js';

const remote = {context: 'prod', server: {host: '10.8.0.1', port: 6443}};
const named = {context: 'prod', server: {host: 'api.corp.example', port: 443}};
const minikube = {context: 'minikube', server: {host: '192.168.49.2', port: 8443}};

const miss = (tag: DialMiss['tag'], detail = 'x'): DialMiss => ({tag, detail});
const facts = (change: Partial<NetworkFacts> = {}): NetworkFacts => ({
  hasAddress: true,
  internet: 'there',
  name: 'literal',
  ...change,
});

describe('why an API server is out of reach', () => {
  it.each([
    [
      'no address',
      miss('unreachable', 'ENETUNREACH'),
      facts({hasAddress: false, internet: 'away'}),
      remote,
      'no-network',
    ],
    ['a portal', miss('timeout'), facts({internet: 'captive-portal'}), remote, 'captive-portal'],
    [
      'a portal that knows no names',
      miss('no-name'),
      facts({internet: 'captive-portal', name: 'unknown'}),
      named,
      'captive-portal',
    ],
    ['internet, but no cluster', miss('timeout'), facts(), remote, 'cluster-unreachable'],
    ['no route to it', miss('unreachable', 'EHOSTUNREACH'), facts(), remote, 'cluster-unreachable'],
    ['it refuses', miss('refused'), facts(), remote, 'api-refused'],
    ['it refuses, and that is all that is known', miss('refused'), null, remote, 'api-refused'],
    ['nothing answers anywhere', miss('timeout'), facts({internet: 'away'}), remote, 'internet-away'],
    ['its name is not known', miss('no-name'), facts({name: 'unknown'}), named, 'api-name-unknown'],
    ['its name is not known any more', miss('timeout'), facts({name: 'unknown'}), named, 'api-name-unknown'],
    ['no name is known', miss('no-name'), facts({internet: 'away', name: 'unknown'}), named, 'internet-away'],
    [
      'public addresses must not be asked',
      miss('timeout'),
      facts({internet: 'not-asked', name: 'not-asked'}),
      remote,
      'api-unreachable',
    ],
    ['nothing is known yet', miss('timeout'), null, remote, 'api-unreachable'],
    ['a stopped minikube that refuses', miss('refused'), facts(), minikube, 'api-refused'],
    ['a stopped minikube that is silent', miss('timeout'), facts(), minikube, 'cluster-stopped'],
    [
      'a stopped minikube and no network, which it does not need',
      miss('unreachable'),
      facts({hasAddress: false, internet: 'away'}),
      minikube,
      'cluster-stopped',
    ],
  ] as const)('%s', (_, what, seen, about, cause) => {
    const diagnosis = offlineDiagnosis(what, seen, about);
    expect(diagnosis.cause).toBe(cause);
    expect(diagnosis.subject).toBe(serverText(about.server));
  });

  it('names the command that starts a cluster of this machine', () => {
    const remedy = (context: string, host: string) =>
      offlineDiagnosis(miss('refused'), facts(), {context, server: {host, port: 6443}}).remedy;
    expect(remedy('minikube', '192.168.49.2')).toBe('minikube start');
    expect(remedy('minikube-two', '127.0.0.1')).toBe('minikube start -p minikube-two');
    expect(remedy('kind-dev', '127.0.0.1')).toBe('docker start dev-control-plane');
    expect(remedy('docker-desktop', 'kubernetes.docker.internal')).toBe('start Docker Desktop');
    expect(remedy('microk8s', '127.0.0.1')).toBe('microk8s start');
    expect(remedy('mine', 'localhost')).toContain('minikube start');
    expect(remedy('prod', '10.8.0.1')).toBe('start the API server on 10.8.0.1:6443, or correct the context prod');
  });

  it('always says what was seen and what to do', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<DialMiss['tag']>('refused', 'unreachable', 'timeout', 'no-name', 'error'),
        fc.option(
          fc.record({
            hasAddress: fc.boolean(),
            internet: fc.constantFrom<NetworkFacts['internet']>('there', 'away', 'captive-portal', 'not-asked'),
            name: fc.constantFrom<NetworkFacts['name']>('resolved', 'unknown', 'literal', 'not-asked'),
          }),
        ),
        fc.constantFrom(remote, named, minikube),
        (tag, seen, about) => {
          const diagnosis = offlineDiagnosis(miss(tag), seen, about);
          expect(diagnosis.evidence.some((line) => line.includes(serverText(about.server)))).toBe(true);
          expect(diagnosis.remedy).not.toBeNull();
          expect(offlineNote(miss(tag), seen, about, 41_000)).toMatch(/^(refuses|silent|out of reach) for 41s\. \S/);
        },
      ),
    );
  });
});

describe('the note on an outage', () => {
  it.each([
    [miss('timeout'), facts(), remote, 'silent for 41s. Internet is there: VPN?'],
    [miss('refused'), facts(), minikube, 'refuses for 41s. minikube start'],
    [miss('unreachable'), facts({hasAddress: false}), remote, 'out of reach for 41s. No network'],
    [miss('timeout'), facts({internet: 'captive-portal'}), remote, 'silent for 41s. A portal wants a login'],
    [miss('timeout'), facts({internet: 'away'}), remote, 'silent for 41s. Internet is away as well'],
    [miss('no-name'), facts({name: 'unknown'}), named, 'out of reach for 41s. Its name is not known here: VPN?'],
  ])('%#', (what, seen, about, note) => {
    expect(offlineNote(what, seen, about, 41_999)).toBe(note);
  });
});

describe('a server', () => {
  it('is written so that an address of IPv6 and its port can be told apart', () => {
    expect(serverText({host: 'fd00::1', port: 6443})).toBe('[fd00::1]:6443');
    expect(serverText({host: 'api.corp', port: 443})).toBe('api.corp:443');
  });

  it.each([
    '127.0.0.1',
    'localhost',
    '::1',
    '0.0.0.0',
    '192.168.49.2',
    '192.168.64.3',
    'kubernetes.docker.internal',
    'control-plane.minikube.internal',
  ])('%s is of this machine', (host) => {
    expect(isLocalCluster(host)).toBe(true);
  });

  it.each([
    '10.8.0.1',
    '192.168.1.20',
    'localhost.corp.example',
    '1270.0.0.1',
    'fd00::1',
    '2001::1',
  ])('%s is not', (host) => {
    expect(isLocalCluster(host)).toBe(false);
  });
});
