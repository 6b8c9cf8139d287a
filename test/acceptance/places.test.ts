import {chmodSync, chownSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {kill, nobody, program, type Rig, type RunOptions, until} from '../support/rig.js';
import {itErp, itNeeds, root} from '../support/tools.js';

const services = {shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}};

function projectAt(folder: string): RunOptions {
  mkdirSync(folder, {recursive: true});
  writeFileSync(join(folder, 'erp.config.json'), JSON.stringify({services}));
  return {cwd: folder};
}

/** Start, look, restart, lose the supervisor, look again, stop: everything that depends on a path. */
async function everything(rig: Rig, here: RunOptions): Promise<void> {
  await rig.expectErp(0, ['start', '--detach'], here);
  await rig.expectErp(0, ['restart', 'shop'], here);
  expect((await rig.status(here)).project.dir).toBe(here.cwd);
  const pid = (await rig.service('shop', here)).pid;
  const former = rig.supervisors()[0]?.pid ?? 0;
  kill(former);
  await until('another supervisor lives', () => rig.supervisors().some((each) => each.pid !== former));
  await rig.expectErp(0, ['status', '--wait', 'ready'], here);
  expect((await rig.service('shop', here)).pid).toBe(pid);
  expect((await rig.expectErp(0, ['logs', 'shop'], here)).stdout).toMatch(/ready \d+/);
  expect(rig.log('shop', here.cwd).match(/ready/g)).toHaveLength(2);
  await rig.stop(here);
}

itErp('a project path with spaces, umlauts, quotes, dollars and a per cent sign', async (rig) => {
  await everything(rig, projectAt(join(rig.dir, `Müller & Söhne's "ERP" $HOME \`id\` 企业 100%`)));
});

itErp('a project path with a backslash, a tab and a line feed', async (rig) => {
  await everything(rig, projectAt(join(rig.dir, 'back\\slash', 'tab\there', 'line\nfeed')));
});

itErp('a project path of more than 250 bytes', async (rig) => {
  const here = projectAt(join(rig.dir, 'a'.repeat(100), 'ü'.repeat(60), 'c'.repeat(100)));
  expect(Buffer.byteLength(here.cwd ?? '')).toBeGreaterThan(320);
  await everything(rig, here);
});

itErp('two long paths that differ only at their ends are two projects', async (rig) => {
  const long = join(rig.dir, 'a'.repeat(200));
  const one = projectAt(join(long, 'one'));
  const two = projectAt(join(long, 'two'));
  await rig.expectErp(0, ['start', '--detach'], one);
  await rig.expectErp(6, ['status'], two);
  await rig.expectErp(0, ['start', '--detach'], two);
  expect(rig.supervisors()).toHaveLength(2);
  await rig.expectErp(0, ['stop'], one);
  await rig.expectErp(0, ['status'], two);
  await rig.stop(two);
});

itErp('two ways to one folder, and a folder inside, are one project', async (rig) => {
  const here = projectAt(rig.project);
  mkdirSync(join(rig.project, 'deep', 'er'), {recursive: true});
  symlinkSync(rig.project, join(rig.dir, 'link'));
  await rig.expectErp(0, ['start', '--detach'], here);
  await rig.expectErp(0, ['status'], {cwd: join(rig.dir, 'link')});
  await rig.expectErp(0, ['status'], {cwd: join(rig.project, 'deep', 'er')});
  await rig.expectErp(0, ['status', '-C', rig.project], {cwd: '/'});
  const {stdout} = await rig.expectErp(0, ['start', '--detach'], {cwd: join(rig.dir, 'link', 'deep')});
  expect(stdout).toMatch(/already running/);
  await until('one supervisor', () => rig.supervisors().length === 1);
  await rig.stop({cwd: join(rig.dir, 'link')});
});

