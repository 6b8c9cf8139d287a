import type {Kubectl, Network} from './types.js';

const unasked = (): never => {
  throw new Error('no port-forward is run here');
};

export const noNetwork: Network = {addresses: () => '', dial: unasked, lookAround: unasked};
export const noKubectl: Kubectl = {
  argv: unasked,
  env: {},
  missing: unasked,
  stamp: unasked,
  context: unasked,
  remotePort: unasked,
  podBehind: unasked,
  watchPods: unasked,
};
