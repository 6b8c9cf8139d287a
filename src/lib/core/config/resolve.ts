import type {LoggingSpec, MachineSpec, ProjectSpec, ServiceSpec} from '../spec.js';
import {baseEnvironment} from './base-environment.js';
import {thresholdMistake} from './check-probes.js';
import {type Default, loggingDefaults, machineDefaults, projectDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import {misspeltVariables, type Overrides, readOverrides} from './overrides.js';
import type {Problem} from './problems.js';
import {Ledger, type ResolvedValue} from './provenance.js';
import type {ExplainSettings} from '../explain/settings.js';
import {isReferredTo} from './references.js';
import {forwardNotices, resolveConnection, resolveForward} from './resolve-forward.js';
import {resolveExplain} from './resolve-explain.js';
import {resolveService} from './resolve-service.js';
import {fill, type ResolveContext, type Resolving} from './resolving.js';
import type {Config} from './schema.js';
import {parseShare} from './schema-values.js';
import {parseSize} from './sizes.js';
import {hashedText} from './spec-hash.js';

export type {ResolveContext} from './resolving.js';

export type Resolution =
  | {
      readonly ok: true;
      readonly spec: ProjectSpec;
      readonly explain: ExplainSettings;
      /** Every effective value and where it came from, in the order of the configuration. */
      readonly provenance: readonly ResolvedValue[];
      /** What the operator should know and need not act on. */
      readonly notices: readonly string[];
    }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** Where the mistake is, when it is not in the file. */
      readonly outside: 'flag' | 'environment' | null;
    };

/** Fills in every default and turns words into numbers: from here on nothing has to be looked up. */
export function resolveProject(config: Config, context: ResolveContext): Resolution {
  const {overrides, problems: wrong} = readOverrides(context.flags, context.env);
  if (wrong.length > 0)
    return {ok: false, problems: wrong, outside: wrong.every(({source}) => source === 'flag') ? 'flag' : 'environment'};
  const ledger = new Ledger((path) => context.place(path));
  const r: Resolving = {config, context, overrides, ledger, problems: []};

  const top = (key: keyof typeof projectDefaults, fallback: string = projectDefaults[key].value): string => {
    const override = overrides.get(key);
    if (override !== undefined) return ledger.note([key], String(override.value), override.source, override.place);
    return fill(
      r,
      ledger.pick<string, string>([key], config[key], {value: fallback, reason: projectDefaults[key].reason}),
      [key],
    );
  };
  const folder = (key: 'stateDir' | 'logDir' | 'watchdogLogDir') => context.resolvePath(context.projectDir, top(key));
  const name = top('name', context.projectDir.split(/[/\\]/).filter(Boolean).at(-1) ?? 'erp');
  const draft = {
    schema: 1 as const,
    name,
    projectDir: context.projectDir,
    configFile: context.configFile,
    instance: context.instance ?? null,
    stateDir: folder('stateDir'),
    logDir: folder('logDir'),
    ownLogDir: folder('watchdogLogDir'),
    runtimeDir: context.runtimeDir,
    mode: context.mode,
    services: withPublic(
      r,
      Object.entries(config.services ?? {}).map(([service, value]) => resolveService(r, service, value)),
    ),
    portForwards: Object.entries(config.portForwards ?? {}).map(([forward, value]) =>
      resolveForward(r, forward, value),
    ),
    connection: resolveConnection(isForwarding(config) ? r : aside(r)),
    baseEnv: baseEnvironment(context.env, context.dotenv, context.platform),
    logging: resolveLogging(r),
    machine: resolveMachine(r),
    tie: top('tie') === 'terminal' ? ('terminal' as const) : ('none' as const),
  };
  const explain = resolveExplain(
    config.explain ?? {},
    context.env,
    isExplained(config) ? ledger : new Ledger(() => ''),
  );
  const late = [...r.problems, ...thresholdProblems(draft.services, overrides)];
  if (late.length > 0) return {ok: false, problems: late, outside: r.problems.length === 0 ? 'environment' : null};
  return {
    ok: true,
    spec: {...draft, hash: context.hash(hashedText(draft, context.dotenv))},
    explain,
    provenance: ledger.entries,
    notices: [...misspeltVariables(context.env), ...forwardNotices(config)],
  };
}

