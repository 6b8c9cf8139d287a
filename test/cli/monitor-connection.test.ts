import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {type AddressInfo, createServer, type Server} from 'node:net';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {loadSpec} from '../../src/cli/load-spec.js';
import {outcomeOf} from '../../src/cli/monitor/outcome.js';
import {newRuntimeDir} from '../../src/cli/place.js';
import type {StartRequest} from '../../src/lib/core/report/api.js';
import type {ForwardSpec} from '../../src/lib/core/spec.js';
import {controlSocketPath} from '../../src/lib/platform/project-paths.js';
import {context, FakeSupervisor, forward, scratch, service, statusDocument} from '../support/fake-supervisor.js';
import {runErp} from '../support/run-erp.js';

const configuration = (more = '') => `name: acme
services:
  redis: {command: [redis-server], port: 6379, probe: tcp}
portForwards:
  grafana: {namespace: monitoring, remotePort: 80, port: 3000}
  jaeger: {namespace: tracing, port: 16686, autoStart: false}
${more}`;

let place: ReturnType<typeof scratch>;
let supervisor: FakeSupervisor;
let env: NodeJS.ProcessEnv;

const up = forward('grafana');
const needsYou = forward('jaeger', {
  state: 'needs-you',
  mark: 'failed',
  turn: 'you',
  port: null,
  primaryPort: 16686,
  pid: null,
  answeredAt: null,
  answeredAgoMs: null,
  diagnosis: {
    cause: 'kube-forbidden',
    confidence: 0.95,
    subject: null,
    evidence: ['cannot create resource "pods/portforward"'],
    remedy: 'ask for the right create pods/portforward',
  },
});

