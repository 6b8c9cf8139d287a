import {type Address, addressLine, type AddressKind, addressOf, isThere} from './address.js';
import type {Place} from './compose.js';
import {configuredForward, forwardAddress, notStarted} from './forward-address.js';
import {unknownService} from '../lib/core/config/selection.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {ServiceStatus, StatusDocument} from '../lib/core/report/status.js';
import {forwardsOf, namesIn} from '../lib/core/report/verdict.js';

export interface Answer {
  readonly line: string;
  readonly address: Address;
}

/**
 * The line that `erp port` and `erp url` print, or why there is none. A script must never get an address at which nobody
 * listens, so what does not run has none.
 * @throws ErpError 2 unknown name, or it has no such address; 4 it does not run
 */
export async function addressAnswer(
  document: StatusDocument,
  name: string,
  kind: AddressKind,
  place: Place,
): Promise<Answer> {
  const service = document.services.find((each) => each.name === name);
  if (service === undefined) {
    const forward = forwardsOf(document).find((each) => each.name === name);
    if (forward !== undefined) return await forwardAddress(forward, kind, place);
    const configured = await configuredForward(place, name);
    throw configured === null ? unknownService(name, namesIn(document)) : notStarted(name, configured);
  }
  const line = addressLine(service, kind);
  if (line !== null) return {line, address: addressOf(service)};
  const hasNone = isThere(service) || (kind === 'port' && service.primaryPort === null);
  throw hasNone ? noAddress(service, kind) : notThere(service);
}

function noAddress({name}: ServiceStatus, kind: AddressKind): ErpError {
  return new ErpError(`${name} has no ${kind === 'port' ? 'port' : 'address'}.`, {
    code: 'ERP_NO_ADDRESS',
    exitCode: ExitCode.usage,
    remedy: [
      kind === 'port' ? `port: 8000 at ${name} in the configuration` : `url: or port: at ${name} in the configuration`,
    ],
    facts: {service: name},
  });
}

function notThere(service: ServiceStatus): ErpError {
  const {name, state, note, primaryPort, port, kind} = service;
  const why = note === null ? '' : `: ${note}`;
  const what = kind === 'external' ? 'does not answer' : `does not run (${state}${why})`;
  // What it will get is decided at its start, by who holds what then.
  const wanted = port ?? primaryPort;
  return new ErpError(`${name} ${what}${wanted === null ? '' : `; it would ask for ${wanted} first`}.`, {
    code: 'ERP_NOT_RUNNING',
    exitCode: ExitCode.serviceFailed,
    remedy: [kind === 'external' ? `erp status ${name}` : `erp start ${name}`],
    facts: {service: name, state, primaryPort},
  });
}
