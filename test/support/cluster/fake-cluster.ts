import {rmSync, writeFileSync} from 'node:fs';
import type {IncomingMessage} from 'node:http';
import {createServer, type Server} from 'node:https';
import type {AddressInfo, Socket} from 'node:net';
import {ApiServer} from './api-server.js';
import {selfSigned} from './certificate.js';
import {healthy} from './conditions.js';
import {everything, type ClusterDescription} from './description.js';
import {isReady} from './endpoints.js';
import {FaultDesk} from './fault-desk.js';
import type {ApiRequest, Cluster, ClusterView, Fault} from './faults.js';
import {FrontDoor} from './front-door.js';
import type {Internet} from './internet.js';
import {kubeconfigOf} from './kubeconfig.js';
import {ObjectStore} from './objects.js';
import {PortForwards} from './port-forwards.js';
import {Workloads} from './workloads.js';

export interface ClusterOptions {
  /** Where the kubeconfig is written. */
  readonly kubeconfig: string;
  /** Without: 127.0.0.1. */
  readonly host?: string;
  /** Without: any. */
  readonly port?: number;
  /** As `kubectl version` shows it. */
  readonly version?: string;
  readonly description?: ClusterDescription;
  readonly internet?: Internet;
}

const keptRequests = 20_000;

/**
 * A small fake API server that real kubectl (1.27 to 1.33) accepts: get, describe, watch, delete, scale, rollout, and
 * port-forward over SPDY and WebSocket, to pods that are real local servers; with faults on command. It began as the
 * fake-cluster tool with which kubectl's behaviour was measured (docs/benchmarks.md); what a kubelet does with
 * open connections, and its error texts, follow containerd's source.
 */
export class FakeCluster implements Cluster, AsyncDisposable {
  readonly kubeconfig: string;
  readonly #conditions = healthy();
  readonly #store = new ObjectStore();
  readonly #workloads = new Workloads(this.#store);
  readonly #requests: ApiRequest[] = [];
  readonly #forwards: PortForwards;
  readonly #desk: FaultDesk;
  readonly #api: Server;
  readonly #sockets = new Set<Socket>();
  #door!: FrontDoor;

  static async create(options: ClusterOptions): Promise<FakeCluster> {
    const {host = '127.0.0.1', port = 0, version = '1.32.5', description = everything} = options;
    const certificate = selfSigned([...new Set([host, '127.0.0.1', 'localhost'])]);
    const cluster = new FakeCluster(options, certificate, version);
    await cluster.#workloads.create(description, version);
    await new Promise<void>((resolve) => void cluster.#api.listen(0, '127.0.0.1', resolve));
    cluster.#door = new FrontDoor(host, port, (cluster.#api.address() as AddressInfo).port);
    await cluster.#door.open();
    const namespaces = ['default', ...Object.keys(description)];
    writeFileSync(cluster.kubeconfig, kubeconfigOf(cluster.server, certificate.cert, namespaces), {mode: 0o600});
    return cluster;
  }

  private constructor(options: ClusterOptions, certificate: {key: string; cert: string}, version: string) {
    this.kubeconfig = options.kubeconfig;
    const door = (): FrontDoor => this.#door;
    this.#forwards = new PortForwards(this.#store, this.#conditions, door, (pod) => this.#workloads.program(pod));
    const {internet = null} = options;
    this.#desk = new FaultDesk(this.#workloads, this.#forwards, this.#conditions, door, internet);
    const api = new ApiServer(this.#store, this.#conditions, version, this.#desk);
    this.#api = createServer(certificate, (request, response) => {
      this.#note(request);
      api.answer(request, response);
    });
    this.#api.keepAliveTimeout = 180_000;
    this.#api.requestTimeout = 0;
    this.#api.on('upgrade', (request, _socket, head) => {
      this.#note(request);
      this.#forwards.onUpgrade(request, request.socket, head);
    });
    this.#api.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#api.on('clientError', (_error, socket) => socket.destroy());
  }

  get server(): string {
    return `https://${this.#door.host}:${this.#door.port}`;
  }

  async fault(fault: Fault): Promise<void> {
    await this.#desk.make(fault);
  }

  async view(): Promise<ClusterView> {
    return {
      pods: this.#workloads.pods({}).map((pod) => ({
        namespace: pod.metadata.namespace ?? '',
        name: pod.metadata.name,
        app: pod.metadata.labels?.['app'] ?? '',
        isReady: isReady(pod),
        phase: pod.status.phase,
        restarts: this.#workloads.program(pod)?.restarts ?? 0,
      })),
      forwards: [...this.#forwards.open.values()].map(
        ({id, program, protocol, startedAt, session, passage, streams}) => ({
          id,
          namespace: program.namespace,
          pod: program.name,
          protocol,
          ageMs: Date.now() - startedAt,
          streams,
          pings: session.pings,
          isStranded: passage?.isStranded ?? false,
          isPodGone: program.isGone,
        }),
      ),
      accepted: this.#door.accepted,
    };
  }

  async requests(since = 0): Promise<readonly ApiRequest[]> {
    return this.#requests.filter(({at}) => at >= since);
  }

  async stop(): Promise<void> {
    this.#desk.stop();
    this.#door.shut();
    this.#workloads.stop();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => void this.#api.close(() => resolve()));
    rmSync(this.kubeconfig, {force: true});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #note({method = '', url = '', headers}: IncomingMessage): void {
    const upgrade = headers.upgrade ?? null;
    this.#requests.push({at: Date.now(), method, path: url, upgrade, userAgent: headers['user-agent'] ?? ''});
    if (this.#requests.length > keptRequests) this.#requests.shift();
  }
}
