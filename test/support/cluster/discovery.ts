const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

interface ListedResource {
  readonly name: string;
  readonly kind: string;
  readonly short?: readonly string[];
  readonly namespaced?: boolean;
  readonly isInAll?: boolean;
}

const listed = ({name, kind, short = [], namespaced = true, isInAll = false}: ListedResource) => ({
  name,
  singularName: kind.toLowerCase(),
  namespaced,
  kind,
  verbs,
  ...(short.length > 0 ? {shortNames: short} : {}),
  ...(isInAll ? {categories: ['all']} : {}),
});

const core = [
  listed({name: 'namespaces', kind: 'Namespace', short: ['ns'], namespaced: false}),
  listed({name: 'nodes', kind: 'Node', short: ['no'], namespaced: false}),
  listed({name: 'pods', kind: 'Pod', short: ['po'], isInAll: true}),
  {
    name: 'pods/portforward',
    singularName: '',
    namespaced: true,
    kind: 'PodPortForwardOptions',
    verbs: ['create', 'get'],
  },
  listed({name: 'services', kind: 'Service', short: ['svc'], isInAll: true}),
  listed({name: 'endpoints', kind: 'Endpoints', short: ['ep']}),
  listed({name: 'events', kind: 'Event', short: ['ev']}),
];
const apps = [
  listed({name: 'deployments', kind: 'Deployment', short: ['deploy'], isInAll: true}),
  listed({name: 'replicasets', kind: 'ReplicaSet', short: ['rs'], isInAll: true}),
  listed({name: 'statefulsets', kind: 'StatefulSet', short: ['sts'], isInAll: true}),
];

const group = (name: string) => {
  const version = {groupVersion: `${name}/v1`, version: 'v1'};
  return {name, versions: [version], preferredVersion: version};
};
const resourceList = (groupVersion: string, resources: readonly object[]) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources,
});

/** What kubectl asks before anything else; null: no such path. */
export function discoveryOf(path: string, version: string): object | null {
  switch (path) {
    case '/version': {
      const [major, minor] = version.split('.');
      const build = {gitCommit: '0', gitTreeState: 'clean', buildDate: '2025-05-15T09:18:47Z', goVersion: 'go1.23.8'};
      return {major, minor, gitVersion: `v${version}`, ...build, compiler: 'gc', platform: 'linux/amd64'};
    }
    case '/api':
      return {kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: []};
    case '/apis':
      return {kind: 'APIGroupList', apiVersion: 'v1', groups: [group('apps'), group('discovery.k8s.io')]};
    case '/api/v1':
      return resourceList('v1', core);
    case '/apis/apps/v1':
      return resourceList('apps/v1', apps);
    case '/apis/discovery.k8s.io/v1':
      return resourceList('discovery.k8s.io/v1', [listed({name: 'endpointslices', kind: 'EndpointSlice'})]);
    default:
      return null;
  }
}
