import type {Checking} from './check-report.js';
import {policyDefaults, probeDefaults} from './defaults.js';
import {formatDuration, parseDuration} from './durations.js';
import {chosenProbes, isMistake, probeTimeoutMs, readProbe, urlMistake} from './probes.js';
import type {PolicyConfig, ServiceConfig} from './schema.js';

const probeKeys = ['probe', 'health', 'liveness', 'readiness'] as const;

export function checkProbes(checks: Checking): void {
  for (const [name, service] of checks.services) {
    const at = (key: string) => ['services', name, key];
    if (service.probe !== undefined && service.health !== undefined) {
      checks.report(at('health'), 'probe and health say the same: one of them', {atKey: true});
    }
    for (const key of probeKeys) {
      const probe = service[key];
      if (probe === undefined) continue;
      const read = readProbe(probe, service.port !== undefined);
      if (isMistake(read)) {
        checks.report(read.key === null ? at(key) : [...at(key), read.key], read.mistake, {
          allowed: read.allowed,
          nearest: read.nearest,
        });
      } else if (key === 'liveness' && read.check.type === 'log') {
        checks.report([...at(key), 'log'], 'a log line says that a service is ready, not that it lives', {
          allowed: 'readiness: {log: …}',
        });
      }
    }
    if (service.expect !== undefined && !hasHttp(service)) {
      checks.report(at('expect'), 'needs an http probe', {
        allowed: 'health: http://127.0.0.1:{port}/health',
        atKey: true,
      });
    }
    if (typeof service.stop === 'object' && service.stop.http !== undefined) {
      const wrong = urlMistake(service.stop.http);
      if (wrong !== null) checks.report([...at('stop'), 'http'], wrong, {allowed: 'http://127.0.0.1:{port}/shutdown'});
    }
    checkTimes(checks, name, service);
    checkSlowness(checks, name, service);
  }
}

/** What the probe would give up on first is never seen to be slow. */
function checkSlowness(checks: Checking, name: string, service: ServiceConfig): void {
  const {slowAfter} = service;
  if (slowAfter === undefined || slowAfter === 'never' || service.kind === 'job') return;
  const {liveness} = chosenProbes(service);
  const {probe} = liveness;
  const period = typeof probe === 'object' && probe.period !== undefined ? parseDuration(probe.period) : null;
  // As `resolve-probes.ts` does it: no longer than the pause between two probes.
  const timeoutMs = Math.min(
    probeTimeoutMs(probe, parseDuration(probeDefaults.timeout.value) ?? 0),
    period ?? effective('checkInterval', service, checks.config.defaults),
  );
  if ((parseDuration(slowAfter) ?? 0) < timeoutMs) return;
  checks.report(['services', name, 'slowAfter'], `the probe gives up after ${formatDuration(timeoutMs)}`, {
    allowed: 'a shorter duration, or a probe with a longer timeout and checkInterval',
  });
}

function hasHttp(service: ServiceConfig): boolean {
  const {readiness} = chosenProbes(service);
  const read = readProbe(readiness.probe, service.port !== undefined);
  return isMistake(read) || read.check.type === 'http';
}

function checkTimes(checks: Checking, name: string, service: ServiceConfig): void {
  const {liveness} = chosenProbes(service);
  if (service.kind === 'job' || liveness.probe === 'none') return;
  const of = (key: 'checkInterval' | 'timeoutThreshold') => effective(key, service, checks.config.defaults);
  const said = thresholdMistake({
    checkIntervalMs: of('checkInterval'),
    timeoutThresholdMs: of('timeoutThreshold'),
    probeTimeoutMs: probeTimeoutMs(liveness.probe, parseDuration(probeDefaults.timeout.value) ?? 0),
  });
  if (said === null) return;
  // Where the reader can change it: at the service, else at the defaults.
  const place =
    (['timeoutThreshold', 'checkInterval'] as const)
      .flatMap((key) => [
        ['services', name, key],
        ['defaults', key],
      ])
      .find((path) => checks.position(path, 'value') !== null) ??
    (service.timeoutThreshold !== undefined || service.checkInterval !== undefined
      ? ['services', name, service.timeoutThreshold !== undefined ? 'timeoutThreshold' : 'checkInterval']
      : liveness.key !== null && typeof liveness.probe === 'object' && liveness.probe.timeout !== undefined
        ? ['services', name, liveness.key, 'timeout']
        : ['services', name]);
  checks.report(place, said.sentence, {allowed: said.allowed});
}

function effective(
  key: 'checkInterval' | 'timeoutThreshold',
  service: PolicyConfig,
  defaults: PolicyConfig | undefined,
) {
  return parseDuration(service[key] ?? defaults?.[key] ?? policyDefaults[key].value) ?? 0;
}

/** A threshold that a single slow answer passes would restart healthy services. */
export function thresholdMistake(times: {
  checkIntervalMs: number;
  timeoutThresholdMs: number;
  probeTimeoutMs: number;
}): {sentence: string; allowed: string} | null {
  const probe = Math.min(times.probeTimeoutMs, times.checkIntervalMs);
  const least = times.checkIntervalMs + probe;
  if (times.timeoutThresholdMs >= least) return null;
  const show = formatDuration;
  return {
    sentence:
      `timeoutThreshold ${show(times.timeoutThresholdMs)} is shorter than checkInterval ${show(times.checkIntervalMs)} ` +
      `plus probe timeout ${show(probe)}: one slow answer would restart a healthy service`,
    allowed: `timeoutThreshold: ${show(least)} or more, or a shorter checkInterval`,
  };
}
