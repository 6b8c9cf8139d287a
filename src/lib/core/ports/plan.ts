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

function specCommand({command}: ServiceSpec): string | null {
  if (command === null) return null;
  return 'shell' in command ? command.shell : command.argv.join(' ');
}
