import {randomBytes} from 'node:crypto';
import type {PodPort, ServicePort} from './description.js';
import {now, type ApiObject} from './objects.js';

/** Who a pod belongs to. */
export interface Owner {
  readonly kind: 'ReplicaSet' | 'StatefulSet';
  readonly name: string;
  readonly uid: string;
  readonly hash: string | null;
}

export interface PodStatus {
  readonly app: string;
  readonly isReady: boolean;
  readonly restarts: number;
  readonly ip: string | null;
  readonly phase: 'Pending' | 'Running';
  /** Why the container waits; null: it runs. */
  readonly waiting: string | null;
}

const portsOf = (ports: readonly PodPort[]) =>
  ports.map(({name, containerPort}) => ({name, containerPort, protocol: 'TCP'}));

const condition = (type: string, isTrue: boolean) => ({
  type,
  status: isTrue ? 'True' : 'False',
  lastProbeTime: null,
  lastTransitionTime: now(),
});

export function statusOf({app, isReady, restarts, ip, phase, waiting}: PodStatus) {
  const last = {exitCode: 137, reason: 'Error', startedAt: now(), finishedAt: now()};
  return {
    phase,
    hostIP: '10.0.0.5',
    ...(ip === null ? {} : {podIP: ip, podIPs: [{ip}]}),
    startTime: now(),
    qosClass: 'BestEffort',
    conditions: [
      condition('Initialized', true),
      condition('Ready', isReady),
      condition('ContainersReady', isReady),
      condition('PodScheduled', true),
    ],
    containerStatuses: [
      {
        name: app,
        ready: isReady,
        started: isReady,
        restartCount: restarts,
        image: `example.invalid/${app}:1`,
        imageID: '',
        containerID: `containerd://${randomBytes(32).toString('hex')}`,
        state: waiting === null ? {running: {startedAt: now()}} : {waiting: {reason: waiting}},
        lastState: restarts > 0 ? {terminated: last} : {},
      },
    ],
  };
}

export function podOf(
  namespace: string,
  name: string,
  app: string,
  ports: readonly PodPort[],
  owner: Owner,
): ApiObject {
  const {kind, name: ownerName, uid, hash} = owner;
  return {
    metadata: {
      name,
      namespace,
      creationTimestamp: now(),
      labels: {app, ...(hash === null ? {} : {'pod-template-hash': hash})},
      ownerReferences: [
        {apiVersion: 'apps/v1', kind, name: ownerName, uid, controller: true, blockOwnerDeletion: true},
      ],
    },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      containers: [
        {
          name: app,
          image: `example.invalid/${app}:1`,
          imagePullPolicy: 'IfNotPresent',
          ports: portsOf(ports),
          resources: {},
        },
      ],
    },
  };
}

/** What Deployment, ReplicaSet and StatefulSet have in common. */
export const workloadSpec = (name: string, replicas: number, ports: readonly PodPort[]) => ({
  replicas,
  selector: {matchLabels: {app: name}},
  template: {
    metadata: {labels: {app: name}},
    spec: {containers: [{name, image: `example.invalid/${name}:1`, ports: portsOf(ports)}]},
  },
});

export function serviceOf(
  namespace: string,
  name: string,
  ports: readonly ServicePort[],
  selector: Readonly<Record<string, string>> | null,
  clusterIP: string,
): ApiObject {
  return {
    metadata: {name, namespace, labels: {app: name}},
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
      ports: ports.map((port) => ({...port, protocol: 'TCP'})),
      ...(selector === null ? {} : {selector}),
    },
    status: {loadBalancer: {}},
  };
}

export const namespaceOf = (name: string): ApiObject => ({
  metadata: {name, labels: {'kubernetes.io/metadata.name': name}},
  spec: {finalizers: ['kubernetes']},
  status: {phase: 'Active'},
});

export const nodeOf = (name: string, version: string): ApiObject => ({
  metadata: {name},
  spec: {},
  status: {
    conditions: [condition('Ready', true)],
    nodeInfo: {kubeletVersion: `v${version}`},
    addresses: [{type: 'InternalIP', address: '10.0.0.5'}],
  },
});
