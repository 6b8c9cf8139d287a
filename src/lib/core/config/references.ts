import type {CommandSpec, ProjectSpec, ServiceSpec} from '../spec.js';
import {placeholdersIn, serviceOfPlaceholder} from './placeholders.js';

const known = new WeakMap<ServiceSpec, readonly string[]>();

/**
 * Services and port-forwards whose port stands in what this one is started with: its command and its environment. It keeps
 * these ports until its next start. Addresses of probes and stop commands are filled in whenever they are used.
 */
export function portsToldTo(service: ServiceSpec): readonly string[] {
  let names = known.get(service);
  if (names === undefined) {
    names = referredIn(service, [...wordsOf(service.command), ...Object.values(service.env)]);
    known.set(service, names);
  }
  return names;
}

/** Does anything of another service name the port of this one? Then nobody is left behind when it moves. */
export function isReferredTo(name: string, services: ProjectSpec['services']): boolean {
  return services.some((other) => other.name !== name && referredIn(other, textsOf(other)).includes(name));
}

function referredIn(service: ServiceSpec, texts: readonly string[]): readonly string[] {
  const names = texts.flatMap(placeholdersIn).map(serviceOfPlaceholder);
  return [...new Set(names)].filter((name): name is string => name !== null && name !== service.name);
}

/** Everything of a service that may hold a placeholder. */
function textsOf({command, env, probes, hooks, stop}: ServiceSpec): readonly string[] {
  const probed = probes.flatMap(({check}) =>
    check.type === 'http' ? [check.url] : check.type === 'tcp' ? [check.port] : wordsOf(check.command),
  );
  const run = [command, stop.command, ...Object.values(hooks)].flatMap(wordsOf);
  return [...run, ...probed, ...Object.values(env), ...(stop.http === null ? [] : [stop.http])];
}

function wordsOf(command: CommandSpec | null): readonly string[] {
  if (command === null) return [];
  return 'shell' in command ? [command.shell] : command.argv;
}
