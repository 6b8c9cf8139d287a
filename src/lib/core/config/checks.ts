import {expressionMistake, isTimezone} from '../schedule/cron.js';
import {checkDependencies} from './check-dependencies.js';
import {checkExplain} from './check-explain.js';
import {checkForwards} from './check-forwards.js';
import {checkPlaceholders} from './check-placeholders.js';
import {checkPorts} from './check-ports.js';
import {checkProbes} from './check-probes.js';
import {type Checking, checking} from './check-report.js';
import {parseDuration} from './durations.js';
import type {PositionLookup, Problem} from './problems.js';
import type {Config, ServiceConfig} from './schema.js';
import {policyIn} from './resolve-policy.js';
import {valueAt} from './shape.js';

/** What is well-formed and still can't work. */
export function meaningProblems(
  config: Config,
  document: unknown,
  position: PositionLookup,
  constants: readonly string[],
): Problem[] {
  const checks = checking(config, document, position);
  checkExistence(checks);
  for (const [name, service] of checks.services) {
    checkKind(checks, name, service);
    checkBudget(checks, ['services', name], service);
    checkSchedule(checks, name, service);
    if (service.memoryWarn !== undefined && (service.maxMemory ?? config.defaults?.maxMemory ?? 'none') === 'none') {
      checks.report(['services', name, 'memoryWarn'], 'has no meaning without maxMemory', {atKey: true});
    }
  }
  checkBudget(checks, ['defaults'], config.defaults ?? {});
  checkDependencies(checks);
  checkForwards(checks);
  checkPorts(checks);
  checkProbes(checks);
  checkExplain(checks);
  checkPlaceholders(checks, constants);
  return checks.problems;
}

function checkExistence(checks: Checking): void {
  const groups = {services: 'NAME: {command: …}', portForwards: 'NAME: {target: svc/NAME, port: …}'} as const;
  const written = (group: keyof typeof groups) => valueAt(checks.document, [group]);
  if (written('services') === undefined && written('portForwards') === undefined) {
    checks.report([], 'has no services', {allowed: 'services: {NAME: {command: …}}', atKey: true});
  }
  for (const [group, allowed] of Object.entries(groups) as [keyof typeof groups, string][]) {
    const value = written(group);
    if (typeof value !== 'object' || value === null) continue;
    // A configuration may have one kind only, and then say so.
    const other = written(group === 'services' ? 'portForwards' : 'services');
    if (Object.keys(value).length === 0 && (group === 'portForwards' || other === undefined))
      checks.report([group], 'is empty', {allowed, atKey: true});
    // zod leaves this name out of every record without a word.
    if (Object.hasOwn(value, '__proto__'))
      checks.report([group, '__proto__'], '"__proto__" is not a name', {atKey: true});
  }
  checkNames(checks);
}

/** They share a log file where the file system does not tell upper from lower case; and `erp stop NAME` takes either kind. */
function checkNames(checks: Checking): void {
  const lower = new Map<string, {name: string; group: string}>();
  const all = [
    ...checks.services.map(([name]) => ({group: 'services', name})),
    ...checks.forwards.map(([name]) => ({group: 'portForwards', name})),
  ];
  for (const {group, name} of all) {
    const twin = lower.get(name.toLowerCase());
    if (twin?.name === name) {
      checks.report([group, name], `${name} is the name of a service too: commands and dependsOn take either`, {
        allowed: `another name, ${freeName(`${name}-forward`, all)}`,
        atKey: true,
      });
    } else if (twin !== undefined) {
      checks.report([group, name], `differs from ${twin.name} only in upper and lower case`, {atKey: true});
    }
    lower.set(name.toLowerCase(), {name, group});
  }
}

const freeName = (wanted: string, all: readonly {name: string}[]): string =>
  all.some(({name}) => name.toLowerCase() === wanted.toLowerCase()) ? freeName(`${wanted}-2`, all) : wanted;

