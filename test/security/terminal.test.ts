import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  copyFileSync,
  existsSync,
  cpSync,
  symlinkSync,
} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {kill, program, rootFile, type Rig, until} from '../support/rig.js';
import {itErp, itNeeds, python} from '../support/tools.js';

/** Sets a title, answers as the keyboard, clears the screen, writes into the clipboard, hides, reverses, rings. */
const hostile =
  '\u001b]0;owned\u0007 \u001b[2J \u001b]52;c;ZXZpbA==\u0007 \u009b31m \u001b[6n \u001bP1$r\u001b\\ over\rwritten back\b\b \u202egnp.exe\u2066 \u200b error: \u0007end';
/** What none of our own sequences uses. */
const raw = /\u001b\]|\u001b\[2J|\u001bP|\u001b\[6n|[\u0080-\u009f\u0007\u0008\u202a-\u202e\u2066-\u2069\u200b]/;
// Our own lines end a line; a carriage return in the middle of one overwrites it.
const overwritten = /\r(?!\n|\r|\u001b|$)/;

function config(rig: Rig): void {
  writeFileSync(join(rig.project, 'hostile.txt'), `${hostile}\n`);
  rig.config({
    bad: {command: ['sh', '-c', 'cat hostile.txt; exit 3'], maxRestarts: 0},
    argued: {command: ['sh', program('waits.sh'), hostile.replaceAll('\u0000', '')], readiness: {log: 'ready'}},
    missing: {command: [`/nonexistent/${hostile.replaceAll('/', '')}`]},
  });
}

itErp('what services write, are called and are given never reaches a pipe as control characters', async (rig) => {
  config(rig);
  const outputs: [string, string][] = [];
  const look = async (...args: string[]): Promise<void> => {
    const {stdout, stderr} = await rig.erp(args);
    outputs.push([`erp ${args.join(' ')}`, stdout + stderr]);
  };
  await look('start', '--dry-run');
  await look('start', '--detach', '--debug');
  await until(
    'both have failed',
    async () => (await rig.status()).services.filter(({state}) => state === 'failed').length === 2,
  );
  for (const command of [
    ['status'],
    ['status', 'bad'],
    ['status', 'missing'],
    ['status', 'argued'],
    ['logs', '-n', 'all'],
    ['config', 'show'],
    ['ls'],
    ['restart', 'bad'],
  ])
    await look(...command);
  for (const command of [
    ['status', '--json'],
    ['config', 'show', '--json'],
    ['start', '--dry-run', '--json'],
  ]) {
    const {stdout} = await rig.erp(command);
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    // JSON has those below 32 escaped by itself; what reverses text is text.
    expect([command, /\u001b|\u0007/.test(stdout)]).toEqual([command, false]);
  }
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
  await look('status');
  rig.write('erp.config.json', `{"services": {"x": {"comm${hostile}and": "x"}}}`);
  await look('config', 'validate');
  for (const [name, text] of outputs) {
    expect([name, raw.exec(text)?.[0] ?? null]).toEqual([name, null]);
    expect([name, overwritten.exec(text)?.index ?? null]).toEqual([name, null]);
    expect([name, text.includes('\u001b')]).toEqual([name, false]);
  }
  await rig.erp(['stop']);
  await rig.nothingLeft();
});

itNeeds([python], 'nor a terminal, where erp draws itself', async (rig) => {
  config(rig);
  const view = rig.terminal(['start']);
  await view.says(/missing-module/);
  await view.says(/bad +failed|bad +exited/);
  const status = rig.terminal(['status']);
  await status.end();
  const logs = rig.terminal(['logs', '-n', 'all']);
  await logs.end();
  view.type('\u0003');
  await view.end();
  for (const {run} of [view, status, logs])
    expect([run.words, raw.exec(run.all)?.[0] ?? null]).toEqual([run.words, null]);
  await rig.nothingLeft();
});

for (const name of [
  'with spaces',
  'Größe und Übel',
  `it's "quoted"`,
  '$(touch x) `touch y`; touch z',
  'line\nbreak',
  '-rf',
]) {
  itErp(`a project folder ${JSON.stringify(name)}: the whole cycle`, async (rig) => {
    const folder = join(rig.dir, name);
    mkdirSync(folder);
    const services = {shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}};
    writeFileSync(join(folder, 'erp.config.json'), JSON.stringify({name: 'shop', services}));
    const here = {cwd: folder};
    await rig.expectErp(0, ['start', '--detach'], here);
    const before = await rig.service('shop', here);
    expect(before.state).toBe('ready');
    expect((await rig.expectErp(0, ['logs', 'shop'], here)).stdout).toMatch(/ready/);
    kill(rig.supervisors()[0]?.pid ?? 0);
    await until('it is back', () => rig.cameBack(here));
    expect((await rig.service('shop', here)).pid).toBe(before.pid);
    await rig.expectErp(0, ['start', '--ensure', '-C', folder]);
    await rig.stop(here);
    for (const made of ['x', 'y', 'z']) expect(existsSync(join(folder, made))).toBe(false);
  });
}

itErp('an upgrade overwrites, then deletes the installed files: crashes are handled all the same', async (rig) => {
  const installed = join(rig.dir, 'erp');
  for (const part of ['bin', 'dist']) cpSync(rootFile(part), join(installed, part), {recursive: true});
  copyFileSync(rootFile('package.json'), join(installed, 'package.json'));
  copyFileSync(rootFile('oclif.manifest.json'), join(installed, 'oclif.manifest.json'));
  symlinkSync(rootFile('node_modules'), join(installed, 'node_modules'));
  rig.config({shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}});
  const start = rig.spawn([process.execPath, join(installed, 'bin', 'run.js'), 'start', '--detach']);
  expect((await start.end()).code).toBe(0);
  const crash = async (): Promise<void> => {
    const {pid} = await rig.service('shop');
    kill(pid ?? 0);
    await until('it runs again', async () => {
      const now = await rig.service('shop');
      return now.state === 'ready' && now.pid !== pid;
    });
  };
  writeFileSync(join(installed, 'dist', 'supervisor.js'), 'throw new Error("half of an upgrade")');
  await crash();
  chmodSync(installed, 0o755);
  renameSync(join(installed, 'dist'), join(installed, 'dist.old'));
  rmSync(join(installed, 'dist.old'), {recursive: true});
  await crash();
  kill(rig.supervisors()[0]?.pid ?? 0);
  await until('the supervisor is back', () => rig.cameBack());
  await crash();
  const {pid} = await rig.service('shop');
  await rig.expectErp(0, ['supervisor', 'restart']); // by the new version
  expect((await rig.service('shop')).pid).toBe(pid);
  await rig.stop();
});
