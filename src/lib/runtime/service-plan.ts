import {markOf} from '../core/supervision/mark.js';
import {expandPlaceholders} from '../core/config/placeholders.js';
import type {CommandSpec, ProbeCheck, ServiceSpec} from '../core/spec.js';
import type {ProbeTarget, RunPlan} from '../platform/types.js';
import {expandCommand} from './preparation.js';
import type {Surroundings} from './shared.js';

/** A service's commands, environment and addresses with the ports of this moment in them. */
export class ServicePlan {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  /** Complete environment of a process of this service, its mark included. */
  env(port: number | null, incarnation: number): Readonly<Record<string, string>> {
    const {spec, projectMark} = this.#around;
    const ports = {port, services: this.#around.portsToTell()};
    const own = Object.fromEntries(
      Object.entries(this.#spec.env).map(([key, value]) => [key, expandPlaceholders(value, ports)]),
    );
    return {...spec.baseEnv, ...own, ERP_MARK: markOf(projectMark, this.#spec.name, incarnation, port)};
  }

  command(command: CommandSpec, port: number | null): CommandSpec {
    return expandCommand(command, {port, services: this.#around.portsToTell()});
  }

  /** null: a command, or an address whose port nobody has. */
  target(check: ProbeCheck, port: number | null): ProbeTarget | null {
    const ports = {port, services: this.#around.portsToTell()};
    if (check.type === 'http')
      return {type: 'http', url: expandPlaceholders(check.url, ports), expect: check.expect, headers: check.headers};
    if (check.type === 'command') return null;
    const number = Number(expandPlaceholders(check.port, ports));
    return Number.isInteger(number) && number > 0 ? {type: 'tcp', host: check.host, port: number} : null;
  }

  /** What the service runs beside itself: hooks, probe and stop commands. */
  run(
    purpose: RunPlan['purpose'],
    command: CommandSpec,
    timeoutMs: number,
    env: Readonly<Record<string, string>> = {},
  ): RunPlan {
    const {port} = this.#around.now(this.#spec.name).memory;
    return {
      service: this.#spec.name,
      purpose,
      command: this.command(command, port),
      cwd: this.#spec.cwd,
      env: {...this.env(port, 0), ...env},
      timeoutMs,
    };
  }
}
