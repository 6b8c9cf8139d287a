import {alternativesOf, primaryOf} from '../config/check-ports.js';
import {serviceDefaults} from '../config/defaults.js';
import type {ConfigPath, PositionLookup} from '../config/problems.js';
import type {CommandConfig, Config, PortConfig, ServiceConfig} from '../config/schema.js';
import type {PlannedEntry, PortPlan} from './plan.js';

/** What a configuration wants. Apart from its types: who has a kept plan needs no defaults. */
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

const canMove = (port: PortConfig): boolean =>
  alternativesOf(port).length > 0 || (typeof port !== 'number' && port.any === true);

const isExternal = ({kind, external}: ServiceConfig): boolean => kind === 'external' || external === true;

function commandText(command: CommandConfig | undefined): string | null {
  if (command === undefined) return null;
  return typeof command === 'string' ? command : command.join(' ');
}
