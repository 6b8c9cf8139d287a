import type {Auth} from './conditions.js';
import type {Leaving, Selector} from './workloads.js';

/** `on` false ends it; without, it begins. */
interface Switch {
  readonly on?: boolean;
}

/**
 * What becomes of the port-forward connections of a pod that goes. `zombie`: they stay open, as a kubelet with containerd
 * leaves them; `strand`: their bytes are lost for ever, as when the node died.
 */
type Connections = 'zombie' | 'fin' | 'rst' | 'strand';

/** One member of the union for each type. */
type Each<Type, Fields> = Type extends string ? {readonly type: Type} & Fields : never;

export type Fault =
  | ({readonly type: 'kill-pod'; readonly connections?: Connections} & Selector & Leaving)
  | ({readonly type: 'restart-container'; readonly downMs?: number} & Selector)
  | Each<'not-ready' | 'hang-pod', Selector & Switch>
  | ({readonly type: 'slow-pod'; readonly ms: number} & Selector)
  | ({readonly type: 'close-port'; readonly port?: number} & Selector & Switch)
  | {
      readonly type: 'scale';
      readonly namespace: string;
      readonly app: string;
      readonly replicas: number;
      readonly startMs?: number;
      readonly connections?: Connections;
    }
  | ({readonly type: 'close-forwards'; readonly how?: 'rst' | 'fin' | 'goaway'} & Selector)
  /** Existing connections lose their bytes without being told, new ones work: a NAT entry lost, a VPN dialled again. */
  | ({readonly type: 'strand-forwards'} & Selector)
  | {readonly type: 'strand-all'}
  | ({readonly type: 'refuse-portforward'; readonly code?: number; readonly message?: string} & Switch)
  /** `mute-pongs`: pings of SPDY stay unanswered. */
  | Each<'blackhole' | 'api-down' | 'mute-pongs' | 'websockets', Switch>
  | {readonly type: 'auth'; readonly mode: Auth}
  /** `latency`: of every chunk of bytes. */
  | Each<'slow-api' | 'latency', {readonly ms: number}>
  | {readonly type: 'runtime'; readonly kind: 'old' | 'new'}
  /** Of the stand-in internet; see internet.ts. */
  | {readonly type: 'internet'; readonly mode: InternetMode}
  /** Back to a healthy cluster. */
  | {readonly type: 'reset'};

export type InternetMode = 'ok' | 'captive' | 'no-dns' | 'down';

/** A port-forward connection that is open, as the cluster sees it. */
export interface ForwardView {
  readonly id: number;
  readonly namespace: string;
  readonly pod: string;
  readonly protocol: 'spdy' | 'websocket';
  readonly ageMs: number;
  readonly streams: number;
  readonly pings: number;
  readonly isStranded: boolean;
  readonly isPodGone: boolean;
}

export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly app: string;
  readonly isReady: boolean;
  readonly phase: string;
  readonly restarts: number;
}

export interface ClusterView {
  readonly pods: readonly PodView[];
  readonly forwards: readonly ForwardView[];
  /** TCP connections that the API server's door has taken so far. */
  readonly accepted: number;
}

/** A request that the API server got. */
export interface ApiRequest {
  /** Epoch milliseconds */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  /** What it asked to be upgraded to; null: nothing. */
  readonly upgrade: string | null;
  readonly userAgent: string;
}

/** A fake cluster, in this process or in one of its own. */
export interface Cluster {
  /** `https://127.0.0.1:41233` */
  readonly server: string;
  /** A file. */
  readonly kubeconfig: string;
  fault(fault: Fault): Promise<void>;
  view(): Promise<ClusterView>;
  /** @param since epoch milliseconds */
  requests(since?: number): Promise<readonly ApiRequest[]>;
  stop(): Promise<void>;
}
