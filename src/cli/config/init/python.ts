import type {Folder} from './folder.js';
import type {Proposal} from './proposal.js';

/** Where a Python backend usually lies. */
const places = ['.', 'backend', 'server', 'api', 'app', 'src', 'backend/app', 'server/app', 'src/app'];
const files = ['main.py', 'app.py', 'asgi.py', 'server.py', 'api.py', 'wsgi.py', 'run.py', 'minimal_server.py'];
const celeryFiles = ['celery_app.py', 'celery.py', 'tasks.py', 'worker.py', ...files];

export interface PythonApp {
  /** Where it runs, relative to the project. */
  readonly cwd: string;
  readonly file: string;
  readonly command: readonly string[];
  readonly port: number;
  /** Path of a health route found in the file. */
  readonly health: string | null;
}

export interface CeleryApp {
  readonly cwd: string;
  readonly file: string;
  /** What `-A` takes. */
  readonly app: string;
  readonly python: string;
}

/** The first web application found: FastAPI, Starlette, Flask, Quart or Django. */
export function findPythonApp(folder: Folder, platform: string): PythonApp | null {
  for (const place of places) {
    const manage = join(place, 'manage.py');
    if (folder.read(manage)?.includes('DJANGO_SETTINGS_MODULE') === true) {
      const command = [pythonOf(folder, place, platform), 'manage.py', 'runserver', '127.0.0.1:{port}', '--noreload'];
      return {cwd: place, file: manage, command, port: 8000, health: null};
    }
    for (const name of files) {
      const file = join(place, name);
      const text = folder.read(file);
      const app = text === null ? null : appIn(text);
      if (text === null || app === null) continue;
      const {cwd, module} = moduleOf(folder, place, name, text);
      return {
        cwd,
        file,
        command: serverOf(folder, cwd, module, app, platform),
        port: portOf(text) ?? (app.kind === 'flask' ? 5000 : 8000),
        health: /["'](\/(?:api\/)?(?:health|healthz|health_check|healthcheck))\/?["']/.exec(text)?.[1] ?? null,
      };
    }
  }
  return null;
}

interface Found {
  readonly kind: 'asgi' | 'flask';
  readonly name: string;
  readonly factory: boolean;
}

function appIn(text: string): Found | null {
  const code = text.replaceAll(/^\s*#.*$/gm, '');
  const created = /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(FastAPI|Starlette|Quart|Flask)\(/m.exec(code);
  if (created?.[1] !== undefined)
    return {kind: created[2] === 'Flask' ? 'flask' : 'asgi', name: created[1], factory: false};
  const factory = /^def (create_app|make_app|get_app)\(/m.exec(code)?.[1];
  if (factory === undefined) return null;
  return {kind: /\bFlask\(/.test(code) ? 'flask' : 'asgi', name: factory, factory: true};
}

/** A package imports itself by name or with a leading dot: then it has to be run from the folder above. */
function moduleOf(folder: Folder, place: string, name: string, text: string): {cwd: string; module: string} {
  const stem = name.replace(/\.py$/, '');
  const own = place.split('/').at(-1) ?? '.';
  const asPackage =
    own !== '.' &&
    (new RegExp(`^\\s*(?:from|import)\\s+(?:${own}\\b|\\.)`, 'm').test(text) ||
      (own === 'app' && folder.has(join(place, '__init__.py'))));
  if (!asPackage) return {cwd: place, module: stem};
  return {cwd: place.split('/').slice(0, -1).join('/') || '.', module: `${own}.${stem}`};
}

function serverOf(folder: Folder, cwd: string, module: string, app: Found, platform: string): string[] {
  const python = pythonOf(folder, cwd, platform);
  const target = `${module}:${app.name}`;
  if (app.kind === 'asgi') {
    return [
      python,
      '-m',
      'uvicorn',
      target,
      ...(app.factory ? ['--factory'] : []),
      '--host',
      '127.0.0.1',
      '--port',
      '{port}',
    ];
  }
  // gunicorn runs on POSIX only; Flask's own server is for development and is there always.
  if (platform !== 'win32' && requires(folder, cwd, 'gunicorn')) {
    return [python, '-m', 'gunicorn', '--bind', '127.0.0.1:{port}', app.factory ? `${target}()` : target];
  }
  return [python, '-m', 'flask', '--app', target, 'run', '--port', '{port}'];
}

const requires = (folder: Folder, cwd: string, name: string) =>
  [join(cwd, 'requirements.txt'), 'requirements.txt', join(cwd, 'pyproject.toml'), 'pyproject.toml'].some((file) =>
    new RegExp(`^\\s*["']?${name}\\b`, 'm').test(folder.read(file) ?? ''),
  );

/** The project's own interpreter, relative to where the service runs; else the one of the system. */
export function pythonOf(folder: Folder, cwd: string, platform: string): string {
  const inner = platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';
  for (const base of [cwd, '.']) {
    for (const name of ['.venv', 'venv', 'env']) {
      const place = join(base, `${name}/${inner}`);
      if (folder.has(place)) return `${base === cwd ? '' : up(cwd)}${name}/${inner}`;
    }
  }
  return platform === 'win32' ? 'python' : 'python3';
}

const up = (cwd: string) => (cwd === '.' ? '' : '../'.repeat(cwd.split('/').length));
const join = (folder: string, file: string) => (folder === '.' ? file : `${folder}/${file}`);

function portOf(text: string): number | null {
  const found = /\bport\s*=\s*(?:int\([^)]*?["'](\d{2,5})["']\)+|(\d{2,5}))/.exec(text);
  const port = Number(found?.[1] ?? found?.[2] ?? 0);
  return port >= 1 && port <= 65_535 ? port : null;
}

export function findCelery(folder: Folder, platform: string): CeleryApp | null {
  const inner = folder.folders('.').filter((name) => folder.has(`${name}/celery.py`));
  for (const place of [...new Set([...places, ...inner])]) {
    for (const name of celeryFiles) {
      const file = join(place, name);
      const text = folder.read(file);
      const variable = text === null ? undefined : /^(\w+)\s*(?::[^=\n]+)?=\s*Celery\(/m.exec(text)?.[1];
      if (text === null || variable === undefined) continue;
      // A package with celery.py is named by its folder; that is Celery's own convention.
      if (name === 'celery.py' && place !== '.') {
        const cwd = place.split('/').slice(0, -1).join('/') || '.';
        return {cwd, file, app: place.split('/').at(-1) ?? place, python: pythonOf(folder, cwd, platform)};
      }
      const {cwd, module} = moduleOf(folder, place, name, text);
      return {cwd, file, app: `${module}:${variable}`, python: pythonOf(folder, cwd, platform)};
    }
  }
  return null;
}

export function celeryCommand(
  {python, app}: CeleryApp,
  {workers, level = 'INFO'}: {workers?: number; level?: string} = {},
): string[] {
  const concurrency = workers === undefined ? [] : [`--concurrency=${workers}`];
  return [python, '-m', 'celery', '-A', app, 'worker', `--loglevel=${level}`, ...concurrency];
}

export function pythonProposals(folder: Folder, platform: string): Proposal[] {
  const app = findPythonApp(folder, platform);
  const celery = findCelery(folder, platform);
  return [
    ...(app === null
      ? []
      : [
          {
            name: ['.', 'src', 'app'].includes(app.cwd) ? 'backend' : (app.cwd.split('/')[0] ?? 'backend'),
            source: app.file,
            service: {
              ...(app.cwd === '.' ? {} : {cwd: app.cwd}),
              command: [...app.command],
              port: {primary: app.port, alternatives: [app.port + 1, app.port + 2]},
              ...(app.health === null ? {} : {health: `http://127.0.0.1:{port}${app.health}`}),
              role: 'backend' as const,
            },
            notes: [],
          },
        ]),
    ...(celery === null
      ? []
      : [
          {
            name: 'worker',
            source: celery.file,
            service: {
              ...(celery.cwd === '.' ? {} : {cwd: celery.cwd}),
              command: celeryCommand(celery),
              readiness: {log: String.raw`celery@\S+ ready`},
            },
            notes: [],
          },
        ]),
  ];
}
