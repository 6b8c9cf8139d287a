import {existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {holds, isAlive, kill, program, type Rig, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

function shop(rig: Rig): void {
  rig.config({
    counter: {command: ['sh', program('counts.sh')], readiness: {log: 'line 1'}},
    shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, dependsOn: ['counter']},
  });
}

const pids = async (rig: Rig) => (await rig.status()).services.map(({pid}) => pid);

/**
 * The lines that counts.sh has said: in order, none twice, and none missing but for the piece that a supervisor had read
 * and not yet written when it was killed: 50 µs in which at most one piece is lost, here a line.
 */
function numbersOf(log: string, kills: number): number[] {
  const lines = log.split('\n').slice(0, -1);
  // A kill right in these 50 µs is marked where it happened.
  const isMark = (line: string) => line.startsWith('--- erp: the supervisor was killed while it moved output');
  expect(lines.filter(isMark).length).toBeLessThanOrEqual(kills);
  const numbers = lines.filter((line) => !isMark(line)).map((line) => Number(line.replace('line ', '')));
  expect(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number))).toBe(true);
  const missing = (numbers.at(-1) ?? 0) - numbers.length;
  expect(missing).toBeGreaterThanOrEqual(0);
  expect(missing).toBeLessThanOrEqual(kills);
  return numbers;
}

/** A shell that starts a program is there twice for an instant. */
const oneCopy = (rig: Rig) => until('the service runs once', () => rig.having('counts.sh').length === 1, 2000);

/** Where the supervisor's door is, or was. */
const door = (rig: Rig): string => {
  const base = join(rig.runtime, 'erp');
  const [name] = readdirSync(base);
  return join(base, name ?? '', 'control.sock');
};

async function otherSupervisor(rig: Rig, former: number): Promise<number> {
  let found = former;
  await until('another supervisor lives', () => {
    found = rig.supervisors().find(({pid}) => pid !== former)?.pid ?? former;
    return found !== former;
  });
  return found;
}

itErp('kill -9 of the supervisor: back at once, same processes, no line lost, no second copy', async (rig) => {
  shop(rig);
  const run = rig.start(['start']);
  await run.says(/healthy after/);
  const before = await pids(rig);
  for (let round = 0; round < 2; round += 1) {
    const former = rig.supervisors()[0]?.pid ?? 0;
    kill(former);
    const killedAt = performance.now();
    await otherSupervisor(rig, former);
    await rig.expectErp(0, ['status', '--wait', 'ready']);
    expect(performance.now() - killedAt).toBeLessThan(10_000); // 1 s, where the machine has nothing else to do
    expect(await pids(rig)).toEqual(before);
  }
  await until('one supervisor', () => rig.supervisors().length === 1);
  expect(rig.guardians()).toHaveLength(1);
  await oneCopy(rig);
  const said = numbersOf(rig.log('counter'), 2).length;
  await until('the log goes on', () => numbersOf(rig.log('counter'), 2).length > said + 20);
  // The terminal that holds it has noticed nothing but goes on showing what happens.
  expect(run.running).toBe(true);
  await rig.expectErp(0, ['restart', 'shop']);
  await run.says(/restart of shop/);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  await rig.nothingLeft();
  numbersOf(rig.log('counter'), 2);
});

itErp('kill -9 of supervisor and guardian: erp status says what still runs, erp start adopts it', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await pids(rig);
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
  const status = await rig.expectErp(6, ['status']);
  for (const pid of before) expect(status.stdout + status.stderr).toContain(String(pid));
  const {stdout} = await rig.expectErp(0, ['start', '--detach']);
  expect(stdout).toMatch(/healthy|already running/);
  expect(await pids(rig)).toEqual(before);
  await oneCopy(rig);
  numbersOf(rig.log('counter'), 1);
  await rig.stop();
  numbersOf(rig.log('counter'), 1);
});

itErp('kill -9 of supervisor and guardian: erp stop ends what they left', async (rig) => {
  rig.config({
    family: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon'}},
    shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, dependsOn: ['family']},
  });
  await rig.expectErp(0, ['start', '--detach']);
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
  await rig.expectErp(0, ['stop']);
  await rig.nothingLeft();
  const {stdout} = await rig.expectErp(0, ['stop']);
  expect(stdout).toMatch(/nothing runs/);
});

