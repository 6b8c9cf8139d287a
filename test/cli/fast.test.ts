import {spawn} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {newRuntimeDir} from '../../src/cli/place.js';
import {controlSocketPath} from '../../src/lib/platform/project-paths.js';
import {statusFlagTable} from '../../src/cli/status-flags.js';
import Status from '../../src/commands/status.js';
import {parseAddress, parseEnsure, parseStatus} from '../../src/fast.js';
import {FakeSupervisor, scratch, service, statusDocument} from '../support/fake-supervisor.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('the flag table of the fast path', () => {
  it('is what the oclif command declares', () => {
    const declared = {...Status.baseFlags, ...Status.flags, json: {type: 'boolean'}} as Record<
      string,
      {type: string; char?: string; allowNo?: boolean; env?: string}
    >;
    expect(Object.keys(declared).sort()).toEqual(statusFlagTable.map(({name}) => name).sort());
    for (const row of statusFlagTable) {
      const flag = declared[row.name];
      expect({
        name: row.name,
        value: flag?.type === 'option',
        char: flag?.char,
        no: flag?.allowNo === true,
        env: flag?.env,
      }).toEqual({
        name: row.name,
        value: row.value,
        char: row.char,
        no: row.allowNo === true,
        env: row.env,
      });
    }
  });

  it.each([
    [['status'], {}],
    [['status', '--json', '-C', 'x'], {project: 'x'}],
    [['status', '--project=x', '--no-color'], {project: 'x'}],
    [['status', '--config', 'a.yaml', '--instance', 'web'], {config: 'a.yaml', instance: 'web'}],
  ])('understands %j', (argv, values) => {
    expect(parseStatus(argv, {})?.values).toEqual(values);
  });

  it.each([
    [['start']],
    [['status', 'backend']],
    [['status', '--wait', 'ready']],
    [['status', '-w']],
    [['status', '--watch']],
    [['status', '--output', 'jsonl']],
    [['status', '-C']],
    [['status', '-C', '--json']],
    [['status', '--jsno']],
    [['status', '--json=1']],
    [['status', '-Cx']],
    [['status', '--', 'x']],
    [['status', '-C', 'a', '-C', 'b']],
    [['status', '--help']],
  ])('leaves %j to oclif', (argv) => {
    expect(parseStatus(argv, {})).toBeNull();
  });

  it('takes project and configuration from the environment, flags first', () => {
    expect(parseStatus(['status', '-C', 'a'], {ERP_PROJECT: 'b', ERP_CONFIG: 'c'})?.values).toEqual({
      project: 'a',
      config: 'c',
    });
  });
});

describe('start --ensure', () => {
  it.each([
    [['start', '--ensure'], true],
    [['start', '--ensure', '-C', 'x'], true],
    [['start', '--demo', '--ensure'], true],
    [['start'], false],
    [['start', 'backend', '--ensure'], false],
    [['start', '--ensure', '--max-restarts', '3'], false],
    [['start', '--ensure', '--json'], false],
  ])('%j is answered here: %s', (argv, here) => expect(parseEnsure(argv, {}) !== null).toBe(here));
  it('is left to oclif when variables set something', () => {
    expect(parseEnsure(['start', '--ensure'], {ERP_MAX_RESTARTS: '3'})).toBeNull();
  });
});

describe('port and url', () => {
  it.each([
    [['port', 'backend'], true],
    [['url', 'backend', '--json', '-C', 'x'], true],
    [['port'], false],
    [['port', '--json'], false],
    [['port', '-C', 'x', 'backend'], false],
    [['port', 'backend', 'redis'], false],
    [['port', 'backend', '--watch'], false],
    [['port', 'backend', '--help'], false],
  ])('%j is understood here: %s', (argv, here) => expect(parseAddress(argv, {}) !== null).toBe(here));
});

