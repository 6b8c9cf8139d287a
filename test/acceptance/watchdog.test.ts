import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {get, holds, isAlive, kill, program, type Rig, type Run, until} from '../support/rig.js';
import {itErp, itNeeds, starlette, type TestOptions} from '../support/tools.js';

/** These mostly wait for a threshold or a pause to pass. */
const together: TestOptions = {concurrent: true};
const quick = ['--check-interval', '500ms', '--timeout-threshold', '2s'];
const python = '/usr/bin/python3';

/** The pid that the backend itself names. */
async function pidBehind(port: number): Promise<number | null> {
  const answer = await get(port, '/health');
  return answer?.status === 200 ? (JSON.parse(answer.body) as {pid: number}).pid : null;
}

async function newPidBehind(port: number, old: number): Promise<number> {
  let pid: number | null = null;
  await until(`another process answers on ${port}`, async () => {
    pid = await pidBehind(port);
    return pid !== null && pid !== old;
  });
  return pid as unknown as number;
}

async function watched(rig: Rig, port: number, ...flags: string[]): Promise<Run> {
  const run = rig.start([
    'watchdog',
    '--name',
    'shop',
    '--port',
    String(port),
    '--health',
    'http://127.0.0.1:{port}/health',
    ...flags,
    '--',
    python,
    program('backend.py'),
    '{port}',
  ]);
  await run.says(/shop.* ready/);
  return run;
}

async function leave(rig: Rig, run: Run): Promise<void> {
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  await rig.nothingLeft();
}

itErp('words of the command that equal a flag are the command, in their order', async (rig) => {
  const port = await freePort();
  const words = [
    '--max-restarts',
    '5',
    '--port',
    String(port),
    '--',
    process.execPath,
    program('serves.mjs'),
    String(port),
  ];
  const run = rig.start(['watchdog', '--name', 'shop', ...words, '5', '--', '5', 'shop', program('serves.mjs')]);
  await run.says(/shop ready on \d+/);
  const found = rig.processes().filter(({command}) => command.includes('serves.mjs') && !command.includes('watchdog'));
  expect(found.map(({command}) => command)).toEqual([
    `${process.execPath} ${program('serves.mjs')} ${port} 5 -- 5 shop ${program('serves.mjs')}`,
  ]);
  await leave(rig, run);
});

itNeeds(
  [starlette],
  'kill -9 of a uvicorn backend: healthy again with a new pid',
  async (rig) => {
    const port = await freePort();
    const run = await watched(rig, port);
    const old = await pidBehind(port);
    kill(old ?? 0);
    const pid = await newPidBehind(port, old ?? 0);
    await run.says(/shop.*ready[^]*killed by SIGKILL[^]*ready/);
    const status = await rig.status({args: ['--instance', 'shop']});
    expect(status.services[0]).toMatchObject({state: 'ready', health: 'healthy', pid, totalRestarts: 1});
    await leave(rig, run);
  },
  together,
);

itNeeds(
  [starlette],
  'SIGSTOP of a uvicorn backend: replaced after the threshold, not before',
  async (rig) => {
    const port = await freePort();
    const run = await watched(rig, port, ...quick);
    const old = (await pidBehind(port)) ?? 0;
    const stoppedAt = performance.now();
    kill(old, 'SIGSTOP');
    await until('the frozen one has gone', () => !isAlive(old));
    const tookMs = performance.now() - stoppedAt;
    // The last answer may be half a second older than the stop.
    expect(tookMs).toBeGreaterThan(1300);
    expect(tookMs).toBeLessThan(12_000);
    await newPidBehind(port, old);
    await run.says(/hang/);
    await leave(rig, run);
  },
  together,
);

itNeeds(
  [starlette],
  'a uvicorn backend that answers 503 for ten times the threshold is not restarted',
  async (rig) => {
    const port = await freePort();
    const run = await watched(rig, port, '--check-interval', '300ms', '--timeout-threshold', '1s');
    const pid = await pidBehind(port);
    await get(port, '/say?status=503', 'POST');
    await run.says(/unhealthy/);
    await holds('the same process lives', () => isAlive(pid ?? 0), 10_000);
    const [service] = (await rig.status({args: ['--instance', 'shop']})).services;
    expect(service).toMatchObject({state: 'ready', health: 'unhealthy', pid, totalRestarts: 0});
    await get(port, '/say?status=200', 'POST');
    await run.says(/unhealthy[^]*healthy/);
    expect(await pidBehind(port)).toBe(pid);
    await leave(rig, run);
  },
  together,
);

itErp(
  'a program that ends at once, six times: exit 4, a CRITICAL line and the reason, after the usual pauses',
  async (rig) => {
    const begunAt = performance.now();
    const words = 'no table tax_rate in the database';
    const run = rig.start(['watchdog', '--', 'sh', '-c', `echo "$$ ${words}" >&2; exit 3`]);
    const {code, stderr} = await run.end(80_000);
    expect(code).toBe(4);
    expect(performance.now() - begunAt).toBeGreaterThan(30_000);
    expect(stderr).toMatch(/\[CRITICAL\] .*5 of 5 restarts/);
    expect(stderr).toContain('exit code 3');
    expect(stderr).toContain(words);
    expect(rig.log('sh').match(new RegExp(words, 'g'))).toHaveLength(6);
    await rig.nothingLeft();
  },
  {...together, timeoutMs: 120_000},
);