itErp('releases that share their state: one supervisor, whatever the link leads to', async (rig) => {
  const current = join(rig.dir, 'current');
  const stateDir = join(rig.dir, 'shared', '.erp');
  const release = (name: string): RunOptions => {
    const folder = join(rig.dir, 'releases', name);
    mkdirSync(folder, {recursive: true});
    writeFileSync(join(folder, 'erp.config.json'), JSON.stringify({name: 'shop', stateDir, services}));
    rmSync(current, {force: true});
    symlinkSync(folder, current);
    return {cwd: current};
  };
  const old = release('42');
  await rig.expectErp(0, ['start', '--detach'], old);
  const {pid} = await rig.service('shop', old);
  const now = release('43');
  const status = await rig.expectErp(0, ['status'], now);
  expect(status.stderr).toMatch(/works in .*releases\/42; .*releases\/43 shares its state/);
  expect((await rig.service('shop', now)).pid).toBe(pid);
  const start = await rig.expectErp(7, ['start', '--detach'], now);
  expect(start.stderr).toMatch(/another configuration/);
  expect(start.stderr).toMatch(/projectDir: ".*releases\/42" runs, ".*releases\/43" asked for/);
  await rig.expectErp(0, ['restart'], now);
  expect(rig.supervisors()).toHaveLength(1);
  expect(rig.having('sleep 100000')).toHaveLength(1);
  // Supervisor and guardian are gone: the release that starts next takes over what runs, with its output.
  const before = (await rig.service('shop', now)).pid;
  for (const each of [...rig.guardians(), ...rig.supervisors()]) kill(each.pid);
  await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
  const left = await rig.expectErp(6, ['status'], now);
  expect(left.stderr).toContain(String(before));
  await rig.expectErp(0, ['start', '--detach'], now);
  const status43 = await rig.status(now);
  expect(status43.project.dir).toBe(join(rig.dir, 'releases', '43'));
  expect(status43.services[0]?.pid).toBe(before);
  expect(rig.having('sleep 100000')).toHaveLength(1);
  await rig.stop(now);
  await rig.expectErp(0, ['start', '--detach'], now);
  expect((await rig.status(now)).project.dir).toBe(join(rig.dir, 'releases', '43'));
  await rig.stop({cwd: join(rig.dir, 'releases', '42')});
});

itErp('no HOME and no runtime folder of the session', async (rig) => {
  const env = {HOME: undefined, XDG_RUNTIME_DIR: undefined, TMPDIR: join(rig.dir, 'home')};
  await everything(rig, {...projectAt(rig.project), env: {...env, HOME: '/nonexistent'}});
});

itErp('started with a runtime folder, looked for without one: found all the same', async (rig) => {
  const here = projectAt(rig.project);
  await rig.expectErp(0, ['start', '--detach'], {...here, env: {XDG_RUNTIME_DIR: undefined}});
  await rig.expectErp(0, ['status'], here);
  await rig.expectErp(0, ['start', '--detach'], here);
  await until('one supervisor', () => rig.supervisors().length === 1);
  await rig.stop(here);
});

itErp('a file in the place of .erp: one clear error', async (rig) => {
  const here = projectAt(rig.project);
  rig.write('.erp', 'not a folder');
  const {stderr, code} = await rig.erp(['start', '--detach'], here);
  expect(code).toBe(1);
  expect(stderr).toContain(join(rig.project, '.erp'));
  expect(stderr).toMatch(/remedy/);
  expect(stderr).not.toMatch(/^\s+at /m);
  await rig.nothingLeft();
});

itErp('files in the places of logs and watchdog_logs: one clear error, or it runs without', async (rig) => {
  const here = projectAt(rig.project);
  rig.write('watchdog_logs', 'not a folder');
  rig.write('logs', 'not a folder');
  const {stderr, code} = await rig.erp(['start', '--detach'], here);
  expect(code).toBe(1);
  expect(stderr).toMatch(/logs/);
  expect(stderr).toMatch(/remedy/);
  expect(stderr).not.toMatch(/^\s+at /m);
  await rig.nothingLeft();
});

