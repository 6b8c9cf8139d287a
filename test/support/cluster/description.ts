/** What a port of a pod speaks. */
export type Speech = 'http' | 'postgres' | 'redis' | 'mysql';

export interface PodPort {
  readonly name: string;
  readonly containerPort: number;
  /** Without: http. */
  readonly speaks?: Speech;
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number | string;
}

export interface WorkloadDescription {
  /** Without: Deployment. The pods of a StatefulSet keep their names. */
  readonly kind?: 'Deployment' | 'StatefulSet';
  /** Without: 1. */
  readonly replicas?: number;
  readonly ports: readonly PodPort[];
  /** Ports of the service of the same name; without: none. */
  readonly service?: readonly ServicePort[];
}

export interface LooseService {
  readonly ports: readonly ServicePort[];
  /** null: it has none; kubectl refuses such a service. */
  readonly selector: Readonly<Record<string, string>> | null;
}

export interface NamespaceDescription {
  readonly workloads: Readonly<Record<string, WorkloadDescription>>;
  /** Services that belong to no workload. */
  readonly services?: Readonly<Record<string, LooseService>>;
}

/** Namespaces by name. */
export type ClusterDescription = Readonly<Record<string, NamespaceDescription>>;

const web = (port: number): WorkloadDescription => ({
  ports: [{name: 'http', containerPort: 8080}],
  service: [{name: 'http', port, targetPort: 'http'}],
});

const oneService = (name: string, port: number, speaks?: Speech): Pick<WorkloadDescription, 'ports' | 'service'> => ({
  ports: [{name, containerPort: port, ...(speaks === undefined ? {} : {speaks})}],
  service: [{name, port, targetPort: port}],
});

/** The seven services of the old configuration (test/fixtures/legacy/system_config.json). */
const erpSystem: NamespaceDescription = {
  workloads: {
    frontend: web(80),
    'frontend-custom': web(80),
    'frontend-react': web(80),
    grafana: web(3000),
    jaeger: web(16_686),
    'api-gateway-simple': web(8085),
    'service-mesh-dashboard': web(8095),
  },
};

export const everything: ClusterDescription = {
  shop: {
    workloads: {
      web: {...web(80), replicas: 2},
      api: {
        ports: [
          {name: 'http', containerPort: 3000},
          {name: 'metrics', containerPort: 9090},
        ],
        service: [
          {name: 'http', port: 3000, targetPort: 3000},
          {name: 'metrics', port: 9090, targetPort: 'metrics'},
        ],
      },
      search: {kind: 'StatefulSet', ...oneService('http', 9200)},
    },
  },
  billing: {workloads: {ledger: oneService('http', 8081)}},
  infra: {
    workloads: {
      db: {kind: 'StatefulSet', ...oneService('sql', 5432, 'postgres')},
      cache: oneService('redis', 6379, 'redis'),
      'old-db': oneService('mysql', 3306, 'mysql'),
    },
    services: {
      empty: {ports: [{name: 'http', port: 80, targetPort: 8080}], selector: {app: 'nothing'}},
      noselector: {ports: [{name: 'http', port: 80, targetPort: 8080}], selector: null},
    },
  },
  'erp-system': erpSystem,
};
