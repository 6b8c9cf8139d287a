import {appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {expect} from '@jest/globals';
import {fixtures, program, type Rig} from '../support/rig.js';
import {itErp} from '../support/tools.js';

const watchdogLog = join(fixtures, 'legacy', 'watchdog_20250522.log');
const utf8 = {LC_ALL: 'C.UTF-8'};

function write(rig: Rig, name: string, text: string | Buffer): string {
  const path = join(rig.project, name);
  mkdirSync(join(path, '..'), {recursive: true});
  writeFileSync(path, text);
  return path;
}

const clock = (minute: number, second = 0): string => new Date(Date.UTC(2026, 4, 22, 9, minute, second)).toISOString();
const usual = (from: number, to: number): string =>
  Array.from(
    {length: (to - from) * 6},
    (_, i) => `${clock(from, i * 10)} INFO order ${i} created by user${i}@erp.local`,
  ).join('\n');

itErp('the old watchdog log: never healthy, every restart wasted, what to check', async (rig) => {
  const {stdout} = await rig.expectErp(0, ['logs', 'analyze', watchdogLog], {env: utf8});
  const lines = stdout.split('\n');
  expect(lines[0]).toMatch(/^201 lines, 195 events, .*\(36m29s\), 3 runs$/);
  expect(stdout).toMatch(/finding {4}■ never healthy: 18 starts, 15 restarts wasted, nothing ever listened/);
  expect(stdout).toMatch(/first :12 {2}\S+ Health-Check fehlgeschlagen: Die Verbindung/);
  expect(stdout).toMatch(/end {3}:71 .*; :136, :201/);
  expect(stdout).toMatch(/cause perhaps hang: .*listens elsewhere/);
  expect(stdout).toMatch(/next {2}start it by hand and see where it listens: erp ports --all/);
  expect(stdout).toMatch(/gaps {7}17m42s after :71, 3m16s after :136/);
});

itErp('--json is one document; --template tells of one message; an unknown one names the nearest', async (rig) => {
  const {stdout} = await rig.expectErp(0, ['logs', 'analyze', '--json', watchdogLog]);
  const report = JSON.parse(stdout) as {
    events: number;
    runs: number;
    levels: Record<string, number>;
    incidents: {kind: string; durationMs: number; first: {line: number}}[];
    templates: {id: string; text: string; count: number; variables: string[][]}[];
    gaps: {durationMs: number}[];
  };
  expect(report).toMatchObject({events: 195, runs: 3, levels: {ERROR: 60, WARNING: 57, INFO: 39, DEBUG: 39}});
  expect(report.incidents[0]).toMatchObject({kind: 'never-healthy', first: {line: 12}});
  expect(report.gaps.map(({durationMs}) => Math.round(durationMs / 1000))).toEqual([1062, 196]);
  const health = report.templates.find(({text}) => text.startsWith('Health-Check'));
  expect(health?.count).toBe(39);
  const memory = report.templates.find(({text}) => text.includes('RAM='));
  expect(memory?.variables.length).toBeGreaterThanOrEqual(3);
  const one = await rig.expectErp(0, ['logs', 'analyze', '--template', health?.id ?? '', watchdogLog]);
  expect(one.stdout).toMatch(/events {5}39 \(20%\), ERROR/);
  expect(one.stdout).toMatch(/examples {3}:12 /);
  const none = await rig.expectErp(2, ['logs', 'analyze', '--template', 'Health', watchdogLog]);
  expect(none.stderr).toContain(`--template ${health?.id}`);
});

itErp('the logs of a project: services, rotated and compressed ones, and what erp wrote itself', async (rig) => {
  rig.config({shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}});
  await rig.expectErp(0, ['start', '--detach']);
  await rig.stop();
  write(rig, 'logs/shop-20260521-080000.log.gz', gzipSync(`${clock(0)} ERROR could not post invoice 7\n`));
  const {stdout} = await rig.expectErp(0, ['logs', 'analyze', '--json']);
  const {sources} = JSON.parse(stdout) as {sources: {name: string; service: string | null; events: number}[]};
  expect(sources.filter(({service}) => service === 'shop').map(({name}) => name)).toEqual([
    'logs/shop-20260521-080000.log.gz',
    'logs/shop.log',
  ]);
  expect(sources.some(({name, events}) => name.startsWith('watchdog_logs/') && events > 0)).toBe(true);
  const alone = JSON.parse((await rig.expectErp(0, ['logs', 'analyze', '--json', 'shop'])).stdout) as {
    sources: unknown[];
  };
  expect(alone.sources).toHaveLength(2);
  const wrong = await rig.expectErp(2, ['logs', 'analyze', 'shpo']);
  expect(wrong.stderr).toMatch(/shop/);
});

