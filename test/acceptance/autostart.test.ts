import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect} from '@jest/globals';
import {kill, program, type Rig, until} from '../support/rig.js';
import {itErp, itNeeds, python, type Tool} from '../support/tools.js';

const systemdAnalyze: Tool = {
  name: 'systemd-analyze',
  missing:
    spawnSync('systemd-analyze', ['--version'], {stdio: 'ignore'}).status === 0 ? null : 'apt-get install systemd',
};

const page = readFileSync(new URL('../../../docs/autostart.md', import.meta.url), 'utf8');
const services = {shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}};

/** A project whose path has everything that a shell, cron, systemd and XML have plans with. */
function oddProject(rig: Rig): string {
  const folder = join(rig.dir, `50% "off" it's $(touch x) <$HOME> & ü`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'erp.config.json'), JSON.stringify({name: 'odd', services}));
  return folder;
}

/** As cron starts a line of a crontab. */
function asCron(rig: Rig, line: string) {
  const command = line.trim().split(/\s+/).slice(5);
  expect(line.trim().split(/\s+/).slice(0, 5)).toEqual(['*', '*', '*', '*', '*']);
  const text = line.trim().slice(10);
  expect(command.length).toBeGreaterThan(3);
  expect(text.replaceAll(String.raw`\%`, '')).not.toContain('%');
  const home = join(rig.dir, 'home');
  return spawnSync('/bin/sh', ['-c', text.replaceAll(String.raw`\%`, '%')], {
    cwd: home,
    env: {HOME: home, LOGNAME: 'root', SHELL: '/bin/sh', PATH: '/usr/bin:/bin'},
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 60_000,
  });
}

itErp(
  'the line for cron: brings everything up, then says nothing; after a kill of all it brings it back',
  async (rig) => {
    const folder = oddProject(rig);
    const {stdout: line} = await rig.expectErp(0, ['autostart', 'cron'], {cwd: folder});
    expect(line.split('\n')).toHaveLength(2);
    for (let round = 0; round < 2; round += 1) {
      expect(asCron(rig, line)).toMatchObject({status: 0, stdout: '', stderr: ''});
      const status = await rig.status({cwd: folder});
      expect(status.overall).toBe('healthy');
      expect(asCron(rig, line)).toMatchObject({status: 0, stdout: '', stderr: ''});
      expect((await rig.status({cwd: folder})).supervisor?.pid).toBe(status.supervisor?.pid);
      for (const {pid} of [...rig.guardians(), ...rig.processes()]) kill(pid);
      await rig.nothingLeft();
    }
    expect(existsSync(join(rig.dir, 'home', 'x'))).toBe(false);
    await rig.stop({cwd: folder});
  },
);

itErp('the line of docs/autostart.md, its placeholders filled in, works as it stands there', async (rig) => {
  rig.config(services);
  const [line = ''] = page.split('\n').filter((each) => each.startsWith('* * * * *'));
  const placeholders: Readonly<Record<string, string>> = {
    FOLDERS: '/usr/local/bin:/usr/bin:/bin',
    '/usr/bin/node': process.execPath,
    ERP: new URL('../../../bin/run.js', import.meta.url).pathname,
    PROJECT: rig.project,
  };
  // Asked of the page, not of the line as filled in: a folder's random name may be four capitals too.
  expect(line.match(/\b[A-Z]{3,}\b(?!=)/g)?.toSorted()).toEqual(['ERP', 'FOLDERS', 'PROJECT']);
  const filled = Object.entries(placeholders).reduce((text, [name, value]) => text.replace(name, () => value), line);
  expect(asCron(rig, filled)).toMatchObject({status: 0, stdout: '', stderr: ''});
  expect((await rig.status()).overall).toBe('healthy');
  await rig.stop();
});

itErp('what failed is told, so that cron mails it', async (rig) => {
  rig.config({shop: {command: ['false'], kind: 'job'}});
  const {stdout: line} = await rig.expectErp(0, ['autostart', 'cron']);
  const {status, stderr} = asCron(rig, line);
  expect(status).toBe(4);
  expect(stderr).toMatch(/shop/);
  await rig.stop();
});

/** Runs the printed script with the programs that it calls played by others; returns what they were asked. */
function inPlace(rig: Rig, script: string, programs: readonly string[]): string[] {
  const bin = join(rig.dir, 'bin');
  mkdirSync(bin, {recursive: true});
  for (const name of programs) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} "$@" >> ${rig.dir}/asked\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const {status, stderr} = spawnSync('/bin/sh', {
    input: script.replaceAll(/(?<=\s|>)\/(etc|Library)\//g, `${rig.dir}/root/$1/`),
    env: {PATH: `${bin}:/usr/bin:/bin`},
    encoding: 'utf8',
  });
  expect({status, stderr}).toEqual({status: 0, stderr: ''});
  return readFileSync(join(rig.dir, 'asked'), 'utf8').trim().split('\n');
}

