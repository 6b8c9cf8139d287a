import type {ApiObject, Resource} from './objects.js';

type Cells = (object: ApiObject) => readonly string[];

const podCells: Cells = ({metadata, status}) => {
  const [container] = status.containerStatuses ?? [];
  const shown =
    metadata.deletionTimestamp === undefined ? (container?.state.waiting?.reason ?? status.phase) : 'Terminating';
  return [metadata.name, container?.ready === true ? '1/1' : '0/1', shown, String(container?.restartCount ?? 0), '1m'];
};
const serviceCells: Cells = ({metadata, spec}) => {
  const ports = spec.ports.map((port: any) => `${port.port}/TCP`).join(',');
  return [metadata.name, spec.type, spec.clusterIP, '<none>', ports, '1m'];
};

const tables: Partial<Record<Resource, {readonly columns: readonly string[]; readonly cells: Cells}>> = {
  pods: {columns: ['Name', 'Ready', 'Status', 'Restarts', 'Age'], cells: podCells},
  services: {columns: ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age'], cells: serviceCells},
};

/** What `kubectl get` prints, also with `--watch`; null: kubectl makes its own of the objects. */
export function tableOf(resource: Resource, objects: readonly ApiObject[], version: string): object | null {
  const table = tables[resource];
  if (table === undefined) return null;
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {resourceVersion: version},
    columnDefinitions: table.columns.map((name) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority: 0,
    })),
    rows: objects.map((object) => ({
      cells: table.cells(object),
      object: {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata},
    })),
  };
}
