import type {ServicePolicy, ServiceSpec} from '../spec.js';
import {backOffJitter, jobDefaults, onPermanentDefault, policyDefaults, watchdogDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import type {OverrideKey} from './overrides.js';
import type {Resolving} from './resolving.js';
import type {PolicyConfig, PolicyKey, ServiceConfig} from './schema.js';
import {parseShare} from './schema-values.js';
import {parseSize} from './sizes.js';

type Chosen<K extends PolicyKey> = NonNullable<PolicyConfig[K]> | null;

/** flag, environment, the service in the file, `defaults:` in the file, default. */
export function choose<K extends PolicyKey>(r: Resolving, name: string, service: ServiceConfig, key: K): Chosen<K> {
  const path = ['services', name, key];
  // A job is run once, whatever is wanted for the services.
  const isJob = service.kind === 'job';
  const override = isJob && key === 'restart' ? undefined : r.overrides.get(key as OverrideKey);
  if (override !== undefined) {
    return r.ledger.note(path, override.value as Chosen<K>, override.source, override.place);
  }
  if (service[key] !== undefined) return r.ledger.fromFile(path, service[key]);
  const shared = r.config.defaults?.[key];
  if (shared !== undefined && !(isJob && key === 'restart')) {
    return r.ledger.fromFile(path, shared, ['defaults', key]);
  }
  const {value, reason} = defaultOf(r, isJob, key);
  return r.ledger.note(path, value as unknown as Chosen<K>, 'default', reason);
}

function defaultOf(r: Resolving, isJob: boolean, key: PolicyKey) {
  if (isJob && key === 'restart') return jobDefaults.restart;
  if (r.context.mode === 'watchdog' && key === 'afterBudget') return watchdogDefaults.afterBudget;
  if (r.context.platform === 'win32' && key === 'output') {
    return {value: 'file', reason: 'Windows has no FIFO that outlives erp'};
  }
  return policyDefaults[key];
}

export function resolvePolicy(
  r: Resolving,
  name: string,
  service: ServiceConfig,
  kind: ServiceSpec['kind'],
): ServicePolicy {
  const ms = (
    key:
      | 'startTimeout'
      | 'checkInterval'
      | 'timeoutThreshold'
      | 'stableAfter'
      | 'stopGrace'
      | 'hangGrace'
      | 'crashGrace'
      | 'returnAfter',
  ) => parseDuration(choose(r, name, service, key) ?? 0) ?? 0;
  const backOff = choose(r, name, service, 'backOff') ?? [];
  const pauses = Array.isArray(backOff) ? backOff : backOff.pauses;
  const giveUp = choose(r, name, service, 'giveUpAfter');
  const restartOn = choose(r, name, service, 'restartOn');
  const share = (key: 'memoryWarn' | 'openFilesWarn') => parseShare(choose(r, name, service, key) ?? 1) ?? 1;
  const maxMemory = choose(r, name, service, 'maxMemory');
  const slowAfter = choose(r, name, service, 'slowAfter');
  return {
    ...restartOf(r, name, service),
    maxRestarts: Number(choose(r, name, service, 'maxRestarts')),
    startTimeoutMs: ms('startTimeout'),
    checkIntervalMs: ms('checkInterval'),
    timeoutThresholdMs: ms('timeoutThreshold'),
    backOffMs: pauses.map((pause) => parseDuration(pause) ?? 0),
    backOffJitter: (Array.isArray(backOff) ? undefined : backOff.jitter) ?? backOffJitter.value,
    stableAfterMs: ms('stableAfter'),
    stopGraceMs: ms('stopGrace'),
    hangGraceMs: ms('hangGrace'),
    crashGraceMs: ms('crashGrace'),
    afterBudget: decision(choose(r, name, service, 'afterBudget') ?? 'fail'),
    giveUpAfterMs: giveUp === null || giveUp === 'never' ? null : parseDuration(giveUp),
    unhealthyForMs: restartOn === 'unhealthy' ? parseDuration(choose(r, name, service, 'unhealthyFor') ?? 0) : null,
    // `defaults` may set it for all; half a migration, ended for its memory, would be worse than none.
    maxMemoryBytes: kind !== 'service' || maxMemory === null || maxMemory === 'none' ? null : parseSize(maxMemory),
    memoryWarnRatio: share('memoryWarn'),
    slowAfterMs: slowAfter === null || slowAfter === 'never' ? null : parseDuration(slowAfter),
    openFilesWarnRatio: share('openFilesWarn'),
    onPortChange: choose(r, name, service, 'onPortChange') ?? 'restart',
    returnToPrimary: choose(r, name, service, 'returnToPrimary') ?? 'never',
    returnAfterMs: ms('returnAfter'),
  };
}

/** Policy and decision are told apart: a service that says only one of them takes the other from `defaults:`. */
function restartOf(r: Resolving, name: string, service: ServiceConfig): Pick<ServicePolicy, 'restart' | 'onPermanent'> {
  const chosen = choose(r, name, service, 'restart');
  const shared = service.kind === 'job' ? undefined : r.config.defaults?.restart;
  const decision = [service.restart, shared].find((each) => typeof each === 'object' && each.onPermanent !== undefined);
  return {
    restart:
      policyIn(chosen) ?? policyIn(shared) ?? (service.kind === 'job' ? jobDefaults : policyDefaults).restart.value,
    onPermanent: (typeof decision === 'object' ? decision.onPermanent : undefined) ?? onPermanentDefault.value,
  };
}

/** `restart: always` or `restart: {policy: always}`. */
export const policyIn = (restart: PolicyConfig['restart'] | null): ServicePolicy['restart'] | undefined =>
  (typeof restart === 'object' ? restart?.policy : restart) ?? undefined;

/** `cooldown` alone takes the usual pause. */
function decision(text: string): ServicePolicy['afterBudget'] {
  const match = /^\s*cooldown(?:\s+(\S+))?\s*$/.exec(text);
  if (match === null) return {then: 'fail'};
  return {then: 'cooldown', pauseMs: parseDuration(match[1] ?? '5m') ?? 0};
}
