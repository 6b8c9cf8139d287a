import {parse} from 'yaml';
import type {ProbeObject, ServiceConfig} from '../../../lib/core/config/schema.js';
import type {Folder} from './folder.js';
import {type Proposal, portIn} from './proposal.js';

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value : null);
const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : null);

const known = new Set([
  'command',
  'working_dir',
  'environment',
  'depends_on',
  'readiness_probe',
  'liveness_probe',
  'availability',
  'shutdown',
  'disabled',
  'ready_log_line',
  'description',
  'log_location',
  'namespace',
]);
const signals: Readonly<Record<number, NonNullable<ServiceConfig['stop']>>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  12: 'SIGUSR2',
};

/** https://f1bonacc1.github.io/process-compose/configuration/ */
export function processComposeProposals(folder: Folder): Proposal[] {
  const file = folder.first('process-compose.yaml', 'process-compose.yml');
  const content = file === null ? null : folder.read(file);
  if (file === null || content === null) return [];
  const processes = processesOf(content);
  const completed = new Set(
    Object.values(processes).flatMap(({depends_on: needs}) =>
      isFields(needs)
        ? Object.entries(needs).flatMap(([name, how]) =>
            isFields(how) && String(how['condition']).startsWith('process_completed') ? [name] : [],
          )
        : [],
    ),
  );
  return Object.entries(processes).flatMap(([name, process]) => {
    const command = text(process['command']);
    if (command === null) return [];
    const notes = Object.keys(process)
      .filter((key) => !known.has(key))
      .map((key) => `${key} is not taken over`);
    if (/\{\{/.test(command)) notes.push('{{…}} is a template of process-compose: write the values out');
    return [{name, source: `${file}, ${name}`, service: serviceOf(command, process, completed.has(name)), notes}];
  });
}

function processesOf(content: string): Record<string, Fields> {
  try {
    const document: unknown = parse(content, {merge: true});
    const processes = isFields(document) ? document['processes'] : null;
    return isFields(processes)
      ? Object.fromEntries(Object.entries(processes).filter((entry): entry is [string, Fields] => isFields(entry[1])))
      : {};
  } catch {
    return {};
  }
}

function serviceOf(command: string, process: Fields, isJob: boolean): ServiceConfig {
  const availability = isFields(process['availability']) ? process['availability'] : {};
  const shutdown = isFields(process['shutdown']) ? process['shutdown'] : {};
  const restart = {always: 'always', on_failure: 'on-failure', no: 'no', exit_on_failure: 'no'}[
    text(availability['restart']) ?? 'no'
  ];
  const readiness = probeOf(process['readiness_probe']);
  const liveness = probeOf(process['liveness_probe']);
  const log = text(process['ready_log_line']);
  const env = environment(process['environment']);
  const needs = isFields(process['depends_on']) ? Object.keys(process['depends_on']) : [];
  const port = readiness?.port ?? liveness?.port ?? portIn(` ${command}`);
  const cwd = text(process['working_dir']);
  const maxRestarts = number(availability['max_restarts']);
  const grace = number(shutdown['timeout_seconds']);
  const signal = signals[number(shutdown['signal']) ?? 0];
  const stopCommand = text(shutdown['command']);
  const living: ServiceConfig = {
    ...(port === null ? {} : {port}),
    ...(readiness === null ? {} : {[liveness === null ? 'health' : 'readiness']: readiness.probe}),
    ...(liveness === null ? {} : {liveness: liveness.probe}),
    ...(readiness === null && log !== null ? {readiness: {log}} : {}),
    ...(restart === undefined || restart === 'always' ? {} : {restart: restart as 'no' | 'on-failure'}),
    ...(maxRestarts !== null && maxRestarts > 0 ? {maxRestarts} : {}),
  };
  return {
    command,
    ...(isJob ? {kind: 'job' as const} : {}),
    ...(cwd === null ? {} : {cwd}),
    ...(isJob ? {} : living),
    ...(process['disabled'] === true ? {autoStart: false} : {}),
    ...(Object.keys(env).length === 0 ? {} : {env}),
    ...(needs.length === 0 ? {} : {dependsOn: needs}),
    ...(stopCommand === null ? (signal === undefined ? {} : {stop: signal}) : {stop: {command: stopCommand}}),
    ...(grace === null ? {} : {stopGrace: `${grace}s`}),
  };
}

/** A list of `A=b`, or a map. */
function environment(value: unknown): Record<string, string> {
  if (isFields(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, String(inner)]));
  if (!Array.isArray(value)) return {};
  return Object.fromEntries(
    value.map(String).flatMap((line) => {
      const split = line.indexOf('=');
      return split > 0 ? [[line.slice(0, split), line.slice(split + 1)]] : [];
    }),
  );
}

function probeOf(value: unknown): {probe: ProbeObject; port: number | null} | null {
  if (!isFields(value)) return null;
  const seconds = (key: string) => {
    const given = number(value[key]);
    return given === null || given <= 0 ? undefined : `${given}s`;
  };
  const initialDelay = seconds('initial_delay_seconds');
  const period = seconds('period_seconds');
  const timeout = seconds('timeout_seconds');
  const success = number(value['success_threshold']);
  const times = {
    ...(initialDelay === undefined ? {} : {initialDelay}),
    ...(period === undefined ? {} : {period}),
    ...(timeout === undefined ? {} : {timeout}),
    ...(success !== null && success > 1 ? {successThreshold: success} : {}),
  };
  const exec = isFields(value['exec']) ? text(value['exec']['command']) : null;
  if (exec !== null) return {probe: {command: exec, ...times}, port: null};
  const http = value['http_get'];
  if (!isFields(http)) return null;
  const host = text(http['host']) ?? '127.0.0.1';
  const port = number(http['port']) ?? number(Number(text(http['port'])));
  const local = /^(127\.0\.0\.1|localhost|0\.0\.0\.0)$/.test(host);
  const own = local && port !== null && port > 0;
  const url = `${text(http['scheme']) ?? 'http'}://${local ? '127.0.0.1' : host}${own ? ':{port}' : port === null ? '' : `:${port}`}${text(http['path']) ?? '/'}`;
  return {probe: {http: url, ...times}, port: own ? port : null};
}
