import {chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {portsFlagTable} from '../../src/cli/ports/flags.js';
import {parseWish} from '../../src/cli/ports/wish.js';
import {renderPorts} from '../../src/cli/render/ports.js';
import {renderRelease} from '../../src/cli/render/release.js';
import {viewOf} from '../../src/cli/terminal.js';
import Ports from '../../src/commands/ports/index.js';
import type {Surroundings} from '../../src/lib/core/ports/assess.js';
import {portsDocument, type PortsDocument} from '../../src/lib/core/ports/document.js';
import type {PlannedEntry} from '../../src/lib/core/ports/plan.js';
import {scratch} from '../support/fake-supervisor.js';
import {around, listener, living, planned} from '../support/ports.js';
import {runErp} from '../support/run-erp.js';

describe('the flag table of the fast path', () => {
  it('is what the oclif command declares', () => {
    const declared = {...Ports.baseFlags, ...Ports.flags, json: {type: 'boolean'}} as Record<
      string,
      {type: string; char?: string; allowNo?: boolean; env?: string}
    >;
    const told = Object.entries(declared).map(([name, flag]) => ({
      name,
      value: flag.type === 'option',
      char: flag.char,
      no: flag.allowNo === true,
      env: flag.env,
    }));
    const known = portsFlagTable.map(({name, value, char, allowNo, env}) => ({
      name,
      value,
      char,
      no: allowNo === true,
      env,
    }));
    const byName = (a: {name: string}, b: {name: string}) => a.name.localeCompare(b.name);
    expect(known.sort(byName)).toEqual(told.sort(byName));
  });
});

describe('what is to be looked at', () => {
  it.each([
    [[], false, {names: null, ports: []}],
    [['backend'], false, {names: ['backend'], ports: []}],
    [['8080', 'backend', '3000-3002', '3001'], false, {names: ['backend'], ports: [3000, 3001, 3002, 8080]}],
    [['3000..3001'], false, {names: [], ports: [3000, 3001]}],
    [[], true, {names: [], ports: 'all'}],
  ])('%j, all %s', (words, all, expected) => expect(parseWish(words, all)).toEqual(expected));

  it.each(['0', '65536', '3001-3000', '1-70000'])('%s is no port', (word) =>
    expect(() => parseWish([word], false)).toThrow(expect.objectContaining({exitCode: 2})));
});

describe('the screen', () => {
  const entries = [
    planned('backend', 8000, {alternatives: [8001, 8002], line: 7}),
    planned('frontend', 3000, {line: 14}),
    planned('grafana', 3000, {alternatives: [3001, 3002], line: 19, kind: 'forward'}),
    planned('jaeger', 16_686, {line: 20, kind: 'forward'}),
  ];
  const world = around(
    {
      listeners: [
        listener(8000, {command: 'python3 -m uvicorn main:app --port 8000 --token abcdefgh --reload --log-level info'}),
        listener(3000, {pid: 5251, mark: 'shop/frontend/1/3000', name: 'node', command: 'node server.js'}),
        listener(16_686, {pid: null, name: null, command: null, user: 'ops2', startedAt: null, cwd: null}),
      ],
    },
    {ours: {projects: ['shop'], services: [living('frontend', {pid: 5251, port: 3000})]}},
  );

  function document(list: readonly PlannedEntry[], around: Surroundings, ports: readonly number[] | 'all' = []) {
    return portsDocument(
      {
        at: '2026-05-22T10:00:00.000+00:00',
        project: {dir: '/srv/shop', configFile: '/srv/shop/erp.config.yaml'},
        supervisor: null,
        plan: {configFile: '/srv/shop/erp.config.yaml', entries: list, withoutPort: []},
        names: list.map(({name}) => name),
        ports,
        problems: [],
        redact: (text) => text.replace('abcdefgh', '***'),
        isoOf: (ms) => new Date(ms).toISOString(),
      },
      around,
    );
  }

  function render(found: PortsDocument, columns: number | null, env: NodeJS.ProcessEnv = {LANG: 'C.UTF-8'}): string {
    const view = {
      ...viewOf({isTTY: columns !== null, columns: columns ?? 0}, undefined, {...env, NO_COLOR: '1'}),
      now: new Date('2026-05-22T10:00:00Z'),
    };
    return renderPorts(found, {view, configFile: 'erp.config.yaml', home: '/home/ops1', mayAskRoot: true});
  }
  // The clock is shown in local time.
  const clock = ((at: Date) =>
    [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':'))(
    new Date(Date.UTC(2026, 4, 22, 9, 41, 8)),
  );

  it('is that of ux.md at 80 columns', () => {
    expect(render(document(entries, world), 80)).toBe(
      `  NAME      WILL USE  WANTED, THEN ALTERNATIVES
▲ backend       8001  8000 taken, 8001 free, 8002 free
            8000: python3 pid 812, ops1, from ${clock}, in ~/old-erp: python3 -m
            uvicorn main:app --port 8000 --token *** --reload --log-level info
            free it: erp ports release 8000 (shows it and asks first)
● frontend      3000  3000 ours (pid 5251)
▲ grafana       3001  3000 ours (frontend), 3001 free, 3002 free
■ jaeger           –  16686 owner unknown (user ops2), no alternatives
            see who it is: sudo erp ports 16686
overlap: 3000 is primary of frontend (erp.config.yaml:14) and of grafana (:19)
jaeger would find no port. remedy: give it alternatives (erp.config.yaml:20)
`,
    );
  });

  it.each([60, 72, 80, 100, 200])('has no line wider than %s columns', (columns) => {
    const found = document(entries, world, [8000, 8001, 3000, 16_686]);
    for (const line of render(found, columns).split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('ASCII where the terminal has no more', () => {
    expect(render(document(entries, world), 80, {TERM: 'dumb'})).toMatch(/^[\x00-\x7f]*$/);
  });

  it('neutralises what others wrote', () => {
    const evil = around({
      listeners: [listener(8000, {command: 'x \u001b]0;title\u0007\u001b[2J\u202e', name: 'a\u001b[31mb'})],
    });
    const text = render(document(entries, evil, [8000]), null);
    expect(text).not.toMatch(/[\u001b\u0007\u202e]/);
  });

  it('folds neighbours that nobody holds', () => {
    const text = render(document([], around(), [3000, 3001, 3002]), 80);
    expect(text).toContain('3000-3002  free');
  });

  it('says what keeps a port back', () => {
    const kept = around({
      reserved: [{from: 1, to: 1023, why: 'privileged', source: 'net.ipv4.ip_unprivileged_port_start = 1024'}],
    });
    const text = render(document([planned('web', 80)], kept), 200);
    expect(text).toContain('80 reserved');
    expect(text).toContain('only root may listen there: net.ipv4.ip_unprivileged_port_start = 1024');
    expect(text).toContain('web would find no port');
  });

  it('a release in one line, the remedy below', () => {
    const view = viewOf({isTTY: false, columns: 0}, false, {LANG: 'C.UTF-8'});
    expect(
      renderRelease({port: 80, result: 'refused', said: ['not ended: x'], remedy: ['a', 'b'], ended: []}, view),
    ).toBe('■ 80 not freed: not ended: x\n  remedy: a\n          b\n');
  });
});

describe('the kept plan', () => {
  const place = scratch();
  const runtime = join(place.dir, 'run');
  const project = join(place.dir, 'shop');
  const env = {PATH: process.env['PATH'], HOME: place.dir, XDG_RUNTIME_DIR: runtime, LANG: 'C.UTF-8', TZ: 'UTC'};
  const file = join(project, 'erp.config.yaml');
  const erp = (...args: string[]) => runErp(args, {cwd: project, env});
  /** Names and wishes, whatever the machine does at these ports. */
  const wished = async (...args: string[]) => {
    const {stdout} = await erp('ports', '--json', ...args);
    return (JSON.parse(stdout) as PortsDocument).entries.map(({name, kind, ports}) => [name, kind, ports[0]?.port]);
  };
  const kept = () =>
    readdirSync(join(runtime, 'erp')).flatMap((folder) =>
      readdirSync(join(runtime, 'erp', folder))
        .filter((name) => name.startsWith('ports-'))
        .map((name) => join(runtime, 'erp', folder, name)),
    );

  beforeAll(() => {
    mkdirSync(runtime, {mode: 0o700});
    mkdirSync(join(project, 'config'), {recursive: true});
  });
  afterAll(() => place[Symbol.dispose]());

  it('says the same as the configuration itself, byte for byte', async () => {
    writeFileSync(file, 'services:\n  a: {command: run, port: {primary: 20801, alternatives: [20802]}}\n');
    const first = await erp('ports');
    expect(kept()).toHaveLength(1);
    expect(statSync(kept()[0] as string).mode & 0o777).toBe(0o600);
    expect(await erp('ports')).toEqual(first);
    // Flags before the command are oclif's.
    expect(await erp('-C', project, 'ports')).toEqual(first);
    const json = async (...args: string[]) => ({...(JSON.parse((await erp(...args)).stdout) as object), at: null});
    expect(await json('ports', '--json')).toEqual(await json('-C', project, 'ports', '--json'));
    expect(await erp('ports', 'b')).toEqual(await erp('-C', project, 'ports', 'b'));
    expect(await erp('ports', '0')).toEqual(await erp('-C', project, 'ports', '0'));
  });

  it('is not believed for another text, though size and time are the same', async () => {
    const {atime, mtime} = statSync(file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('20801', '20803'));
    utimesSync(file, atime, mtime);
    expect(await wished()).toEqual([['a', 'service', 20_803]]);
    writeFileSync(file, 'services: {a: {command: run, prot: 20803}}\n');
    expect(await erp('ports')).toMatchObject({code: 3, stderr: expect.stringContaining('Did you mean port?')});
    // What was wrong is not kept.
    expect(await erp('ports')).toMatchObject({code: 3});
  });

  it('is not believed when it is cut short or of another installation', async () => {
    writeFileSync(file, 'services:\n  a: {command: run, port: 20804}\n');
    await erp('ports');
    const [path = ''] = kept();
    for (const text of [
      '{"ver',
      '{}',
      JSON.stringify({...JSON.parse(readFileSync(path, 'utf8')), version: 'x', plan: {}}),
    ]) {
      writeFileSync(path, text);
      expect(await wished()).toEqual([['a', 'service', 20_804]]);
    }
  });

  it('no folder to keep it in: it is read each time', async () => {
    rmSync(join(runtime, 'erp'), {recursive: true});
    chmodSync(runtime, 0o500);
    expect(await wished()).toEqual([['a', 'service', 20_804]]);
    chmodSync(runtime, 0o700);
  });

  it('of the old format depends on the folder as well', async () => {
    rmSync(file);
    writeFileSync(join(project, 'config', 'system_config.json'), '{"Services": {"API": {"Port": 20805}}}\n');
    expect(await wished()).toEqual([['api', 'external', 20_805]]);
    expect(await wished()).toEqual([['api', 'external', 20_805]]);
    writeFileSync(join(project, 'main.py'), 'from fastapi import FastAPI\napp = FastAPI()\n');
    expect(await wished()).toEqual([['api', 'service', 20_805]]);
  });

  it('a listener is seen on the short way as on the long one', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const {port} = server.address() as {port: number};
    writeFileSync(file, `services:\n  a: {command: run, port: ${port}}\n`);
    const long = await erp('ports');
    expect(long).toMatchObject({code: 5, stdout: expect.stringContaining(`pid ${process.pid}`)});
    expect(await erp('ports')).toEqual(long);
    await new Promise((resolve) => server.close(resolve));
  });
});
