import {spawnSync} from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect} from '@jest/globals';
import {erpBinary, kill, nobody, program, type Rig, until} from '../support/rig.js';
import {itErp, itNeeds, root} from '../support/tools.js';

const services = {
  shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, env: {DB_PASSWORD: 'hunter2'}},
};

/** A project that everybody may enter, so that only our own modes keep them out. */
async function open(rig: Rig, umask = '000'): Promise<void> {
  chmodSync(rig.dir, 0o755);
  rig.config(services);
  for (const folder of [rig.project, rig.runtime]) chmodSync(folder, 0o755);
  const run = rig.spawn([
    '/bin/sh',
    '-c',
    `umask ${umask}; exec "$0" "$@"`,
    process.execPath,
    erpBinary,
    'start',
    '--detach',
  ]);
  expect((await run.end()).code).toBe(0);
}

/** What the test of a shell says as user nobody: exit code 0 means that it could. */
function couldNobody(script: string, ...words: string[]): boolean {
  const {status, error} = spawnSync('/bin/sh', ['-c', script, 'sh', ...words], {
    uid: nobody,
    gid: nobody,
    stdio: 'ignore',
    timeout: 5000,
  });
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'ETIMEDOUT') throw error;
  return status === 0;
}

const below = (folder: string): string[] =>
  readdirSync(folder, {recursive: true, withFileTypes: true}).map((entry) => join(entry.parentPath, entry.name));

for (const umask of ['000', '022', '077']) {
  itNeeds(
    [root],
    `umask ${umask}: another user can neither read nor write nor talk to anything of ours`,
    async (rig) => {
      await open(rig, umask);
      const secret = [...below(join(rig.project, '.erp')), ...below(join(rig.runtime, 'erp'))];
      expect(secret.some((path) => path.endsWith('spec.json'))).toBe(true);
      expect(secret.some((path) => path.endsWith('control.sock'))).toBe(true);
      expect(secret.some((path) => lstatSync(path).isFIFO())).toBe(true);
      // winston makes a list of its files by itself; the folder keeps it.
      for (const path of secret.filter((each) => !each.endsWith('watchdog-log-files.json'))) {
        const stats = lstatSync(path);
        expect([path, stats.isSymbolicLink() ? '0' : (stats.mode & 0o077).toString(8)]).toEqual([path, '0']);
      }
      for (const folder of [join(rig.project, '.erp'), join(rig.runtime, 'erp')])
        expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
      for (const path of [...below(join(rig.project, 'logs')), ...below(join(rig.project, 'watchdog_logs'))])
        expect([path, (statSync(path).mode & 0o037).toString(8)]).toEqual([path, '0']);
      for (const folder of ['logs', 'watchdog_logs'].map((name) => join(rig.project, name)))
        expect((statSync(folder).mode & 0o022).toString(8)).toBe('0');
      for (const path of [...secret, join(rig.project, 'logs', 'shop.log')]) {
        expect([path, couldNobody('[ -r "$1" ]', path)]).toEqual([path, false]);
        expect([path, couldNobody('[ -w "$1" ]', path)]).toEqual([path, false]);
      }
      await rig.stop();
    },
  );
}

itNeeds([root], 'another user learns whose it is, from every command, and changes nothing', async (rig) => {
  await open(rig);
  const their = join(rig.dir, 'their-run');
  mkdirSync(their, {mode: 0o700});
  chownSync(their, nobody, nobody);
  const {pid} = await rig.service('shop');
  const theirs = {uid: nobody, env: {XDG_RUNTIME_DIR: their, HOME: '/nonexistent', TMPDIR: their}};
  for (const command of [['status'], ['stop'], ['restart'], ['attach'], ['start', '--detach'], ['start', '--ensure']]) {
    const {stderr} = await rig.expectErp(7, command, theirs);
    expect(stderr).toMatch(/runs as root since .* \(pid \d+\): sudo -u root erp/);
  }
  // With our runtime folder given in the environment: the door itself is closed.
  const {stderr} = await rig.expectErp(7, ['stop'], {uid: nobody, env: {XDG_RUNTIME_DIR: rig.runtime}});
  expect(stderr).toMatch(/sudo -u (root|OWNER) erp/);
  expect((await rig.service('shop')).pid).toBe(pid);
  await rig.stop();
});

for (const trap of ['folder', 'link'] as const) {
  itNeeds([root], `a runtime folder that another user has put into /tmp before us (${trap}): not used`, async (rig) => {
    rig.config(services);
    const tmp = join(rig.dir, 't');
    mkdirSync(tmp);
    chmodSync(tmp, 0o1777);
    const target = join(rig.dir, 'elsewhere');
    mkdirSync(target);
    chownSync(target, nobody, nobody);
    const planted = join(tmp, 'erp-0');
    if (trap === 'link') {
      symlinkSync(target, planted);
      lchownSync(planted, nobody, nobody);
    } else {
      mkdirSync(planted);
      chownSync(planted, nobody, nobody);
    }
    // No runtime folder of the system, and a home that is not ours: only the temporary folder is left, and then /tmp.
    const env = {XDG_RUNTIME_DIR: undefined, HOME: '/nonexistent', TMPDIR: tmp};
    const {code, stderr} = await rig.erp(['start', '--detach'], {env});
    expect(readdirSync(target)).toEqual([]);
    if (trap === 'folder') expect(readdirSync(planted)).toEqual([]);
    // It went to /tmp/erp-0 itself, unless somebody has spoilt that too on this machine.
    if (code !== 0)
      expect(stderr).toMatch(/can't be used for the supervisor's socket: it (is a symbolic link|belongs to user)/);
    else await rig.stop({env});
  });
}

