import type {ProjectSpec} from '../spec.js';

/** JSON with sorted keys: equal content gives equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return value === undefined ? 'null' : JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`;
}

/**
 * What changes what runs. Left out: the terminal's environment (another login would look like another configuration),
 * `tie`, and the places of socket and file. The project's `.env` counts; what port-forwards share counts where there are any.
 */
export function hashedText(
  spec: Omit<ProjectSpec, 'hash'>,
  dotenv: Readonly<Record<string, string | undefined>>,
): string {
  const {services, portForwards, stateDir, logDir, ownLogDir, logging, machine, name, instance} = spec;
  const connection = portForwards.length === 0 ? undefined : spec.connection;
  return canonicalJson({
    services,
    portForwards,
    connection,
    stateDir,
    logDir,
    ownLogDir,
    logging,
    machine,
    name,
    instance,
    dotenv,
  });
}