/** What belongs to running a process means nothing where erp only watches. */
const runningKeys = [
  'cwd',
  'envFile',
  'env',
  'hooks',
  'stop',
  'restart',
  'maxRestarts',
  'backOff',
  'stopGrace',
  'hangGrace',
  'crashGrace',
  'afterBudget',
  'giveUpAfter',
  'restartOn',
  'restartWith',
  'schedule',
  'maxMemory',
  'memoryWarn',
  'openFilesWarn',
  'onPortChange',
  'returnToPrimary',
  'returnAfter',
  'public',
  'stdin',
  'output',
  'ifRunning',
] as const;
const livingKeys = [
  'probe',
  'health',
  'liveness',
  'readiness',
  'expect',
  'restartOn',
  'timeoutThreshold',
  'schedule',
  'maxMemory',
  'memoryWarn',
  'slowAfter',
] as const;

function checkKind(checks: Checking, name: string, service: ServiceConfig): void {
  const at = (key: string) => ['services', name, key];
  if (service.external === true && service.kind !== undefined && service.kind !== 'external') {
    checks.report(at('kind'), `${service.kind} and external: true contradict each other`, {allowed: 'one of them'});
    return;
  }
  if (service.external === true || service.kind === 'external') {
    if (service.command !== undefined) {
      checks.report(at('command'), 'an external service is only watched, never started', {
        allowed: 'no command, or no external',
        atKey: true,
      });
    }
    for (const key of runningKeys) {
      if (service[key] !== undefined) checks.report(at(key), 'has no meaning for an external service', {atKey: true});
    }
    const asks = ['probe', 'health', 'liveness', 'readiness'] as const;
    if (service.port === undefined && asks.every((key) => service[key] === undefined)) {
      checks.report(['services', name], 'needs something to watch', {allowed: 'port: 5432, or probe: …', atKey: true});
    }
    return;
  }
  if (service.command === undefined) {
    checks.report(['services', name], 'has no command', {
      allowed: 'command: npm start, or external: true for what runs elsewhere',
      atKey: true,
    });
  }
  if (service.kind === 'job') {
    for (const key of livingKeys) {
      if (service[key] !== undefined) {
        checks.report(at(key), 'has no meaning for a job: exit code 0 is its success', {atKey: true});
      }
    }
    if (policyIn(service.restart) === 'always') {
      checks.report(at('restart'), 'a job runs once', {allowed: 'no, on-failure'});
    }
  }
}

const scheduleExamples = '"0 3 * * *" (minute, hour, day, month, weekday), "*/30 8-17 * * mon-fri", "@daily"';

function checkSchedule(checks: Checking, name: string, {schedule, scheduleTimezone}: ServiceConfig): void {
  const at = (key: string) => ['services', name, key];
  const wrong = schedule === undefined ? null : expressionMistake(schedule);
  if (wrong !== null)
    checks.report(at('schedule'), `${JSON.stringify(schedule)}: ${wrong}`, {allowed: scheduleExamples});
  if (scheduleTimezone === undefined) return;
  if (schedule === undefined) checks.report(at('scheduleTimezone'), 'has no meaning without schedule', {atKey: true});
  else if (!isTimezone(scheduleTimezone))
    checks.report(at('scheduleTimezone'), `${JSON.stringify(scheduleTimezone)} is no time zone of this system`, {
      allowed: 'Europe/Berlin, America/New_York, UTC',
    });
}

function checkBudget(checks: Checking, path: readonly string[], policy: ServiceConfig): void {
  if (policy.afterBudget !== undefined) {
    const pause = /^\s*cooldown\s+(\S+)/.exec(policy.afterBudget)?.[1];
    if (pause !== undefined && !parseDuration(pause)) {
      checks.report([...path, 'afterBudget'], `${JSON.stringify(pause)} is not a duration above zero`, {
        allowed: 'fail, cooldown 5m',
      });
    }
  }
  if (policy.unhealthyFor !== undefined && (policy.restartOn ?? checks.config.defaults?.restartOn) !== 'unhealthy') {
    checks.report([...path, 'unhealthyFor'], 'has no meaning without restartOn: unhealthy', {atKey: true});
  }
}
