import {cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {gitignoreWith, schemaPlace} from '../../../src/cli/config/init/files.js';
import {Folder} from '../../../src/cli/config/init/folder.js';
import {initialConfig} from '../../../src/cli/config/init/init-config.js';
import {type LoadedConfig, loadConfig} from '../../../src/cli/config/load.js';
import type {ServiceConfig} from '../../../src/lib/core/config/schema.js';
import {pythonOf} from '../../../src/cli/config/init/python.js';

const fixtures = join(process.cwd(), 'test/fixtures/init');
const nobody = () => Promise.resolve(false);
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'erp-init-'));
});
afterAll(() => rmSync(scratch, {recursive: true, force: true}));

/** What `init` writes for a sample folder, loaded as every command loads it. */
async function written(
  sample: string,
  {listens = nobody, platform = 'linux'}: {listens?: (port: number) => Promise<boolean>; platform?: string} = {},
): Promise<{text: string; notices: readonly string[]; loaded: LoadedConfig; services: Record<string, ServiceConfig>}> {
  const {text, notices} = await initialConfig(join(fixtures, sample), {
    listens,
    platform,
    schema: './config/erp.schema.json',
    programLimitMs: 1500,
  });
  const folder = mkdtempSync(join(scratch, `${sample}-`));
  writeFileSync(join(folder, 'erp.config.yaml'), text);
  const loaded = await loadConfig({cwd: folder, home: scratch});
  return {text, notices, loaded, services: loaded.config?.services ?? {}};
}

