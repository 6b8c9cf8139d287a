import {z} from 'zod';
import {baseUrlMistake, remoteProviders} from '../explain/settings.js';
import {logLevels} from '../spec.js';
import {keyHelp} from './key-help.js';
import {
  command,
  count,
  described,
  duration,
  expectations,
  flag,
  interval,
  keys,
  oneOf,
  portNumber,
  positiveDuration,
  processMemory,
  serviceName,
  serviceNames,
  share,
  size,
  text,
  textMap,
} from './schema-values.js';
import {parseSize} from './sizes.js';

/**
 * The format of the configuration file. It checks shape only and changes nothing: `checks.ts` looks at the meaning,
 * `resolve.ts` turns the words into numbers. Types and the JSON Schema for editors (`config/erp.schema.json`) come from here.
 */
const path = text('a path', 'a path, relative to the folder of the project');

const port = described(
  z.union([
    portNumber,
    keys({
      primary: portNumber,
      alternatives: described(z.array(portNumber), 'a list of ports', '[8001, 8002]').optional(),
      any: flag.optional(),
      addresses: described(
        z.array(text('an address', '127.0.0.1, ::1, 0.0.0.0')),
        'a list of addresses',
        '[127.0.0.1]',
      ).optional(),
    }),
  ]),
  'a port',
  '1 to 65535, or {primary, alternatives, any, addresses}',
);

const probeShape = {
  http: text('an address', 'http://127.0.0.1:{port}/health, or /health').optional(),
  tcp: described(
    z.union([z.literal(true), portNumber, z.string().regex(/\S/)]),
    'a TCP address',
    'true (the own port), 5432, db.local:5432',
  ).optional(),
  command: command.optional(),
  log: text('a regular expression', 'the text that the service prints when it is ready').optional(),
  expect: expectations.optional(),
  headers: textMap('a group of headers').optional(),
  initialDelay: duration.optional(),
  period: interval.optional(),
  timeout: interval.optional(),
  successThreshold: count(1, 1000).optional(),
  failureThreshold: count(1, 1000).optional(),
};

const probe = described(
  z.union([z.string().regex(/\S/), keys(probeShape)]),
  'a probe',
  'http://127.0.0.1:{port}/health, /health, tcp, none, or {http|tcp|command|log, expect, period, timeout, …}',
);

