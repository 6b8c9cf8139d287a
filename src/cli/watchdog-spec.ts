import {basename, join} from 'node:path';
import type {FlagValues} from '../lib/core/config/overrides.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import type {ProjectFlags} from './compose.js';
import type {LoadedSpec} from './load-spec.js';
import {locate} from './locate.js';
import {instanceStateDir, newRuntimeDir} from './place.js';

export interface WatchedCommand {
  readonly argv: readonly string[];
  /** null: after the program. */
  readonly name: string | null;
  /** `8000` or `8000,8001,8002`: the first one wanted, then the alternatives. */
  readonly port: string | null;
  /** An address or a path on the port. */
  readonly health: string | null;
  /** `status=healthy` */
  readonly expect: readonly string[];
}

export interface WatchRequest extends ProjectFlags {
  readonly cwd: string;
  readonly overrides: FlagValues;
  readonly command: WatchedCommand;
}

/**
 * `erp watchdog -- COMMAND` needs no configuration: flags and command line are written down as one that has a single
 * service, and go the same way as every configuration, with its checks and defaults.
 */
export async function watchdogSpec(request: WatchRequest): Promise<LoadedSpec> {
  const {command, cwd} = request;
  const name = instanceName(command);
  const {projectDir} = locate({project: request.project, config: undefined, cwd});
  const {prepareProject} = await import('./config/prepare.js');
  const text = JSON.stringify({services: {[name]: serviceOf(command, cwd)}});
  const file = join(projectDir, 'erp watchdog.json');
  const {realFiles} = await import('./config/config-files.js');
  const {spec, notices} = await prepareProject({
    cwd,
    project: projectDir,
    configFile: file,
    env: process.env,
    flags: request.overrides,
    mode: 'watchdog',
    instance: name,
    runtimeDirOf: (folder) => newRuntimeDir(folder, name),
    files: {
      ...realFiles,
      stat: async (path) =>
        path === file ? {isDirectory: () => false, isFile: () => true, size: text.length} : realFiles.stat(path),
      read: async (path) => (path === file ? Buffer.from(text) : realFiles.read(path)),
    },
  });
  return {spec: {...spec, configFile: null, stateDir: instanceStateDir(spec.stateDir, name)}, notices};
}

export function instanceName({name, argv}: WatchedCommand): string {
  const given =
    name ??
    basename(argv[0] ?? '')
      .replace(/\.\w+$/, '')
      .replaceAll(/[^\w.-]/g, '-');
  if (/^[A-Za-z0-9][\w.-]{0,62}$/.test(given)) return given;
  throw usage(
    `${name === null ? `The program's name gives no instance name` : `--name ${JSON.stringify(name)} is no name`}.`,
    ['--name with letters, digits, dots and dashes'],
  );
}

function serviceOf(command: WatchedCommand, cwd: string): object {
  const ports = command.port === null ? null : portsOf(command.port);
  return {
    command: command.argv.map((word) => literal(word, ports !== null)),
    cwd,
    ...(ports === null
      ? {}
      : {port: ports.length === 1 ? ports[0] : {primary: ports[0], alternatives: ports.slice(1)}}),
    ...(command.health === null ? {} : {health: healthUrl(command.health, ports !== null)}),
    ...(command.expect.length === 0 ? {} : {expect: command.expect}),
  };
}

function portsOf(text: string): number[] {
  const ports = text.split(',').map((part) => (/^\d{1,5}$/.test(part.trim()) ? Number(part) : Number.NaN));
  if (ports.every((port) => port >= 1 && port <= 65_535) && new Set(ports).size === ports.length) return ports;
  throw usage(`--port ${JSON.stringify(text)} is not a list of ports.`, [
    '--port 8000, or with alternatives 8000,8001',
  ]);
}

function healthUrl(text: string, hasPort: boolean): string {
  if (/^https?:\/\//.test(text)) return text;
  if (text.startsWith('/') && hasPort) return `http://127.0.0.1:{port}${text}`;
  throw usage(
    `--health ${JSON.stringify(text)} is ${text.startsWith('/') ? 'a path, and there is no --port' : 'no address'}.`,
    ['--health http://127.0.0.1:8000/health', '--port 8000 --health /health'],
  );
}

/** `{port}` is ours when there is a port; every other word in braces belongs to the command and stays as typed. */
const literal = (word: string, hasPort: boolean) =>
  word.replaceAll(/\{\{[A-Za-z][\w.-]*\}\}|(?<![$%])\{([A-Za-z][\w.-]*)\}/g, (whole, name: string | undefined) =>
    name === 'port' && hasPort ? whole : `{${whole}}`,
  );

function usage(message: string, remedy: readonly string[]): ErpError {
  return new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
}

/** Without a name: the backend, if there is exactly one. */
export function watchedService(spec: ProjectSpec, name: string | null): string {
  const backends = spec.services.filter(({role}) => role === 'backend').map((service) => service.name);
  const [only] = spec.services.length === 1 ? [spec.services[0]?.name] : backends;
  if (name !== null) return name;
  if (only !== undefined && (backends.length === 1 || spec.services.length === 1)) return only;
  throw usage('Which service? No single one has the role backend.', [
    `erp watchdog NAME, with NAME one of ${spec.services.map((service) => service.name).join(', ')}`,
    'erp watchdog -- COMMAND for a program without configuration',
  ]);
}
