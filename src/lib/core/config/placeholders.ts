/**
 * `{port}`, `{services.NAME.port}` and `{portForwards.NAME.port}` in commands, environment and addresses. Filled in at
 * every spawn, because a port may have moved since; so this file is part of the supervisor and stays small.
 *
 * Braces mean many things in command lines. Only a bare word in single braces can be a placeholder: `${port}` (shell),
 * `%{port}` (curl), `{"a":1}`, `{a,b}` and `{{.Names}}` stay as they are. `{{port}}` gives the text `{port}`.
 */
const word = String.raw`[A-Za-z][\w.-]*`;
const braces = new RegExp(String.raw`\{\{(${word})\}\}|(?<![$%])\{(${word})\}`, 'g');
const otherPort = /^(?:services|portForwards)\.([^.]+)\.port$/;

export interface PortsInUse {
  /** The service's own port. */
  readonly port?: number | null;
  /** Ports of all services that have one, and of port-forwards, by name: a name is never both. */
  readonly services?: Readonly<Record<string, number>>;
}

/** Splits a text at what stands for a port, without capturing it. */
export const placeholderPattern = (): RegExp => /(?<![$%])\{(?:port|(?:services|portForwards)\.[\w-]+\.port)\}/;

/** What is no placeholder, or has no port at this moment, stays as it is written. */
export function expandPlaceholders(text: string, ports: PortsInUse): string {
  return text.replaceAll(braces, (whole, escaped: string | undefined, name: string | undefined) => {
    if (escaped !== undefined) return `{${escaped}}`;
    if (name === 'port') return ports.port == null ? whole : String(ports.port);
    const service = otherPort.exec(name ?? '')?.[1];
    if (service === undefined || ports.services === undefined || !Object.hasOwn(ports.services, service)) return whole;
    return String(ports.services[service]);
  });
}

/** Replaces some names for good (`{node}`) and leaves everything else, escapes included, for a later expansion. */
export function replaceConstants(text: string, constants: Readonly<Record<string, string>>): string {
  return text.replaceAll(braces, (whole, escaped: string | undefined, name: string | undefined) =>
    escaped === undefined && name !== undefined && Object.hasOwn(constants, name) ? (constants[name] ?? whole) : whole,
  );
}

/** Every word in single braces: the ones erp knows and the ones it does not. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(braces)].flatMap((match) => (match[2] === undefined ? [] : [match[2]]));
}

/** The service or port-forward that `services.NAME.port` or `portForwards.NAME.port` speaks of, or null. */
export function serviceOfPlaceholder(placeholder: string): string | null {
  return otherPort.exec(placeholder)?.[1] ?? null;
}
