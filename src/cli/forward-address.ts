import {primaryOf} from '../lib/core/config/check-ports.js';
import {readForwardProbe} from '../lib/core/config/forward-values.js';
import type {PortForwardConfig} from '../lib/core/config/schema.js';
import {protocolOf} from '../lib/core/connection/forward-question.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {ForwardStatus} from '../lib/core/report/status.js';
import type {Address, AddressKind} from './address.js';
import {isForwardThere} from './address.js';
import type {Place} from './compose.js';

/** A port-forward of the configuration; null: there is none of that name, or no readable file. */
export async function configuredForward(
  {projectDir, configFile}: Place,
  name: string,
): Promise<PortForwardConfig | null> {
  if (configFile === null) return null;
  try {
    // Heavy to read, and only how it is asked and where it listens is not in the status.
    const {loadConfig} = await import('./config/load.js');
    const {config} = await loadConfig({cwd: projectDir, project: projectDir, configFile});
    return config?.portForwards?.[name] ?? null;
  } catch {
    return null;
  }
}

/** @throws ErpError 4 when kubectl does not listen for it, 8 when there is no kubectl */
export async function forwardAddress(
  forward: ForwardStatus,
  kind: AddressKind,
  place: Place,
): Promise<{readonly line: string; readonly address: Address}> {
  const {name, state, port, primaryPort} = forward;
  if (!isForwardThere(forward) || port === null) throw notForwarded(forward);
  const url = urlOf(forward, port, await configuredForward(place, name));
  return {line: kind === 'url' ? url : String(port), address: {service: name, state, port, primaryPort, url}};
}

/** `http://127.0.0.1:3000/`, or `tcp://` for what speaks something else. */
function urlOf({remotePort}: ForwardStatus, port: number, config: PortForwardConfig | null): string {
  const address = config?.address ?? '127.0.0.1';
  const any = {'0.0.0.0': '127.0.0.1', '::': '::1'}[address];
  const host = any ?? address;
  const read = readForwardProbe(config?.probe ?? 'auto');
  const isWeb = 'path' in read || ('word' in read && read.word === 'auto' && protocolOf(remotePort) === null);
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return isWeb ? `http://${place}/` : `tcp://${place}`;
}

function notForwarded({name, state, note, diagnosis, primaryPort}: ForwardStatus): ErpError {
  const why = diagnosis?.cause ?? note;
  return new ErpError(
    `${name} is not there (${state}${why === null ? '' : `: ${why}`}); it would ask for ${primaryPort} first.`,
    {
      code: 'ERP_NOT_RUNNING',
      exitCode: state === 'tool-missing' ? ExitCode.toolMissing : ExitCode.serviceFailed,
      remedy: [diagnosis?.remedy ?? (state === 'stopped' ? `erp start ${name}` : `erp status ${name}`)],
      facts: {portForward: name, state, primaryPort},
    },
  );
}

/** The supervisor that runs does not know it: it was started with another configuration. */
export function notStarted(name: string, config: PortForwardConfig): ErpError {
  const primaryPort = primaryOf(config.port);
  return new ErpError(
    `${name} is a port-forward that the running supervisor does not know; it would ask for ${primaryPort} first.`,
    {
      code: 'ERP_NOT_RUNNING',
      exitCode: ExitCode.serviceFailed,
      remedy: ['erp stop, then erp start: the new configuration takes effect'],
      facts: {portForward: name, primaryPort},
    },
  );
}
