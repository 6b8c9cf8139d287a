import type {MachineStatus} from '../core/report/status.js';
import type {ProcessIdentity, World} from './types.js';
import type {ProjectSpec} from '../core/spec.js';
export interface ServiceSample {
  cpuRatio: number;
  memoryBytes: number;
}
export class Sampler {
  constructor(_w: World, _s: ProjectSpec) {}
  sample(
    _l: ReadonlyMap<string, ProcessIdentity>,
  ): Promise<{services: ReadonlyMap<string, ServiceSample>; machine: MachineStatus | null}> {
    return Promise.resolve({services: new Map(), machine: null});
  }
}
