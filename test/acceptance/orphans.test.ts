// Whatever a service starts is gone after a crash, a restart, a stop, a shutdown and the supervisor's own death.
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {erpBinary, isAlive, kill, program, type Rig, until} from '../support/rig.js';
import {itErp as itReally} from '../support/tools.js';

/** What each shape leaves behind, by words that only it has. */
const shapes = {
  child: 'sleep 20001',
  grandchild: 'sleep 20002',
  session: 'sleep 20003',
  daemon: 'sleep 20004',
  chain: 'sleep 20005',
} as const;
type Shape = keyof typeof shapes;
const names = Object.keys(shapes) as Shape[];

/** By its traces alone: with a control group everything would be found by that (control-group.test.ts). */
const itErp = (name: string, body: (rig: Rig) => Promise<void>): void =>
  itReally(name, async (rig) => {
    rig.variables['ERP_NO_CGROUP'] = '1';
    await body(rig);
  });

const family = (...shape: string[]): object => ({
  command: ['sh', program('family.sh'), ...shape],
  readiness: {log: 'ready \\d+'},
  backOff: [0],
});

const families = (rig: Rig, more: object = {}): void =>
  rig.config(Object.fromEntries(names.map((shape) => [shape, family(shape)])), more);

const copies = (rig: Rig, shape: Shape): readonly number[] =>
  rig
    .having(shapes[shape])
    .filter(({command}) => command.startsWith('sleep'))
    .map(({pid}) => pid);

/** Each is there once. */
const complete = async (rig: Rig): Promise<Map<Shape, number>> => {
  await until(
    'each family is complete, once',
    () => names.every((shape) => copies(rig, shape).length === 1),
    15_000,
    () => JSON.stringify(names.map((shape) => [shape, copies(rig, shape)])),
  );
  return new Map(names.map((shape) => [shape, copies(rig, shape)[0] ?? 0]));
};

/** New ones, and the old ones gone: nobody is there twice. */
async function renewed(rig: Rig, before: ReadonlyMap<Shape, number>): Promise<void> {
  await until(
    'each family is new and there once',
    () => names.every((shape) => copies(rig, shape).length === 1 && copies(rig, shape)[0] !== before.get(shape)),
    15_000,
    () => JSON.stringify(names.map((shape) => [shape, before.get(shape), copies(rig, shape)])),
  );
}

async function leaders(rig: Rig): Promise<number[]> {
  return (await rig.status()).services.map(({pid}) => pid ?? 0);
}

async function loseSupervisor(rig: Rig, guardian: boolean): Promise<void> {
  const former = rig.supervisors().map(({pid}) => pid);
  for (const {pid} of guardian ? rig.guardians() : []) kill(pid);
  for (const pid of former) kill(pid);
  if (guardian) await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
  else await until('another one lives', () => rig.supervisors().some(({pid}) => !former.includes(pid)));
}

