import type {Checking} from './check-report.js';
import type {PortConfig, ServiceConfig} from './schema.js';

export const primaryOf = (port: PortConfig) => (typeof port === 'number' ? port : port.primary);
export const alternativesOf = (port: PortConfig) => (typeof port === 'number' ? [] : (port.alternatives ?? []));
export const anyOf = (port: PortConfig) => (typeof port === 'number' ? undefined : port.any);
export const addressesOf = (port: PortConfig) => (typeof port === 'number' ? undefined : port.addresses);
const canMove = (port: PortConfig) =>
  typeof port !== 'number' && (alternativesOf(port).length > 0 || port.any === true);

/** Ports that contradict each other; what merely overlaps is shown by `erp ports` and solved at the start. */
export function checkPorts(checks: Checking): void {
  const wanted: Wanted[] = [];
  for (const [name, service] of checks.services) {
    const {port} = service;
    const path = ['services', name, 'port'];
    if (port === undefined) {
      if (service.ifRunning !== undefined) {
        checks.report(['services', name, 'ifRunning'], 'has no meaning without a port', {atKey: true});
      }
      for (const key of ['public', 'returnToPrimary', 'returnAfter'] as const)
        if (service[key] !== undefined)
          checks.report(['services', name, key], 'has no meaning without a port', {atKey: true});
      checkMoving(checks, name, service, false);
      continue;
    }
    wanted.push({name, port, path});
    checkMoving(checks, name, service, canMove(port));
    if (service.ifRunning === 'move' && !canMove(port)) {
      checks.report(['services', name, 'ifRunning'], 'move needs alternatives', {
        allowed: `port: {primary: ${primaryOf(port)}, alternatives: [${primaryOf(port) + 1}]}, or any: true`,
      });
    }
    if (service.external === true || service.kind === 'external') {
      if (canMove(port)) checks.report(path, 'an external service has one port', {allowed: String(primaryOf(port))});
    }
  }
  for (const [name, {port}] of Object.entries(checks.config.portForwards ?? {}))
    wanted.push({name, port, path: ['portForwards', name, 'port']});
  for (const each of wanted) checkRepeated(checks, each);
  checkEqual(checks, wanted);
}

/** A service or port-forward with a port. */
interface Wanted {
  readonly name: string;
  readonly port: PortConfig;
  readonly path: readonly string[];
}

function checkRepeated(checks: Checking, {port, path}: Wanted): void {
  const listed = [primaryOf(port), ...alternativesOf(port)];
  listed.forEach((number, index) => {
    if (index > 0 && listed.indexOf(number) !== index) {
      checks.report(
        [...path, 'alternatives', index - 1],
        `${number} is already ${listed.indexOf(number) === 0 ? 'the primary' : 'an alternative'}`,
      );
    }
  });
}

/** Of two with one primary, one has to be able to move. */
function checkEqual(checks: Checking, wanted: readonly Wanted[]): void {
  const owners = new Map<number, Wanted>();
  for (const each of wanted) {
    const {port, path} = each;
    const primary = primaryOf(port);
    const other = owners.get(primary);
    if (other !== undefined && !canMove(other.port) && !canMove(port)) {
      const line = checks.position(other.path, 'value')?.line;
      checks.report(
        typeof port === 'number' ? path : [...path, 'primary'],
        `${primary} is the port of ${other.name} too${line === undefined ? '' : ` (line ${line})`}, and neither has alternatives`,
        {allowed: `another port, or {primary: ${primary}, alternatives: [${primary + 1}]}`},
      );
    }
    // Whoever can't move is who others collide with.
    if (other === undefined || (canMove(other.port) && !canMove(port))) owners.set(primary, each);
  }
}

/** What is about a move, where there is none. */
function checkMoving(checks: Checking, name: string, service: ServiceConfig, moves: boolean): void {
  const at = (...keys: string[]) => ['services', name, ...keys];
  const without = 'has no meaning without alternatives: it never moves';
  if (service.hooks?.onPortMoved !== undefined && !moves)
    checks.report(at('hooks', 'onPortMoved'), without, {atKey: true});
  if (service.port === undefined) return;
  if (service.returnToPrimary !== undefined && !moves) checks.report(at('returnToPrimary'), without, {atKey: true});
  const returns = service.returnToPrimary ?? checks.config.defaults?.returnToPrimary ?? 'never';
  if (service.returnAfter !== undefined && returns !== 'idle')
    checks.report(at('returnAfter'), 'has no meaning without returnToPrimary: idle', {atKey: true});
}