/** A port that nothing here names is used from outside, or it would be of no use. */
function withPublic(r: Resolving, services: readonly ServiceSpec[]): readonly ServiceSpec[] {
  return services.map((service) => {
    const given = r.config.services?.[service.name]?.public;
    const {port} = service;
    const moves = port !== null && (port.alternatives.length > 0 || port.any);
    if (!moves && given === undefined) return service;
    const referred = isReferredTo(service.name, services);
    const isPublic = r.ledger.pick(['services', service.name, 'public'], given, {
      value: !referred,
      reason: referred ? 'something here names its port, and follows it' : 'nothing here names its port',
    });
    return {...service, isPublic};
  });
}

/** The file was checked against itself; a flag or variable can contradict it. Said once, not for every service. */
function thresholdProblems(services: ProjectSpec['services'], overrides: Overrides): Problem[] {
  const places = (['timeoutThreshold', 'checkInterval'] as const).flatMap((key) => overrides.get(key)?.place ?? []);
  if (places.length === 0) return [];
  for (const service of services) {
    const liveness = service.probes.find((probe) => probe.purposes.includes('liveness'));
    if (liveness === undefined || service.kind === 'job') continue;
    const said = thresholdMistake({
      checkIntervalMs: service.policy.checkIntervalMs,
      timeoutThresholdMs: service.policy.timeoutThresholdMs,
      probeTimeoutMs: liveness.timeoutMs,
    });
    if (said !== null) {
      return [
        {
          path: ['services', service.name],
          message: `${places.join(', ')}: ${service.name}'s ${said.sentence}.`,
          allowed: said.allowed,
          nearest: null,
          found: null,
          position: null,
        },
      ];
    }
  }
  return [];
}

/** Most projects never ask anybody: its defaults would be no news in `erp config show`. */
const isExplained = ({explain}: Config): boolean => explain !== undefined;

const isForwarding = ({portForwards, connection}: Config): boolean =>
  connection !== undefined || Object.keys(portForwards ?? {}).length > 0;

/** Where nothing is forwarded, a KUBECTL of the environment is nobody's mistake, and its defaults are no news. */
const aside = (r: Resolving): Resolving => ({...r, ledger: new Ledger(() => ''), problems: []});

const dayMs = 86_400_000;

function resolveLogging({config, ledger}: Resolving): LoggingSpec {
  const given = config.logging ?? {};
  const d = loggingDefaults;
  const pick = <V, D>(key: string, value: V | undefined, byDefault: Default<D>) =>
    ledger.pick(['logging', key], value, byDefault);
  const maxFiles = pick('maxFiles', given.maxFiles, d.maxFiles);
  const rotateEvery = pick('rotateEvery', given.rotateEvery, d.rotateEvery);
  return {
    maxFileBytes: parseSize(pick('maxFileSize', given.maxFileSize, d.maxFileSize)) ?? 0,
    rotateEveryMs: rotateEvery === 'never' ? null : parseDuration(rotateEvery),
    maxFiles: typeof maxFiles === 'number' ? maxFiles : null,
    maxAgeDays: (parseDuration(pick('maxAge', given.maxAge, d.maxAge)) ?? 0) / dayMs,
    maxTotalBytes: parseSize(pick('maxTotalSize', given.maxTotalSize, d.maxTotalSize)) ?? 0,
    gzip: pick('gzip', given.gzip, d.gzip),
    ownLevel: pick('level', given.level, d.level),
    ownMaxAgeDays: (parseDuration(pick('ownMaxAge', given.ownMaxAge, d.ownMaxAge)) ?? 0) / dayMs,
  };
}

function resolveMachine({config, ledger}: Resolving): MachineSpec {
  const given = config.machine ?? {};
  const d = machineDefaults;
  const pick = <V, D>(key: string, value: V | undefined, byDefault: Default<D>) =>
    ledger.pick(['machine', key], value, byDefault);
  return {
    sampleIntervalMs: parseDuration(pick('sampleInterval', given.sampleInterval, d.sampleInterval)) ?? 0,
    cpuWarnRatio: parseShare(pick('cpuWarn', given.cpuWarn, d.cpuWarn)) ?? 1,
    memoryWarnRatio: parseShare(pick('memoryWarn', given.memoryWarn, d.memoryWarn)) ?? 1,
    minFreeBytes: parseSize(pick('minFree', given.minFree, d.minFree)) ?? 0,
    minFreeRatio: parseShare(pick('minFreeShare', given.minFreeShare, d.minFreeShare)) ?? 0,
  };
}