beforeEach(async () => {
  place = scratch();
  const runtime = join(place.dir, 'r');
  const bin = join(place.dir, 'bin');
  mkdirSync(runtime);
  mkdirSync(bin);
  // It is looked for, and never run: the supervisor of these tests runs nothing.
  writeFileSync(join(bin, 'kubectl'), '#!/bin/sh\nexit 99\n');
  chmodSync(join(bin, 'kubectl'), 0o755);
  writeFileSync(join(place.dir, 'erp.config.yaml'), configuration());
  process.env['XDG_RUNTIME_DIR'] = runtime;
  env = {PATH: bin, HOME: place.dir, XDG_RUNTIME_DIR: runtime, LANG: 'C.UTF-8', TERM: 'xterm', TZ: 'UTC'};
  supervisor = new FakeSupervisor(controlSocketPath(newRuntimeDir(place.dir, null)), place.dir, [service('redis')]);
  const {spec} = await loadSpec({cwd: place.dir, config: undefined, project: undefined});
  supervisor.hello = {...supervisor.hello, specHash: spec.hash};
  supervisor.onPost = () => ({status: 200, body: {started: ['grafana'], alreadyRunning: [], after: 0}});
});
afterEach(async () => {
  delete process.env['XDG_RUNTIME_DIR'];
  await supervisor[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const erp = (args: readonly string[]) => runErp(args, {cwd: place.dir, env});
const runs = (...forwards: readonly ReturnType<typeof forward>[]) => {
  supervisor.status = statusDocument(place.dir, [service('redis')], {forwards, contexts: [context('prod')]});
  return supervisor.listen();
};
const asked = () => supervisor.received.filter(({path}) => path === '/v1/start').map(({body}) => body as StartRequest);

describe('erp monitor-connection', () => {
  it.each([
    [['--mode', 'task'], '--mode task comes with a later version; use erp autostart.'],
    [['--mode', 'service'], '--mode service comes with a later version; use erp autostart.'],
    [['-Mode', 'Service'], '--mode service comes with a later version; use erp autostart.'],
    [['--mode', 'fast'], 'Expected --mode=fast to be one of: foreground, background, ports, task, service'],
    [['--once', '--mode', 'ports'], '--once and --mode ports exclude each other.'],
    [['grafna'], 'No port-forward grafna. Did you mean grafana?'],
    [['redis'], 'redis is a service, not a port-forward.'],
    [['--wrong'], 'erp monitor-connection has no flag --wrong.'],
  ])('%j is wrong usage: one message, exit code 2', async (args, says) => {
    const {code, stdout, stderr} = await erp(['monitor-connection', ...args]);
    expect({code, stdout}).toEqual({code: 2, stdout: ''});
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('without port-forwards in the configuration: exit code 3', async () => {
    writeFileSync(join(place.dir, 'erp.config.yaml'), 'services: {a: {command: x}}\n');
    const {code, stderr} = await erp(['monitor-connection']);
    expect(code).toBe(3);
    expect(stderr).toContain('The configuration has no port-forwards.');
  });

  it.each([
    [[], 'kubectl'],
    [['--mode', 'background'], 'kubectl'],
    [['--once'], 'kubectl'],
  ])('%j without kubectl: one line that names it and how to get it, exit code 8, nothing is asked', async (args) => {
    await runs(up);
    env['PATH'] = join(place.dir, 'nothing');
    const {code, stdout, stderr} = await erp(['monitor-connection', ...args]);
    expect({code, stdout}).toEqual({code: 8, stdout: ''});
    expect(stderr).toMatch(/kubectl/);
    expect(stderr).toMatch(/remedy: .*(install|KUBECTL)/i);
    expect(supervisor.received).toEqual([]);
  });

  it('KUBECTL names another one', async () => {
    env['KUBECTL'] = '/nowhere/kubectl';
    const {code, stderr} = await erp(['monitor-connection', '--once']);
    expect(code).toBe(8);
    expect(stderr).toContain('/nowhere/kubectl');
  });

  it('is added to the supervisor that runs: its forwards only, also those that do not start by themselves', async () => {
    await runs(up, forward('jaeger', {port: 16686}));
    const {code, stdout} = await erp(['monitor-connection', '--mode', 'background']);
    expect(code).toBe(0);
    expect(asked()).toMatchObject([{services: ['grafana', 'jaeger']}]);
    expect(stdout).toMatch(/● 2 forwards verified after /);
    expect(stdout).toMatch(/● grafana +verified +3000 +2s ago +svc\/grafana:80, monitoring, context prod/);
  });

  it('flags of the erp start that runs, which speak of services, are no other configuration', async () => {
    await runs(up);
    const {spec} = await loadSpec({cwd: place.dir, config: undefined, project: undefined});
    mkdirSync(spec.stateDir, {recursive: true});
    const [redis] = spec.services;
    const running = {...spec, services: [{...redis, policy: {...redis?.policy, maxRestarts: 10}}], hash: 'other'};
    writeFileSync(join(spec.stateDir, 'spec.json'), JSON.stringify(running));
    supervisor.hello = {...supervisor.hello, specHash: 'other'};
    expect((await erp(['monitor-connection', 'grafana', '--mode', 'background'])).code).toBe(0);
    // Not its configuration is sent: the supervisor would refuse it.
    expect(asked()).toMatchObject([{services: ['grafana'], spec: null}]);
    const [first, ...others] = spec.portForwards;
    const changed = {...running, portForwards: [{...first, primary: 3999}, ...others]};
    writeFileSync(join(spec.stateDir, 'spec.json'), JSON.stringify(changed));
    const refused = await erp(['monitor-connection', '--mode', 'background']);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('grafana.primary: 3999 runs, 3000 asked for');
    expect(refused.stderr).not.toContain('env.');
  });

  it('what runs already is said, exit code 0', async () => {
    await runs(up);
    supervisor.onPost = () => ({status: 200, body: {started: [], alreadyRunning: ['grafana'], after: 0}});
    const {code, stdout} = await erp(['monitor-connection', 'grafana']);
    expect({code, stdout}).toEqual({code: 0, stdout: '● already running: grafana. erp attach shows it.\n'});
  });

  it('background says which one needs somebody, and what to do: exit code 4', async () => {
    await runs(up, needsYou);
    const {code, stderr} = await erp(['monitor-connection', '--mode', 'background']);
    expect(code).toBe(4);
    expect(stderr).toContain('jaeger needs you (kube-forbidden)');
    expect(stderr).toContain('remedy: ask for the right create pods/portforward');
  });

  it('background without a network ends in time: exit code 9', async () => {
    await runs(forward('grafana', {state: 'waiting-for-network', mark: 'acting', port: null, note: 'no network'}));
    const {code, stderr} = await erp(['monitor-connection', 'grafana', '--mode', 'background', '--timeout', '300ms']);
    expect(code).toBe(9);
    expect(stderr).toContain('grafana is waiting-for-network');
  });

  it('--once beside a supervisor asks it, and starts and stops nothing', async () => {
    await runs(up, needsYou);
    const one = await erp(['monitor-connection', 'grafana', '--once']);
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/● grafana +verified/);
    const both = await erp(['monitor-connection', '-Once', '--json']);
    expect(both.code).toBe(4);
    expect(JSON.parse(both.stdout)).toMatchObject({forwards: [{name: 'grafana'}, {state: 'needs-you'}]});
    expect(supervisor.received.filter(({method}) => method === 'POST')).toEqual([]);
  });

  it('--once waits until it is known', async () => {
    await runs(forward('grafana', {state: 'starting', mark: 'moving', port: null}));
    const done = erp(['monitor-connection', 'grafana', '--once']);
    await supervisor.asked(({path}) => path === '/v1/events');
    supervisor.setStatus(statusDocument(place.dir, [], {forwards: [up]}));
    expect((await done).code).toBe(0);
  });

  it('--output jsonl: each line parses, the last one is the result', async () => {
    await runs(up);
    const {code, stdout} = await erp(['monitor-connection', 'grafana', '--once', '--output', 'jsonl']);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as {type: string});
    expect(lines.at(-1)).toMatchObject({type: 'result', exitCode: 0});
  });

  it('--mode ports works without a supervisor, and names who holds a port', async () => {
    const holder = await listening();
    const spare = await listening();
    const [port, free] = [holder, spare].map((server) => (server.address() as AddressInfo).port);
    await new Promise((resolve) => spare.close(resolve));
    writeFileSync(
      join(place.dir, 'erp.config.yaml'),
      `portForwards:\n  grafana: {port: {primary: ${port}, alternatives: [${free}]}}\n`,
    );
    const {stdout, code} = await erp(['monitor-connection', '-Mode', 'Ports']);
    holder.close();
    expect(code).toBe(0);
    expect(stdout).toMatch(/NAME +STATE +LOCAL +ANSWERED +TARGET/);
    expect(stdout).toMatch(/grafana +stopped/);
    expect(stdout).toContain(`would use ${free}`);
    expect(stdout).toMatch(new RegExp(`${port}: .*pid ${process.pid}`));
  });

  it('--mode ports shows what the supervisor says', async () => {
    await runs(up, needsYou);
    const {stdout} = await erp(['monitor-connection', '--mode', 'ports']);
    expect(stdout).toMatch(/● grafana +verified +3000 +2s ago/);
    expect(stdout).toContain('kube-forbidden (certain)');
  });
});

describe('other commands and port-forwards', () => {
  it('port, url and status take their names', async () => {
    await runs(up, needsYou);
    expect(await erp(['port', 'grafana'])).toMatchObject({code: 0, stdout: '3000\n'});
    expect(await erp(['url', 'grafana'])).toMatchObject({code: 0, stdout: 'http://127.0.0.1:3000/\n'});
    const away = await erp(['port', 'jaeger']);
    expect(away).toMatchObject({code: 4, stdout: ''});
    expect(away.stderr).toContain('jaeger is not there (needs-you: kube-forbidden); it would ask for 16686 first.');
    expect((await erp(['status', 'jaeger'])).stdout).toMatch(/^■ jaeger {2}needs-you\n/);
    expect((await erp(['status', 'grafna'])).stderr).toContain('Did you mean grafana?');
    expect((await erp(['status'])).stdout).toMatch(/FORWARD +STATE +LOCAL +ANSWERED +TARGET\n● grafana +verified/);
  });

  it('a url is that of what is spoken there', async () => {
    writeFileSync(
      join(place.dir, 'erp.config.yaml'),
      'portForwards:\n  db: {port: 5432}\n  six: {port: 6000, address: "::1"}\n  raw: {port: 7000, probe: tcp}\n',
    );
    await runs(
      forward('db', {remotePort: 5432, port: 5433}),
      forward('six', {port: 6000}),
      forward('raw', {port: 7000}),
    );
    expect((await erp(['url', 'db'])).stdout).toBe('tcp://127.0.0.1:5433\n');
    expect((await erp(['url', 'six'])).stdout).toBe('http://[::1]:6000/\n');
    expect((await erp(['url', 'raw'])).stdout).toBe('tcp://127.0.0.1:7000\n');
  });

  it('restart and stop ask for them by name', async () => {
    await runs(up);
    await erp(['restart', 'grafana', '--no-wait']);
    await erp(['stop', 'grafana']);
    const posts = supervisor.received.filter(({method}) => method === 'POST');
    expect(posts.map(({path, body}) => [path, (body as StartRequest).services])).toEqual([
      ['/v1/restart', ['grafana']],
      ['/v1/stop', ['grafana']],
    ]);
  });

  it('a dry run shows what kubectl would be told', async () => {
    const {code, stdout} = await erp(['start', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('1 service, 1 forward would start. Nothing was started.');
    expect(stdout).toMatch(
      /kubectl port-forward --namespace monitoring --address 127\.0\.0\.1 .*svc\/grafana 3000:80/s,
    );
    expect(stdout).toMatch(/jaeger +autoStart: false/);
  });
});

describe('what --once ends with', () => {
  const specs = ['grafana', 'jaeger'].map((name) => ({name, primary: 1}) as ForwardSpec);
  const of = (...forwards: readonly ReturnType<typeof forward>[]) =>
    outcomeOf(statusDocument('/p', [], {forwards}), specs.slice(0, forwards.length));
  const held = forward('grafana', {state: 'suspect', mark: 'unknown'});
  const noTool = forward('grafana', {state: 'tool-missing', mark: 'failed'});
  const broken = (restarts: number) => forward('grafana', {state: 'broken', mark: 'acting', restarts});
  const offline = forward('grafana', {state: 'waiting-for-network', mark: 'acting'});

  it.each([
    [[up], true, 0],
    [[held], true, 0],
    [[up, needsYou], true, 4],
    [[noTool, needsYou], true, 8],
    [[broken(1)], false, 9],
    [[broken(2)], true, 4],
    [[offline], false, 9],
    [[offline, needsYou], false, 4],
    [[forward('grafana', {state: 'stopped', wanted: 'down', mark: 'stopped'})], true, 4],
  ] as const)('%#', (forwards, isSettled, exitCode) => {
    expect(of(...forwards)).toMatchObject({isSettled, exitCode});
  });

  it('what was asked to start just now is not stopped', () => {
    const stopped = forward('grafana', {state: 'stopped', wanted: 'down', mark: 'stopped'});
    const document = statusDocument('/p', [], {forwards: [stopped]});
    expect(outcomeOf(document, specs.slice(0, 1), true)).toMatchObject({isSettled: false, exitCode: 9});
  });
});
