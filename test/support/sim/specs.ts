import {nothingForwarded} from '../../../src/lib/core/spec.js';
import type {ProbeSpec, ProjectSpec, ServicePolicy, ServiceSpec} from '../../../src/lib/core/spec.js';

/** The defaults of docs/reference, in milliseconds. */
export const defaultPolicy: ServicePolicy = {
  restart: 'always',
  onPermanent: 'stop',
  startTimeoutMs: 120_000,
  checkIntervalMs: 15_000,
  timeoutThresholdMs: 45_000,
  maxRestarts: 5,
  backOffMs: [0, 250, 2000, 8000, 30_000, 60_000],
  backOffJitter: 0.2,
  stableAfterMs: 60_000,
  stopGraceMs: 10_000,
  hangGraceMs: 3000,
  crashGraceMs: 250,
  afterBudget: {then: 'cooldown', pauseMs: 300_000},
  giveUpAfterMs: null,
  unhealthyForMs: null,
  maxMemoryBytes: null,
  memoryWarnRatio: 0.8,
  slowAfterMs: 2000,
  openFilesWarnRatio: 0.8,
  onPortChange: 'restart',
  returnToPrimary: 'never',
  returnAfterMs: 60_000,
};

/** The same shape, twenty times faster: more happens in a virtual minute. */
export const quickPolicy: ServicePolicy = {
  restart: 'always',
  onPermanent: 'stop',
  startTimeoutMs: 6000,
  checkIntervalMs: 1000,
  timeoutThresholdMs: 3000,
  maxRestarts: 3,
  backOffMs: [0, 250, 1000, 2000],
  backOffJitter: 0.2,
  stableAfterMs: 4000,
  stopGraceMs: 2000,
  hangGraceMs: 500,
  crashGraceMs: 250,
  afterBudget: {then: 'cooldown', pauseMs: 5000},
  giveUpAfterMs: null,
  unhealthyForMs: null,
  maxMemoryBytes: null,
  memoryWarnRatio: 0.8,
  slowAfterMs: 2000,
  openFilesWarnRatio: 0.8,
  onPortChange: 'restart',
  returnToPrimary: 'never',
  returnAfterMs: 60_000,
};

export function httpProbe(differs: Partial<ProbeSpec> = {}): ProbeSpec {
  return {
    purposes: ['liveness', 'readiness'],
    check: {type: 'http', url: 'http://127.0.0.1:{port}/health', expect: [], headers: {}},
    initialDelayMs: 0,
    periodMs: null,
    timeoutMs: 5000,
    successThreshold: 1,
    failureThreshold: null,
    ...differs,
  };
}

export type ServiceDiffers = Partial<Omit<ServiceSpec, 'policy'>> & {policy?: Partial<ServicePolicy>};

/** A service with a port and one HTTP probe for both purposes. */
export function service(
  name: string,
  port: number | null,
  {policy, ...differs}: ServiceDiffers = {},
  base: ServicePolicy = defaultPolicy,
): ServiceSpec {
  return {
    name,
    kind: 'service',
    role: null,
    autoStart: true,
    critical: false,
    command: {argv: ['serve', port === null ? '-' : '{port}']},
    cwd: '/project',
    env: {},
    requiredFiles: [],
    port:
      port === null ? null : {primary: port, alternatives: [], any: false, addresses: ['127.0.0.1'], ifRunning: 'fail'},
    isPublic: false,
    url: null,
    probes: port === null ? [] : [httpProbe()],
    readyLog: null,
    policy: {...base, ...policy},
    schedule: null,
    dependsOn: [],
    restartWith: [],
    listener: 'own',
    hooks: {preStart: null, preCheck: null, postStop: null, onPortMoved: null},
    hooksOnCrash: false,
    hookTimeoutMs: 300_000,
    stop: {signal: 'SIGTERM', command: null, http: null},
    stdin: 'open',
    output: 'pipe',
    observed: null,
    ...differs,
  };
}

export function project(services: readonly ServiceSpec[], mode: ProjectSpec['mode'] = 'start'): ProjectSpec {
  return {
    schema: 1,
    name: 'sim',
    projectDir: '/project',
    configFile: null,
    instance: null,
    stateDir: '/project/.erp',
    logDir: '/project/logs',
    ownLogDir: '/project/watchdog_logs',
    runtimeDir: '/run/erp',
    mode,
    services,
    portForwards: [],
    connection: nothingForwarded,
    baseEnv: {},
    logging: {
      maxFileBytes: 1,
      rotateEveryMs: null,
      maxFiles: null,
      maxAgeDays: 1,
      maxTotalBytes: 1,
      gzip: false,
      ownLevel: 'DEBUG',
      ownMaxAgeDays: 1,
    },
    machine: {sampleIntervalMs: 10_000, cpuWarnRatio: 0.9, memoryWarnRatio: 0.9, minFreeBytes: 0, minFreeRatio: 0},
    tie: 'none',
    hash: 'sim',
  };
}
