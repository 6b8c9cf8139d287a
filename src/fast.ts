import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {addressLine, type AddressKind, addressOf, isForwardThere} from './cli/address.js';
import {ask} from './cli/http10.js';
import {locate} from './cli/locate.js';
import {parseFast} from './cli/parse-fast.js';
import {socketsOf} from './cli/place.js';
import {renderStatus} from './cli/render/status.js';
import {statusFlagTable} from './cli/status-flags.js';
import {viewOf} from './cli/terminal.js';
import {versionsAgree} from './cli/versions.js';
import {apiPaths} from './lib/core/report/api.js';
import type {StatusDocument} from './lib/core/report/status.js';
import {statusExitCode, verdictOf} from './lib/core/report/verdict.js';

/**
 * Answers what people and scripts ask many times a day before oclif loads: `--version`, a plain `status`, `port` and
 * `url` of what runs, and `start --ensure` when all is well (`ports`: fast-ports.ts). Whatever is not simple (another
 * flag, no supervisor, a wrong one, an error) is left to oclif, which says the same at length; a test holds the two
 * against each other.
 * @param root folder of the package
 * @returns true: answered, `process.exitCode` is set
 */
export async function fast(argv: readonly string[], root: string): Promise<boolean> {
  if (argv.length === 1 && argv[0] === '--version') {
    const {name, version} = packageOf(root);
    process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
    return true;
  }
  const wish = parseStatus(argv, process.env) ?? parseEnsure(argv, process.env) ?? parseAddress(argv, process.env);
  if (wish === null) return false;
  const document = await presentStatus(wish, root);
  if (document === null) return false;
  if (wish.command === 'port' || wish.command === 'url') return showAddress(document, wish);
  if (wish.command === 'status') show(document, wish);
  // All that is wanted is there: schedulers ask every minute, and this is what they nearly always hear.
  else if (verdictOf(document, 'ready') !== 'reached') return false;
  return true;
}

function packageOf(root: string): {name: string; version: string} {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {name: string; version: string};
}

interface Wish {
  readonly command: 'status' | 'ensure' | AddressKind;
  /** Of `port` and `url`. */
  readonly service?: string;
  readonly values: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly colour: boolean | undefined;
}

/** null: not `status`, or not in a form that is understood here for sure. */
export function parseStatus(argv: readonly string[], env: NodeJS.ProcessEnv): Wish | null {
  return argv[0] === 'status' ? parse(argv, env, 'status') : null;
}

/** `start --ensure` with nothing but a place; any other flag may mean another configuration than the one that runs. */
export function parseEnsure(argv: readonly string[], env: NodeJS.ProcessEnv): Wish | null {
  if (argv[0] !== 'start' || !argv.includes('--ensure')) return null;
  const wish = parse(
    argv.filter((word) => word !== '--ensure' && word !== '--demo'),
    env,
    'ensure',
  );
  if (wish === null || wish.json || Object.keys(env).some((name) => name.startsWith('ERP_') && !places.has(name))) {
    return null;
  }
  // The demo has no file of its own in the project.
  return argv.includes('--demo') && wish.values['config'] !== undefined ? null : wish;
}

/** `port NAME`, `url NAME`: scripts ask in loops. */
export function parseAddress(argv: readonly string[], env: NodeJS.ProcessEnv): Wish | null {
  const [command, service, ...flags] = argv;
  if ((command !== 'port' && command !== 'url') || service === undefined || !/^\w/.test(service)) return null;
  const wish = parse([command, ...flags], env, command);
  return wish === null ? null : {...wish, service};
}

const places = new Set(['ERP_PROJECT', 'ERP_CONFIG']);

function parse(argv: readonly string[], env: NodeJS.ProcessEnv, command: Wish['command']): Wish | null {
  const wish = parseFast(argv, env, statusFlagTable);
  if (wish === null) return null;
  return {command, values: wish.values, json: wish.switches['json'] === true, colour: wish.switches['color']};
}

async function presentStatus({values}: Wish, root: string): Promise<StatusDocument | null> {
  const found = locate({project: values['project'], config: values['config'], cwd: process.cwd()});
  try {
    const [socketPath = '', another] = socketsOf(found.projectDir, values['instance'] ?? null);
    if (another !== undefined) return null; // which one lives is found out the long way
    const answer = await ask(socketPath, {method: 'GET', path: apiPaths.status, timeoutMs: 3000});
    const {'x-erp-project': project = '', 'x-erp-version': version = ''} = answer.headers;
    if (answer.status !== 200 || decodeURI(project) !== found.projectDir) return null;
    if (!versionsAgree(version, packageOf(root).version)) return null;
    return JSON.parse(answer.body) as StatusDocument;
  } catch {
    return null; // nobody there, silent, or cut short: the long way has the words for it
  }
}

/** false: there is something to explain. */
function showAddress({services, forwards = []}: StatusDocument, {command, service, json}: Wish): boolean {
  const forward = forwards.find(({name}) => name === service);
  // Its address is in the configuration alone.
  if (forward !== undefined && command === 'port' && !json && isForwardThere(forward) && forward.port !== null) {
    write(`${forward.port}\n`);
    return true;
  }
  const found = services.find(({name}) => name === service);
  const line = found === undefined ? null : addressLine(found, command as AddressKind);
  if (found === undefined || line === null) return false;
  write(json ? `${JSON.stringify(addressOf(found), null, 2)}\n` : `${line}\n`);
  return true;
}

/** A reader that has seen enough is no failure. */
function write(text: string): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  process.stdout.write(text);
}

function show(document: StatusDocument, {json, colour}: Wish): void {
  write(json ? `${JSON.stringify(document, null, 2)}\n` : renderStatus(document, viewOf(process.stdout, colour)));
  process.exitCode = statusExitCode(document);
}
