import {alternativesOf, primaryOf} from '../config/check-ports.js';
import {serviceDefaults} from '../config/defaults.js';
import type {ConfigPath, PositionLookup} from '../config/problems.js';
import type {CommandConfig, Config, PortConfig, ServiceConfig} from '../config/schema.js';
import type {ProjectSpec, ServiceSpec} from '../spec.js';
import type {PortEntry} from './choose-port.js';

/** `external`: erp only watches it. `forward`: a port-forward. */
export type EntryKind = 'service' | 'external' | 'forward';

/** Something of the configuration that wants a port, with all that `erp ports` tells about it. */
export interface PlannedEntry extends PortEntry {
  readonly kind: EntryKind;
  readonly ifRunning: 'fail' | 'use' | 'move';
  /** Lines of the configuration: of the primary, and of each alternative. null: not known (a program, no file). */
  readonly line: number | null;
  readonly alternativeLines: readonly (number | null)[];
  /** Its command, to tell an old copy that carries no mark; variables and placeholders unfilled. null: none. */
  readonly command: string | null;
}

/** What `erp ports` needs of a configuration; plain data, so that it can be kept (`cli/ports/plan-cache.ts`). */
export interface PortPlan {
  /** Absolute; null: what ran last, without a file. */
  readonly configFile: string | null;
  /** Services first, then port-forwards, in the order of the file. */
  readonly entries: readonly PlannedEntry[];
  /** Services and port-forwards without a port: known names all the same. */
  readonly withoutPort: readonly string[];
}

export function planOf(config: Config, configFile: string, position: PositionLookup): PortPlan {
  const services = Object.entries(config.services ?? {});
  const forwards = Object.entries(config.portForwards ?? {});
  const lineOf = (path: ConfigPath): number | null =>
    (position(path, 'value') ?? position(path.slice(0, -1), 'value') ?? position(path, 'key'))?.line ?? null;
  const entry = (group: string, name: string, port: PortConfig) => {
    const path = [group, name, 'port'];
    const {addresses, any} = typeof port === 'number' ? {addresses: undefined, any: undefined} : port;
    return {
      name,
      primary: primaryOf(port),
      alternatives: alternativesOf(port),
      any: any ?? serviceDefaults.any.value,
      addresses: addresses ?? serviceDefaults.addresses.value,
      line: lineOf(typeof port === 'number' ? path : [...path, 'primary']),
      alternativeLines: alternativesOf(port).map((_, index) => lineOf([...path, 'alternatives', index])),
    };
  };
  return {
    configFile,
    entries: [
      ...services.flatMap(([name, service]): PlannedEntry[] =>
        service.port === undefined
          ? []
          : [
              {
                ...entry('services', name, service.port),
                kind: isExternal(service) ? 'external' : 'service',
                ifRunning: service.ifRunning ?? (canMove(service.port) ? 'move' : 'fail'),
                command: commandText(service.command),
              },
            ],
      ),
      ...forwards.map(
        ([name, {port}]): PlannedEntry => ({
          ...entry('portForwards', name, port),
          kind: 'forward',
          ifRunning: canMove(port) ? 'move' : 'fail',
          command: null,
        }),
      ),
    ],
    withoutPort: services.flatMap(([name, {port}]) => (port === undefined ? [name] : [])),
  };
}

/** Without a configuration, of what ran last: `erp watchdog -- COMMAND`. */
export function planOfSpec({services, configFile}: ProjectSpec): PortPlan {
  return {
    configFile,
    entries: services.flatMap((service): PlannedEntry[] => {
      if (service.port === null) return [];
      const kind = service.kind === 'external' ? 'external' : 'service';
      const command = specCommand(service);
      return [{name: service.name, ...service.port, kind, line: null, alternativeLines: [], command}];
    }),
    withoutPort: services.flatMap(({name, port}) => (port === null ? [name] : [])),
  };
}

const canMove = (port: PortConfig): boolean =>
  alternativesOf(port).length > 0 || (typeof port !== 'number' && port.any === true);

const isExternal = ({kind, external}: ServiceConfig): boolean => kind === 'external' || external === true;

function commandText(command: CommandConfig | undefined): string | null {
  if (command === undefined) return null;
  return typeof command === 'string' ? command : command.join(' ');
}

function specCommand({command}: ServiceSpec): string | null {
  if (command === null) return null;
  return 'shell' in command ? command.shell : command.argv.join(' ');
}
