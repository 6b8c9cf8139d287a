import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {ServiceConfig} from '../../../lib/core/config/schema.js';
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
]);

/** It is a program: it runs in a process of its own, has 10 s, and gives its result back as JSON. */
export async function pm2Proposals(folder: Folder): Promise<Proposal[]> {
  const file = folder.first(
    'ecosystem.config.js',
    'ecosystem.config.cjs',
    'ecosystem.config.mjs',
    'ecosystem.config.json',
    'ecosystem.json',
    'pm2.json',
  );
  if (file === null) return [];
  const exported = file.endsWith('.json') ? folder.read(file) : await run(join(folder.path, file));
  return appsOf(exported).flatMap((app, index) => {
    const service = serviceOf(app, folder);
    if (service === null) return [];
    const notes = Object.keys(app)
      .filter((key) => !known.has(key) && app[key] !== false && !(key === 'instances' && Number(app[key]) === 1))
      .map((key) => `${key}: ${JSON.stringify(app[key])} is not taken over`);
    return [{name: String(app['name'] ?? `app-${index + 1}`), source: file, service, notes}];
  });
}

/** The marker finds our line among what the file itself prints. */
async function run(file: string): Promise<string | null> {
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
      timeout: 10_000,
      forceKillAfterDelay: 1000,
      reject: false,
      stdin: 'ignore',
      stderr: 'ignore',
      maxBuffer: 10 * 1024 * 1024,
    },
  );
  const line = result.stdout.split('\n').find((candidate) => candidate.startsWith(marker));
  return line === undefined ? null : line.slice(marker.length);
}

function appsOf(json: string | null): App[] {
  try {
    const data = JSON.parse(json ?? 'null') as {apps?: unknown} | unknown[] | null;
    const apps = Array.isArray(data) ? data : data?.apps;
    return [apps ?? []].flat().filter((app): app is App => typeof app === 'object' && app !== null);
  } catch {
    return [];
  }
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
  return {
    command: commandOf(app, script.trim(), folder, cwd),
    ...(cwd === null ? {} : {cwd}),
    ...(hasPort ? {port: {primary: port, alternatives: [port + 1, port + 2]}} : {}),
    ...(app['autorestart'] === false ? {restart: 'no' as const} : {}),
    ...(restarts > 0 ? {maxRestarts: restarts} : {}),
    ...(grace > 0 ? {stopGrace: `${grace}ms`} : {}),
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