itErp('what is piped in, windows, levels, patterns', async (rig) => {
  const text = `${usual(0, 10)}\n${clock(10)} ERROR [db] pool exhausted\n${clock(11)} ERROR [db] pool exhausted\n`;
  const piped = rig.start(['logs', 'analyze', '--json', '-']);
  piped.child.stdin?.end(text);
  expect((JSON.parse((await piped.end()).stdout) as {events: number}).events).toBe(62);
  const file = write(rig, 'a.log', text);
  const eventsOf = async (...flags: string[]) =>
    (JSON.parse((await rig.expectErp(0, ['logs', 'analyze', '--json', file, ...flags])).stdout) as {events: number})
      .events;
  expect(await eventsOf('--level', 'error')).toBe(2);
  expect(await eventsOf('--grep', 'order 1\\d ')).toBe(10);
  expect(await eventsOf('--since', clock(10))).toBe(2);
  expect(await eventsOf('--until', clock(9, 59))).toBe(60);
  const empty = await rig.expectErp(0, ['logs', 'analyze', file, '--grep', 'nowhere']);
  expect(empty.stderr).toMatch(/None of 62 lines is an event/);
  expect((await rig.expectErp(2, ['logs', 'analyze', file, '--grep', '('])).stderr).toMatch(/no regular expression/);
  expect((await rig.expectErp(2, ['logs', 'analyze', file, '--since', 'soon'])).stderr).toMatch(/"soon" is no time/);
});

itErp('--fail-on for CI', async (rig) => {
  const bad = write(rig, 'bad.log', `${usual(0, 5)}\n${clock(5)} ERROR boom\n`);
  await rig.expectErp(10, ['logs', 'analyze', bad, '--fail-on', 'error']);
  await rig.expectErp(0, ['logs', 'analyze', bad, '--fail-on', 'critical']);
  await rig.expectErp(10, ['logs', 'analyze', watchdogLog, '--fail-on', 'incident']);
});

itErp('--compare: files, windows, releases', async (rig) => {
  const errors = Array.from({length: 30}, (_, i) => `${clock(30, i * 10)} ERROR tax ${i} missing`).join('\n');
  const before = write(rig, 'before.log', `${usual(0, 20)}\n`);
  const after = write(rig, 'after.log', `${usual(20, 40)}\n${errors}\n`);
  interface Comparison {
    changes: {kind: string; text: string; significance: number}[];
  }
  const changed = async (...args: string[]) =>
    (JSON.parse((await rig.expectErp(0, ['logs', 'analyze', '--json', ...args])).stdout) as Comparison).changes;
  const isTax = [expect.objectContaining({kind: 'new', text: expect.stringContaining('tax <*> missing')})];
  expect(await changed('--compare', before, after)).toEqual(isTax);
  const both = write(rig, 'both.log', `${readFileSync(before, 'utf8')}${readFileSync(after, 'utf8')}`);
  expect(await changed('--compare', `${clock(0)}..${clock(20)}`, `${clock(20)}..`, both)).toEqual(isTax);
  const released = write(
    rig,
    'released.log',
    `${clock(0)} INFO starting release 4.11.0\n${usual(0, 20)}\n${clock(20)} INFO starting release 4.12.0\n${usual(20, 40)}\n${errors}\n`,
  );
  expect(await changed('--compare', '4.11.0', '4.12.0', released)).toEqual(isTax);
  expect((await rig.expectErp(2, ['logs', 'analyze', '--compare', '9.9.9', '4.12.0', released])).stderr).toMatch(
    /No event names the release 9\.9\.9/,
  );
  expect((await rig.expectErp(2, ['logs', 'analyze', '--compare', 'x', 'y', released])).stderr).toMatch(
    /no file, no window and no release/,
  );
  await rig.expectErp(10, ['logs', 'analyze', '--compare', before, after, '--fail-on', 'new']);
});

itErp('--diagnose: cause, evidence, remedy; the contract of its JSON', async (rig) => {
  const log = write(
    rig,
    'crash.log',
    'starting\nTraceback (most recent call last):\n  File "/opt/erp/main.py", line 3, in <module>\n    import fastapi\nModuleNotFoundError: No module named \'fastapi\'\n',
  );
  const {stdout} = await rig.expectErp(0, ['logs', 'analyze', '--diagnose', '--exit-code', '1', log]);
  expect(stdout).toMatch(/cause {6}missing-module \(certain\): module fastapi/);
  expect(stdout).toMatch(/evidence {3}:5 ModuleNotFoundError/);
  expect(stdout).toMatch(/remedy .*pip install fastapi/s);
  const piped = rig.start(['logs', 'analyze', '--diagnose', '--json', '-', '--exit-code', '1']);
  piped.child.stdin?.end(readFileSync(log));
  expect(JSON.parse((await piped.end()).stdout)).toMatchObject({
    cause: 'missing-module',
    subject: {module: 'fastapi'},
    evidence: [5],
    permanent: true,
  });
  const fine = rig.start(['logs', 'analyze', '--diagnose', '--json', '--exit-code', '0']);
  fine.child.stdin?.end('done\n');
  expect(JSON.parse((await fine.end()).stdout)).toMatchObject({cause: null});
});