itNeeds(
  [root],
  'a state or log folder that another user has laid out for root: refused, with their name',
  async (rig) => {
    const target = join(rig.dir, 'etc');
    mkdirSync(target);
    for (const [name, kind] of [
      ['.erp', 'link'],
      ['.erp', 'folder'],
      ['logs', 'link'],
      ['watchdog_logs', 'link'],
    ] as const) {
      rig.config(services);
      const planted = join(rig.project, name);
      if (kind === 'link') symlinkSync(target, planted);
      else mkdirSync(planted);
      lchownSync(planted, nobody, nobody);
      const {stderr} = await rig.expectErp(7, ['start', '--detach']);
      expect(stderr).toMatch(new RegExp(`${name} (is a symbolic link of|belongs to) nobody`));
      expect(stderr).toMatch(/sudo -u nobody erp/);
      expect(readdirSync(target)).toEqual([]);
      rmSync(planted, {recursive: true});
    }
  },
);

itNeeds([root], 'files that another user has replaced by links: what they point to is not touched', async (rig) => {
  await open(rig);
  await rig.stop();
  const victim = join(rig.dir, 'passwd');
  for (const path of [
    'logs/shop.log',
    'logs/shop.log.times',
    '.erp/spec.json',
    '.erp/events.jsonl',
    '.erp/journal/shop.jsonl',
    '.erp/supervisor-crash.txt',
    '.erp/supervisor-error.json',
  ]) {
    writeFileSync(victim, 'root:x:0:0\n', {mode: 0o644});
    const file = join(rig.project, path);
    mkdirSync(dirname(file), {recursive: true, mode: 0o700});
    rmSync(file, {force: true});
    symlinkSync(victim, file);
    lchownSync(file, nobody, nobody);
    await rig.expectErp(0, ['start', '--detach']);
    kill(rig.supervisors()[0]?.pid ?? 0); // the next supervisor opens all of them once more
    await until('it is back', () => rig.cameBack());
    await rig.expectErp(0, ['status', '--wait', 'ready']);
    await rig.stop();
    expect([path, readFileSync(victim, 'utf8')]).toEqual([path, 'root:x:0:0\n']);
    rmSync(join(rig.project, '.erp'), {recursive: true});
    rmSync(file, {force: true});
  }
});

itErp('log files that are links of our own are followed: a log may lie on another disk', async (rig) => {
  rig.config(services);
  mkdirSync(join(rig.project, 'logs'), {mode: 0o755});
  symlinkSync(join(rig.dir, 'elsewhere.log'), join(rig.project, 'logs', 'shop.log'));
  await rig.expectErp(0, ['start', '--detach']);
  expect(readFileSync(join(rig.dir, 'elsewhere.log'), 'utf8')).toMatch(/^ready/);
  await rig.stop();
});

itNeeds([root], "root in another user's project acts as that user: processes, files, and who may ask", async (rig) => {
  chmodSync(rig.dir, 0o755);
  rig.config(services);
  const home = readFileSync('/etc/passwd', 'utf8').match(/^nobody:.*:([^:]*):[^:]*$/m)?.[1];
  for (const path of [rig.project, join(rig.project, 'erp.config.json')]) chownSync(path, nobody, nobody);
  const env = {TMPDIR: rig.dir, XDG_RUNTIME_DIR: undefined};
  await rig.expectErp(0, ['start', '--detach'], {env});
  const [supervisor] = rig.supervisors();
  for (const {pid} of rig.processes()) expect([pid, statSync(`/proc/${pid}`).uid]).toEqual([pid, nobody]);
  expect(supervisor).toBeDefined();
  const own = [join(rig.project, '.erp'), join(rig.project, 'logs'), join(rig.project, 'watchdog_logs')];
  for (const path of own.flatMap((folder) => [folder, ...below(folder)]))
    expect([path, lstatSync(path).uid, lstatSync(path).gid]).toEqual([path, nobody, nobody]);
  const {stdout} = await rig.expectErp(0, ['status', '--json'], {env});
  expect((JSON.parse(stdout) as {supervisor: {user: string}}).supervisor.user).toBe('nobody');
  // And that user, who has never heard of root, asks the same supervisor.
  await rig.expectErp(0, ['status'], {env: {...env, HOME: home}, uid: nobody});
  expect(rig.events().find(({type}) => type === 'operator')?.text).toMatch(/^start of shop by (root|nobody)/);
  const environment = readFileSync(`/proc/${(await rig.service('shop', {env})).pid}/environ`, 'utf8');
  expect(environment).toContain(`HOME=${home}\0`);
  await rig.stop({env});
  expect(existsSync(dirname(rig.project))).toBe(true);
});
