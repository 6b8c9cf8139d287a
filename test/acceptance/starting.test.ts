import {cpSync, existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {canConnect, fixtures, get, holds, occupy, program, until} from '../support/rig.js';
import {demoConfig} from '../support/demo-config.js';
import {itErp, itNeeds, python} from '../support/tools.js';

itErp('erp start --demo: healthy, seen from another process, and Ctrl-C leaves nothing', async (rig) => {
  const run = rig.start(['start', '--demo']);
  // Degraded where somebody else has its ports just now.
  await run.says(/(healthy|degraded) after/, 60_000);
  expect((await rig.expectErp(0, ['status'])).stdout).toMatch(/^. (healthy|degraded) +\S+, supervisor pid \d+/);
  const status = await rig.status();
  expect(status.services.map(({name, state}) => [name, state])).toEqual([
    ['migrate', 'done'],
    ['backend', 'ready'],
    ['worker', 'ready'],
    ['frontend', 'ready'],
  ]);
  for (const name of ['backend', 'frontend'] as const) {
    const {port} = await rig.service(name);
    expect((await get(port ?? 0, '/health'))?.status).toBe(200);
  }
  // Without a terminal: plain lines, one a change, in the form of the log.
  const lines = run.stderr.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[(INFO|WARNING|ERROR)\] /);
  expect(run.stderr).toMatch(/\[INFO\] backend ready on \d+ after [\d.]+s \(pid \d+\)/);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  await rig.nothingLeft();
});

itErp('a primary port that is taken: the demo moves to an alternative, and the page follows', async (rig) => {
  const ports = await demoConfig(rig);
  const stranger = await occupy(ports.backend);
  rig.onEnd(() => stranger.close());
  const run = rig.start(['start']);
  await run.says(/healthy after/, 60_000); // not the port that was wanted, but who names it has followed
  const backend = await rig.service('backend');
  expect(backend.port).not.toBe(ports.backend);
  expect(backend.portNote).toMatch(/held by node \(pid \d+/);
  expect(run.stderr).toMatch(new RegExp(`backend ${backend.port} instead of ${ports.backend}, held by`));
  const page = await get(ports.frontend, '/health');
  expect(page?.status).toBe(200);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  expect(await canConnect(backend.port ?? 0)).toBe(false);
  await rig.nothingLeft();
});

itNeeds(
  [python],
  'the demo in a terminal: one row a service, the ready line, nothing left by a closed window',
  async (rig) => {
    await demoConfig(rig);
    const terminal = rig.terminal(['start']);
    await terminal.says(/healthy after [\d.]+s\. Ctrl-C stops everything\./, 60_000);
    await until(
      'the ready line is the last one',
      () => /healthy after/.test(terminal.screen.at(-2) ?? ''),
      5000,
      () => terminal.screen.join('\n'),
    );
    for (const name of ['migrate', 'backend', 'worker', 'frontend'])
      expect(terminal.screen.some((line) => new RegExp(`● ${name} +(ready|done)`).test(line))).toBe(true);
    expect(terminal.screen.filter((line) => /starting|waiting/.test(line))).toEqual([]);
    terminal.close(); // its configuration says tie: terminal
    await rig.nothingLeft(20_000);
  },
);

itErp('--backend-only starts the backend and all it needs, never the front end', async (rig) => {
  const port = await freePort();
  rig.config({
    store: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}},
    backend: {
      role: 'backend',
      command: ['node', program('serves.mjs'), '{port}'],
      port,
      health: '/health',
      dependsOn: ['store'],
    },
    frontend: {role: 'frontend', command: 'touch was-here; exec sleep 1000', dependsOn: ['backend']},
  });
  const run = rig.start(['start', '--backend-only']);
  await run.says(/healthy after/);
  expect((await get(port, '/health'))?.status).toBe(200);
  const status = await rig.status();
  expect(status.services.map(({name, state}) => [name, state])).toEqual([
    ['store', 'ready'],
    ['backend', 'ready'],
    ['frontend', 'stopped'],
  ]);
  await holds('the front end is never spawned', () => !existsSync(join(rig.project, 'was-here')), 1000);
  run.signal('SIGINT');
  await run.end();
  expect(existsSync(join(rig.project, 'was-here'))).toBe(false);
  await rig.nothingLeft();
});

