import {chmodSync, chownSync, copyFileSync, existsSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect} from '@jest/globals';
import type {EntryReport, PortsDocument} from '../../src/lib/core/ports/document.js';
import type {ReleaseReport} from '../../src/cli/ports/release.js';
import {freePort} from '../support/free-port.js';
import {erpBinary, fixtures, nobody, program, type Rig, type Run, until} from '../support/rig.js';
import {itErp, itNeeds, root} from '../support/tools.js';

const serve = (name: string) => [process.execPath, program('serves.mjs'), '{port}', name];
const service = (port: number | object, more: object = {}) => ({command: serve('ours'), port, probe: 'tcp', ...more});

/** Somebody who has nothing to do with erp, as far as its environment tells. */
async function stranger(rig: Rig, port: number, ...more: string[]): Promise<Run> {
  const run = rig.spawn([process.execPath, program('listens.mjs'), String(port), '127.0.0.1', ...more]);
  await run.says(/listening on/);
  return run;
}

/** As `stranger`, and SIGTERM does not end it. */
async function stubborn(rig: Rig, port: number, uid?: number): Promise<Run> {
  const code = `process.on('SIGTERM', () => {}); require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('listening'))`;
  const run = rig.spawn([process.execPath, '-e', code], uid === undefined ? {} : {uid, cwd: '/'});
  await run.says(/listening/);
  return run;
}

async function ports(rig: Rig, args: readonly string[] = [], code = 0): Promise<PortsDocument> {
  return JSON.parse((await rig.expectErp(code, ['ports', ...args, '--json'])).stdout) as PortsDocument;
}

const entryOf = ({entries}: PortsDocument, name: string) => entries.find((entry) => entry.name === name) as EntryReport;

async function release(rig: Rig, code: number, port: number, ...args: string[]): Promise<ReleaseReport> {
  const {stdout} = await rig.expectErp(code, ['ports', 'release', String(port), '--json', ...args]);
  return (JSON.parse(stdout) as {ports: [ReleaseReport]}).ports[0];
}

const freePortsOf = (count: number): Promise<number[]> => Promise.all(Array.from({length: count}, freePort));

/** What differs from run to run. */
const masked = (text: string, ...numbers: number[]): string =>
  numbers
    .reduce((left, port, index) => left.replaceAll(String(port), `P${index}`.padEnd(String(port).length, '_')), text)
    .replaceAll(/pid \d+/g, 'pid N')
    .replaceAll(/\d\d:\d\d:\d\d/g, 'HH:MM:SS');