itErp(
  'a stranger that holds the port and answers /health: named, not believed, exit 5',
  async (rig) => {
    const port = await freePort();
    const stranger = rig.spawn(['node', program('serves.mjs'), String(port), 'stranger']);
    await stranger.says(/listens/);
    const run = rig.start([
      'watchdog',
      '--port',
      String(port),
      '--health',
      '/health',
      '--',
      'node',
      program('serves.mjs'),
      '{port}',
    ]);
    const {code, stderr} = await run.end();
    expect(code).toBe(5);
    expect(stderr).toMatch(new RegExp(`${port} held by node \\(pid ${stranger.pid}, \\w+, since `));
    expect(stderr).not.toMatch(/ready/);
    expect(await pidBehind(port)).toBe(stranger.pid);
    stranger.signal('SIGKILL');
    await stranger.exited;
    await rig.nothingLeft();
  },
  together,
);

itErp(
  'a stranger that takes the port of a living service: named, not believed; the service moves to its alternative',
  async (rig) => {
    const port = await freePort();
    const other = await freePort();
    const run = rig.start([
      'watchdog',
      '--name',
      'shop',
      ...quick,
      '--port',
      `${port},${other}`,
      '--health',
      '/health',
      '--',
      'node',
      program('serves.mjs'),
      '{port}',
    ]); // prettier-ignore
    await run.says(/ready on/);
    const old = (await pidBehind(port)) ?? 0;
    await get(port, '/release', 'POST');
    const stranger = rig.spawn(['node', program('serves.mjs'), String(port), 'stranger']);
    await stranger.says(/listens/);
    await run.says(new RegExp(`port ${port} is held by node \\(pid ${stranger.pid}`));
    const pid = await newPidBehind(other, old);
    expect(pid).not.toBe(stranger.pid);
    await rig.logged(new RegExp(`${other} instead of ${port}, held by node \\(pid ${stranger.pid}`));
    await rig.logged(new RegExp(`ready on ${other}`));
    expect(rig.ownLog()).toMatch(/cause: port-in-use[^]*evidence: logs\/shop\.log "Error: listen EADDRINUSE/);
    expect(isAlive(stranger.pid)).toBe(true);
    stranger.signal('SIGKILL');
    await stranger.exited;
    await leave(rig, run);
  },
  together,
);

itErp(
  'a stranger that takes the port between two lives: its answers make nothing ready',
  async (rig) => {
    const port = await freePort();
    const other = await freePort();
    const wait = 'while [ ! -e go ]; do sleep 0.02; done; exec node "$0" "$1"';
    rig.write('go', '');
    const run = rig.start([
      'watchdog',
      '--name',
      'shop',
      '--port',
      `${port},${other}`,
      '--health',
      '/health',
      '--',
      'sh',
      '-c',
      wait,
      program('serves.mjs'),
      '{port}',
    ]); // prettier-ignore
    await run.says(/ready on/);
    const old = (await pidBehind(port)) ?? 0;
    rig.remove('go');
    kill(old);
    await until('its next life waits', () => rig.having('while').some(({pid}) => pid !== old && isAlive(pid)));
    const stranger = rig.spawn(['node', program('serves.mjs'), String(port), 'stranger']);
    await stranger.says(/listens/);
    await run.says(new RegExp(`port ${port} is held by node \\(pid ${stranger.pid}`));
    const [service] = (await rig.status({args: ['--instance', 'shop']})).services;
    expect(service).toMatchObject({state: 'starting', listener: 'foreign'});
    rig.write('go', '');
    await rig.logged(new RegExp(`ready on ${other}`));
    stranger.signal('SIGKILL');
    await stranger.exited;
    await leave(rig, run);
  },
  together,
);

itErp(
  'a program that ends with 0 is started again',
  async (rig) => {
    const run = rig.start([
      'watchdog',
      '--name',
      'brief',
      '--',
      'sh',
      '-c',
      'echo "life $$"; [ -e stay ] && exec sleep 1000; exit 0',
    ]);
    await until('it lived twice', () => (rig.log('brief').match(/life/g) ?? []).length >= 2);
    rig.write('stay', '');
    await run.says(/brief.*ready/);
    await leave(rig, run);
  },
  together,
);

itErp('two watchdogs in one folder, each with its own state', async (rig) => {
  const first = rig.start(['watchdog', '--name', 'one', '--', 'sh', program('waits.sh')]);
  const second = rig.start(['watchdog', '--name', 'two', '--', 'sh', program('waits.sh')]);
  await first.says(/one.*ready/);
  await second.says(/two.*ready/);
  expect(rig.supervisors()).toHaveLength(2);
  first.signal('SIGINT');
  expect((await first.end()).code).toBe(130);
  expect(second.running).toBe(true);
  expect((await rig.expectErp(6, ['status'])).stderr).toContain('erp status --instance two');
  await rig.expectErp(0, ['stop', '--instance', 'two']);
  expect((await second.end()).code).toBe(0);
  await rig.nothingLeft();
});
