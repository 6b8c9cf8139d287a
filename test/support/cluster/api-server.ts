import type {IncomingMessage, ServerResponse} from 'node:http';
import {forbidden, notFound, refusal, refuse, send, unauthorised} from './answers.js';
import type {Conditions} from './conditions.js';
import {discoveryOf} from './discovery.js';
import {
  isResource,
  kinds,
  selectorOf,
  type ApiObject,
  type Change,
  type ObjectStore,
  type Resource,
} from './objects.js';
import {tableOf} from './tables.js';

/** What the API server does to workloads when it is asked to. */
export interface Orders {
  deletePod(namespace: string, pod: string): void;
  scale(namespace: string, app: string, replicas: number): void;
  rollOut(namespace: string, app: string): void;
}

interface Path {
  readonly namespace: string | undefined;
  readonly resource: Resource;
  readonly name: string | undefined;
  readonly sub: string | undefined;
}

const objectPath =
  /^\/(?:api|apis\/(?:apps|discovery\.k8s\.io))\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/;
const discoveryPath = /^\/(?:version|apis?)(?:\/[^/]+)?(?:\/v1)?\/?$/;

export class ApiServer {
  readonly #store: ObjectStore;
  readonly #conditions: Conditions;
  readonly #version: string;
  readonly #orders: Orders;

  constructor(store: ObjectStore, conditions: Conditions, version: string, orders: Orders) {
    this.#store = store;
    this.#conditions = conditions;
    this.#version = version;
    this.#orders = orders;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://api');
    response.on('error', () => {});
    const go = (): void => {
      if (this.#conditions.auth === '401') refuse(response, unauthorised);
      else if (/^\/(?:healthz|livez|readyz)/.test(url.pathname)) response.end('ok');
      else this.#route(request, response, url);
    };
    if (this.#conditions.delayMs > 0) setTimeout(go, this.#conditions.delayMs);
    else go();
  }

  #route(request: IncomingMessage, response: ServerResponse, url: URL): void {
    const found = discoveryPath.test(url.pathname) ? discoveryOf(url.pathname, this.#version) : null;
    const path = readPath(url.pathname);
    if (found !== null) send(response, 200, found);
    else if (path === null) response.writeHead(404, {'content-type': 'text/plain'}).end('404 page not found\n');
    else if (this.#conditions.auth === '403') this.#forbid(request, response, path);
    else if (path.sub === 'scale' && path.name !== undefined)
      this.#one(request, response, {...path, name: path.name}, scaleOf);
    else if (path.sub !== undefined) refuse(response, refusal(400, 'BadRequest', 'Upgrade request required'));
    else if (path.name === undefined) this.#list(request, response, path, url.searchParams);
    else this.#one(request, response, {...path, name: path.name});
  }

  #forbid(
    {method = 'GET'}: IncomingMessage,
    response: ServerResponse,
    {namespace = '', resource, name, sub}: Path,
  ): void {
    const read = name === undefined ? 'list' : 'get';
    const verb = sub !== undefined ? 'create' : method === 'GET' ? read : method.toLowerCase();
    refuse(response, forbidden(verb, namespace, resource, name, sub));
  }

  #one(
    request: IncomingMessage,
    response: ServerResponse,
    path: Path & {readonly name: string},
    shown: (object: ApiObject) => object = (object) => object,
  ): void {
    const {namespace, resource, name} = path;
    const object = this.#store.get(resource, namespace, name);
    if (object === null) refuse(response, notFound(resource, name));
    else if (request.method === 'PATCH') this.#patch(request, response, resource, object, shown);
    else {
      if (request.method === 'DELETE' && resource === 'pods') this.#orders.deletePod(namespace ?? '', name);
      send(response, 200, shown(object));
    }
  }

  #patch(
    request: IncomingMessage,
    response: ServerResponse,
    resource: Resource,
    object: ApiObject,
    shown: (object: ApiObject) => object,
  ): void {
    const {name, namespace = ''} = object.metadata;
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString()));
    request.on('end', () => {
      const replicas = /"replicas":(\d+)/.exec(text)?.[1];
      const isWorkload = resource === 'deployments' || resource === 'statefulsets';
      if (isWorkload && replicas !== undefined) this.#orders.scale(namespace, name, Number(replicas));
      else if (isWorkload && text.includes('restartedAt')) this.#orders.rollOut(namespace, name);
      send(response, 200, shown(object));
    });
  }

  #list(request: IncomingMessage, response: ServerResponse, {namespace, resource}: Path, query: URLSearchParams): void {
    const isChosen = selectorOf(query.get('labelSelector'), query.get('fieldSelector'));
    const wantsTable = (request.headers.accept ?? '').includes('as=Table');
    const shown = (objects: readonly ApiObject[]) =>
      wantsTable ? tableOf(resource, objects, this.#store.version) : null;
    const isHere = (object: ApiObject): boolean =>
      isChosen(object) && (namespace === undefined || object.metadata.namespace === namespace);
    if (['true', '1'].includes(query.get('watch') ?? '')) {
      this.#watch(response, resource, query, isHere, (object) => shown([object]) ?? object);
      return;
    }
    const items = this.#store.list(resource, namespace).filter(isHere);
    const [apiVersion, kind] = kinds[resource];
    const list = {kind: `${kind}List`, apiVersion, metadata: {resourceVersion: this.#store.version}, items};
    send(response, 200, shown(items) ?? list);
  }

  /** One change a line, until the client goes. */
  #watch(
    response: ServerResponse,
    resource: Resource,
    query: URLSearchParams,
    isHere: (object: ApiObject) => boolean,
    shown: (object: ApiObject) => object,
  ): void {
    response.writeHead(200, {'content-type': 'application/json'}).flushHeaders();
    const write = (type: string, object: object) => response.write(`${JSON.stringify({type, object})}\n`);
    const wantsInitial = query.get('sendInitialEvents') === 'true';
    const onChange = (changed: Resource, {type, object}: Change): void => {
      if (changed === resource && isHere(object)) write(type, shown(object));
    };
    const since = Number(query.get('resourceVersion') ?? 0);
    if (wantsInitial || since === 0)
      for (const object of this.#store.list(resource)) onChange(resource, {type: 'ADDED', object});
    else for (const change of this.#store.changesSince(resource, since)) onChange(resource, change);
    if (wantsInitial) write('BOOKMARK', bookmark(resource, this.#store.version));
    this.#store.on('change', onChange);
    response.once('close', () => this.#store.off('change', onChange));
  }
}

function readPath(pathname: string): Path | null {
  const [, namespaceName] = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(pathname) ?? [];
  if (namespaceName !== undefined)
    return {namespace: undefined, resource: 'namespaces', name: namespaceName, sub: undefined};
  const [, namespace, resource = '', name, sub] = objectPath.exec(pathname) ?? [];
  return isResource(resource) ? {namespace, resource, name, sub} : null;
}

/** What `kubectl scale` reads and writes. */
const scaleOf = ({metadata: {name, namespace, uid, resourceVersion}, spec, status}: ApiObject): object => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: {name, namespace, uid, resourceVersion},
  spec: {replicas: spec.replicas},
  status: {replicas: status.replicas},
});

function bookmark(resource: Resource, resourceVersion: string): object {
  const [apiVersion, kind] = kinds[resource];
  return {kind, apiVersion, metadata: {resourceVersion, annotations: {'k8s.io/initial-events-end': 'true'}}};
}
