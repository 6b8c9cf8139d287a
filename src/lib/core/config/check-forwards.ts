import type {Checking} from './check-report.js';
import {
  addressMistake,
  hostPortMistake,
  type Mistake,
  namespaceMistake,
  portNameMistake,
  readForwardProbe,
  readTarget,
  splitWords,
} from './forward-values.js';
import {urlMistake} from './probes.js';
import {alternativesOf, anyOf} from './check-ports.js';
import type {PortForwardConfig} from './schema.js';
import {valueAt} from './shape.js';

type Path = readonly (string | number)[];

/** Port-forwards and what they share, as far as a file can tell: what a cluster holds is seen when they run. */
export function checkForwards(checks: Checking): void {
  for (const [name, forward] of checks.forwards) {
    const at = (key: string): Path => ['portForwards', name, key];
    const {target, namespace, remotePort, address, port} = forward;
    const read = readTarget(target ?? `svc/${name}`);
    if ('mistake' in read) {
      if (target !== undefined) report(checks, at('target'), read);
      else
        checks.report(['portForwards', name], `needs a target: no service of a cluster is called ${name}`, {
          allowed: 'target: svc/NAME',
          atKey: true,
        });
    }
    if (namespace !== undefined) report(checks, at('namespace'), namespaceMistake(namespace));
    if (typeof remotePort === 'string') report(checks, at('remotePort'), portNameMistake(remotePort));
    if (address !== undefined) report(checks, at('address'), addressMistake(address));
    if (typeof port !== 'number' && port.addresses !== undefined) {
      checks.report([...at('port'), 'addresses'], 'a port-forward listens on one address', {
        allowed: `address: ${forward.address ?? port.addresses[0] ?? '127.0.0.1'}, beside port`,
        atKey: true,
      });
    }
    checkProbe(checks, at('probe'), forward);
    checkReturn(checks, at, forward);
  }
  checkConnection(checks);
}

function checkProbe(checks: Checking, path: Path, {probe}: PortForwardConfig): void {
  if (probe === undefined) return;
  // A key that means nothing here is said already; that nothing else is left would be the same mistake again.
  const written = valueAt(checks.document, path);
  if (typeof probe === 'object' && Object.keys(written ?? {}).some((key) => !Object.hasOwn(probe, key))) return;
  const read = readForwardProbe(probe);
  const inner = typeof probe === 'object' && probe.http !== undefined ? [...path, 'http'] : path;
  if ('mistake' in read) report(checks, inner, read);
}

function checkReturn(checks: Checking, at: (key: string) => Path, forward: PortForwardConfig): void {
  const moves = alternativesOf(forward.port).length > 0 || anyOf(forward.port) === true;
  for (const key of ['returnToPrimary', 'returnAfter'] as const)
    if (forward[key] !== undefined && !moves)
      checks.report(at(key), 'has no meaning without alternatives: it never moves', {atKey: true});
  if (moves && forward.returnAfter !== undefined && forward.returnToPrimary === 'never')
    checks.report(at('returnAfter'), 'has no meaning with returnToPrimary: never', {atKey: true});
}

function checkConnection(checks: Checking): void {
  const {kubectl, publicTargets, portal} = checks.config.connection ?? {};
  if (typeof kubectl === 'string' && splitWords(kubectl) === null) {
    checks.report(['connection', 'kubectl'], `${JSON.stringify(kubectl)} has a quote that is not closed`, {
      allowed: 'kubectl, minikube kubectl --, or a list: ["C:/Program Files/kubectl.exe"]',
    });
  }
  publicTargets?.forEach((target, index) => {
    report(checks, ['connection', 'publicTargets', index], hostPortMistake(target));
  });
  const wrong = portal === undefined || portal === 'none' ? null : urlMistake(portal);
  if (wrong !== null)
    checks.report(['connection', 'portal'], wrong, {
      allowed: 'http://connectivitycheck.gstatic.com/generate_204, none',
    });
}

function report(checks: Checking, path: Path, mistake: Mistake | null): void {
  if (mistake !== null) checks.report(path, mistake.mistake, {allowed: mistake.allowed, nearest: mistake.nearest});
}
