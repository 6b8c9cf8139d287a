import type {ServiceSpec} from '../core/spec.js';
import type {Effect} from '../core/supervision/events.js';
import type {PortHolder} from '../core/supervision/state.js';
import type {Cancel, RunResult} from '../platform/types.js';
import {holderOf, thoseInTheWay} from './port-holder.js';
import type {ServicePlan} from './service-plan.js';
import type {Surroundings} from './shared.js';

/** Runs `onPortMoved`: tells whoever is outside of a new port. The service does not care how that ends. */
export class PortHook {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  readonly #plan: ServicePlan;
  #cancel: Cancel | null = null;

  constructor(spec: ServiceSpec, around: Surroundings, plan: ServicePlan) {
    this.#spec = spec;
    this.#around = around;
    this.#plan = plan;
  }

  get busy(): boolean {
    return this.#cancel !== null;
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  run({port, oldPort}: Extract<Effect, {tag: 'announce-port'}>): void {
    const {hooks, port: ports} = this.#spec;
    if (hooks.onPortMoved == null || ports === null) return;
    const {primary, addresses} = ports;
    this.cancel();
    let current = true;
    this.#cancel = () => {
      current = false;
    };
    // A port that it has itself now is held by nobody else.
    if (port === primary) this.#start(port, oldPort, primary, null);
    else
      this.#around.world.ports.owners(primary, (listeners) => {
        if (!current) return;
        const inTheWay = thoseInTheWay(listeners ?? [], addresses);
        this.#start(port, oldPort, primary, holderOf(inTheWay, this.#around.serviceOn(primary)));
      });
  }

  #start(port: number, oldPort: number, primary: number, holder: PortHolder | null): void {
    const {hooks, hookTimeoutMs, name} = this.#spec;
    if (hooks.onPortMoved == null) return;
    const env = {
      ERP_SERVICE: name,
      ERP_PORT: String(port),
      ERP_OLD_PORT: String(oldPort),
      ERP_PRIMARY_PORT: String(primary),
      ERP_HOLDER_PID: String(holder?.pid ?? ''),
      ERP_HOLDER_NAME: holder?.service ?? holder?.name ?? '',
      ERP_HOLDER_USER: holder?.user ?? '',
      ERP_HOLDER_COMMAND: holder?.command ?? '',
    };
    const plan = this.#plan.run('onPortMoved', hooks.onPortMoved, hookTimeoutMs, env);
    this.#cancel = this.#around.world.processes.run(plan, (result) => this.#ended(result));
  }

  #ended(result: RunResult): void {
    this.#cancel = null;
    const how = howItFailed(result);
    if (how !== null)
      this.#around.tell({
        level: 'WARNING',
        service: this.#spec.name,
        type: 'hook-failed',
        text: `onPortMoved ${how}; clients outside may not know the new port`,
      });
    // Whoever waits for the end of all looks again.
    this.#around.emit(this.#spec, {tag: 'tick'});
  }
}

function howItFailed({error, timedOut, exit, tail}: RunResult): string | null {
  if (error === null && !timedOut && exit.code === 0) return null;
  if (error !== null) return error.message;
  if (timedOut) return 'ran into its time-out';
  const said = tail.trimEnd().split('\n').at(-1) ?? '';
  return `ended with ${exit.signal ?? `code ${exit.code}`}${said === '' ? '' : `: ${said}`}`;
}