for (const [who, victims] of [
  ['the supervisor', (rig: Rig) => rig.supervisors()],
  ['supervisor and guardian', (rig: Rig) => [...rig.guardians(), ...rig.supervisors()]],
] as const) {
  itErp(`${who} killed while erp stop waits: it asks whoever comes next, and all of it ends`, async (rig) => {
    rig.config({slow: {command: ['sh', program('ignores-sigterm.sh')], readiness: {log: '.'}, stopGrace: '3s'}});
    await rig.expectErp(0, ['start', '--detach']);
    const stop = rig.start(['stop']);
    await stop.says(/slow stopping/);
    for (const {pid} of victims(rig)) kill(pid);
    expect((await stop.end()).code).toBe(0);
    await rig.nothingLeft();
  });
}

itErp(
  'kill -9 of supervisor, guardian and a service: erp stop of another one brings that service back',
  async (rig) => {
    const counter = {command: ['sh', program('counts.sh')], readiness: {log: 'line 1'}};
    rig.config({counter, shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}});
    await rig.expectErp(0, ['start', '--detach']);
    const [, shopPid = 0] = await pids(rig);
    for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
    await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
    kill(shopPid ?? 0);
    await rig.expectErp(0, ['stop', 'counter']);
    await until('shop runs again', async () => (await rig.service('shop')).state === 'ready');
    expect((await rig.service('counter')).state).toBe('stopped');
    await rig.stop();
  },
);

itErp('kill -9 of everything, services too: erp stop and erp start go on as if nothing had been', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  for (const {pid} of [...rig.guardians(), ...rig.processes()]) kill(pid);
  await rig.nothingLeft();
  await rig.expectErp(0, ['stop']);
  await rig.expectErp(0, ['start', '--detach']);
  await oneCopy(rig);
  await rig.stop();
});

itErp('two erp start at once: one supervisor, each service once', async (rig) => {
  shop(rig);
  const runs = Array.from({length: 4}, () => rig.start(['start', '--detach']));
  const codes = await Promise.all(runs.map(async (run) => (await run.end()).code));
  expect(codes).toEqual([0, 0, 0, 0]);
  await until('one supervisor is left', () => rig.supervisors().length === 1 && rig.guardians().length === 1);
  await oneCopy(rig);
  expect(rig.having('sleep 100000')).toHaveLength(1);
  await rig.stop();
});

itErp('erp start while another terminal holds it: says so and that it runs', async (rig) => {
  shop(rig);
  const first = rig.start(['start']);
  await first.says(/healthy after/);
  const before = await pids(rig);
  const held = await rig.expectErp(7, ['start']);
  expect(held.stderr).toMatch(/held by another terminal/);
  expect(held.stderr).toMatch(/erp attach/);
  const {stdout} = await rig.expectErp(0, ['start', '--detach']);
  expect(stdout).toMatch(/already running: counter and shop/);
  expect(await pids(rig)).toEqual(before);
  first.signal('SIGINT');
  await first.end();
  await rig.nothingLeft();
});

itErp('erp start while it runs detached: already running, exit 0', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await pids(rig);
  const {stdout} = await rig.expectErp(0, ['start']);
  expect(stdout).toMatch(/already running: counter and shop/);
  expect(await pids(rig)).toEqual(before);
  await until('one supervisor', () => rig.supervisors().length === 1);
  await rig.stop();
});

itErp('.erp deleted under a running supervisor: written again, and a start makes no second copy', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await pids(rig);
  rmSync(join(rig.project, '.erp'), {recursive: true});
  const {stdout} = await rig.expectErp(0, ['start', '--detach']);
  expect(stdout).toMatch(/already running/);
  expect(await pids(rig)).toEqual(before);
  await until('the journals are there again', () => existsSync(join(rig.project, '.erp', 'journal', 'shop.jsonl')));
  // And they are worth something: the next supervisor finds its services in them.
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await rig.expectErp(0, ['start', '--detach']);
  expect(await pids(rig)).toEqual(before);
  await rig.stop();
});

itErp('.erp deleted and the supervisor killed at once: the guardian brings it back all the same', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await pids(rig);
  rmSync(join(rig.project, '.erp'), {recursive: true});
  await until('it is written again', () =>
    ['spec.json', 'bin', 'journal/shop.jsonl', 'journal/counter.jsonl'].every((name) =>
      existsSync(join(rig.project, '.erp', name)),
    ),
  );
  const former = rig.supervisors()[0]?.pid ?? 0;
  kill(former);
  await otherSupervisor(rig, former);
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  expect(await pids(rig)).toEqual(before);
  await rig.stop();
});

