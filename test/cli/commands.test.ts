import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {loadSpec} from '../../src/cli/load-spec.js';
import {newRuntimeDir} from '../../src/cli/place.js';
import {controlSocketPath} from '../../src/lib/platform/project-paths.js';
import {FakeSupervisor, scratch, service} from '../support/fake-supervisor.js';
import {hasScript, runErp, runErpOnTerminal} from '../support/run-erp.js';

const configuration = `name: acme
services:
  redis: {command: [redis-server, --port, '{port}'], port: 6379, probe: tcp}
  backend: {command: [python3, app.py], port: 8000, dependsOn: [redis]}
`;

let place: ReturnType<typeof scratch>;
let supervisor: FakeSupervisor;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  place = scratch();
  const runtime = join(place.dir, 'r');
  mkdirSync(runtime);
  writeFileSync(join(place.dir, 'erp.config.yaml'), configuration);
  process.env['XDG_RUNTIME_DIR'] = runtime;
  env = {
    PATH: process.env['PATH'],
    HOME: place.dir,
    XDG_RUNTIME_DIR: runtime,
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    TZ: 'UTC',
  };
  supervisor = new FakeSupervisor(controlSocketPath(newRuntimeDir(place.dir, null)), place.dir, [
    service('redis', {port: 6379, primaryPort: 6379}),
    service('backend'),
  ]);
  const {spec} = await loadSpec({cwd: place.dir, config: undefined, project: undefined});
  supervisor.hello = {...supervisor.hello, specHash: spec.hash};
});
afterEach(async () => {
  delete process.env['XDG_RUNTIME_DIR'];
  await supervisor[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const erp = (args: readonly string[], onChild?: (child: ChildProcess) => void) =>
  runErp(args, {cwd: place.dir, env, ...(onChild === undefined ? {} : {onChild})});

/** Until the child has written this to stderr. */
async function said(child: ChildProcess | undefined, words: string): Promise<void> {
  let text = '';
  while (!text.includes(words)) text += String((await once(child?.stderr as NodeJS.ReadableStream, 'data'))[0]);
}

describe('wrong usage ends with 2 and one message', () => {
  it.each([
    [['up'], 'There is no command up. Did you mean erp start?'],
    [['down'], 'Did you mean erp stop?'],
    [['ps'], 'Did you mean erp status?'],
    [['tail'], 'Did you mean erp logs -f?'],
    [['describe', 'backend'], 'Did you mean erp status NAME?'],
    [['check'], 'Did you mean erp config validate?'],
    [['statsu'], 'Did you mean erp status?'],
    [['config', 'validat'], 'Did you mean erp config validate?'],
    [['xyzzy'], 'There is no command xyzzy.'],
    [['start', '--detatch'], 'erp start has no flag --detatch. Did you mean --detach?'],
    [['logs', '--tail', '5'], 'Did you mean --lines?'],
    [['status', '--wait', 'well'], 'Expected --wait=well to be one of: healthy, ready, stopped'],
    [['status', '--wait', 'ready', '--timeout', 'soon'], '--timeout "soon" is not a duration.'],
    [['start', '--backend-only', '--frontend-only'], 'cannot also be provided'],
    [['start', '--max-restarts', 'many'], '--max-restarts: "many" is not'],
    [['start', 'bakend'], 'No service bakend. Did you mean backend?'],
    [['status', 'a', 'b'], 'Unexpected argument: b'],
    [['logs', '-n', 'x'], '-n "x" is no number of lines.'],
    [['logs', '--grep', '('], 'is no regular expression'],
    [['logs', '--since', 'whenever'], '--since "whenever" is no time.'],
  ])('%j', async (args, message) => {
    const {stdout, stderr, code} = await erp(args);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('also as JSON', async () => {
    const {stdout, code} = await erp(['start', '--detatch', '--json']);
    expect(JSON.parse(stdout).error).toMatchObject({code: 'ERP_USAGE', exitCode: 2});
    expect(code).toBe(2);
  });
});

describe('arguments', () => {
  it('keep their order, also when a flag has the same value', async () => {
    await supervisor.listen();
    supervisor.onPost = () => ({status: 200, body: {stopping: [], notRunning: ['backend', 'redis'], after: 0}});
    symlinkSync('.', join(place.dir, 'redis'));
    await erp(['stop', '--project', 'redis', 'backend', 'redis', '--yes']);
    expect((await supervisor.asked(({path}) => path === '/v1/stop')).body).toMatchObject({
      services: ['backend', 'redis'],
    });
  });

  it('are never read from stdin, which may be a list that a shell loops over', async () => {
    const {stdout, code} = await runErp(['start', '--dry-run'], {cwd: place.dir, env, input: 'bogus\n'});
    expect(stdout).toContain('2 services would start');
    expect(code).toBe(0);
  });
});

describe('erp demo', () => {
  it('asks the backend of what runs here', async () => {
    const asked: string[] = [];
    const backend = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume();
      response.writeHead(202, {'content-type': 'application/json'}).end('{"effect": "it ends"}');
    });
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    const {port} = backend.address() as AddressInfo;
    supervisor.status = {
      ...supervisor.status,
      services: [service('redis', {port: 6379}), service('backend', {role: 'backend', port})],
    };
    await supervisor.listen();
    const {stdout, code} = await erp(['demo', 'crash', '--json', '-C', place.dir]);
    backend.close();
    expect(JSON.parse(stdout)).toEqual({failure: 'crash', url: `http://127.0.0.1:${port}`, effect: 'it ends'});
    expect(asked).toEqual(['POST /api/v1/demo/provoke']);
    expect(code).toBe(0);
  });

  it('without a demo ends with 6 and says how to start one', async () => {
    const {stderr, code} = await erp(['demo', 'hang']);
    expect(stderr).toMatch(/^No supervisor runs for .*\n[^]* remedy: erp start --demo/);
    expect(code).toBe(6);
    const {stdout} = await erp(['demo', 'hang', '--json']);
    expect(JSON.parse(stdout).error).toMatchObject({code: 'ERP_NO_SUPERVISOR', exitCode: 6});
  });

  it('names the state of a backend that is away', async () => {
    supervisor.status = {
      ...supervisor.status,
      services: [service('backend', {role: 'backend', state: 'failed', pid: null, port: null})],
    };
    await supervisor.listen();
    const {stderr, code} = await erp(['demo', 'crash']);
    expect(stderr).toContain('has a backend that is failed.');
    expect(code).toBe(4);
  });
});

describe('old fingers', () => {
  it('are understood, with one line of advice', async () => {
    const {stdout, stderr, code} = await erp(['-BackendOnly', '-MaxRestarts', '10', '--dry-run']);
    expect(stderr.split('\n')[0]).toBe(
      'erp: -BackendOnly -MaxRestarts is now: erp start --backend-only --max-restarts 10 --dry-run',
    );
    expect(stdout).toContain('2 services would start');
    expect(code).toBe(0);
  });
  it('flags of the project may stand before the command', async () => {
    await supervisor.listen();
    expect((await erp(['-C', place.dir, 'status'])).code).toBe(0);
  });
});

describe('without a supervisor', () => {
  it.each([[['status']], [['attach']], [['restart']]])('%j ends with 6', async (args) => {
    const {stderr, code} = await erp(args);
    expect(stderr).toBe(
      `No supervisor runs for ${place.dir}.\nNo other project of this user runs here.\n  remedy: erp start\n`,
    );
    expect(code).toBe(6);
  });
  it('stop has nothing to do', async () => {
    const {stdout, code} = await erp(['stop']);
    expect(stdout).toBe('○ nothing runs\n');
    expect(code).toBe(0);
  });
  it('status --wait stopped has nothing to wait for', async () => {
    const {stdout, code} = await erp(['status', '--wait', 'stopped']);
    expect(stdout).toMatch(/^○ stopped {2}\S+, no supervisor runs\n$/);
    expect(code).toBe(0);
    const json = await erp(['status', '--wait', 'stopped', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({overall: 'stopped', supervisor: null, services: []});
    expect((await erp(['status', '--wait', 'ready'])).code).toBe(6);
  });
  it('the message lists what runs elsewhere', async () => {
    await supervisor.listen();
    const elsewhere = join(place.dir, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'erp.config.yaml'), configuration);
    const {stderr, code} = await runErp(['status'], {cwd: elsewhere, env});
    expect(stderr).toContain(`Running projects of this user:\n  ${place.dir} (2 of 2 up)\n`);
    expect(code).toBe(6);
    expect((await erp(['ls'])).stdout).toContain('● acme-erp  healthy     2 / 2  8817');
  });
});

describe('with a supervisor', () => {
  beforeEach(async () => {
    await supervisor.listen();
  });

  it('start says what runs already', async () => {
    supervisor.onPost = () => ({status: 200, body: {started: [], alreadyRunning: ['redis', 'backend'], after: 0}});
    const {stdout, code} = await erp(['start']);
    expect(stdout).toBe('● already running: redis and backend. erp attach shows it.\n');
    expect(code).toBe(0);
  });

  it('start with another configuration ends with 7', async () => {
    const {stderr, code} = await erp(['start', '--max-restarts', '9']);
    expect(stderr).toContain('runs another configuration');
    expect(code).toBe(7);
  });

  it('start of what another terminal holds ends with 7, one more service does not', async () => {
    supervisor.hello = {...supervisor.hello, lease: '/dev/pts/9'};
    const {stderr, code} = await erp(['start']);
    expect(stderr).toContain('held by another terminal (/dev/pts/9');
    expect(code).toBe(7);
    expect((await erp(['start', 'redis'])).code).toBe(0);
  });

  it('a supervisor of another age is named with the remedy', async () => {
    supervisor.hello = {...supervisor.hello, version: '0.9.0'};
    const {stderr, code} = await erp(['restart']);
    expect(stderr).toMatch(
      /^The supervisor that runs is erp 0\.9\.0; this is erp .*\n {2}remedy: erp supervisor restart\n$/,
    );
    expect(code).toBe(7);
  });

  it('a supervisor that dies while it is asked is not taken for one without services', async () => {
    void supervisor.asked(({path}) => path === '/v1/hello').then(() => supervisor.die());
    const {stderr, code} = await erp(['restart', 'backend']);
    expect(stderr).not.toContain('No service');
    expect(code).toBe(6);
  });

  it('start --detach waits until all are ready', async () => {
    const run = erp(['start', '--detach']);
    const waiting = service('backend', {state: 'starting', health: 'unknown', mark: 'moving'});
    supervisor.status = {...supervisor.status, services: [service('redis'), waiting]};
    await supervisor.asked(({path}) => path === '/v1/events');
    supervisor.emit('ready', 'ready on 8000 after 3.4s (pid 4107)', {service: 'backend'});
    supervisor.setStatus({...supervisor.status, services: [service('redis'), service('backend')]});
    const {stdout, stderr, code} = await run;
    expect(stderr).toContain('[2026-05-22 09:05:33] [INFO] backend ready on 8000 after 3.4s (pid 4107)\n');
    expect(stdout).toMatch(/^● healthy after \d/);
    expect(code).toBe(0);
  });

  it.each([
    ['missing-module', 4],
    ['port-in-use', 5],
    ['killed-by-signal', 4],
  ])('start --detach of a service that fails for good (%s) ends with %i', async (cause, exitCode) => {
    const diagnosis = {cause, confidence: 0.95, subject: null, evidence: [], remedy: 'do this'};
    const failed = service('backend', {state: 'failed', mark: 'failed', turn: 'you', diagnosis});
    supervisor.status = {...supervisor.status, services: [service('redis'), failed]};
    const {stderr, code} = await erp(['start', '--detach']);
    expect(stderr).toContain(`It did not get ready: backend failed (${cause}).\n  remedy: do this\n`);
    expect(code).toBe(exitCode);
  });

  it('start --detach gives up in time, and --or-stop takes everything down', async () => {
    const waiting = service('backend', {state: 'starting', mark: 'moving', note: 'awaits the first answer'});
    supervisor.status = {...supervisor.status, services: [service('redis'), waiting]};
    supervisor.onPost = ({path}) => {
      if (path.endsWith('stop')) {
        const {services} = supervisor.status;
        supervisor.status = {...supervisor.status, services: services.map((each) => ({...each, wanted: 'down'}))};
        setTimeout(() => supervisor.end({reason: 'stopped', exitCode: 0, text: 'x'}), 20);
      }
      return {
        status: 200,
        body: {started: ['backend'], stopping: ['backend'], alreadyRunning: [], notRunning: [], after: 0},
      };
    };
    const {stderr, code} = await erp(['start', '--detach', '--timeout', '0.3s', '--or-stop']);
    expect(stderr).toContain('Not ready within 0.3s: backend is starting (awaits the first answer).');
    expect(supervisor.received.some(({path}) => path === '/v1/stop')).toBe(true);
    expect(code).toBe(9);
  });

  it('start --output jsonl prints lines that parse, the last one is the result', async () => {
    const run = erp(['start', '--output', 'jsonl']);
    // What comes before the answer to its request is none of its events.
    await supervisor.asked(({path}) => path === '/v1/start');
    await supervisor.asked(({path, query}) => path === '/v1/events' && query['after'] !== undefined);
    supervisor.emit('ready', 'ready', {service: 'backend'});
    supervisor.end({reason: 'critical-failed', exitCode: 4, text: 'backend failed'});
    const {stdout, code} = await run;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as {type: string});
    expect(lines.map(({type}) => type)).toEqual(['event', 'result']);
    expect(lines.at(-1)).toMatchObject({exitCode: 4, reason: 'critical-failed'});
    expect(code).toBe(4);
  });

  it('Ctrl-C stops everything, a second one at once, and ends with 130', async () => {
    let child: ChildProcess | undefined;
    const run = erp(['start'], (started) => (child = started));
    await supervisor.asked(({path}) => path === '/v1/events');
    supervisor.emit('ready', 'everything is up');
    await said(child, 'everything is up');
    child?.kill('SIGINT');
    const first = await supervisor.asked(({path}) => path === '/v1/stop');
    expect(first.body).toMatchObject({services: null, now: false});
    child?.kill('SIGINT');
    const second = await supervisor.asked(({body}) => (body as {now?: boolean} | null)?.now === true);
    expect(second.body).toMatchObject({services: null, now: true});
    supervisor.end({reason: 'stopped', exitCode: 0, text: 'stopped'});
    const {stderr, code} = await run;
    expect(stderr).toContain('Stopping 2 services. Ctrl-C again kills them.');
    expect(code).toBe(130);
    expect(supervisor.leases).toEqual([expect.stringMatching(/^pid \d+$/)]);
  });

  it('SIGTERM stops everything and ends with 0', async () => {
    let child: ChildProcess | undefined;
    const run = erp(['start'], (started) => (child = started));
    await supervisor.asked(({path}) => path === '/v1/events');
    child?.kill('SIGTERM');
    await supervisor.asked(({path}) => path === '/v1/stop');
    supervisor.end({reason: 'stopped', exitCode: 0, text: 'stopped'});
    expect((await run).code).toBe(0);
  });

  it('a closed terminal stops nothing by itself', async () => {
    let child: ChildProcess | undefined;
    const run = erp(['start'], (started) => (child = started));
    await supervisor.asked(({path}) => path === '/v1/events');
    child?.kill('SIGHUP');
    await run;
    expect(supervisor.received.some(({path}) => path === '/v1/stop')).toBe(false);
  });

  it('in attach Ctrl-C only leaves', async () => {
    let child: ChildProcess | undefined;
    const run = erp(['attach'], (started) => (child = started));
    await supervisor.asked(({path}) => path === '/v1/events');
    child?.kill('SIGINT');
    const {stderr, code} = await run;
    expect(stderr).toContain('left; services go on');
    expect(code).toBe(0);
    expect(supervisor.received.some(({path}) => path === '/v1/stop')).toBe(false);
    expect(supervisor.leases).toEqual([]);
  });

  it('stop asks before it stops what others need; without a terminal it names the flag', async () => {
    supervisor.onPost = ({body}) =>
      (body as {dependents: boolean}).dependents
        ? {status: 200, body: {stopping: [], notRunning: ['redis'], after: 0}}
        : {
            status: 409,
            body: {error: {code: 'ERP_NEEDED_BY', message: 'backend needs redis.', remedy: [], exitCode: 2}},
          };
    const refused = await erp(['stop', 'redis']);
    expect(refused.stderr).toBe('backend needs redis.\n  remedy: the same with --yes\n');
    expect(refused.code).toBe(2);
    expect((await erp(['stop', 'redis', '--yes'])).code).toBe(0);
  });

  it('status --wait returns when it is so, or in time', async () => {
    expect((await erp(['status', '--wait', 'healthy'])).code).toBe(0);
    const late = await erp(['status', '--wait', 'stopped', '--timeout', '0.2s']);
    expect(late.stderr).toContain('Not stopped within 0.2s');
    expect(late.code).toBe(9);
  });

  it('status of one service', async () => {
    expect((await erp(['status', 'redis'])).stdout).toContain('● redis  ready, healthy\n');
    const {stderr, code} = await erp(['status', 'redsi']);
    expect(stderr).toContain('No service redsi. Did you mean redis?');
    expect(code).toBe(2);
  });

  const terminal = hasScript() ? it : it.skip;
  terminal('on a terminal the start is drawn in place and what is done stays', async () => {
    const waiting = service('backend', {
      state: 'starting',
      mark: 'moving',
      uptimeMs: 100,
      note: 'awaits the first answer',
    });
    supervisor.status = {...supervisor.status, services: [service('redis'), waiting]};
    const run = runErpOnTerminal(['start', '--detach'], {cwd: place.dir, env});
    await supervisor.asked(({path}) => path === '/v1/events');
    supervisor.emit('ready', 'ready', {service: 'backend', facts: {afterMs: 3400}});
    supervisor.setStatus({...supervisor.status, services: [service('redis'), service('backend')]});
    const {stdout, code} = await run;
    expect(stdout).toContain('acme  2 services, erp.config.yaml\r\n');
    expect(stdout).toContain('\u001b[32m●\u001b[0m redis    ready         8000  pid 4107');
    expect(stdout).toContain('\u001b[36m►\u001b[0m backend  starting      8000  pid 4107');
    expect(stdout).toContain('\u001b[32m●\u001b[0m backend  ready         8000  pid 4107  3.4s\r\n');
    expect(stdout).not.toMatch(/\u001b\[[23]J/);
    expect(code).toBe(0);
  });
});