describe('erp ports', () => {
  itErp('names the stranger, what start would choose, and that one would find nothing: exit 5', async (rig) => {
    const [p0 = 0, p1 = 0, p2 = 0] = await freePortsOf(3);
    rig.config({
      backend: service({primary: p0, alternatives: [p1]}),
      frontend: service(p2),
    });
    const held = await stranger(rig, p0, '--password', 'geheim123');
    const blocked = await stranger(rig, p2);
    const {stdout, stderr} = await rig.expectErp(5, ['ports']);
    expect(stderr).toBe('');
    expect(masked(stdout, p0, p1, p2).replaceAll(/\S*node \S*listens\.mjs/g, 'node LISTENS')).toBe(
      masked(
        `  NAME      WILL USE  WANTED, THEN ALTERNATIVES
▲ backend      ${p1}  ${p0} taken, ${p1} free
            ${p0}: node pid N, ${process.env['USER'] ?? 'root'}, from HH:MM:SS, in ${rig.project}: node LISTENS ${p0} 127.0.0.1 --password ***
            free it: erp ports release ${p0} (shows it and asks first)
■ frontend         –  ${p2} taken, no alternatives
            ${p2}: node pid N, ${process.env['USER'] ?? 'root'}, from HH:MM:SS, in ${rig.project}: node LISTENS ${p2} 127.0.0.1
            free it: erp ports release ${p2} (shows it and asks first)
frontend would find no port. remedy: give it alternatives (erp.config.json:ROW), or erp ports release ${p2}
`,
        p0,
        p1,
        p2,
      ).replace(
        'ROW',
        String(
          rig
            .read('erp.config.json')
            .split('\n')
            .findIndex((line) => line.includes(`"port": ${p2}`)) + 1,
        ),
      ),
    );
    // The second one comes from what was kept of the configuration.
    expect((await rig.erp(['ports'])).stdout).toBe(stdout);
    expect(stdout).not.toContain('geheim123');
    const document = await ports(rig, [], 5);
    expect(JSON.stringify(document)).not.toContain('geheim123');
    expect(entryOf(document, 'backend')).toMatchObject({willUse: p1, outcome: 'alternative', mark: 'degraded'});
    expect(entryOf(document, 'backend').ports[0]?.holders).toMatchObject([{pid: held.pid, whose: 'stranger'}]);
    for (const run of [held, blocked]) run.signal('SIGKILL');
  });

  itErp('what runs is ours, with its pid; what the last supervisor left running, too', async (rig) => {
    const [p0 = 0, p1 = 0] = await freePortsOf(2);
    rig.config({backend: service({primary: p0, alternatives: [p1]})});
    await rig.expectErp(0, ['start', '--detach']);
    const {pid} = await rig.service('backend');
    expect((await rig.expectErp(0, ['ports'])).stdout).toContain(`${p0} ours (pid ${pid}), ${p1} free`);
    const {supervisor, entries} = await ports(rig);
    expect(supervisor?.pid).toBe(rig.supervisors()[0]?.pid);
    expect(entries[0]).toMatchObject({current: p0, willUse: p0, mark: 'good'});
    // Nobody may end it for its port: it would be back at once.
    expect(await release(rig, 4, p0, '--yes', '--force')).toMatchObject({
      result: 'refused',
      remedy: ['erp stop backend'],
    });
    for (const {pid: guardian} of rig.guardians()) process.kill(guardian, 'SIGKILL');
    for (const {pid: dead} of rig.supervisors()) process.kill(dead, 'SIGKILL');
    await until('no supervisor is left', () => rig.supervisors().length === 0);
    expect((await rig.expectErp(0, ['ports'])).stdout).toContain(`${p0} ours, left running (pid ${pid})`);
    await rig.stop();
  });

  itErp('the configuration is read anew when it changes, and a broken one is said', async (rig) => {
    const [p0 = 0, p1 = 0] = await freePortsOf(2);
    rig.config({backend: service(p0)});
    expect(entryOf(await ports(rig), 'backend').willUse).toBe(p0);
    rig.config({backend: service(p1)});
    expect(entryOf(await ports(rig), 'backend').willUse).toBe(p1);
    rig.config({backend: {...service(p1), prot: 1}});
    expect((await rig.expectErp(3, ['ports'])).stderr).toContain('prot is unknown. Did you mean port?');
    // Who holds a port can be told all the same.
    const {ports: found, problems} = await ports(rig, [String(p0)]);
    expect(found).toMatchObject([{port: p0, state: 'free'}]);
    expect(problems.join()).toContain('erp config validate');
  });

  itErp('any ports, ranges and everybody; nothing is bound for it', async (rig) => {
    const p0 = await freePort();
    const held = await stranger(rig, p0);
    const {stdout} = await rig.expectErp(0, ['ports', String(p0), `${p0 - 1}-${p0}`]);
    expect(stdout).toMatch(new RegExp(`▲\\s+${p0}\\s+taken\\s+${held.pid}`));
    expect((await ports(rig, ['--all'])).ports.find(({port}) => port === p0)?.holders).toMatchObject([{pid: held.pid}]);
    held.signal('SIGKILL');
    await held.exited;
    const watch = rig.start(['ports', String(p0), '--watch', '--json', '--interval', '50ms']);
    await watch.says(/"state":"free"/);
    const second = await stranger(rig, p0);
    await watch.says(/"state":"taken"/);
    second.signal('SIGKILL');
    watch.signal('SIGINT');
    const {code, stdout: lines} = await watch.end();
    expect(code).toBe(130);
    for (const line of lines.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({schema: 1});
  });

  itErp('--watch into a pipe: the table once, then a line for each change', async (rig) => {
    const [p0 = 0, p1 = 0] = await freePortsOf(2);
    rig.config({backend: service({primary: p0, alternatives: [p1]})});
    const watch = rig.start(['ports', '--watch', '--interval', '50ms']);
    await watch.says(/backend/);
    const held = await stranger(rig, p0);
    await watch.says(new RegExp(`\\[INFO\\] port ${p0}: free, now taken \\(node pid ${held.pid}`));
    await watch.says(new RegExp(`\\[INFO\\] backend will use ${p1}`));
    held.signal('SIGKILL');
    await watch.says(new RegExp(`\\[INFO\\] backend will use ${p0}`));
    watch.signal('SIGINT');
    await watch.end();
  });

  itErp('a misspelt name: the nearest one, exit 2; no port; no configuration: exit 3', async (rig) => {
    rig.config({backend: service(8000), worker: {command: 'true'}});
    expect((await rig.expectErp(2, ['ports', 'bakcend'])).stderr).toContain('Did you mean backend?');
    expect((await rig.expectErp(2, ['ports', '70000'])).stderr).toContain('ports are 1 to 65535');
    expect((await rig.expectErp(2, ['ports', '3010-3000'])).stderr).toContain('erp ports 3000-3010');
    rig.remove('erp.config.json');
    expect((await rig.expectErp(3, ['ports'])).stderr).toContain('erp ports --all');
  });

  itErp('the old configuration: seven port-forwards with 35 ports, its services, and the overlap', async (rig) => {
    mkdirSync(join(rig.project, 'config'));
    copyFileSync(join(fixtures, 'legacy', 'system_config.json'), join(rig.project, 'config', 'system_config.json'));
    const {stdout, code} = await rig.erp(['ports', '--json']);
    expect([0, 5]).toContain(code); // somebody may use these ports
    const {entries, overlaps} = JSON.parse(stdout) as PortsDocument;
    const forwards = entries.filter(({kind}) => kind === 'forward');
    expect(forwards.map(({name}) => name)).toEqual([
      'frontend',
      'frontend-custom',
      'frontend-react',
      'grafana',
      'jaeger',
      'api-gateway-simple',
      'service-mesh-dashboard',
    ]);
    expect(forwards.flatMap((entry) => entry.ports)).toHaveLength(35);
    expect(entries.filter(({kind}) => kind !== 'forward').map(({name}) => name)).toEqual(['redis', 'api', 'flower']);
    expect(overlaps).toMatchObject([
      {
        port: 8082,
        wanted: [
          {name: 'frontend-custom', role: 'primary'},
          {name: 'frontend', role: 'alternative'},
        ],
      },
    ]);
    const screen = (await rig.erp(['ports'])).stdout;
    expect(screen).toMatch(
      /overlap: 8082 is primary of frontend-custom \(config\/system_config\.json:\d+\) and an alternative of frontend \(:\d+\)/,
    );
  });

  itErp('no row is wider than the terminal; without a colour in NO_COLOR', async (rig) => {
    mkdirSync(join(rig.project, 'config'));
    copyFileSync(join(fixtures, 'legacy', 'system_config.json'), join(rig.project, 'config', 'system_config.json'));
    for (const columns of [60, 80, 120]) {
      const terminal = rig.terminal(['ports'], {env: {TERMINAL_SIZE: `${columns}x60`}});
      await terminal.end();
      expect(terminal.run.all).toContain('\u001b[');
      for (const line of terminal.screen) expect(line.length).toBeLessThanOrEqual(columns);
      expect(terminal.screen.join('\n')).toContain('16686');
    }
    const plain = rig.terminal(['ports'], {env: {NO_COLOR: '1', LC_ALL: 'C'}});
    await plain.end();
    expect(plain.run.all).not.toContain('\u001b[');
    expect(plain.run.all).not.toMatch(/[^\x00-\x7f]/);
  });
});

describe('erp ports release', () => {
  itErp('asks first; ends gently; says when it is free already', async (rig) => {
    const p0 = await freePort();
    const held = await stranger(rig, p0);
    const refused = await rig.expectErp(2, ['ports', 'release', String(p0)]);
    expect(refused.stdout).toContain(`${p0}: node pid ${held.pid}`);
    expect(refused.stderr).toContain('--yes');
    expect(await release(rig, 0, p0, '--dry-run')).toMatchObject({result: 'would-release'});
    expect(held.running).toBe(true);
    const {stdout} = await rig.expectErp(0, ['ports', 'free', String(p0), '--yes']);
    expect(stdout).toMatch(new RegExp(`● ${p0} free: node \\(pid ${held.pid}\\) ended after`));
    await held.end();
    expect(held.killedBy).toBe('SIGTERM');
    expect(await release(rig, 0, p0)).toMatchObject({result: 'was-free'});
  });

  itErp('on a terminal: no leaves it alone, yes ends it, and force is asked for once more', async (rig) => {
    const p0 = await freePort();
    const held = await stubborn(rig, p0);
    const no = rig.terminal(['ports', 'release', String(p0)]);
    await no.says(/Ask it to end\? \[No\/yes\]/);
    no.type('\r');
    expect((await no.end()).code).toBe(130);
    const half = rig.terminal(['ports', 'release', String(p0), '--grace', '300ms']);
    await half.says(/Ask it to end\?/);
    half.type('yes\r');
    await half.says(/Kill it\?/);
    half.type('no\r');
    expect((await half.end()).code).toBe(4);
    expect(half.text).toContain('still listens');
    expect(half.text).not.toContain('Nothing was done');
    const yes = rig.terminal(['ports', 'release', String(p0), '--grace', '300ms']);
    await yes.says(/Ask it to end\?/);
    yes.type('yes\r');
    await yes.says(/Kill it\?/);
    expect(held.running).toBe(true);
    yes.type('yes\r');
    expect((await yes.end()).code).toBe(0);
    await held.end();
    expect(held.killedBy).toBe('SIGKILL');
  });

  itErp('who ignores SIGTERM stays until --kill', async (rig) => {
    const p0 = await freePort();
    const held = await stubborn(rig, p0);
    const first = await release(rig, 4, p0, '--yes', '--grace', '300ms');
    expect(first).toMatchObject({result: 'still-held'});
    expect(first.remedy.join()).toContain(`erp ports release ${p0} --yes --kill`);
    expect(held.running).toBe(true);
    expect(await release(rig, 0, p0, '--yes', '--kill', '--grace', '300ms')).toMatchObject({
      result: 'released',
      ended: [{pid: held.pid, signal: 'SIGKILL'}],
    });
    await held.end();
  });

  itErp('who is stopped by a debugger hears it all the same', async (rig) => {
    const p0 = await freePort();
    const held = await stranger(rig, p0);
    held.signal('SIGSTOP');
    expect(await release(rig, 0, p0, '--yes')).toMatchObject({result: 'released', ended: [{signal: 'SIGTERM'}]});
    await held.end();
  });

  itErp('who is started again by somebody else: says by whom, exit 4', async (rig) => {
    const p0 = await freePort();
    const loop = rig.spawn(['sh', '-c', `while :; do ${process.execPath} ${program('listens.mjs')} ${p0}; done`]);
    await loop.says(/listening/);
    const found = await release(rig, 4, p0, '--yes');
    expect(found).toMatchObject({result: 'taken-again'});
    expect(found.said.join()).toContain(`started by sh (pid ${loop.pid})`);
    loop.signal('SIGKILL');
    await release(rig, 0, p0, '--yes');
    await loop.end();
  });

  itErp('it ends between showing and asking: nobody is signalled', async (rig) => {
    const p0 = await freePort();
    const held = await stranger(rig, p0);
    const asked = rig.terminal(['ports', 'release', String(p0)]);
    await asked.says(/Ask it to end\?/);
    held.signal('SIGKILL');
    await held.exited;
    asked.type('yes\r');
    expect((await asked.end()).code).toBe(0);
    expect(asked.run.all).toContain('it became free by itself');
  });

  itErp('another one takes it between showing and asking: that one is shown and asked about', async (rig) => {
    const p0 = await freePort();
    const first = await stranger(rig, p0);
    const asked = rig.terminal(['ports', 'release', String(p0)]);
    await asked.says(new RegExp(`pid ${first.pid}[^]*Ask it to end\\?`));
    first.signal('SIGKILL');
    await first.exited;
    const second = await stranger(rig, p0);
    asked.type('yes\r');
    await asked.says(new RegExp(`pid ${second.pid}[^]*Ask it to end\\?`));
    asked.type('no\r');
    expect((await asked.end()).code).toBe(130);
    expect(second.running).toBe(true);
    second.signal('SIGKILL');
    await second.exited;
  });

  itErp('what this command was started from is spared', async (rig) => {
    const p0 = await freePort();
    // A server that runs erp, as an editor with a terminal does.
    const code = `
      require('net').createServer().listen(${p0}, '127.0.0.1', () => {
        const {spawnSync} = require('child_process');
        const ran = spawnSync(process.execPath, process.argv.slice(1), {encoding: 'utf8'});
        console.log(ran.status + ran.stdout);
        process.exit();
      })`;
    const server = rig.spawn([
      process.execPath,
      '-e',
      code,
      erpBinary,
      'ports',
      'release',
      String(p0),
      '--yes',
      '--force',
    ]);
    const {stdout} = await server.end();
    expect(stdout).toMatch(/^4/);
    expect(stdout).toContain('this command was started from it');
  });

  itNeeds([root], "another user's process: not without rights, and then with sudo", async (rig) => {
    const p0 = await freePort();
    const held = await stranger(rig, p0);
    const {stdout, code} = await rig.erp(['ports', 'release', String(p0), '--yes'], {
      uid: nobody,
      cwd: '/',
      env: {XDG_RUNTIME_DIR: undefined, HOME: '/nonexistent'},
    });
    expect(code).toBe(4);
    expect(stdout).toContain(`sudo erp ports release ${p0} --yes`);
    expect(held.running).toBe(true);
    held.signal('SIGKILL');
    await held.exited;
    const theirs = await stubborn(rig, p0, nobody);
    const found = await ports(rig, [String(p0)]);
    expect(found.ports).toMatchObject([{state: 'taken', holders: [{pid: theirs.pid, user: 'nobody'}]}]);
    expect(await release(rig, 0, p0, '--yes', '--kill', '--grace', '200ms')).toMatchObject({result: 'released'});
    await theirs.exited;
  });

  itNeeds([root], "root in another user's project: sees what is theirs, and runs nothing of it", async (rig) => {
    const p0 = await freePort();
    chmodSync(rig.dir, 0o755);
    rig.config({backend: service(p0)});
    for (const path of [rig.project, join(rig.project, 'erp.config.json')]) chownSync(path, nobody, nobody);
    const env = {TMPDIR: rig.dir, XDG_RUNTIME_DIR: undefined};
    await rig.expectErp(0, ['start', '--detach'], {env});
    const {pid} = await rig.service('backend', {env});
    for (const _ of ['read', 'kept'])
      expect((await rig.expectErp(0, ['ports'], {env})).stdout).toContain(`${p0} ours (pid ${pid})`);
    await rig.stop({env});
    rig.remove('erp.config.json');
    const proof = join(rig.dir, 'ran-as-root');
    rig.write(
      'erp.config.mjs',
      `import {writeFileSync} from 'node:fs';\nwriteFileSync(${JSON.stringify(proof)}, '');\nexport default {stateDir: '../elsewhere'};\n`,
    );
    const {stderr} = await rig.expectErp(3, ['ports'], {env});
    expect(stderr).toContain('sudo -u nobody erp ports');
    await rig.expectErp(0, ['ports', String(p0)], {env});
    await rig.expectErp(0, ['ports', 'release', String(p0)], {env});
    expect(existsSync(proof)).toBe(false);
  });

  itErp('a service of another project is left to its erp', async (rig) => {
    const p0 = await freePort();
    rig.config({backend: service(p0)});
    await rig.expectErp(0, ['start', '--detach']);
    const elsewhere = join(rig.dir, 'elsewhere');
    mkdirSync(elsewhere);
    const {stdout} = await rig.expectErp(4, ['ports', 'release', String(p0), '--yes'], {cwd: elsewhere});
    expect(stdout).toContain(`erp -C ${rig.project} stop backend`);
    await rig.stop();
  });
});
