import type {Checking} from './check-report.js';
import type {PortConfig} from './schema.js';

export const primaryOf = (port: PortConfig) => (typeof port === 'number' ? port : port.primary);
export const alternativesOf = (port: PortConfig) => (typeof port === 'number' ? [] : (port.alternatives ?? []));
export const anyOf = (port: PortConfig) => (typeof port === 'number' ? undefined : port.any);
export const addressesOf = (port: PortConfig) => (typeof port === 'number' ? undefined : port.addresses);
const canMove = (port: PortConfig) =>
  typeof port !== 'number' && (alternativesOf(port).length > 0 || port.any === true);

/** Ports that contradict each other; what merely overlaps is shown by `erp ports` and solved at the start. */
export function checkPorts(checks: Checking): void {
  const owners = new Map<number, {name: string; fixed: boolean; path: (string | number)[]}>();
  for (const [name, service] of checks.services) {
    const {port} = service;
    const path = ['services', name, 'port'];
    if (port === undefined) {
      if (service.ifRunning !== undefined) {
        checks.report(['services', name, 'ifRunning'], 'has no meaning without a port', {atKey: true});
      }
      continue;
    }
    const listed = [primaryOf(port), ...alternativesOf(port)];
    listed.forEach((number, index) => {
      if (index > 0 && listed.indexOf(number) !== index) {
        checks.report(
          [...path, 'alternatives', index - 1],
          `${number} is already ${listed.indexOf(number) === 0 ? 'the primary' : 'an alternative'}`,
        );
      }
    });
    if (service.ifRunning === 'move' && !canMove(port)) {
      checks.report(['services', name, 'ifRunning'], 'move needs alternatives', {
        allowed: `port: {primary: ${primaryOf(port)}, alternatives: [${primaryOf(port) + 1}]}, or any: true`,
      });
    }
    if (service.external === true || service.kind === 'external') {
      if (canMove(port)) checks.report(path, 'an external service has one port', {allowed: String(primaryOf(port))});
    }
    const other = owners.get(primaryOf(port));
    if (other !== undefined && other.fixed && !canMove(port)) {
      const line = checks.position(other.path, 'value')?.line;
      checks.report(
        typeof port === 'number' ? path : [...path, 'primary'],
        `${primaryOf(port)} is the port of ${other.name} too${line === undefined ? '' : ` (line ${line})`}, and neither has alternatives`,
        {
          allowed: `another port, or {primary: ${primaryOf(port)}, alternatives: [${primaryOf(port) + 1}]}`,
        },
      );
    }
    if (other === undefined) owners.set(primaryOf(port), {name, fixed: !canMove(port), path});
  }
}