itErp('--backend-only --max-restarts 10: eleven lives, then a cool-down; what it needs goes on', async (rig) => {
  rig.config(
    {
      store: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}},
      backend: {role: 'backend', command: 'echo "life $$" >&2; exit 1', dependsOn: ['store']},
      frontend: {role: 'frontend', command: 'touch was-here; exec sleep 1000', dependsOn: ['backend']},
    },
    {defaults: {backOff: [0]}},
  );
  const run = rig.start(['start', '--backend-only', '--max-restarts', '10']);
  await rig.logged(/\[CRITICAL\] backend failed: .*10 of 10 restarts.*Next try in 5m/);
  expect(rig.log('backend').match(/life/g)).toHaveLength(11);
  const [store, backend, frontend] = (await rig.status()).services;
  expect(store).toMatchObject({state: 'ready'});
  expect(backend).toMatchObject({state: 'failed', restartsUsed: 10, maxRestarts: 10, turn: 'erp'});
  expect(backend?.nextTryInMs).toBeGreaterThan(4 * 60_000);
  expect(frontend).toMatchObject({state: 'stopped'});
  await rig.expectErp(4, ['status']);
  expect(run.running).toBe(true);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  expect(rig.log('backend').match(/life/g)).toHaveLength(11);
  expect(existsSync(join(rig.project, 'was-here'))).toBe(false);
  await rig.nothingLeft();
});

itErp('--frontend-only starts the front end without what it needs', async (rig) => {
  rig.config({
    backend: {role: 'backend', command: 'touch was-here; exec sleep 1000'},
    frontend: {
      role: 'frontend',
      command: ['sh', program('waits.sh')],
      readiness: {log: 'ready'},
      dependsOn: ['backend'],
    },
  });
  await rig.expectErp(0, ['start', '--frontend-only', '--detach']);
  expect((await rig.status()).services.map(({name, state}) => [name, state])).toEqual([
    ['backend', 'stopped'],
    ['frontend', 'ready'],
  ]);
  expect(existsSync(join(rig.project, 'was-here'))).toBe(false);
  await rig.stop();
});

itErp('the configuration that operators already have is accepted as it is', async (rig) => {
  mkdirSync(join(rig.project, 'config'));
  cpSync(join(fixtures, 'legacy', 'system_config.json'), join(rig.project, 'config', 'system_config.json'));
  const valid = await rig.expectErp(0, ['config', 'validate']);
  const dry = await rig.expectErp(0, ['start', '--dry-run']);
  for (const {stdout, stderr} of [valid, dry]) {
    const all = stdout + stderr;
    expect(all).toMatch(/api is observed, watched and never started/);
    expect(all).toMatch(/names no command/);
    expect(all).toMatch(/To start it, add to erp\.config\.yaml/);
    expect(all).toMatch(/celery is left out/);
    expect(all).toMatch(/flower is observed/);
    expect(all).toMatch(/port-forwards/);
    expect(all).not.toMatch(/^\s+at /m);
  }
  expect(valid.stdout).toMatch(/is valid/);
  expect(dry.stdout).toMatch(/redis-server --port/);
  expect(dry.stdout).toMatch(/Nothing was started/);
  expect(existsSync(join(rig.project, '.erp'))).toBe(false);
  await rig.nothingLeft();
});

itErp('a job that is done is not run again by the next start, unless it is named', async (rig) => {
  rig.config({
    migrate: {kind: 'job', command: 'echo migrated'},
    shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, dependsOn: ['migrate']},
  });
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['restart', 'shop']);
  expect(rig.log('migrate')).toBe('migrated\n');
  await rig.expectErp(0, ['start', 'migrate', '--detach']);
  expect(rig.log('migrate')).toBe('migrated\nmigrated\n');
  await rig.stop();
});

itErp('the dependency graph decides the order: as parallel as it allows, reverse when it stops', async (rig) => {
  const service = (more: object) => ({command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, ...more});
  rig.config({
    top: service({dependsOn: ['left', 'right']}),
    left: service({dependsOn: ['base']}),
    right: service({dependsOn: ['base']}),
    base: service({}),
  });
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['stop']);
  const order = (type: string) =>
    rig
      .events()
      .filter((event) => event.type === type)
      .map((event) => event.service);
  expect(order('ready').at(0)).toBe('base');
  expect(order('ready').at(-1)).toBe('top');
  expect(order('stopped').at(0)).toBe('top');
  expect(order('stopped').at(-1)).toBe('base');
  await rig.nothingLeft();
});
