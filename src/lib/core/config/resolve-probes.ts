import type {HealthExpectation, ProbePurpose, ProbeSpec} from '../spec.js';
import {probeDefaults, serviceDefaults} from './defaults.js';
import {parseDuration} from './durations.js';
import {chosenProbes, isMistake, type ProbeChoice, type ProbeIntent, readExpectations, readProbe} from './probes.js';
import {resolveCommand} from './resolve-commands.js';
import {fill, type Resolving} from './resolving.js';
import type {ServiceConfig} from './schema.js';

const ms = (duration: string | number | undefined) => (duration === undefined ? null : parseDuration(duration));

/** One probe for both purposes, or one for each; a log line is no probe but a sign of its own. */
export function resolveProbes(
  r: Resolving,
  name: string,
  service: ServiceConfig,
  checkIntervalMs: number,
): {probes: ProbeSpec[]; readyLog: string | null} {
  const {liveness, readiness} = chosenProbes(service);
  const hasPort = service.port !== undefined;
  const same = liveness.probe === readiness.probe;
  const wanted: {choice: ProbeChoice; purposes: ProbePurpose[]}[] = same
    ? [{choice: liveness, purposes: ['liveness', 'readiness']}]
    : [
        {choice: liveness, purposes: ['liveness']},
        {choice: readiness, purposes: ['readiness']},
      ];
  let readyLog: string | null = null;
  const probes = wanted.flatMap(({choice, purposes}) => {
    const intent = readProbe(choice.probe, hasPort);
    if (isMistake(intent)) throw new Error(`validated probe of ${name}: ${intent.mistake}`);
    note(r, name, service, choice, purposes, intent);
    if (intent.check.type === 'log') readyLog = intent.check.pattern;
    const probe = resolveProbe(r, name, service, choice, intent, purposes, checkIntervalMs);
    return probe === null ? [] : [probe];
  });
  return {probes, readyLog};
}

function note(
  r: Resolving,
  name: string,
  service: ServiceConfig,
  choice: ProbeChoice,
  purposes: readonly ProbePurpose[],
  intent: ProbeIntent,
): void {
  const key = choice.key ?? (purposes.length === 2 ? 'probe' : (purposes[0] ?? 'probe'));
  if (choice.key !== null) {
    const shown = intent.check.type === 'http' ? {http: intent.check.url} : choice.probe;
    r.ledger.fromFile(
      ['services', name, key],
      typeof choice.probe === 'string' ? choice.probe : {...choice.probe, ...(typeof shown === 'object' ? shown : {})},
    );
    return;
  }
  const reason = service.port === undefined ? 'without a port: ready as soon as it runs' : serviceDefaults.probe.reason;
  r.ledger.note(['services', name, key], choice.probe, 'default', reason);
}

function resolveProbe(
  r: Resolving,
  name: string,
  service: ServiceConfig,
  choice: ProbeChoice,
  {check, options}: ProbeIntent,
  purposes: readonly ProbePurpose[],
  checkIntervalMs: number,
): ProbeSpec | null {
  const path = ['services', name, choice.key ?? 'probe'];
  const timeout = ms(options.timeout) ?? ms(probeDefaults.timeout.value) ?? 0;
  const common = {
    purposes,
    initialDelayMs: ms(options.initialDelay) ?? 0,
    periodMs: ms(options.period),
    // Longer than the interval, two probes would be under way at once.
    timeoutMs: Math.min(timeout, ms(options.period) ?? checkIntervalMs),
    successThreshold: options.successThreshold ?? probeDefaults.successThreshold.value,
    failureThreshold: options.failureThreshold ?? null,
  };
  switch (check.type) {
    case 'none':
    case 'log':
      return null;
    case 'http':
      return {
        ...common,
        check: {
          type: 'http',
          url: fill(r, check.url, path),
          expect: purposes.includes('readiness') ? expectationsOf(r, name, service, options.expect) : [],
          headers: Object.fromEntries(
            Object.entries(options.headers ?? {}).map(([header, value]) => [
              header,
              fill(r, String(value), [...path, 'headers', header]),
            ]),
          ),
        },
      };
    case 'tcp':
      return {...common, check: {type: 'tcp', host: fill(r, check.host, path), port: check.port}};
    case 'command':
      return {...common, check: {type: 'command', command: resolveCommand(check.command, r.context)}};
  }
}

/** The flag counts for every service with an http probe; a probe's own expectation is more special than the service's. */
function expectationsOf(
  r: Resolving,
  name: string,
  service: ServiceConfig,
  own: ServiceConfig['expect'],
): HealthExpectation[] {
  const override = r.overrides.get('expect');
  const path = ['services', name, 'expect'];
  if (override !== undefined) {
    return readExpectations(r.ledger.note(path, String(override.value), override.source, override.place));
  }
  if (own !== undefined) return readExpectations(own);
  return service.expect === undefined ? [] : readExpectations(r.ledger.fromFile(path, service.expect));
}