itNeeds([root], 'a project folder that may not be written: one clear error', async (rig) => {
  const here = projectAt(rig.project);
  for (const folder of ['run', 'home']) chownSync(join(rig.dir, folder), nobody, nobody);
  for (const folder of [rig.dir, rig.project]) chmodSync(folder, 0o755);
  const {stderr, code} = await rig.erp(['start', '--detach'], {...here, uid: nobody});
  expect(code).toBe(1);
  expect(stderr).toContain(join(rig.project, '.erp'));
  expect(stderr).toMatch(/permission denied|EACCES/);
  expect(stderr).toMatch(/remedy/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(existsSync(join(rig.project, '.erp'))).toBe(false);
  await rig.nothingLeft();
});

itNeeds([root], "another user's supervisor: who, since when, and how to act as them", async (rig) => {
  const here = projectAt(rig.project);
  const their = join(rig.dir, 'their-run');
  mkdirSync(their, {mode: 0o700});
  chownSync(their, nobody, nobody);
  for (const folder of [rig.dir, rig.project]) chmodSync(folder, 0o755);
  await rig.expectErp(0, ['start', '--detach'], here);
  const theirs = {...here, uid: nobody, env: {XDG_RUNTIME_DIR: their, HOME: '/nonexistent', TMPDIR: their}};
  for (const command of [['start', '--detach'], ['stop'], ['status']]) {
    const {stderr} = await rig.expectErp(7, command, theirs);
    expect(stderr).toMatch(/runs as root since .* \(pid \d+\): sudo -u root erp/);
  }
  await until('one supervisor', () => rig.supervisors().length === 1);
  await rig.stop(here);
});

itNeeds([root], 'the state folder of another user, who runs nothing: one clear error', async (rig) => {
  const here = projectAt(rig.project);
  for (const folder of ['run', 'home']) chownSync(join(rig.dir, folder), nobody, nobody);
  chmodSync(rig.dir, 0o755);
  chmodSync(rig.project, 0o777);
  mkdirSync(join(rig.project, '.erp'), {mode: 0o700});
  const {stderr} = await rig.expectErp(1, ['start', '--detach'], {...here, uid: nobody});
  expect(stderr).toMatch(/\.erp cannot be written: EACCES/);
  expect(stderr).not.toMatch(/^\s+at /m);
  await rig.nothingLeft();
});

itNeeds([root], 'logs that belong to another user: one clear error', async (rig) => {
  const here = projectAt(rig.project);
  for (const folder of ['run', 'home']) chownSync(join(rig.dir, folder), nobody, nobody);
  chmodSync(rig.dir, 0o755);
  chmodSync(rig.project, 0o777);
  for (const folder of ['logs', 'watchdog_logs']) {
    mkdirSync(join(rig.project, folder), {mode: 0o755});
    const {stderr} = await rig.expectErp(1, ['start', '--detach'], {...here, uid: nobody});
    expect(stderr).toContain(`${join(rig.project, folder)} cannot be written: EACCES`);
    expect(stderr).not.toMatch(/^\s+at /m);
    rig.remove(folder);
    rig.remove('.erp');
  }
  await rig.nothingLeft();
});

itErp('a file in the place of the runtime folder: another place is taken', async (rig) => {
  const here = projectAt(rig.project);
  writeFileSync(join(rig.runtime, 'erp'), 'not a folder');
  await rig.expectErp(6, ['status'], here);
  await rig.expectErp(0, ['stop'], here);
  await rig.expectErp(0, ['start', '--detach'], here);
  await rig.expectErp(0, ['status'], here);
  await rig.stop(here);
});

itErp('the project folder is moved away while it runs: stop still ends everything', async (rig) => {
  const here = projectAt(rig.project);
  await rig.expectErp(0, ['start', '--detach'], here);
  const supervisor = rig.supervisors()[0]?.pid ?? 0;
  rig.remove('.');
  kill(supervisor, 'SIGTERM');
  await rig.nothingLeft(15_000);
  mkdirSync(rig.project, {recursive: true});
});
