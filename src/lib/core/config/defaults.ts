import {providerFacts} from '../explain/settings.js';
import type {PolicyConfig} from './schema.js';

/** A default, why it is what it is, and where it is written in the configuration. One table: docs are tested against it. */
export interface Default<V> {
  readonly value: V;
  readonly reason: string;
}

const d = <const V>(value: V, reason: string): Default<V> => ({value, reason});

/** Per service; also keys of `defaults:`. In the words of the configuration. */
export const policyDefaults = {
  restart: d('always', 'uvicorn exits with 0 on a SIGTERM from a stranger: an exit code proves nothing'),
  startTimeout: d('2m', 'a cold start with migrations on a busy server; probes that fail meanwhile never count'),
  checkInterval: d('15s', 'what operators know; after the first miss erp asks every 2 s'),
  timeoutThreshold: d('45s', 'what operators know: three intervals without any answer'),
  maxRestarts: d(5, 'what operators know; a life that was ready for stableAfter gives the budget back'),
  backOff: d(
    ['0s', '250ms', '2s', '8s', '30s', '1m'],
    'the first restart at once; five take 40 s or more, so that a short outage of something else passes',
  ),
  stableAfter: d('1m', 'longer than most crashes at start'),
  stopGrace: d('10s', 'what Docker gives'),
  hangGrace: d('3s', 'who does not answer rarely answers SIGTERM; frozen processes get none'),
  crashGrace: d('250ms', 'only for what a dead service left behind'),
  afterBudget: d('cooldown 5m', 'in the night nobody is there: a try every 5 minutes; `erp watchdog` fails (exit 4)'),
  giveUpAfter: d('never', 'a cooling service comes back when its cause is gone'),
  restartOn: d('no-answer', 'a 503 proves that it lives: a database restore must not kill the backend'),
  unhealthyFor: d('5m', 'only with restartOn: unhealthy'),
  maxMemory: d('none', 'what is much for one service is little for another'),
  memoryWarn: d(0.8, 'time to look before it is restarted'),
  slowAfter: d('2s', 'people wait no longer; it is a warning, never a restart'),
  openFilesWarn: d(0.8, 'above its limit a server takes no connection any more (EMFILE)'),
  onPortChange: d('restart', 'an old address is an outage that nobody sees'),
  returnToPrimary: d('never', 'a restart that nobody asked for is worse than another port; status says what to do'),
  returnAfter: d('1m', 'who has just gone may come back; a pause between two requests is no rest'),
  listener: d('own', "a stranger's answer on our port proves nothing"),
  stdin: d('open', 'esbuild --watch and react-scripts end at the end of their input'),
  output: d('pipe', 'erp may die, files rotate and the disk be full; file on Windows'),
  env: d({}, 'beside the environment of erp'),
} as const satisfies Record<keyof PolicyConfig, Default<unknown>>;

/** `restart: {onPermanent}` */
export const onPermanentDefault: Default<'stop' | 'retry'> = d(
  'stop',
  'the same missing module will be missing at the fifth restart, too; what would mend it is watched',
);

/** Where `mode: watchdog` differs. */
export const watchdogDefaults = {
  afterBudget: d('fail', 'what operators of the old watchdog know: it gives up and says so'),
} as const;

/** Where `kind: job` differs: a migration that ran is done. */
export const jobDefaults = {
  restart: d('no', 'a job that failed is not repeated on its own: half a migration is worse than none'),
} as const;

export const backOffJitter = d(0.2, 'services that fell together do not come back together');

export const serviceDefaults = {
  cwd: d('.', 'the folder of the project'),
  kind: d('service', 'runs until it is stopped'),
  autoStart: d(true, '`erp start` starts everything'),
  critical: d(false, 'one failed service does not stop the others'),
  addresses: d(['127.0.0.1', '::'], 'a stranger on all addresses takes our port just as one on loopback does'),
  any: d(false, 'a port that nobody knows is the last resort'),
  probe: d('tcp', 'a service with a port is ready when it can be connected to'),
  stop: d('SIGTERM', 'what every service manager sends'),
  'hooks.timeout': d('5m', 'a database migration'),
  'hooks.onCrash': d(false, 'after a crash every second counts'),
} as const;

/** A service with `alternatives` or `any` moves when its port is taken, any other fails and says by whom. */
export const ifRunningDefault = d(
  'move with alternatives, else fail',
  'a second copy on another port must be asked for',
);

