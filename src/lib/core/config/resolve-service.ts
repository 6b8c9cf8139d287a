import type {PortSpec, ServiceSpec, StopSpec} from '../spec.js';
import type {Schedule} from '../schedule/cron.js';
import {addressesOf, alternativesOf, anyOf, primaryOf} from './check-ports.js';
import {serviceDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import {resolveCommand} from './resolve-commands.js';
import {choose, resolvePolicy} from './resolve-policy.js';
import {resolveProbes} from './resolve-probes.js';
import {constantsOf, fill, type Resolving} from './resolving.js';
import {inferredRole} from './roles.js';
import type {CommandConfig, ServiceConfig} from './schema.js';
import {replaceConstants} from './placeholders.js';
import {expandVariables} from './variables.js';
import {type ResolveContext, variablesOf} from './resolving.js';

/** One service with every default filled in. */
export function resolveService(r: Resolving, name: string, service: ServiceConfig): ServiceSpec {
  const {context, ledger} = r;
  const at = (key: string) => ['services', name, key];
  const kind =
    service.external === true
      ? ledger.fromFile(at('kind'), 'external' as const, at('external'))
      : ledger.pick(at('kind'), service.kind, serviceDefaults.kind);
  const command = (key: string, value: CommandConfig | undefined) =>
    value === undefined ? null : resolveCommand(ledger.fromFile(at(key), value), context);
  const runs = kind !== 'external';
  const commandSpec = command('command', service.command);
  const policy = resolvePolicy(r, name, service, kind);
  const {probes, readyLog} = resolveProbes(r, name, service, policy.checkIntervalMs);
  const envFiles = [service.envFile ?? []].flat().map((file) => envFilePath(file, context));
  if (service.envFile !== undefined) ledger.fromFile(at('envFile'), service.envFile);
  const role =
    service.role === undefined
      ? inferredRole(name, (found, word) => ledger.note(at('role'), found, 'default', `the name holds "${word}"`))
      : ledger.fromFile(at('role'), service.role);
  const hooks = service.hooks ?? {};
  return {
    name,
    kind,
    role,
    autoStart: ledger.pick(at('autoStart'), service.autoStart, serviceDefaults.autoStart),
    critical: ledger.pick(at('critical'), service.critical, serviceDefaults.critical),
    command: commandSpec,
    cwd: context.resolvePath(
      context.projectDir,
      fill(r, runs ? ledger.pick(at('cwd'), service.cwd, serviceDefaults.cwd) : '.', at('cwd')),
    ),
    env: runs ? resolveEnv(r, name, service, envFiles) : {},
    requiredFiles: envFiles,
    port: resolvePort(r, name, service),
    // What names its port is known when all services are; see `resolveProject`.
    isPublic: service.public ?? false,
    url: service.url === undefined ? null : fill(r, ledger.fromFile(at('url'), service.url), at('url')),
    probes,
    readyLog,
    policy,
    schedule: resolveSchedule(r, name, service),
    dependsOn: names(r, name, 'dependsOn', service).map((other) => ({name: other})),
    restartWith: names(r, name, 'restartWith', service),
    listener: choose(r, name, service, 'listener') ?? 'own',
    hooks: {
      preStart: command('hooks.preStart', hooks.preStart),
      preCheck: command('hooks.preCheck', hooks.preCheck),
      postStop: command('hooks.postStop', hooks.postStop),
      onPortMoved: command('hooks.onPortMoved', hooks.onPortMoved),
    },
    hooksOnCrash: hooks.onCrash ?? serviceDefaults['hooks.onCrash'].value,
    hookTimeoutMs: parseDuration(hooks.timeout ?? serviceDefaults['hooks.timeout'].value) ?? 0,
    stop: resolveStop(r, name, service),
    stdin: choose(r, name, service, 'stdin') === 'open' ? 'open' : 'null',
    output: choose(r, name, service, 'output') ?? 'pipe',
    observed: context.observed[name] ?? null,
  };
}

function names(r: Resolving, name: string, key: 'dependsOn' | 'restartWith', service: ServiceConfig): string[] {
  const value = service[key];
  return value === undefined ? [] : [r.ledger.fromFile(['services', name, key], value)].flat();
}

function resolveSchedule(r: Resolving, name: string, {schedule, scheduleTimezone}: ServiceConfig): Schedule | null {
  if (schedule === undefined) return null;
  const timezone = scheduleTimezone ?? null;
  if (timezone !== null) r.ledger.fromFile(['services', name, 'scheduleTimezone'], timezone);
  return {expression: r.ledger.fromFile(['services', name, 'schedule'], schedule).trim(), timezone};
}

function resolvePort(r: Resolving, name: string, service: ServiceConfig): PortSpec | null {
  const {port} = service;
  if (port === undefined) return null;
  const path = ['services', name, 'port'];
  r.ledger.fromFile(path, port);
  const any = anyOf(port) ?? serviceDefaults.any.value;
  const movable = alternativesOf(port).length > 0 || any;
  return {
    primary: primaryOf(port),
    alternatives: alternativesOf(port),
    any,
    addresses: addressesOf(port) ?? serviceDefaults.addresses.value,
    ifRunning: r.ledger.pick(['services', name, 'ifRunning'], service.ifRunning, {
      value: movable ? ('move' as const) : ('fail' as const),
      reason: movable ? 'it has alternatives' : 'it has no alternatives',
    }),
  };
}

/** `defaults.env`, then the files in their order, then the service's own. */
function resolveEnv(
  r: Resolving,
  name: string,
  service: ServiceConfig,
  envFiles: readonly string[],
): Record<string, string> {
  const env: Record<string, string> = {};
  const constants = constantsOf(r.context);
  const take = (values: NonNullable<ServiceConfig['env']>, path: string[]) => {
    for (const [variable, value] of Object.entries(values)) {
      const filled = fill(r, String(value), [...path, variable]);
      env[variable] = r.ledger.fromFile(['services', name, 'env', variable], filled, [...path, variable]);
    }
  };
  take(r.config.defaults?.env ?? {}, ['defaults', 'env']);
  for (const file of envFiles) {
    for (const [variable, value] of Object.entries(r.context.envFiles[file] ?? {})) {
      env[variable] = replaceConstants(value, constants);
      r.ledger.note(['services', name, 'env', variable], value, 'file', file);
    }
  }
  take(service.env ?? {}, ['services', name, 'env']);
  return env;
}

function resolveStop(r: Resolving, name: string, service: ServiceConfig): StopSpec {
  const {stop} = service;
  const path = ['services', name, 'stop'];
  const given = r.ledger.pick(path, stop, serviceDefaults.stop);
  const {signal, command, http} =
    typeof given === 'string' ? {signal: given, command: undefined, http: undefined} : given;
  return {
    signal: signal ?? 'SIGTERM',
    command: command === undefined ? null : resolveCommand(command, r.context),
    http: http === undefined ? null : fill(r, http, [...path, 'http']),
  };
}

function envFilePath(file: string, context: ResolveContext): string {
  const filled = replaceConstants(expandVariables(file, variablesOf(context)).text, constantsOf(context));
  return context.resolvePath(context.projectDir, filled);
}

/** The `envFile`s of a configuration, absolute, with the place that names them: they are read before it is resolved. */
export function envFilesOf(
  services: Readonly<Record<string, ServiceConfig>>,
  context: ResolveContext,
): {path: (string | number)[]; file: string}[] {
  return Object.entries(services).flatMap(([name, {envFile}]) =>
    envFile === undefined
      ? []
      : [envFile].flat().map((file, index) => ({
          path: ['services', name, 'envFile', ...(Array.isArray(envFile) ? [index] : [])],
          file: envFilePath(file, context),
        })),
  );
}
