import {randomUUID} from 'node:crypto';
import type {ClusterDescription, PodPort, WorkloadDescription} from './description.js';
import {followPods} from './endpoints.js';
import {now, randomName, type ApiObject, type ObjectStore} from './objects.js';
import {PodProgram} from './pod-program.js';
import {namespaceOf, nodeOf, podOf, serviceOf, statusOf, workloadSpec, type Owner} from './templates.js';

export interface Selector {
  readonly namespace?: string;
  readonly app?: string;
  readonly pod?: string;
}

interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet';
  readonly ports: readonly PodPort[];
  readonly owner: Owner;
  /** As described; a reset goes back to it. */
  readonly described: number;
  replicas: number;
}

/** How a pod goes, and how the next one comes. */
export interface Leaving {
  /** The pod is Terminating for so long; a Deployment has its next pod started meanwhile. */
  readonly graceMs?: number;
  /** The next one is Pending for so long. */
  readonly startMs?: number;
  /** false: no other pod comes. */
  readonly replace?: boolean;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Deployments and StatefulSets with their pods: objects of the API in step with real servers. */
export class Workloads {
  readonly #store: ObjectStore;
  readonly #workloads: Workload[] = [];
  /** By uid of the pod. */
  readonly #programs = new Map<string, {readonly program: PodProgram; readonly workload: Workload}>();
  #addresses = 1;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async create(description: ClusterDescription, version: string): Promise<void> {
    this.#store.put('nodes', nodeOf('node-1', version));
    for (const name of ['default', 'kube-system', ...Object.keys(description)])
      this.#store.put('namespaces', namespaceOf(name));
    for (const [namespace, {workloads, services = {}}] of Object.entries(description)) {
      for (const [name, workload] of Object.entries(workloads)) await this.#createWorkload(namespace, name, workload);
      for (const [name, {ports, selector}] of Object.entries(services)) {
        this.#store.put('services', serviceOf(namespace, name, ports, selector, this.#clusterAddress()));
        if (selector !== null) followPods(this.#store, namespace);
      }
    }
  }

  pods({namespace, app, pod}: Selector): ApiObject[] {
    return this.#store
      .list('pods', namespace)
      .filter(
        ({metadata}) =>
          (pod ?? metadata.name) === metadata.name && (app ?? metadata.labels?.['app']) === metadata.labels?.['app'],
      );
  }

  program(pod: ApiObject): PodProgram | null {
    return this.#programs.get(pod.metadata.uid ?? '')?.program ?? null;
  }

  /** Those of pods that are there. */
  programs(selector: Selector): PodProgram[] {
    return this.pods(selector).flatMap((pod) => this.program(pod) ?? []);
  }

  /** @param gone the pod's sandbox is no more, the next pod has not come yet */
  async removePod(pod: ApiObject, leaving: Leaving, gone: (program: PodProgram) => void): Promise<void> {
    const entry = this.#programs.get(pod.metadata.uid ?? '');
    if (entry === undefined) return;
    const {program, workload} = entry;
    const {graceMs = 0, startMs = 0, replace = true} = leaving;
    const next = (): Promise<void> => this.#addPod(workload, ordinalOf(program.name), startMs);
    const isSurge = graceMs > 0 && replace && workload.kind === 'Deployment';
    const early = isSurge ? next() : null;
    if (graceMs > 0) {
      pod.metadata.deletionTimestamp = now();
      this.#show(pod);
      await pause(graceMs);
    }
    this.#programs.delete(pod.metadata.uid ?? '');
    program.isGone = true;
    program.stop();
    this.#store.remove('pods', program.namespace, program.name);
    followPods(this.#store, program.namespace);
    gone(program);
    if (early !== null) await early;
    else if (replace) await next();
  }

  async restartContainer(pod: ApiObject, downMs: number): Promise<void> {
    const program = this.program(pod);
    if (program === null) return;
    program.stop();
    program.restarts += 1;
    this.#setStatus(pod, program, {isReady: false, waiting: 'CrashLoopBackOff'});
    await pause(downMs);
    if (program.isGone) return;
    await program.start();
    this.#setStatus(pod, program, {isReady: true, waiting: null});
  }

  setReady(selector: Selector, isReady: boolean): void {
    for (const pod of this.pods(selector)) {
      const program = this.program(pod);
      if (program !== null && pod.status.phase === 'Running') this.#setStatus(pod, program, {isReady, waiting: null});
    }
  }

  /** How many pods there are to be; the surplus is returned, for its removal. */
  async scale(namespace: string, app: string, replicas: number, startMs = 0): Promise<ApiObject[]> {
    const workload = this.#workloads.find((each) => each.namespace === namespace && each.name === app);
    if (workload === undefined) throw new Error(`no workload ${namespace}/${app}`);
    workload.replicas = replicas;
    const resource = workload.kind === 'Deployment' ? 'deployments' : 'statefulsets';
    const object = this.#store.get(resource, namespace, app);
    if (object !== null) {
      object.spec.replicas = replicas;
      this.#store.put(resource, object);
    }
    const present = this.pods({namespace, app});
    for (let ordinal = present.length; ordinal < replicas; ordinal += 1) await this.#addPod(workload, ordinal, startMs);
    return present.slice(replicas);
  }

  /** Everything as described again. */
  async restore(): Promise<void> {
    for (const {namespace, name: app, described} of this.#workloads) {
      this.setReady({namespace, app}, true);
      if (this.pods({namespace, app}).length < described) await this.scale(namespace, app, described);
    }
    for (const {program} of this.#programs.values()) {
      program.isHung = false;
      program.slowMs = 0;
      program.closedPorts.clear();
    }
  }

  stop(): void {
    for (const {program} of this.#programs.values()) program.stop();
  }

  async #createWorkload(namespace: string, name: string, description: WorkloadDescription): Promise<void> {
    const {kind = 'Deployment', replicas = 1, ports, service} = description;
    const owner = this.#putWorkload(namespace, name, kind, replicas, ports);
    const workload: Workload = {namespace, name, kind, ports, owner, described: replicas, replicas};
    this.#workloads.push(workload);
    if (service !== undefined)
      this.#store.put('services', serviceOf(namespace, name, service, {app: name}, this.#clusterAddress()));
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) await this.#addPod(workload, ordinal, 0);
  }

