import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {ServiceConfig} from '../../../lib/core/config/schema.js';
import {parseSize} from '../../../lib/core/config/sizes.js';
import {expressionMistake} from '../../../lib/core/schedule/cron.js';
import type {Folder} from './folder.js';
import type {Proposal} from './proposal.js';

type App = Readonly<Record<string, unknown>>;

const known = new Set([
  'name',
  'script',
  'args',
  'cwd',
  'interpreter',
  'exec_interpreter',
  'interpreter_args',
  'node_args',
  'env',
  'max_restarts',
  'kill_timeout',
  'autorestart',
  'exec_mode',
  'out_file',
  'error_file',
  'log_file',
  'output',
  'error',
  'merge_logs',
  'time',
  'log_date_format',
  'restart_delay',
  // Pauses grow anyway.
  'exp_backoff_restart_delay',
]);

export interface Pm2Result {
  readonly proposals: readonly Proposal[];
  /** Why there are none although there is a file. */
  readonly notice: string | null;
}

/** The file is a program: it runs in a process of its own, has a limited time, and gives its result back as JSON. */
export async function pm2Proposals(folder: Folder, limitMs: number): Promise<Pm2Result> {
  const file = folder.first(
    'ecosystem.config.js',
    'ecosystem.config.cjs',
    'ecosystem.config.mjs',
    'ecosystem.config.json',
    'ecosystem.json',
    'pm2.json',
  );
  if (file === null) return {proposals: [], notice: null};
  const exported = file.endsWith('.json')
    ? {json: folder.read(file), why: ''}
    : await run(join(folder.path, file), limitMs);
  const proposals = appsOf(exported.json).flatMap((app, index) => {
    const service = serviceOf(app, folder);
    if (service === null) return [];
    const notes = Object.keys(app)
      .filter((key) => !isTaken(key, app, service))
      .map((key) => `${key}: ${JSON.stringify(app[key])} is not taken over`);
    return [{name: typeof app['name'] === 'string' ? app['name'] : `app-${index + 1}`, source: file, service, notes}];
  });
  const why = exported.why === '' ? 'it lists no apps' : exported.why;
  return {proposals, notice: proposals.length === 0 ? `${file} is left out: ${why}.` : null};
}

/** The marker finds our line among what the file itself prints. */
async function run(file: string, limitMs: number): Promise<{json: string | null; why: string}> {
  const {execa} = await import('execa');
  const marker = `erp-${process.pid}-${Date.now()}:`;
  const code = `
    const file = process.argv[1];
    const load = async () => {
      const {createRequire} = await import('node:module');
      try { return createRequire(file)(file); } catch (error) {
        if (error.code !== 'ERR_REQUIRE_ESM' && !/Cannot use import|Unexpected token .export/.test(error.message)) throw error;
        const module = await import(process.argv[2]); return module.default ?? module;
      }
    };
    load().then((data) => process.stdout.write('\\n' + process.argv[3] + JSON.stringify(data) + '\\n', () => process.exit(0)));
  `;
  const result = await execa(
    process.execPath,
    ['--input-type=module', '-e', code, file, pathToFileURL(file).href, marker],
    {
      timeout: limitMs,
      forceKillAfterDelay: 1000,
      reject: false,
      stdin: 'ignore',
      maxBuffer: 10 * 1024 * 1024,
    },
  );
  const line = result.stdout.split('\n').find((candidate) => candidate.startsWith(marker));
  if (line !== undefined) return {json: line.slice(marker.length), why: ''};
  const said = result.stderr.split('\n').find((text) => /^\w*Error\b/.test(text));
  return {
    json: null,
    why: result.timedOut ? `it did not finish within ${limitMs / 1000}s` : (said ?? 'it ended without a result'),
  };
}

function appsOf(json: string | null): App[] {
  try {
    const data = JSON.parse(json ?? 'null') as {apps?: unknown} | unknown[] | null;
    const apps = Array.isArray(data) ? data : data?.apps;
    return [apps].flat().filter((app): app is App => typeof app === 'object' && app !== null);
  } catch {
    return [];
  }
}

/** Taken over, or nothing that would change anything. */
function isTaken(key: string, app: App, service: ServiceConfig): boolean {
  const value = app[key];
  if (value === false || (key === 'instances' && Number(value) === 1)) return true;
  // What could not be read stays a note.
  if (key === 'max_memory_restart') return service.maxMemory !== undefined;
  if (key === 'cron_restart') return service.schedule !== undefined || value === '' || Number(value) === 0;
  return known.has(key);
}

/** `300M`, `1G`, `1073741824`; pm2 counts in 1024, as erp does. */
function memoryOf(value: unknown): string | number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const bytes = parseSize(value);
  return bytes !== null && bytes >= 2 ** 20 ? value : null;
}

function serviceOf(app: App, folder: Folder): ServiceConfig | null {
  const script = app['script'];
  if (typeof script !== 'string' || script.trim() === '') return null;
  const cwd = typeof app['cwd'] === 'string' ? app['cwd'] : null;
  const env = Object.fromEntries(
    Object.entries((app['env'] as Record<string, unknown> | undefined) ?? {}).map(([name, value]) => [
      name,
      String(value),
    ]),
  );
  const port = Number(env['PORT']);
  const hasPort = Number.isInteger(port) && port > 0 && port <= 65_535;
  const restarts = Number(app['max_restarts']);
  const grace = Number(app['kill_timeout']);
  const maxMemory = memoryOf(app['max_memory_restart']);
  const cron = typeof app['cron_restart'] === 'string' ? app['cron_restart'].trim() : '';
  const restartDelay = Number(app['restart_delay']);
  return {
    command: commandOf(app, script.trim(), folder, cwd),
    ...(cwd === null ? {} : {cwd}),
    ...(hasPort ? {port: {primary: port, alternatives: [port + 1, port + 2]}} : {}),
    ...(app['autorestart'] === false ? {restart: 'no' as const} : {}),
    ...(restarts > 0 ? {maxRestarts: restarts} : {}),
    ...(grace > 0 ? {stopGrace: `${grace}ms`} : {}),
    ...(maxMemory === null ? {} : {maxMemory}),
    ...(cron !== '' && expressionMistake(cron) === null ? {schedule: cron} : {}),
    ...(restartDelay > 0 ? {backOff: [`${restartDelay}ms`]} : {}),
    ...(Object.keys(env).length === 0 ? {} : {env: hasPort ? {...env, PORT: '{port}'} : env}),
  };
}

function commandOf(app: App, script: string, folder: Folder, cwd: string | null): string[] {
  const list = (value: unknown) =>
    Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(/\s+/).filter(Boolean) : [];
  const args = list(app['args']);
  const interpreter = app['interpreter'] ?? app['exec_interpreter'];
  const before = [...list(app['interpreter_args']), ...list(app['node_args'])];
  if (interpreter === 'none') return [script, ...args];
  if (typeof interpreter === 'string') return [interpreter, ...before, script, ...args];
  if (script.endsWith('.py')) return ['python3', ...before, script, ...args];
  if (script.endsWith('.sh')) return ['sh', ...before, script, ...args];
  // `script: npm` names a program, `script: server` a file without its ending.
  const isFile =
    /\.[cm]?[jt]s$/.test(script) ||
    folder.has(cwd === null ? script : `${cwd}/${script}`) ||
    folder.has(`${script}.js`);
  return isFile ? ['node', ...before, script, ...args] : [script, ...args];
}