itErp('crash: the new life has its own family, nobody of the old one is left', async (rig) => {
  families(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await complete(rig);
  for (const pid of await leaders(rig)) kill(pid);
  await renewed(rig, before);
  await rig.stop();
});

itErp('erp restart: the same', async (rig) => {
  families(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await complete(rig);
  await rig.expectErp(0, ['restart', ...names]);
  await renewed(rig, before);
  await rig.stop();
});

itErp('SIGTERM to the supervisor leaves nothing', async (rig) => {
  families(rig);
  await rig.expectErp(0, ['start', '--detach']);
  await complete(rig);
  for (const {pid} of rig.supervisors()) kill(pid, 'SIGTERM');
  await rig.nothingLeft(15_000);
});

itErp('Ctrl-C leaves nothing', async (rig) => {
  families(rig);
  const run = rig.start(['start']);
  await run.says(/healthy after/);
  await complete(rig);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  await rig.nothingLeft();
});

itErp('the supervisor is killed and comes back: a stop leaves nothing', async (rig) => {
  families(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await complete(rig);
  await loseSupervisor(rig, false);
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  expect(await complete(rig)).toEqual(before);
  for (const pid of await leaders(rig)) kill(pid);
  await renewed(rig, before);
  await rig.stop();
});

itErp('supervisor and guardian are killed: erp stop leaves nothing', async (rig) => {
  families(rig);
  await rig.expectErp(0, ['start', '--detach']);
  await complete(rig);
  await loseSupervisor(rig, true);
  await rig.stop();
});

itErp('everybody who leads is killed: erp stop finds the rest', async (rig) => {
  families(rig);
  await rig.expectErp(0, ['start', '--detach']);
  await complete(rig);
  const pids = await leaders(rig);
  await loseSupervisor(rig, true);
  for (const pid of pids) kill(pid);
  await rig.stop();
});

// ——— who is nobody's stray ———

/** A stranger of our user whose parent has gone, without environment: as a daemon of ours would look. */
async function stranger(rig: Rig, port: number, host: string): Promise<number> {
  const listens = [process.execPath, program('listens.mjs'), String(port), host];
  const {code} = await rig
    .spawn(['sh', '-c', 'env -i setsid "$@" </dev/null >/dev/null 2>&1 &', 'sh', ...listens])
    .end();
  expect(code).toBe(0);
  await until('it listens', () => rig.having('listens.mjs', host).length === 1);
  return rig.having('listens.mjs', host)[0]?.pid ?? 0;
}

itErp('strangers that begin to listen during a short launch of ours are never ended', async (rig) => {
  const [port, other] = [await freePort(), await freePort()];
  const gate = join(rig.dir, 'gate');
  rig.config({
    shop: {
      command: `echo launched; until [ -e ${gate} ]; do sleep 0.05; done`,
      port,
      maxRestarts: 0,
      afterBudget: 'fail',
      readiness: {log: 'never'},
    },
  });
  const run = rig.start(['start', '--detach']);
  await until('it is being launched', () => rig.log('shop').includes('launched'));
  const strangers = [await stranger(rig, port, '127.0.0.2'), await stranger(rig, other, '127.0.0.1')];
  rig.write('../gate', '');
  await rig.logged(/shop failed: exited with code 0/);
  await run.end();
  await rig.expectErp(0, ['stop']);
  await until('the supervisor has looked for the last time', () => rig.supervisors().length === 0);
  expect(strangers.filter((pid) => isAlive(pid))).toEqual(strangers);
  for (const pid of strangers) kill(pid);
});

itErp('another project that a service of ours has started is left alone', async (rig) => {
  const inner = join(rig.dir, 'inner');
  rig.write('../inner/erp.config.json', {services: {desk: family('daemon')}});
  rig.config({shop: family('runs', process.execPath, erpBinary, '-C', inner, 'start', '--detach')});
  await rig.expectErp(0, ['start', '--detach']);
  const pid = (await rig.service('desk', {cwd: inner})).pid ?? 0;
  const supervisor = rig.supervisors().find(({command}) => command.includes(inner))?.pid ?? 0;
  kill((await rig.service('shop')).pid ?? 0);
  await rig.logged(/shop ready .* away/);
  await rig.expectErp(0, ['restart', 'shop']);
  await rig.expectErp(0, ['stop']);
  expect((await rig.service('desk', {cwd: inner})).pid).toBe(pid);
  expect(rig.supervisors().map((each) => each.pid)).toEqual([supervisor]);
  await rig.stop({cwd: inner});
});

// ——— who was seen once ———

/** Lives below the service for a moment, then parent, session, group, environment and streams are lost. */
const escapes = {
  itself: ['sh', '-c', 'env -i setsid sleep 20007 </dev/null >/dev/null 2>&1 & sleep 1'],
  // Nobody has ever seen it: only the leader of its session, which has gone.
  'by its session': ['env', '-i', 'setsid', 'sh', '-c', 'sleep 1; sleep 20007 </dev/null >/dev/null 2>&1 &'],
} as const;

for (const [what, command] of Object.entries(escapes)) {
  const start = async (rig: Rig): Promise<void> => {
    rig.config({shop: family('runs', ...command)});
    await rig.expectErp(0, ['start', '--detach']);
    await until('it has escaped', () =>
      rig.having('sleep 20007').some(({command: words}) => words.startsWith('sleep')),
    );
  };

  itErp(`an escapee that was seen once (${what}) is ended with the service`, async (rig) => {
    await start(rig);
    await rig.stop();
  });

  itErp(`an escapee that was seen once (${what}) is known to the next supervisor`, async (rig) => {
    await start(rig);
    await loseSupervisor(rig, true);
    await rig.stop();
  });
}