describe('what init writes', () => {
  const samples = readdirSync(fixtures).filter((name) => name !== 'pm2-hostile');

  it.each(samples)('passes config validate: %s', async (sample) => {
    const {loaded, text} = await written(sample);
    expect({problems: loaded.problems, text}).toEqual({problems: [], text});
    expect(Object.keys(loaded.config?.services ?? {}).length).toBeGreaterThan(0);
    expect(text).toMatch(/^# yaml-language-server: \$schema=/);
  });

  it('finds a FastAPI backend with its port and health route, Celery, React and redis.conf', async () => {
    const {services} = await written('fullstack');
    expect(services).toEqual({
      redis: {
        command: ['redis-server', 'redis/redis.conf', '--port', '{port}', '--daemonize', 'no'],
        port: 6390,
        probe: 'tcp',
      },
      backend: {
        cwd: 'backend',
        command: ['python3', '-m', 'uvicorn', 'main:app', '--host', '127.0.0.1', '--port', '{port}'],
        port: {primary: 8003, alternatives: [8004, 8005]},
        health: 'http://127.0.0.1:{port}/health',
        role: 'backend',
        dependsOn: ['redis'],
      },
      worker: {
        cwd: 'backend',
        command: ['python3', '-m', 'celery', '-A', 'tasks:queue', 'worker', '--loglevel=INFO'],
        readiness: {log: String.raw`celery@\S+ ready`},
        dependsOn: ['redis'],
      },
      frontend: {
        cwd: 'frontend',
        command: 'npm start',
        port: {primary: 3000, alternatives: [3001, 3002]},
        env: {PORT: '{port}'},
        dependsOn: ['backend'],
      },
    });
  });

  it('takes a database that answers already as external, and does not start a second one', async () => {
    const {services} = await written('fullstack', {listens: (port) => Promise.resolve(port === 5432 || port === 6379)});
    expect(services['postgres']).toEqual({external: true, port: 5432, probe: 'tcp'});
    expect(services['redis']).toEqual({external: true, port: 6379, probe: 'tcp'});
    expect(services['backend']?.dependsOn).toEqual(['postgres', 'redis']);
  });

  it('reads a Procfile: PORT, and release before the others', async () => {
    const {services} = await written('procfile');
    expect(services).toEqual({
      web: {
        command: 'bundle exec puma -p $PORT -C config/puma.rb',
        port: {primary: 5000, alternatives: [5001, 5002]},
        env: {PORT: '{port}'},
        dependsOn: ['release'],
      },
      worker: {command: 'bundle exec sidekiq', dependsOn: ['release']},
      release: {command: 'bin/rails db:migrate', kind: 'job'},
    });
  });

  it("runs pm2's ecosystem file elsewhere and says what it leaves out", async () => {
    const {services, text} = await written('pm2');
    expect(services).toEqual({
      api: {
        command: ['node', './server.js', '--verbose'],
        cwd: './api',
        port: {primary: 4000, alternatives: [4001, 4002]},
        maxRestarts: 8,
        stopGrace: '3000ms',
        maxMemory: '300M',
        schedule: '0 3 * * *',
        backOff: ['2000ms'],
        env: {NODE_ENV: 'production', PORT: '{port}'},
      },
      'jobs-runner': {command: ['python3', 'jobs.py'], restart: 'no', maxMemory: 1_048_576_000},
      'app-3': {command: ['npm', 'run', 'watch']},
    });
    expect(text).toContain('# instances: 4 is not taken over');
    expect(text).toContain('# watch: true is not taken over');
    expect(text).toContain('# min_uptime: "5s" is not taken over');
    // Six fields begin with seconds, which erp's schedules do not have.
    expect(text).toContain('# cron_restart: "0 0 3 * * *" is not taken over');
    expect(text).not.toMatch(/# (max_memory_restart|exp_backoff_restart_delay)/);
  });

  it('is done with an ecosystem file that never ends, says so and writes an example', async () => {
    const {text, services, notices} = await written('pm2-hostile');
    expect(notices).toEqual(['ecosystem.config.cjs is left out: it did not finish within 1.5s.']);
    expect(text).toContain('an example');
    expect(Object.keys(services)).toEqual(['app']);
  }, 30_000);

  it('reads process-compose: jobs, probes, order, shutdown', async () => {
    const {services, text} = await written('process-compose');
    expect(services['migrate']).toEqual({command: 'alembic upgrade head', kind: 'job'});
    expect(services['api']).toEqual({
      command: 'uvicorn main:app --port 8000',
      cwd: './api',
      port: 8000,
      health: {http: 'http://127.0.0.1:{port}/health', initialDelay: '2s', period: '10s', timeout: '3s'},
      restart: 'on-failure',
      maxRestarts: 3,
      env: {LOG_LEVEL: 'debug', EMPTY: ''},
      dependsOn: ['migrate', 'redis'],
      stop: 'SIGINT',
      stopGrace: '20s',
    });
    expect(services['redis']).toEqual({
      command: 'redis-server --port 6399',
      port: 6399,
      health: {command: 'redis-cli -p 6399 ping'},
      autoStart: false,
    });
    expect(text).toContain('# replicas is not taken over');
  });

  it('reads supervisord.conf: comments, continued lines, quotes', async () => {
    const {services} = await written('supervisord');
    expect(services).toEqual({
      web: {
        command: 'gunicorn app:app --bind 127.0.0.1:8080',
        cwd: '/srv/app',
        port: 8080,
        stop: 'SIGQUIT',
        stopGrace: '30s',
        env: {A: '1,2', B: 'two'},
        maxMemory: '200MB',
      },
      once: {
        command: 'python3 once.py --all',
        autoStart: false,
        restart: 'no',
        maxRestarts: 0,
        maxMemory: '1GB',
      },
    });
  });

  it('knows Flask (with gunicorn where it runs), Django, a Python package and its own interpreter', async () => {
    expect((await written('flask')).services['backend']?.command).toEqual([
      'python3',
      '-m',
      'gunicorn',
      '--bind',
      '127.0.0.1:{port}',
      'app:create_app()',
    ]);
    expect((await written('flask', {platform: 'win32'})).services['backend']?.command).toEqual([
      'python',
      '-m',
      'flask',
      '--app',
      'app:create_app',
      'run',
      '--port',
      '{port}',
    ]);
    expect((await written('django')).services['backend']?.command).toEqual([
      'python3',
      'manage.py',
      'runserver',
      '127.0.0.1:{port}',
      '--noreload',
    ]);
    expect((await written('package')).services['backend']?.command).toEqual([
      'python3',
      '-m',
      'uvicorn',
      'app.main:api',
      '--host',
      '127.0.0.1',
      '--port',
      '{port}',
    ]);
    const venv = mkdtempSync(join(scratch, 'venv-'));
    mkdirSync(join(venv, '.venv/bin'), {recursive: true});
    writeFileSync(join(venv, '.venv/bin/python'), '');
    mkdirSync(join(venv, 'backend'));
    expect(pythonOf(new Folder(venv), '.', 'linux')).toBe('.venv/bin/python');
    expect(pythonOf(new Folder(venv), 'backend', 'linux')).toBe('../.venv/bin/python');
  });

  it('starts the packages of a workspace that serve something, with their package manager', async () => {
    const {services} = await written('monorepo');
    expect(services).toEqual({
      docs: {cwd: 'apps/docs', command: 'pnpm run dev', port: 3100},
      shop: {
        cwd: 'apps/shop',
        command: 'pnpm run dev --port {port} --strictPort',
        port: {primary: 5173, alternatives: [5174, 5175]},
      },
    });
  });

  it('finds the port of a plain server in its code', async () => {
    const {services} = await written('express');
    expect(services['server']).toEqual({
      command: 'npm start',
      port: {primary: 4321, alternatives: [4322, 4323]},
      env: {PORT: '{port}'},
    });
  });
});

describe('files beside it', () => {
  it('adds to .gitignore what is missing, once', () => {
    const folder = mkdtempSync(join(scratch, 'git-'));
    expect(gitignoreWith(folder)).toBeNull(); // no repository, no file
    writeFileSync(join(folder, '.gitignore'), 'node_modules\n/logs');
    const text = gitignoreWith(folder) ?? '';
    expect(text).toBe('node_modules\n/logs\n\n# erp: state and logs\n.erp/\nwatchdog_logs/\n');
    writeFileSync(join(folder, '.gitignore'), text);
    expect(gitignoreWith(folder)).toBeNull();
    rmSync(join(folder, '.gitignore'));
    mkdirSync(join(folder, '.git'));
    expect(gitignoreWith(folder)).toBe('# erp: state and logs\n.erp/\nlogs/\nwatchdog_logs/\n');
  });

  it('points editors at the installed schema, else at a copy', () => {
    const folder = mkdtempSync(join(scratch, 'schema-'));
    expect(schemaPlace(folder)).toEqual({reference: './config/erp.schema.json', copy: true});
    mkdirSync(join(folder, 'node_modules/erp-supervisor/config'), {recursive: true});
    cpSync('config/erp.schema.json', join(folder, 'node_modules/erp-supervisor/config/erp.schema.json'));
    expect(schemaPlace(folder).copy).toBe(false);
  });
});