itErp('the runtime folder deleted under a running supervisor: its door is opened again', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await pids(rig);
  rmSync(join(rig.runtime, 'erp'), {recursive: true});
  await until('it answers again', async () => (await rig.erp(['status'])).code === 0);
  expect(await pids(rig)).toEqual(before);
  await until('one supervisor', () => rig.supervisors().length === 1);
  await rig.stop();
});

itErp('a socket file that a dead supervisor left: nobody runs, and a start takes its place', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const socket = door(rig);
  for (const {pid} of [...rig.guardians(), ...rig.processes()]) kill(pid);
  await rig.nothingLeft();
  expect(existsSync(socket)).toBe(true);
  await rig.expectErp(6, ['status']);
  await rig.expectErp(0, ['start', '--detach']);
  await rig.stop();
});

itErp('garbage where the socket should be: nobody runs, and a start takes its place', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const socket = door(rig);
  await rig.stop();
  for (const garbage of ['file', 'folder'] as const) {
    rmSync(socket, {recursive: true, force: true});
    if (garbage === 'file') writeFileSync(socket, 'garbage');
    else mkdirSync(join(socket, 'deep'), {recursive: true});
    const status = await rig.expectErp(6, ['status']);
    expect(status.stderr).not.toMatch(/ at .*\.js:/);
    await rig.expectErp(0, ['start', '--detach']);
    await rig.expectErp(0, ['status']);
    await rig.stop();
  }
});

itErp('something that is no erp listens on the socket: it is not believed', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const socket = door(rig);
  await rig.stop();
  rmSync(socket, {force: true});
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => client.end('HTTP/1.0 200 OK\r\n\r\n{"hello":"world"}'));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  rig.onEnd(() => server.close());
  const status = await rig.expectErp(7, ['status']);
  expect(status.stderr).toMatch(/not erp/);
});

itErp('a supervisor that is suspended: commands say so within their time and harm nothing', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const before = await pids(rig);
  const supervisor = rig.supervisors()[0]?.pid ?? 0;
  kill(supervisor, 'SIGSTOP');
  const status = rig.start(['status']);
  const {code, stderr} = await status.end();
  expect(code).toBe(9);
  expect(stderr).toMatch(/does not answer/);
  kill(supervisor, 'SIGCONT');
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  expect(await pids(rig)).toEqual(before);
  await rig.stop();
});

itErp('what was stopped stays stopped over the death of the supervisor', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['stop', 'shop']);
  const former = rig.supervisors()[0]?.pid ?? 0;
  kill(former);
  await otherSupervisor(rig, former);
  await rig.expectErp(0, ['status', 'counter', '--wait', 'ready']);
  expect((await rig.service('shop')).state).toBe('stopped');
  await holds('nothing starts shop', () => rig.having('sleep 100000').length === 0, 500);
  await rig.stop();
});

itErp('a service that dies while nobody supervises is started again by the next supervisor', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const [, shopPid] = await pids(rig);
  const supervisor = rig.supervisors()[0]?.pid ?? 0;
  kill(supervisor, 'SIGSTOP');
  kill(shopPid ?? 0);
  kill(supervisor);
  await otherSupervisor(rig, supervisor);
  await until('shop runs again', async () => {
    const {state, pid} = await rig.service('shop');
    return state === 'ready' && pid !== shopPid && isAlive(pid ?? 0);
  });
  expect(rig.having('sleep 100000')).toHaveLength(1);
  await rig.stop();
});

itErp('two projects at once do not know each other', async (rig) => {
  shop(rig);
  const other = join(rig.dir, 'other');
  mkdirSync(other);
  writeFileSync(
    join(other, 'erp.config.json'),
    JSON.stringify({services: {shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}}}),
  );
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['start', '--detach'], {cwd: other});
  expect(rig.supervisors()).toHaveLength(2);
  const {stdout} = await rig.expectErp(0, ['ls']);
  expect(stdout).toContain(rig.project);
  expect(stdout).toContain(other);
  const before = await pids(rig);
  await rig.expectErp(0, ['stop'], {cwd: other});
  await until('its supervisor has gone', () => rig.supervisors().length === 1);
  expect(await pids(rig)).toEqual(before);
  const nobody = await rig.expectErp(6, ['status'], {cwd: other});
  expect(nobody.stdout + nobody.stderr).toContain(rig.project);
  await rig.stop();
});
