import type {ServiceConfig} from '../../../lib/core/config/schema.js';
import type {Folder} from './folder.js';
import {type Proposal, portIn} from './proposal.js';

interface Package {
  readonly name?: string;
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[] | {readonly packages?: readonly string[]};
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** How the usual tools take their port: `{port}` goes into an argument or into PORT. */
const tools: readonly {readonly packages: readonly string[]; readonly port: number; readonly args: string | null}[] = [
  {packages: ['next'], port: 3000, args: null},
  {packages: ['react-scripts'], port: 3000, args: null},
  {packages: ['vite'], port: 5173, args: '--port {port} --strictPort'},
  {packages: ['@angular/cli'], port: 4200, args: '--port {port}'},
  {packages: ['@vue/cli-service'], port: 8080, args: '--port {port}'},
  {packages: ['nuxt'], port: 3000, args: null},
];

const folders = ['frontend', 'backend', 'client', 'server', 'web', 'api', 'ui', 'app'];
/** Scripts that start everything at once: erp does that itself. */
const startsAll =
  /\b(concurrently|npm-run-all|run-p|turbo|lerna|nx|foreman|pm2|docker[- ]compose|erp)\b|--workspaces?\b|--prefix\b/;

/** The package of the folder and those in the usual folders and workspaces, each with the script that serves it. */
export function nodeProposals(folder: Folder): Proposal[] {
  const root = readPackage(folder, '.');
  const inner = [...new Set([...folders, ...workspaces(folder, root)])]
    .flatMap((place) => proposal(folder, place, readPackage(folder, place)))
    // Libraries in a workspace rarely have to be started; `dev` there usually means `tsc --watch`.
    .filter(({service, name}) => service.port !== undefined || folders.includes(name));
  const own = proposal(folder, '.', root).filter(
    ({service}) => inner.length === 0 || !startsAll.test(String(service.command)),
  );
  return [...inner, ...own.filter(() => inner.length === 0 || !startsAll.test(scriptOf(root)?.text ?? ''))];
}

function workspaces(folder: Folder, root: Package | null): string[] {
  const patterns =
    root?.workspaces === undefined
      ? []
      : Array.isArray(root.workspaces)
        ? root.workspaces
        : ((root.workspaces as {packages?: readonly string[]}).packages ?? []);
  return (patterns as readonly string[]).flatMap((pattern) =>
    pattern.endsWith('/*')
      ? folder.folders(pattern.slice(0, -2)).map((name) => `${pattern.slice(0, -2)}/${name}`)
      : [pattern],
  );
}

function readPackage(folder: Folder, place: string): Package | null {
  const text = folder.read(place === '.' ? 'package.json' : `${place}/package.json`);
  if (text === null) return null;
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? data : null;
  } catch {
    return null;
  }
}

function scriptOf(pack: Package | null): {name: string; text: string} | null {
  for (const name of ['start', 'dev', 'serve']) {
    const text = pack?.scripts?.[name];
    if (typeof text === 'string' && text.trim() !== '') return {name, text};
  }
  return null;
}

function proposal(folder: Folder, place: string, pack: Package | null): Proposal[] {
  const script = scriptOf(pack);
  if (pack === null || script === null) return [];
  // `npm start` that runs erp would start erp in erp.
  if (/(^|\s|\/)erp\s+(start|watchdog)\b/.test(script.text)) return [];
  const manager = managerOf(folder, place);
  const tool = tools.find(({packages}) =>
    packages.some((name) => name in {...pack.dependencies, ...pack.devDependencies}),
  );
  const server = tool === undefined ? portInCode(folder, place, pack, script.text) : null;
  const written = portIn(` ${script.text}`);
  const port = written ?? tool?.port ?? server;
  // A port written into the script can't move; one from PORT or an argument can.
  const fixed = written !== null && tool?.args == null;
  const args = written === null ? (tool?.args ?? null) : null;
  const run = script.name === 'start' && manager === 'npm' ? 'npm start' : `${manager} run ${script.name}`;
  const service: ServiceConfig = {
    ...(place === '.' ? {} : {cwd: place}),
    command: args === null ? run : `${run} ${manager === 'npm' ? '-- ' : ''}${args}`,
    ...(port === null
      ? {}
      : fixed || written !== null
        ? {port}
        : {port: {primary: port, alternatives: [port + 1, port + 2]}}),
    ...(port !== null && written === null && args === null ? {env: {PORT: '{port}'}} : {}),
  };
  return [
    {
      name: place === '.' ? (pack.name ?? 'app') : (place.split('/').at(-1) ?? place),
      source: `${place === '.' ? '' : `${place}/`}package.json, script ${script.name}: ${script.text}`,
      service,
      notes: port === null ? ['port: 3000   if it listens: erp can then see whether it answers'] : [],
    },
  ];
}

function managerOf(folder: Folder, place: string): string {
  for (const base of [place === '.' ? '' : `${place}/`, '']) {
    if (folder.has(`${base}pnpm-lock.yaml`)) return 'pnpm';
    if (folder.has(`${base}yarn.lock`)) return 'yarn';
    if (folder.has(`${base}bun.lockb`) || folder.has(`${base}bun.lock`)) return 'bun';
    if (folder.has(`${base}package-lock.json`)) return 'npm';
  }
  return 'npm';
}

/** `process.env.PORT || 3000` in the file that the script runs. */
function portInCode(folder: Folder, place: string, pack: Package, script: string): number | null {
  const named = /(?:^|\s)(?:node|tsx|ts-node|nodemon)\s+(?:-\S+\s+)*([\w./-]+)/.exec(script)?.[1];
  const files = [
    named,
    pack.main,
    'server.js',
    'index.js',
    'app.js',
    'src/index.js',
    'src/server.js',
    'src/index.ts',
    'src/main.ts',
  ];
  for (const file of files) {
    if (file === undefined) continue;
    const text = folder.read(`${place === '.' ? '' : `${place}/`}${file.replace(/^\.\//, '')}`);
    const match =
      text === null ? null : /process\.env(?:\.PORT|\[['"]PORT['"]\])\s*(?:\|\||\?\?)\s*['"]?(\d{2,5})/.exec(text);
    if (match !== null) return Number(match[1]);
  }
  return null;
}
