import {randomBytes, randomUUID} from 'node:crypto';
import {EventEmitter} from 'node:events';

/** An object as the API server shows it; looked at as it comes. */
export interface ApiObject {
  apiVersion?: string;
  kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    [more: string]: unknown;
  };
  spec?: any;
  status?: any;
  [more: string]: any;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
}

/** Resource → apiVersion and kind. */
export const kinds = {
  namespaces: ['v1', 'Namespace'],
  nodes: ['v1', 'Node'],
  pods: ['v1', 'Pod'],
  services: ['v1', 'Service'],
  endpoints: ['v1', 'Endpoints'],
  events: ['v1', 'Event'],
  deployments: ['apps/v1', 'Deployment'],
  replicasets: ['apps/v1', 'ReplicaSet'],
  statefulsets: ['apps/v1', 'StatefulSet'],
  endpointslices: ['discovery.k8s.io/v1', 'EndpointSlice'],
} as const;
export type Resource = keyof typeof kinds;
export const isResource = (name: string): name is Resource => Object.hasOwn(kinds, name);

const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

const keptChanges = 2000;

/** What the API server knows, and everybody who watches it. */
export class ObjectStore extends EventEmitter<{change: [Resource, Change]}> {
  readonly #objects = new Map<Resource, Map<string, ApiObject>>();
  /** For watches that begin at a version of before. */
  readonly #history: {readonly version: number; readonly resource: Resource; readonly change: Change}[] = [];
  #version = 1000;

  constructor() {
    super();
    this.setMaxListeners(0);
    for (const resource of Object.keys(kinds) as Resource[]) this.#objects.set(resource, new Map());
  }

  get version(): string {
    return String(this.#version);
  }

  #of(resource: Resource): Map<string, ApiObject> {
    return this.#objects.get(resource)!;
  }

  /** A new object, or a new state of it. */
  put(resource: Resource, object: ApiObject): ApiObject {
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const old = this.#of(resource).get(key);
    object.metadata.resourceVersion = this.#nextVersion();
    object.metadata.uid ??= old?.metadata.uid ?? randomUUID();
    object.metadata.creationTimestamp ??= old?.metadata.creationTimestamp ?? now();
    [object.apiVersion, object.kind] = kinds[resource];
    this.#of(resource).set(key, object);
    this.#tell(resource, {type: old === undefined ? 'ADDED' : 'MODIFIED', object: structuredClone(object)});
    return object;
  }

  remove(resource: Resource, namespace: string, name: string): void {
    const object = this.get(resource, namespace, name);
    if (object === null) return;
    this.#of(resource).delete(keyOf(namespace, name));
    object.metadata.resourceVersion = this.#nextVersion();
    this.#tell(resource, {type: 'DELETED', object: structuredClone(object)});
  }

  get(resource: Resource, namespace: string | undefined, name: string): ApiObject | null {
    return this.#of(resource).get(keyOf(namespace, name)) ?? null;
  }

  list(resource: Resource, namespace?: string): ApiObject[] {
    return [...this.#of(resource).values()].filter(
      ({metadata}) => namespace === undefined || metadata.namespace === namespace,
    );
  }

  changesSince(resource: Resource, version: number): Change[] {
    return this.#history
      .filter((each) => each.resource === resource && each.version > version)
      .map(({change}) => change);
  }

  #tell(resource: Resource, change: Change): void {
    this.#history.push({version: this.#version, resource, change});
    if (this.#history.length > keptChanges) this.#history.shift();
    this.emit('change', resource, change);
  }

  #nextVersion(): string {
    this.#version += 1;
    return this.version;
  }
}

export const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** As in the names of pods. */
export function randomName(length: number): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');
}

export const hasLabels = (object: ApiObject, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([name, value]) => object.metadata.labels?.[name] === value);

/** What `labelSelector` and `fieldSelector` of a request ask for. */
export function selectorOf(labels: string | null, fields: string | null): (object: ApiObject) => boolean {
  const tests = [...partsOf(labels).map(labelTest), ...partsOf(fields).map(fieldTest)];
  return (object) => tests.every((test) => test(object));
}

const partsOf = (selector: string | null): string[] => (selector ?? '').split(',').filter((part) => part !== '');

function labelTest(part: string): (object: ApiObject) => boolean {
  const [, name = part, sign, value = ''] = /^([^!=]+)(!=|==?)(.*)$/.exec(part) ?? [];
  return ({metadata}) => {
    const label = metadata.labels?.[name.trim()];
    if (sign === undefined) return label !== undefined;
    return (label === value.trim()) === (sign !== '!=');
  };
}

function fieldTest(part: string): (object: ApiObject) => boolean {
  const [, path = '', sign, value = ''] = /^([^!=]+)(!=|==?)(.*)$/.exec(part) ?? [];
  return (object) => {
    const found = path.split('.').reduce<any>((at, step) => at?.[step], object);
    return (String(found ?? '') === value) === (sign !== '!=');
  };
}
