import {isFields, type LegacyFields, type LegacyKeys, word} from './legacy-keys.js';

interface LegacyForwards {
  readonly portForwards: Record<string, unknown>;
  readonly connection: Record<string, unknown>;
  readonly notices: readonly string[];
}

/** `ConnectionMonitor` and `Kubernetes` of the old file. It names local ports only: each is that of the service of its name. */
export function legacyForwards(keys: LegacyKeys): LegacyForwards {
  const monitor = (key: string) => ['ConnectionMonitor', key];
  const configs = keys.peek(['Kubernetes', 'PortForwardConfig']);
  keys.ignore(monitor('Mode'), 'erp monitor-connection has a flag for it: --mode background');
  keys.ignore(monitor('ScriptPath'), 'erp monitor-connection takes the place of the script');
  if (keys.peek(monitor('Enabled')) === false) return switchedOff(keys, configs);
  keys.note(monitor('Enabled'), 'portForwards', 'false: none');
  const autoStart = keys.peek(monitor('AutoStart'));
  const monitored = keys.peek(monitor('ServicesToMonitor'));
  const namespace = keys.peek(['Kubernetes', 'Namespace']);
  const portForwards: Record<string, unknown> = {};
  for (const [name, ports] of Object.entries(isFields(configs) ? configs : {})) {
    const old = ['Kubernetes', 'PortForwardConfig', name];
    if (Array.isArray(monitored) && !monitored.includes(name)) {
      keys.ignore(old, 'ServicesToMonitor does not list it');
      continue;
    }
    portForwards[name] = {
      ...(namespace === undefined ? {} : {namespace}),
      target: `svc/${name}`,
      port: portOf(keys, old, ['portForwards', name, 'port'], ports),
      ...(autoStart === false ? {autoStart} : {}),
    };
  }
  keys.note(monitor('AutoStart'), 'portForwards.*.autoStart', 'false: only by name, or by erp monitor-connection');
  if (namespace !== undefined) {
    const forwards = Object.keys(portForwards).length;
    keys.note(['Kubernetes', 'Namespace'], 'portForwards.*.namespace', `for ${forwards} port-forwards`);
  }
  if (monitored !== undefined) keys.note(monitor('ServicesToMonitor'), 'portForwards', 'only these are kept');
  return {portForwards, connection: connectionOf(keys), notices: missing(monitored, configs)};
}

function portOf(keys: LegacyKeys, old: readonly string[], path: readonly string[], ports: unknown): unknown {
  if (!isFields(ports)) return keys.use(old, path);
  const primary = keys.use([...old, 'Primary'], [...path, 'primary']);
  const alternatives = keys.use([...old, 'Alternatives'], [...path, 'alternatives']);
  return alternatives === undefined ? primary : {primary, alternatives};
}

function connectionOf(keys: LegacyKeys): Record<string, unknown> {
  const used = {
    logInterval: keys.use(['ConnectionMonitor', 'CheckInterval'], ['connection', 'logInterval'], 'in seconds'),
    maxRestarts: keys.use(['ConnectionMonitor', 'MaxRestartAttempts'], ['connection', 'maxRestarts']),
    autoRestart: keys.use(['Kubernetes', 'EnableAutoRestart'], ['connection', 'autoRestart']),
  };
  return Object.fromEntries(Object.entries(used).filter(([, value]) => value !== undefined));
}

function switchedOff(keys: LegacyKeys, configs: unknown): LegacyForwards {
  const why = 'ConnectionMonitor.Enabled is false';
  keys.note(['ConnectionMonitor', 'Enabled'], 'portForwards', 'false: none');
  for (const key of ['AutoStart', 'CheckInterval', 'MaxRestartAttempts', 'ServicesToMonitor'])
    keys.ignore(['ConnectionMonitor', key], why);
  for (const key of ['Namespace', 'EnableAutoRestart', 'PortForwardConfig']) keys.ignore(['Kubernetes', key], why);
  const names = Object.keys(isFields(configs) ? configs : {});
  const notices = names.length === 0 ? [] : [`${why}: ${names.join(', ')} are not forwarded.`];
  return {portForwards: {}, connection: {}, notices};
}

/** What is to be monitored and has no ports was an error of the old script's at run time. */
function missing(monitored: unknown, configs: unknown): string[] {
  if (!Array.isArray(monitored)) return [];
  const known: LegacyFields = isFields(configs) ? configs : {};
  const lost = monitored.map(word).filter((name) => name !== '' && !Object.hasOwn(known, name));
  return lost.length === 0
    ? []
    : [`ServicesToMonitor lists ${lost.join(', ')}, and PortForwardConfig has no ports for it: left out.`];
}