const stopSignal = oneOf('a signal', ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL']);
const providerUrl = described(
  z.string().refine((value) => baseUrlMistake(value) === null),
  'the address of a provider',
  'https://api.openai.com/v1, http://127.0.0.1:11434 (without credentials; keys stand in the environment)',
);
const model = text('the name of a model', 'a name that the provider knows');
const isExcerptSize = (value: string | number) => {
  const bytes = parseSize(value);
  return bytes !== null && bytes >= 1024 && bytes <= 256 * 1024;
};
const httpUrl = text('an address', 'http://127.0.0.1:{port}/shutdown');

const afterBudget = described(z.string().regex(/^\s*(fail|cooldown(\s+\S+)?)\s*$/), 'a decision', 'fail, cooldown 5m');

const restartPolicy = oneOf('a restart policy', ['always', 'on-failure', 'no']);

/** Keys that `defaults:` may set for all services, and that flags and `ERP_…` variables may set for all of them. */
const policyShape = {
  restart: described(
    z.union([
      restartPolicy,
      keys({policy: restartPolicy.optional(), onPermanent: oneOf('a decision', ['stop', 'retry']).optional()}),
    ]),
    'a restart policy',
    'always, on-failure, no, or {policy, onPermanent: stop|retry}',
  ).optional(),
  startTimeout: positiveDuration.optional(),
  checkInterval: interval.optional(),
  timeoutThreshold: positiveDuration.optional(),
  maxRestarts: count(0, 1_000_000).optional(),
  backOff: described(
    z.union([
      z.array(duration).min(1),
      keys({
        pauses: described(z.array(duration).min(1), 'a list of pauses', '[0, 250ms, 2s, 8s, 30s, 60s]'),
        jitter: described(z.number().min(0).max(1), 'a spread', '0 to 1 (0.2 is ±20 %)').optional(),
      }),
    ]),
    'a list of pauses',
    '[0, 250ms, 2s, 8s, 30s, 60s], or {pauses, jitter}',
  ).optional(),
  stableAfter: duration.optional(),
  stopGrace: duration.optional(),
  hangGrace: duration.optional(),
  crashGrace: duration.optional(),
  afterBudget: afterBudget.optional(),
  giveUpAfter: described(z.union([z.literal('never'), duration]), 'a duration', '10m, 0 (at once), never').optional(),
  restartOn: oneOf('a reason to restart', ['no-answer', 'unhealthy']).optional(),
  unhealthyFor: positiveDuration.optional(),
  maxMemory: described(
    z.union([z.literal('none'), processMemory]),
    'a size of 1 MiB or more',
    '512MB, 1.2 GiB, none',
  ).optional(),
  memoryWarn: share.optional(),
  slowAfter: described(
    z.union([z.literal('never'), positiveDuration]),
    'a duration above zero',
    '2s, 800ms, never',
  ).optional(),
  openFilesWarn: share.optional(),
  onPortChange: oneOf('a decision', ['restart', 'ignore']).optional(),
  returnToPrimary: oneOf('a decision', ['idle', 'never']).optional(),
  returnAfter: positiveDuration.optional(),
  listener: oneOf('a listener rule', ['own', 'any']).optional(),
  stdin: described(z.union([z.enum(['open', 'null']), z.null()]), 'an input', 'open, null').optional(),
  output: oneOf('an output', ['pipe', 'file']).optional(),
  env: textMap('a group of variables').optional(),
};

const serviceShape = {
  command: command.optional(),
  cwd: path.optional(),
  kind: oneOf('a kind', ['service', 'job', 'external']).optional(),
  external: flag.optional(),
  role: oneOf('a role', ['backend', 'frontend']).optional(),
  autoStart: flag.optional(),
  critical: flag.optional(),
  port: port.optional(),
  public: flag.optional(),
  url: text('an address', 'http://127.0.0.1:{port}/').optional(),
  ifRunning: oneOf('a decision', ['fail', 'use', 'move']).optional(),
  probe: probe.optional(),
  health: probe.optional(),
  liveness: probe.optional(),
  readiness: probe.optional(),
  expect: expectations.optional(),
  envFile: described(z.union([path, z.array(path)]), 'a path', 'backend.env, or a list of paths').optional(),
  dependsOn: serviceNames.optional(),
  restartWith: serviceNames.optional(),
  schedule: text('a schedule', '"0 3 * * *" (minute, hour, day, month, weekday), "@daily"').optional(),
  scheduleTimezone: text('a time zone', 'Europe/Berlin, America/New_York, UTC').optional(),
  stop: described(
    z.union([stopSignal, keys({signal: stopSignal.optional(), command: command.optional(), http: httpUrl.optional()})]),
    'a way to stop',
    'SIGTERM, SIGINT, …, or {signal, command, http}',
  ).optional(),
  hooks: keys({
    preStart: command.optional(),
    preCheck: command.optional(),
    postStop: command.optional(),
    onPortMoved: command.optional(),
    timeout: positiveDuration.optional(),
    onCrash: flag.optional(),
  }).optional(),
  ...policyShape,
};

const portForward = keys({
  context: text('a context', 'a context of your kubeconfig').optional(),
  namespace: text('a namespace', 'the namespace of the target').optional(),
  target: text('a target', 'svc/grafana, pod/web-0, deploy/api, statefulset/db').optional(),
  remotePort: described(
    z.union([portNumber, z.string().regex(/\S/)]),
    'a port',
    '80 (1 to 65535, without quotes), or the name of a port of the target (http)',
  ).optional(),
  port: port,
  probe: described(
    z.union([
      z.string().regex(/\S/),
      keys({
        http: text('a path', '/health').optional(),
        expect: expectations.optional(),
        headers: textMap('a group of headers').optional(),
      }),
    ]),
    'a probe',
    '/health, auto, tcp, postgres, redis, mysql, none, or {http: /health, expect, headers}',
  ).optional(),
  address: text('an address', '127.0.0.1').optional(),
  dependsOn: serviceNames.optional(),
  autoStart: flag.optional(),
  returnToPrimary: oneOf('a decision', ['idle', 'never']).optional(),
  returnAfter: positiveDuration.optional(),
});

const connection = keys({
  kubectl: described(command, 'a command', 'kubectl, minikube kubectl --, or a list: [microk8s, kubectl]').optional(),
  kubeconfig: text('a path', 'a path, relative to the folder of the project; ~ is your home').optional(),
  publicTargets: described(
    z.array(text('host:port', '1.1.1.1:443')),
    'a list of host:port',
    '["1.1.1.1:443"], or [] to ask nobody',
  ).optional(),
  portal: text('an address', 'http://connectivitycheck.gstatic.com/generate_204, none').optional(),
  probeInterval: interval.optional(),
  probeTimeout: interval.optional(),
  startTimeout: positiveDuration.optional(),
  logInterval: described(
    z.union([z.literal('never'), positiveDuration]),
    'a duration above zero',
    '1m, 1h, never',
  ).optional(),
  maxRestarts: described(
    z.union([z.literal('unlimited'), z.int().min(0).max(1_000_000)]),
    'a whole number',
    '0 or more, unlimited',
  ).optional(),
  slowRetry: positiveDuration.optional(),
  autoRestart: flag.optional(),
});

export const configSchema = keys({
  $schema: text('an address', 'the address of the JSON Schema').optional(),
  name: described(
    // Spelt out, because editors check the pattern with engines that know no \p{…}.
    z.string().regex(/^[^\x00-\x1f\x7f/\\]*[^\s\x00-\x1f\x7f/\\][^\x00-\x1f\x7f/\\]*$/),
    'a name',
    'a text of one line without / and \\',
  ).optional(),
  stateDir: path.optional(),
  logDir: path.optional(),
  watchdogLogDir: path.optional(),
  tie: oneOf('a tie', ['none', 'terminal']).optional(),
  defaults: keys(policyShape).optional(),
  services: described(
    z.record(serviceName, keys(serviceShape)),
    'a group of services',
    'NAME: {command: …}',
  ).optional(),
  portForwards: described(
    z.record(serviceName, portForward),
    'a group of port-forwards',
    'NAME: {target: …, port: …}',
  ).optional(),
  connection: connection.optional(),
  logging: keys({
    maxFileSize: size.optional(),
    rotateEvery: described(z.union([z.literal('never'), interval]), 'a duration', '1d, 12h, never').optional(),
    maxFiles: described(
      z.union([z.literal('unlimited'), z.int().min(1).max(100_000)]),
      'a whole number',
      '1 or more, unlimited',
    ).optional(),
    maxAge: positiveDuration.optional(),
    maxTotalSize: size.optional(),
    gzip: flag.optional(),
    level: described(z.enum(logLevels), 'a level', logLevels.join(', ')).optional(),
    ownMaxAge: positiveDuration.optional(),
  }).optional(),
  machine: keys({
    sampleInterval: interval.optional(),
    cpuWarn: share.optional(),
    memoryWarn: share.optional(),
    minFree: size.optional(),
    minFreeShare: share.optional(),
  }).optional(),
  explain: keys({
    providers: described(
      z.array(oneOf('a provider', [...remoteProviders, 'built-in'])).min(1),
      'a list of providers',
      '[ollama, openai, anthropic, built-in]',
    ).optional(),
    models: keys({openai: model.optional(), anthropic: model.optional(), ollama: model.optional()}).optional(),
    urls: keys({
      openai: providerUrl.optional(),
      anthropic: providerUrl.optional(),
      ollama: providerUrl.optional(),
    }).optional(),
    timeout: positiveDuration.optional(),
    maxSize: described(
      z.union([z.number(), z.string()]).refine((value) => isExcerptSize(value)),
      'a size from 1 KiB to 256 KiB',
      '12 KiB, 32 KiB',
    ).optional(),
    hideAddresses: flag.optional(),
  }).optional(),
});

export type Config = z.infer<typeof configSchema>;
export type ServiceConfig = NonNullable<Config['services']>[string];
export type PolicyConfig = NonNullable<Config['defaults']>;
export type PolicyKey = keyof PolicyConfig;
export type ProbeConfig = NonNullable<ServiceConfig['probe']>;
export type ProbeObject = Exclude<ProbeConfig, string>;
export type PortConfig = NonNullable<ServiceConfig['port']>;
export type CommandConfig = NonNullable<ServiceConfig['command']>;
export type PortForwardConfig = NonNullable<Config['portForwards']>[string];
export type ForwardProbeConfig = NonNullable<PortForwardConfig['probe']>;
export type ConnectionConfig = NonNullable<Config['connection']>;

export const policyKeys: readonly PolicyKey[] = Object.keys(policyShape) as PolicyKey[];
export const probeKinds = ['http', 'tcp', 'command', 'log'] as const;
/** Words of ours that `legacy.ts` and the environment overrides need by name. */
export const topLevelScalars = ['name', 'stateDir', 'logDir', 'watchdogLogDir', 'tie'] as const;

/** The JSON Schema that editors use: completion, hover text and a red line under a wrong key. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({zodSchema, jsonSchema: node}) => {
      // `what` and `allowed` are ours; editors show `description`.
      const {what, allowed} = node as {what?: string; allowed?: string};
      delete (node as {what?: string}).what;
      delete (node as {allowed?: string}).allowed;
      if (what !== undefined && allowed !== undefined && node.type !== 'object')
        node.description = `${what}: ${allowed}`;
      const help = helpOf(zodSchema);
      for (const [key, property] of Object.entries(node.properties ?? {})) {
        const said = (help as Record<string, string> | undefined)?.[key];
        if (said !== undefined && typeof property === 'object') property.description = said + kindOf(zodSchema, key);
      }
    },
  }) as Record<string, unknown>;
  return {
    ...schema,
    title: 'erp: configuration',
    // Anchors that several services share have to stand somewhere.
    patternProperties: {'^x-': {}},
  };
}

/** What is allowed there, unless the sentence before has said it: `(1 to 65535, …)`. */
function kindOf(group: z.core.$ZodType, key: string): string {
  const shape = group instanceof z.ZodObject ? (group.def.shape as Record<string, z.core.$ZodType>) : {};
  const child = shape[key];
  const inner = child instanceof z.ZodOptional ? child.def.innerType : child;
  const {allowed} = ((inner && z.globalRegistry.get(inner)) ?? {}) as {allowed?: string};
  return allowed === undefined || inner instanceof z.ZodObject ? '' : ` (${allowed})`;
}

/** Groups are told apart by a key that only they have. */
function helpOf(schema: z.core.$ZodType): Readonly<Record<string, string>> | undefined {
  if (!(schema instanceof z.ZodObject)) return undefined;
  const has = (key: string) => Object.hasOwn(schema.def.shape, key);
  if (has('services')) return keyHelp.project;
  if (has('kind')) return {...keyHelp.service, ...keyHelp.policy};
  if (has('restart')) return keyHelp.policy;
  if (has('initialDelay')) return keyHelp.probe;
  if (has('primary')) return keyHelp.port;
  if (has('preStart')) return keyHelp.hooks;
  if (has('signal')) return keyHelp.stop;
  if (has('gzip')) return keyHelp.logging;
  if (has('cpuWarn')) return keyHelp.machine;
  if (has('hideAddresses')) return keyHelp.explain;
  if (has('kubectl')) return keyHelp.connection;
  return has('namespace') ? keyHelp.forward : undefined;
}