for (const who of ['root', 'a user'] as const) {
  itNeeds([systemdAnalyze], `the units for systemd of ${who}: systemd-analyze verify finds nothing`, async (rig) => {
    const folder = oddProject(rig);
    const {stdout} = await rig.expectErp(0, ['autostart', 'systemd', '--json'], {cwd: folder});
    const report = JSON.parse(stdout) as {name: string; text: string; files: {path: string; content: string}[]};
    const isUser = who === 'a user';
    // The files of a user's units differ in a word; as root here, we take it away.
    const files = report.files.map(({path, content}) => ({
      path: join(rig.dir, 'units', path.split('/').at(-1) ?? ''),
      content: isUser ? content.replace(/^User=.*\n/m, '').replace('systemctl try', 'systemctl --user try') : content,
    }));
    for (const {path, content} of files) {
      mkdirSync(dirname(path), {recursive: true});
      writeFileSync(path, content);
    }
    const {status, stderr} = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', ...(isUser ? ['--user'] : []), ...files.map(({path}) => path)],
      {encoding: 'utf8', env: {...process.env, XDG_RUNTIME_DIR: rig.runtime}},
    );
    // It reads the units of this machine too, and what is wrong in those is not about ours.
    const isOfOthers = (line: string) => line.startsWith('/') && !line.startsWith(join(rig.dir, 'units'));
    const ours = stderr
      .split('\n')
      .filter((line) => !isOfOthers(line))
      .filter((line) => line.includes('erp-odd') || /unknown|invalid|ignoring/i.test(line));
    expect({status, ours}).toEqual({status: 0, ours: []});
  });
}

itErp('the script for systemd puts three units in place and enables two', async (rig) => {
  rig.config(services, {name: 'shop'});
  const {stdout, stderr} = await rig.expectErp(0, ['autostart', 'systemd']);
  const asked = inPlace(rig, stdout, ['systemctl', 'loginctl']);
  const [, name = ''] = /enable --now (erp-shop-[0-9a-f]{6})\.service/.exec(stdout) ?? [];
  expect(asked.at(-1)).toMatch(new RegExp(`enable --now ${name}\\.service ${name}-look\\.timer$`));
  expect(stderr).toContain('erp autostart systemd | sh');
});

itNeeds([python], 'the agent for launchd is a property list with our words in it', async (rig) => {
  const folder = oddProject(rig);
  const {stdout} = await rig.expectErp(0, ['autostart', 'launchd', '--json'], {cwd: folder});
  const report = JSON.parse(stdout) as {files: {content: string}[]};
  const script = 'import sys, json, plistlib; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
  const parsed = spawnSync('/usr/bin/python3', ['-c', script], {
    input: report.files[0]?.content ?? '',
    encoding: 'utf8',
  });
  const agent = JSON.parse(parsed.stdout) as {ProgramArguments: string[]; StartInterval: number};
  expect(agent.ProgramArguments.slice(2)).toEqual(['start', '--ensure', '-C', folder]);
  expect(agent.StartInterval).toBe(60);
});

itErp(
  'stop --for-now, the way down of a shutdown: the next --ensure brings back what ran, and no more',
  async (rig) => {
    rig.config({...services, other: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}});
    await rig.expectErp(0, ['start', '--detach']);
    await rig.expectErp(0, ['stop', 'other']);
    await rig.expectErp(0, ['stop', '--for-now']);
    await rig.nothingLeft();
    await rig.expectErp(0, ['start', '--ensure']);
    const {services: now} = await rig.status();
    expect(now.map(({name, state}) => `${name} ${state}`)).toEqual(['shop ready', 'other stopped']);
    await rig.expectErp(2, ['stop', '--for-now', 'shop']);
    // Nobody supervises: the same.
    for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
    await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
    await rig.expectErp(0, ['stop', '--for-now']);
    await rig.nothingLeft();
    await rig.expectErp(0, ['start', '--ensure']);
    expect((await rig.service('shop')).state).toBe('ready');
    await rig.stop();
  },
);

itErp('autostart changes nothing, and refuses what it can not promise', async (rig) => {
  rig.config(services);
  await rig.expectErp(0, ['autostart']);
  expect(existsSync(join(rig.project, '.erp'))).toBe(false);
  expect(rig.processes()).toEqual([]);
  await rig.expectErp(2, ['autostart', 'upstart']);
  await rig.expectErp(2, ['autostart', '--instance', 'x']);
  const line = join(rig.dir, 'a\nb');
  mkdirSync(line);
  writeFileSync(join(line, 'erp.config.json'), JSON.stringify({services}));
  const {stderr} = await rig.expectErp(2, ['autostart', 'cron'], {cwd: line});
  expect(stderr).toMatch(/can't be given to a scheduler/);
  rig.write('erp.config.json', '{"services": {"shop": {"comand": "x"}}}');
  await rig.expectErp(3, ['autostart']);
});
