import http from 'node:http';
import type {AddressInfo} from 'node:net';

type Answer = {readonly status: number; readonly body: object};
const notFound = (name: string): Answer => ({
  status: 404,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `services "${name}" not found`,
    reason: 'NotFound',
    code: 404,
  },
});
const discovery: Record<string, object> = {
  '/api': {kind: 'APIVersions', versions: ['v1']},
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'apps',
        versions: [{groupVersion: 'apps/v1', version: 'v1'}],
        preferredVersion: {groupVersion: 'apps/v1', version: 'v1'},
      },
    ],
  },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      {
        name: 'services',
        singularName: 'service',
        namespaced: true,
        kind: 'Service',
        verbs: ['get'],
        shortNames: ['svc'],
      },
      {
        name: 'pods',
        singularName: 'pod',
        namespaced: true,
        kind: 'Pod',
        verbs: ['get', 'list', 'watch'],
        shortNames: ['po'],
      },
    ],
  },
  '/apis/apps/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'apps/v1',
    resources: [
      {
        name: 'deployments',
        singularName: 'deployment',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['get'],
        shortNames: ['deploy'],
      },
    ],
  },
};

export const service = (...ports: object[]) => ({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: {name: 'x'},
  spec: {ports},
});
export const deployment = (...containers: object[]) => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: {name: 'x'},
  spec: {template: {spec: {containers}}},
});

const podOf = (name: string, ready: boolean, deletedAt?: string) => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: {
    name,
    namespace: 'shop',
    resourceVersion: '1',
    ...(deletedAt === undefined ? {} : {deletionTimestamp: deletedAt}),
  },
  status: {
    conditions: [
      {type: 'Initialized', status: 'True'},
      {type: 'Ready', status: ready ? 'True' : 'False'},
    ],
  },
});

/** As much of an API server as `kubectl get` of one object and `kubectl get pods --watch` need. */
export class SmallApiServer implements AsyncDisposable {
  readonly objects = new Map<string, object>();
  /** Answers every question about objects instead. */
  instead: Answer | 'silence' | null = null;
  readonly asked: string[] = [];
  readonly #watches = new Set<http.ServerResponse>();
  readonly #server = http.createServer((request, response) => this.#handle(request, response));

  static async start(): Promise<SmallApiServer> {
    const server = new SmallApiServer();
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** What the watchers are told about a pod. */
  pod(type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, ready: boolean, deletedAt?: string): void {
    for (const watch of this.#watches)
      watch.write(`${JSON.stringify({type, object: podOf(name, ready, deletedAt)})}\n`);
  }

  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  #handle(request: http.IncomingMessage, response: http.ServerResponse): void {
    const {pathname, searchParams} = new URL(request.url ?? '', 'http://x');
    const send = ({status, body}: Answer): void =>
      void response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
    const known = discovery[pathname];
    if (known !== undefined) {
      send({status: 200, body: known});
      return;
    }
    this.asked.push(pathname);
    if (this.instead === 'silence') return;
    if (this.instead !== null) {
      send(this.instead);
      return;
    }
    if (pathname.endsWith('/pods') && searchParams.get('watch') !== null) {
      response.writeHead(200, {'content-type': 'application/json'});
      response.flushHeaders();
      this.#watches.add(response);
      response.on('close', () => this.#watches.delete(response));
      return;
    }
    if (pathname.endsWith('/pods')) {
      send({
        status: 200,
        body: {kind: 'PodList', apiVersion: 'v1', metadata: {resourceVersion: '1'}, items: [podOf('old-1', true)]},
      });
      return;
    }
    const object = this.objects.get(pathname);
    send(object === undefined ? notFound(pathname.split('/').at(-1) ?? '') : {status: 200, body: object});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
