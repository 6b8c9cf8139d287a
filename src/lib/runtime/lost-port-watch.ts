import {lostPort} from '../core/diagnosis/exit-cause.js';
import {saysTaken, takenPort} from '../core/diagnosis/taken-port.js';
import type {ServiceSpec} from '../core/spec.js';
import type {Cancel, ProcessIdentity} from '../platform/types.js';
import type {Surroundings} from './shared.js';

/** Most programs end by themselves when their port is taken; their own end tells more than ours would. */
const endsByItselfMs = 300;
const tailLines = 50;

/**
 * Listens to a service that comes up: one that says its port is taken and lives on (gunicorn tries again for five
 * seconds, vite takes the next one) has lost it as surely as one that ends.
 */
export class LostPortWatch {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  #cancel: Cancel = () => {};

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  /** @param log the file of its output, as it is shown */
  watch(leader: ProcessIdentity, incarnation: number, port: number | null, log: string): void {
    this.forget();
    if (port === null) return;
    const {clock, output} = this.#around.world;
    let cancelLook: Cancel | null = null;
    let isOver = false;
    const look = (): void => {
      cancelLook = null;
      const taken = takenPort(output.tail(this.#spec.name, tailLines), port);
      if (taken === null) return;
      this.#hasLost(leader, port, (lost) => {
        if (lost && !isOver)
          this.#around.emit(this.#spec, {
            tag: 'port-lost',
            incarnation,
            port,
            diagnosis: lostPort(taken, this.#spec, port, log),
          });
      });
    };
    const unlisten = output.onLine(this.#spec.name, (line) => {
      if (cancelLook === null && saysTaken(line)) cancelLook = clock.at(clock.now() + endsByItselfMs, look);
    });
    this.#cancel = () => {
      isOver = true;
      unlisten();
      cancelLook?.();
    };
  }

  /** It is up, or has ended. */
  forget(): void {
    this.#cancel();
    this.#cancel = () => {};
  }

  /** Words are one half: somebody else has to be seen there. It may have got the port meanwhile. */
  #hasLost(leader: ProcessIdentity, port: number, then: (lost: boolean) => void): void {
    const {world, projectMark} = this.#around;
    world.ports.holder(port, leader, `${projectMark}/${this.#spec.name}/`, (verdict) => {
      if (verdict.verdict !== 'unknown') then(verdict.verdict === 'foreign');
      else world.ports.owners(port, (listeners) => then(listeners !== null && listeners.length > 0));
    });
  }
}
