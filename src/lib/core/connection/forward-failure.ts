import type {Diagnosis} from '../diagnosis/diagnosis.js';

/**
 * What kind of failure it is decides what follows:
 * - `tool-missing`: kubectl is not there; looked at now and then without starting anything.
 * - `needs-you`: unauthorised, forbidden, not found, no selector, no such port, a bad kubeconfig: tried again at a slow
 *   pace and when something has changed.
 * - `network`: the API server is out of reach; the gate decides when to go on.
 * - `port`: the local port was taken.
 * - `pods`: no pod, or none that runs yet; a pod that becomes ready cuts the pause short.
 * - `remote-refused`: nothing listens on the remote port, or its container restarts.
 * - `half-dead`: kubectl lives and carries no data.
 * - `lost`: the connection has ended.
 * - `other`: what kubectl said is not known.
 */
export type FailureKind =
  | 'tool-missing'
  | 'needs-you'
  | 'network'
  | 'port'
  | 'pods'
  | 'remote-refused'
  | 'half-dead'
  | 'lost'
  | 'other';

export interface ForwardFailure {
  readonly kind: FailureKind;
  readonly diagnosis: Diagnosis;
}
