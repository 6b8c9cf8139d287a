import type {ConnectionSpec, ForwardSpec} from '../spec.js';
import {addressesOf, alternativesOf, anyOf, primaryOf} from './check-ports.js';
import {connectionDefaults as c, forwardDefaults as f, serviceDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import type {PortForwardConfig} from './schema.js';

export function resolveForward(name: string, given: PortForwardConfig): ForwardSpec {
  const {port, address, context, namespace, target, remotePort, dependsOn} = given;
  return {
    name,
    primary: primaryOf(port),
    alternatives: alternativesOf(port),
    any: anyOf(port) ?? serviceDefaults.any.value,
    addresses: addressesOf(port) ?? [address ?? f.address.value],
    context: context ?? null,
    namespace: namespace ?? null,
    target: target ?? `svc/${name}`,
    remotePort: remotePort ?? null,
    probe: {type: 'auto'},
    dependsOn: [dependsOn ?? []].flat().map((other) => ({name: other})),
    autoStart: f.autoStart.value,
    returnToPrimary: f.returnToPrimary.value,
    returnAfterMs: ms(f.returnAfter.value),
  };
}

export function resolveConnection(): ConnectionSpec {
  return {
    kubectl: [c.kubectl.value],
    kubeconfig: null,
    publicTargets: c.publicTargets.value,
    portalUrl: c.portal.value,
    probeIntervalMs: ms(c.probeInterval.value),
    probeTimeoutMs: ms(c.probeTimeout.value),
    startTimeoutMs: ms(c.startTimeout.value),
    logIntervalMs: null,
    maxRestarts: null,
    slowRetryMs: ms(c.slowRetry.value),
    autoRestart: c.autoRestart.value,
  };
}

const ms = (text: string): number => parseDuration(text) ?? 0;
