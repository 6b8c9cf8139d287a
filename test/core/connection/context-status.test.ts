import {describe, expect, it} from '@jest/globals';
import {type ConnectivityState, initialConnectivity} from '../../../src/lib/core/connection/connectivity.js';
import {contextStatus} from '../../../src/lib/core/connection/context-status.js';

const now = 100_000;
const iso = (at: number): string => `at ${at}`;
const calendar = {now, iso} as Parameters<typeof contextStatus>[1];
const answer = {ok: true, name: 'prod', server: {host: '10.8.0.1', port: 6443}} as const;
const {dials} = initialConnectivity;
const lastOutage = {endedAt: 60_000, tookMs: 7000.4};
const offline: ConnectivityState = {
  tag: 'offline',
  dials,
  since: 59_000,
  miss: {tag: 'timeout', detail: ''},
  facts: {hasAddress: true, internet: 'there', name: 'literal'},
  nextLookAt: now,
  told: [],
  lastOutage,
  wasOnline: true,
};
const statusOf = (state: ConnectivityState) => contextStatus({context: null, state, answer}, calendar);

describe('what is shown of a context', () => {
  it('is its name and server as the kubeconfig has them, once that is read', () => {
    expect(contextStatus({context: null, state: initialConnectivity, answer: null}, calendar)).toMatchObject({
      name: null,
      server: null,
      state: 'unknown',
      mark: 'moving',
      note: 'the kubeconfig is read',
    });
    expect(statusOf(initialConnectivity)).toMatchObject({
      name: 'prod',
      server: '10.8.0.1:6443',
      state: 'unknown',
      since: null,
    });
  });

  it('is why its kubeconfig can not be used', () => {
    const diagnosis = {
      cause: 'kube-context-unknown',
      confidence: 0.95,
      subject: 'x',
      evidence: ['no x'],
      remedy: 'look',
    };
    const failure = {kind: 'needs-you', diagnosis} as const;
    expect(contextStatus({context: 'x', state: initialConnectivity, answer: {ok: false, failure}}, calendar)).toEqual({
      name: 'x',
      server: null,
      state: 'unknown',
      mark: 'failed',
      since: null,
      note: 'no x',
      diagnosis,
      lastOutage: null,
    });
  });

  it('is since when it is online, and its last outage', () => {
    expect(statusOf({tag: 'online', dials, since: 60_000, lastOutage})).toEqual({
      name: 'prod',
      server: '10.8.0.1:6443',
      state: 'online',
      mark: 'good',
      since: 'at 60000',
      note: null,
      diagnosis: null,
      lastOutage: {at: 'at 52999.6', tookMs: 7000},
    });
  });

  it('is the time of the first miss while it is doubted', () => {
    expect(statusOf({tag: 'unsure', dials, since: now - 400, onlineSince: 0, lastOutage: null})).toMatchObject({
      state: 'unsure',
      mark: 'degraded',
      since: `at ${now - 400}`,
      lastOutage: null,
    });
  });

  it('is for how long it has been away, and what to do', () => {
    expect(statusOf(offline)).toMatchObject({
      state: 'offline',
      mark: 'acting',
      since: 'at 59000',
      note: 'silent for 41s. Internet is there: VPN?',
      diagnosis: {cause: 'cluster-unreachable', subject: '10.8.0.1:6443'},
    });
    // Before anybody has looked around.
    expect(statusOf({...offline, facts: null}).diagnosis?.cause).toBe('api-unreachable');
  });
});
