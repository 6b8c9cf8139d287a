import type {ConnectionSpec, ForwardProbe, ForwardSpec} from '../spec.js';
import {alternativesOf, anyOf, primaryOf} from './check-ports.js';
import {connectionDefaults as c, type Default, forwardDefaults as f, serviceDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import {isLoopback, readForwardProbe, readTarget, splitWords} from './forward-values.js';
import type {ConfigPath} from './problems.js';
import {readExpectations} from './probes.js';
import {fill, type Resolving, variablesOf} from './resolving.js';
import type {Config, ConnectionConfig, PortForwardConfig} from './schema.js';

/** One port-forward with every default filled in. */
export function resolveForward(r: Resolving, name: string, given: PortForwardConfig): ForwardSpec {
  const {ledger} = r;
  const at = (key: string) => ['portForwards', name, key];
  const pick = <V, D>(key: string, value: V | undefined, byDefault: Default<D>) =>
    ledger.pick(at(key), value, byDefault);
  const optional = <K extends 'context' | 'namespace' | 'remotePort'>(
    key: K,
  ): NonNullable<PortForwardConfig[K]> | null => {
    pick(key, given[key], f[key]);
    return given[key] ?? null;
  };
  const context = optional('context');
  const namespace = optional('namespace');
  const target = pick('target', given.target, {value: `svc/${name}`, reason: f.target.reason});
  const remotePort = optional('remotePort');
  ledger.fromFile(at('port'), given.port);
  const read = readTarget(target);
  return {
    name,
    context: context === null ? null : fill(r, context, at('context')),
    namespace,
    target: 'target' in read ? read.target : target,
    remotePort,
    primary: primaryOf(given.port),
    alternatives: alternativesOf(given.port),
    any: anyOf(given.port) ?? serviceDefaults.any.value,
    addresses: [pick('address', given.address, f.address)],
    probe: resolveProbe(r, at('probe'), given),
    dependsOn:
      given.dependsOn === undefined
        ? []
        : [ledger.fromFile(at('dependsOn'), given.dependsOn)].flat().map((other) => ({name: other})),
    autoStart: pick('autoStart', given.autoStart, f.autoStart),
    returnToPrimary: pick('returnToPrimary', given.returnToPrimary, f.returnToPrimary),
    returnAfterMs: ms(pick('returnAfter', given.returnAfter, f.returnAfter)),
  };
}

function resolveProbe(r: Resolving, path: ConfigPath, given: PortForwardConfig): ForwardProbe {
  const probe = r.ledger.pick(path, given.probe, f.probe);
  const read = readForwardProbe(probe);
  if ('mistake' in read) throw new Error(`validated probe: ${read.mistake}`);
  if ('word' in read) {
    const {word} = read;
    if (word === 'auto' || word === 'none') return {type: word};
    return {type: 'tcp', protocol: word === 'tcp' ? null : word};
  }
  const {expect, headers = {}} = typeof probe === 'string' ? {} : probe;
  return {
    type: 'http',
    path: fill(r, read.path, path),
    expect: expect === undefined ? [] : readExpectations(expect),
    headers: Object.fromEntries(
      Object.entries(headers).map(([header, value]) => [header, fill(r, String(value), [...path, 'headers', header])]),
    ),
  };
}

export function resolveConnection(r: Resolving): ConnectionSpec {
  const given: ConnectionConfig = r.config.connection ?? {};
  const pick = <V, D>(key: string, value: V | undefined, byDefault: Default<D>) =>
    r.ledger.pick(['connection', key], value, byDefault);
  const kubectl = resolveKubectl(r, given);
  pick('kubeconfig', given.kubeconfig, c.kubeconfig);
  const {kubeconfig} = given;
  const portal = pick('portal', given.portal, c.portal);
  const logInterval = pick('logInterval', given.logInterval, c.logInterval);
  const maxRestarts = pick('maxRestarts', given.maxRestarts, c.maxRestarts);
  return {
    kubectl,
    kubeconfig: kubeconfig === undefined ? null : filePath(r, fill(r, kubeconfig, ['connection', 'kubeconfig'])),
    publicTargets: pick('publicTargets', given.publicTargets, c.publicTargets),
    portalUrl: portal === 'none' ? null : portal,
    probeIntervalMs: ms(pick('probeInterval', given.probeInterval, c.probeInterval)),
    probeTimeoutMs: ms(pick('probeTimeout', given.probeTimeout, c.probeTimeout)),
    startTimeoutMs: ms(pick('startTimeout', given.startTimeout, c.startTimeout)),
    logIntervalMs: logInterval === 'never' ? null : ms(logInterval),
    maxRestarts: maxRestarts === 'unlimited' ? null : maxRestarts,
    slowRetryMs: ms(pick('slowRetry', given.slowRetry, c.slowRetry)),
    autoRestart: pick('autoRestart', given.autoRestart, c.autoRestart),
  };
}

const kubectlVariables = ['ERP_KUBECTL', 'KUBECTL'] as const;

/** The environment wins: whoever sets it means this very machine, the file all of them. */
function resolveKubectl(r: Resolving, {kubectl}: ConnectionConfig): readonly [string, ...string[]] {
  const path = ['connection', 'kubectl'];
  const env = variablesOf(r.context);
  const variable = kubectlVariables.find((name) => (env[name] ?? '').trim() !== '');
  if (variable !== undefined) {
    const words = splitWords(env[variable] ?? '');
    if (words !== null) return located(r, r.ledger.note(path, words, 'environment', variable));
    r.problems.push({
      path,
      message: `${variable}: ${JSON.stringify(env[variable])} has a quote that is not closed.`,
      allowed: 'kubectl, minikube kubectl --, "/a path with spaces/kubectl"',
      nearest: null,
      found: null,
      position: null,
    });
  }
  const given = r.ledger.pick(path, kubectl, c.kubectl);
  const words = typeof given === 'string' ? splitWords(fill(r, given, path)) : given.map((word) => fill(r, word, path));
  const [first = c.kubectl.value, ...rest] = words ?? [];
  return located(r, [first, ...rest]);
}

/** A path is looked for from the project; a name on the PATH. */
function located(r: Resolving, [program, ...args]: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return [/[/\\]/.test(program) ? filePath(r, program) : program, ...args];
}

function filePath({context}: Resolving, text: string): string {
  const env = variablesOf(context);
  const home = env['HOME'] ?? env['USERPROFILE'];
  const isHome = home !== undefined && /^~(?=$|[/\\])/.test(text);
  return context.resolvePath(context.projectDir, isHome ? `${home}${text.slice(1)}` : text);
}

/** What an operator should know about a port-forward, and need not act on. */
export function forwardNotices(config: Config): string[] {
  return Object.entries(config.portForwards ?? {}).flatMap(([name, {address}]) =>
    address === undefined || isLoopback(address)
      ? []
      : [
          `portForwards.${name}.address is ${address}: whoever reaches this machine there reaches what lies behind it, without the login of the cluster.`,
        ],
  );
}

const ms = (value: string | number): number => parseDuration(value) ?? 0;