/** Also keys of `connection:`. */
export const connectionDefaults = {
  kubectl: d('kubectl', 'the one on the PATH; KUBECTL in the environment names another'),
  kubeconfig: d('KUBECONFIG, else ~/.kube/config', 'what kubectl takes'),
  publicTargets: d(
    ['1.1.1.1:443', '8.8.8.8:443', '9.9.9.9:443'],
    'three that do not fail together; asked only for the wording once the API server is out of reach',
  ),
  portal: d('http://connectivitycheck.gstatic.com/generate_204', 'a captive portal answers something else than 204'),
  probeInterval: d('2s', 'a pod that went away is noticed by the next question only'),
  probeTimeout: d(
    '1500ms',
    'a lost packet is sent again within 1.4 s; two questions in a row prove that a forward is dead',
  ),
  startTimeout: d('20s', 'with 2 s for each answer of the API server a start takes 9 s'),
  logInterval: d('never', 'a healthy forward is no news'),
  maxRestarts: d('unlimited', 'it comes back; the pace keeps the load on the API server low'),
  slowRetry: d('5m', 'after maxRestarts; events still count at once'),
  autoRestart: d(true, 'that is what it is for'),
} as const;

export const forwardDefaults = {
  context: d('the current one', 'what kubectl takes'),
  namespace: d('that of the context', 'what kubectl takes'),
  target: d('svc/NAME', 'a service keeps its name when its pods change'),
  remotePort: d('the only one', 'of several the one named http'),
  address: d('127.0.0.1', 'with both families kubectl lets a stranger have one of them and does not say so'),
  autoStart: d(true, '`erp start` starts everything'),
  probe: d('auto', 'postgres, redis and mysql in their own words by the number of the remote port, else HEAD /'),
  returnToPrimary: d('idle', 'a forward is replaced in 0.3 s, and bookmarks name the primary'),
  returnAfter: d('10s', 'longer than the pause between two requests of a page'),
} as const;

export const probeDefaults = {
  initialDelay: d('0s', 'failed probes at start do not count anyway'),
  period: d('checkInterval', 'one rhythm; before the first success 250 ms for 5 s, then 1 s'),
  timeout: d('5s', 'slow is not dead; never longer than checkInterval'),
  successThreshold: d(1, 'one answer is proof'),
  failureThreshold: d('by time', 'timeoutThreshold decides about liveness'),
} as const;

export const projectDefaults = {
  name: d('the folder', 'short and known'),
  stateDir: d('.erp', 'beside the configuration'),
  logDir: d('logs', 'where operators look'),
  watchdogLogDir: d('watchdog_logs', 'where operators look'),
  tie: d('none', 'a closed terminal must not stop the ERP of a company'),
} as const;

export const loggingDefaults = {
  maxFileSize: d('20MB', 'opens in an editor'),
  rotateEvery: d('7d', 'a quiet service keeps nothing much longer than maxAge says'),
  maxFiles: d('unlimited', 'age and total size are the limits'),
  maxAge: d('30d', 'a month-end closing can be looked at'),
  maxTotalSize: d('2GB', 'a small disk survives it'),
  gzip: d(true, 'logs shrink to a tenth'),
  level: d('DEBUG', "the supervisor's own file holds everything"),
  ownMaxAge: d('90d', 'a quarter for reports'),
} as const;

export const explainDefaults = {
  providers: d(
    ['ollama', 'openai', 'anthropic', 'built-in'],
    'what stays on this machine comes first; the others want a key of yours',
  ),
  models: d(
    `openai ${providerFacts.openai.model}, anthropic ${providerFacts.anthropic.model}, ollama the first that is installed`,
    'small ones are enough; a server of your own is asked what it has',
  ),
  urls: d(`${providerFacts.openai.url}, ${providerFacts.anthropic.url}, ${providerFacts.ollama.url}`, 'the usual ones'),
  timeout: d('30s', 'a small model on a machine without a graphics card takes that long'),
  maxSize: d('12 KiB', 'the cause stands near the evidence and at the end; about 5,000 tokens'),
  hideAddresses: d(true, 'the same address keeps the same name, so that it can still be reasoned about'),
} as const;

export const machineDefaults = {
  sampleInterval: d('5s', 'short peaks are seen, cost stays below 0.1 % CPU'),
  cpuWarn: d(0.9, 'above it answers get slow'),
  memoryWarn: d(0.85, 'above it the machine begins to swap'),
  minFree: d('1 GiB', 'logs and databases need air'),
  minFreeShare: d(0.02, 'small disks: the smaller of the two counts'),
} as const;
