import {hasLabels, type ApiObject, type ObjectStore} from './objects.js';

export const isReady = ({metadata, status}: ApiObject): boolean =>
  status.phase === 'Running' &&
  metadata.deletionTimestamp === undefined &&
  status.conditions.some((each: any) => each.type === 'Ready' && each.status === 'True');

/** What the controllers of a cluster do: endpoints of services and counts of workloads follow the pods. */
export function followPods(store: ObjectStore, namespace: string): void {
  for (const service of store.list('services', namespace))
    if (service.spec.selector !== undefined) followService(store, service);
  for (const resource of ['deployments', 'replicasets', 'statefulsets'] as const)
    for (const workload of store.list(resource, namespace)) {
      const pods = store.list('pods', namespace).filter((pod) => hasLabels(pod, workload.spec.selector.matchLabels));
      const ready = pods.filter(isReady).length;
      if (workload.status.readyReplicas === ready && workload.status.replicas === pods.length) continue;
      const counts = {
        replicas: pods.length,
        updatedReplicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
      };
      workload.status = {...workload.status, observedGeneration: 1, ...counts};
      store.put(resource, workload);
    }
}

function followService(store: ObjectStore, service: ApiObject): void {
  const {name, namespace = '', labels = {}} = service.metadata;
  const chosen = store.list('pods', namespace).filter((pod) => hasLabels(pod, service.spec.selector));
  const pods = chosen.filter((pod) => pod.status.podIP !== undefined);
  const ports = service.spec.ports.map((port: any) => ({
    name: port.name,
    port: numberOf(port.targetPort, pods[0]),
    protocol: 'TCP',
  }));
  const ready = pods.filter(isReady).map(addressOf);
  const notReady = pods.filter((pod) => !isReady(pod) && pod.metadata.deletionTimestamp === undefined).map(addressOf);
  const addresses = {
    ...(ready.length > 0 ? {addresses: ready} : {}),
    ...(notReady.length > 0 ? {notReadyAddresses: notReady} : {}),
  };
  const subsets = Object.keys(addresses).length > 0 ? {subsets: [{...addresses, ports}]} : {};
  store.put('endpoints', {metadata: {name, namespace, labels}, ...subsets});
  store.put('endpointslices', {
    metadata: {name: `${name}-abcde`, namespace, labels: {'kubernetes.io/service-name': name}},
    addressType: 'IPv4',
    endpoints: pods.map((pod) => ({
      addresses: [pod.status.podIP],
      conditions: {
        ready: isReady(pod),
        serving: isReady(pod),
        terminating: pod.metadata.deletionTimestamp !== undefined,
      },
      targetRef: addressOf(pod).targetRef,
      nodeName: 'node-1',
    })),
    ports,
  });
}

const addressOf = ({metadata: {name, namespace, uid}, status}: ApiObject) => ({
  ip: status.podIP as string,
  nodeName: 'node-1',
  targetRef: {kind: 'Pod', name, namespace, uid},
});

function numberOf(target: number | string, pod: ApiObject | undefined): number {
  if (typeof target === 'number') return target;
  const ports = (pod?.spec.containers ?? []).flatMap((container: any) => container.ports ?? []);
  return ports.find((port: any) => port.name === target)?.containerPort ?? 0;
}
