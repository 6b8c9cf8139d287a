import {certainFailure} from './failures.js';
import type {ForwardFailure} from './forward-failure.js';

export interface TargetPort {
  readonly name: string | null;
  readonly port: number;
}

/**
 * TCP ports of what `kubectl get … -o json` prints: of a service its own, else those of the containers. null: that is
 * not what kubectl prints.
 */
export function readTargetPorts(json: string): readonly TargetPort[] | null {
  let object: unknown;
  try {
    object = JSON.parse(json);
  } catch {
    return null;
  }
  const spec = field(object, 'spec');
  if (typeof field(object, 'kind') !== 'string' || typeof spec !== 'object' || spec === null) return null;
  if (field(object, 'kind') === 'Service') return portsOf(field(spec, 'ports'), 'port');
  const podSpec = field(field(spec, 'template'), 'spec') ?? spec;
  return list(field(podSpec, 'containers')).flatMap((container) => portsOf(field(container, 'ports'), 'containerPort'));
}

/** The only port, else the one named http. */
export function chooseTargetPort(
  target: string,
  ports: readonly TargetPort[],
): {readonly port: number} | {readonly failure: ForwardFailure} {
  const distinct = [...new Map(ports.map((each) => [each.port, each])).values()];
  const chosen = distinct.length === 1 ? distinct[0] : ports.find(({name}) => name === 'http');
  if (chosen !== undefined) return {port: chosen.port};
  const [cause, evidence] =
    distinct.length === 0
      ? (['no-remote-port', `${target} names no TCP port`] as const)
      : ([
          'several-remote-ports',
          `${target} has ${distinct.map(shown).join(', ')}, and none of them is named http`,
        ] as const);
  const example = distinct[0]?.port;
  return {
    failure: certainFailure(
      'needs-you',
      cause,
      target,
      [evidence],
      `say which one: remotePort of the port-forward${example === undefined ? '' : `, for example ${example}`}`,
    ),
  };
}

const shown = ({name, port}: TargetPort): string => (name === null ? String(port) : `${port} (${name})`);

function portsOf(ports: unknown, key: 'port' | 'containerPort'): readonly TargetPort[] {
  return list(ports).flatMap((entry) => {
    const port = field(entry, key);
    const protocol = field(entry, 'protocol') ?? 'TCP';
    const name = field(entry, 'name');
    // kubectl forwards TCP only.
    return typeof port === 'number' && protocol === 'TCP' ? [{port, name: typeof name === 'string' ? name : null}] : [];
  });
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