itErp('--diagnose of a taken port says who holds it now', async (rig) => {
  const server = createServer().listen(0, '127.0.0.1');
  rig.onEnd(() => void server.close());
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const log = write(rig, 'port.log', `Error: listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
  const {stdout} = await rig.expectErp(0, ['logs', 'analyze', '--diagnose', '--json', '--exit-code', '1', log]);
  const {remedy} = JSON.parse(stdout) as {remedy: string};
  expect(remedy).toMatch(new RegExp(`^here ${port} is held now by .*pid ${process.pid}\\b`));
  expect(remedy).toMatch(new RegExp(`erp ports ${port}`));
});

itErp('--html and --markdown: whole pages, in which a log stays text', async (rig) => {
  const log = write(rig, 'x.log', `${usual(0, 5)}\n${clock(5)} ERROR <script>alert("x")</script> \u202Egnp | \`y\`\n`);
  const page = join(rig.project, 'report.html');
  await rig.expectErp(0, ['logs', 'analyze', log, '--html', page]);
  const html = readFileSync(page, 'utf8');
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  expect(html).not.toContain('<script>alert');
  expect(html).not.toContain('\u202E');
  expect(html.match(/(?:src|href)="(?!#|data:)/g)).toBeNull();
  const markdown = (await rig.expectErp(0, ['logs', 'analyze', log, '--markdown'])).stdout;
  expect(markdown).toMatch(/^# Log analysis\n/);
  expect((await rig.expectErp(1, ['logs', 'analyze', log, '--html', '/nowhere/x.html'])).stderr).toMatch(
    /can't be written/,
  );
});

itErp('--json-templates: a line for each line', async (rig) => {
  const run = rig.start(['logs', 'analyze', '--json-templates']);
  run.child.stdin?.end(
    '2026-05-22 09:00:00 INFO order 1 created\n\n2026-05-22 09:00:01 ERROR boom\n  at line 2\n2026-05-22 09:00:02 INFO order 22 created\n',
  );
  const lines = (await run.end()).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as {cluster: number; template: string});
  expect(lines.map(({template}) => template)).toEqual([
    'order <*> created',
    'order <*> created',
    'boom',
    'boom',
    'order <*> created',
  ]);
  expect(lines[0]?.cluster).toBe(lines[4]?.cluster);
});

itErp("what can't be read is said, the rest is analysed", async (rig) => {
  const good = write(rig, 'good.log', `${usual(0, 2)}\n`);
  const cut = write(rig, 'cut.log.gz', gzipSync(usual(0, 30)).subarray(0, 200));
  const both = await rig.expectErp(0, ['logs', 'analyze', good, cut]);
  expect(both.stdout).toMatch(/cut\.log\.gz: not read to its end/);
  const folder = await rig.expectErp(2, ['logs', 'analyze', 'missing.log']);
  expect(folder.stderr).toMatch(/There is no file missing\.log/);
  const utf16 = write(
    rig,
    'powershell.log',
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('[2025-05-22 09:05:30] [ERROR] Überlauf\r\n', 'utf16le')]),
  );
  const document = JSON.parse((await rig.expectErp(0, ['logs', 'analyze', '--json', utf16])).stdout) as {
    templates: {text: string}[];
    sources: {encoding: string}[];
  };
  expect(document.templates[0]?.text).toBe('Überlauf');
  expect(document.sources[0]?.encoding).toBe('utf-16le');
});

itErp('--follow: what is new, over rotation and removal', async (rig) => {
  const log = write(rig, 'live.log', `${usual(0, 3)}\n`);
  const run = rig.start(['logs', 'analyze', '--follow', log]);
  await run.says(/templates/);
  appendFileSync(log, `${clock(4)} ERROR the tax is missing\n`);
  await run.says(/new .*the tax is missing/);
  renameSync(log, `${log}.1`);
  writeFileSync(log, `${clock(5)} ERROR another trouble\n`);
  await run.says(/was rotated/);
  await run.says(/new .*another trouble/);
  rmSync(log);
  await run.says(/was deleted or renamed/);
  writeFileSync(log, `${clock(6)} ERROR third trouble\n`);
  await run.says(/new .*third trouble/);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  expect(existsSync(log)).toBe(true);
});