  #putWorkload(
    namespace: string,
    name: string,
    kind: Workload['kind'],
    replicas: number,
    ports: readonly PodPort[],
  ): Owner {
    const spec = workloadSpec(name, replicas, ports);
    const uid = randomUUID();
    const metadata = {name, namespace, uid, labels: {app: name}, generation: 1};
    if (kind === 'StatefulSet') {
      this.#store.put('statefulsets', {metadata, spec: {...spec, serviceName: name}, status: {}});
      return {kind, name, uid, hash: null};
    }
    const hash = randomName(10);
    const owner: Owner = {kind: 'ReplicaSet', name: `${name}-${hash}`, uid: randomUUID(), hash};
    const strategy = {type: 'RollingUpdate', rollingUpdate: {maxSurge: '25%', maxUnavailable: '25%'}};
    const annotations = {'deployment.kubernetes.io/revision': '1'};
    this.#store.put('deployments', {metadata: {...metadata, annotations}, spec: {...spec, strategy}, status: {}});
    this.#store.put('replicasets', {
      metadata: {
        name: owner.name,
        namespace,
        uid: owner.uid,
        labels: {app: name, 'pod-template-hash': hash},
        ownerReferences: [{apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true}],
      },
      spec: {...spec, selector: {matchLabels: {app: name, 'pod-template-hash': hash}}},
      status: {},
    });
    return owner;
  }

  /** @param startMs Pending for so long before it is Running and ready */
  async #addPod(workload: Workload, ordinal: number, startMs: number): Promise<void> {
    const {namespace, name: app, kind, ports, owner} = workload;
    const name = kind === 'StatefulSet' ? `${app}-${ordinal}` : `${owner.name}-${randomName(5)}`;
    const program = new PodProgram(namespace, name, app, ports);
    const pod = podOf(namespace, name, app, ports, owner);
    pod.metadata.uid = randomUUID();
    this.#programs.set(pod.metadata.uid, {program, workload});
    if (startMs > 0) {
      const pending = {
        app,
        isReady: false,
        restarts: 0,
        ip: null,
        phase: 'Pending',
        waiting: 'ContainerCreating',
      } as const;
      pod.status = statusOf(pending);
      this.#show(pod);
      await pause(startMs);
      if (program.isGone) return;
    }
    await program.start();
    pod.status = {podIP: `10.244.0.${(this.#addresses += 1) % 250}`};
    this.#setStatus(pod, program, {isReady: true, waiting: null});
  }

  #setStatus(pod: ApiObject, {app, restarts}: PodProgram, facts: {isReady: boolean; waiting: string | null}): void {
    const ip = pod.status.podIP ?? null;
    pod.status = statusOf({app, restarts, ip, phase: 'Running', ...facts});
    this.#show(pod);
  }

  #show(pod: ApiObject): void {
    this.#store.put('pods', pod);
    followPods(this.#store, pod.metadata.namespace ?? '');
  }

  #clusterAddress(): string {
    return `10.96.0.${this.#store.list('services').length + 10}`;
  }
}

const ordinalOf = (name: string): number => Number(/-(\d+)$/.exec(name)?.[1] ?? 0);