describe('the fast path and oclif', () => {
  const place = scratch();
  const runtime = join(place.dir, 'run');
  let supervisor: FakeSupervisor;
  const env = {
    PATH: process.env['PATH'],
    HOME: place.dir,
    XDG_RUNTIME_DIR: runtime,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  };

  beforeAll(async () => {
    writeFileSync(join(place.dir, 'erp.config.yaml'), 'services: {}\n');
    process.env['XDG_RUNTIME_DIR'] = runtime;
    mkdirSync(runtime);
    supervisor = new FakeSupervisor(controlSocketPath(newRuntimeDir(place.dir, null)), place.dir);
    await supervisor.listen();
    supervisor.status = statusDocument(
      place.dir,
      [
        service('redis'),
        service('backend', {
          mark: 'degraded',
          health: 'degraded',
          note: 'degraded: sessions in memory',
          port: 8001,
          url: 'http://127.0.0.1:8001/',
        }),
        service('worker', {
          state: 'failed',
          mark: 'failed',
          pid: null,
          port: null,
          uptimeMs: null,
          diagnosis: {
            cause: 'redis-auth',
            confidence: 0.95,
            subject: null,
            evidence: ['logs/worker.log:311 "WRONGPASS"'],
            remedy: "give worker's REDIS_URL the password of redis.conf",
          },
        }),
      ],
      {overall: 'unhealthy', mark: 'failed', sampledAt: null},
    );
  });
  afterAll(async () => {
    delete process.env['XDG_RUNTIME_DIR'];
    await supervisor[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  });

  /** The fake supervisor lives in this process, so nothing here may wait synchronously. */
  function erp(args: readonly string[], more: Record<string, string> = {}) {
    return new Promise<{stdout: string; stderr: string; code: number | null}>((resolve) => {
      const child = spawn(process.execPath, [join(root, 'bin/run.js'), ...args], {
        cwd: place.dir,
        env: {...env, ...more},
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
      child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
      child.on('close', (code) => resolve({stdout, stderr, code}));
    });
  }
  // `--output text` is the default, and the fast path does not know it.
  const slow = ['--output', 'text'];

  it.each([
    [[]],
    [['--json']],
    [['--color']],
    [['--no-color']],
    [['-C', '.']],
  ])('print the same for status %j', async (flags) => {
    const quick = await erp(['status', ...flags]);
    const long = await erp(['status', ...flags, ...slow]);
    expect(quick).toEqual(long);
    expect(quick.code).toBe(4);
    expect(quick.stderr).toBe('');
    expect(quick.stdout).toContain('redis-auth');
  });

  it('print the same in ASCII and with forced colour', async () => {
    const variables = {LANG: 'C', FORCE_COLOR: '1'};
    const quick = await erp(['status'], variables);
    expect(quick).toEqual(await erp(['status', ...slow], variables));
    expect(quick.stdout).toContain('\u001b[1;31mx\u001b[0m');
  });

  it.each([
    ['port', 'backend', 0, '8001\n'],
    ['url', 'backend', 0, 'http://127.0.0.1:8001/\n'],
    ['port', 'worker', 4, ''],
    ['url', 'redis', 2, ''],
    ['port', 'bakend', 2, ''],
  ])('print the same for %s %s', async (command, name, code, stdout) => {
    const quick = await erp([command, name]);
    // A flag behind the name is read in both ways, one before it by oclif only.
    const long = await erp([command, '-C', '.', name]);
    expect(quick).toEqual(long);
    expect(quick).toMatchObject({code, stdout});
    const quickJson = await erp([command, name, '--json']);
    expect(quickJson).toEqual(await erp([command, '--json', name]));
    expect(JSON.parse(quickJson.stdout)).toMatchObject(
      code === 0 ? {service: name, port: 8001, url: 'http://127.0.0.1:8001/'} : {error: {exitCode: code}},
    );
  });

  it('print the same version', async () => {
    const quick = await erp(['--version']);
    expect(quick.stdout).toMatch(/^erp-supervisor\/\d+\.\d+\.\d+ \S+ node-v\d+/);
    // In another form oclif answers.
    expect((await erp(['--version', '--json'])).stdout.trim()).toBe(quick.stdout.trim());
  });

  it('leaves a project that is not the asked one to the long way, which refuses it', async () => {
    supervisor.claims = '/somewhere/else';
    const answer = await erp(['status']);
    supervisor.claims = place.dir;
    expect(answer.code).toBe(7);
    expect(answer.stderr).toContain('/somewhere/else');
    expect(answer.stdout).toBe('');
  });

  it('works without HOME, terminal and locale', async () => {
    const answer = await erp(['status'], {HOME: '', LANG: '', TERM: ''});
    expect(answer.code).toBe(4);
    expect(answer.stdout).toMatch(/^x unhealthy/);
  });
});
