import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import type {StatusDocument} from '../../src/lib/core/report/status.js';
import {faultCases} from '../support/cluster/fault-table.js';
import {toolsFor, withErp} from '../support/cluster/fault-tests.js';
import {keptVersions, kubectlOf} from '../support/cluster/kubectl-versions.js';
import {allGood, recoveryOf} from '../support/cluster/measure.js';
import type {Wishes} from '../support/cluster/subject.js';
import {freePort} from '../support/free-port.js';
import {fixtures, get, kill, type Rig, until} from '../support/rig.js';
import {itErp, itNeeds} from '../support/tools.js';

const api = {namespace: 'shop', target: 'svc/api', remotePort: 3000, app: 'shop/api'};
const quick = ['pod deleted', 'kubectl killed', 'connection stranded (NAT, VPN)', 'API server restarted (2 s)'];
/** Whether it recovers is the question here, how soon that of `npm run test:faults`. */
const patienceMs = 60_000;

describe.each(keptVersions)('kubectl %s', (version) => {
  const tools = toolsFor('any', version);

  it('the quick faults are in the table', () => {
    expect(faultCases.map(({name}) => name)).toEqual(expect.arrayContaining(quick));
  });

  for (const each of faultCases.filter(({name}) => quick.includes(name)))
    itNeeds(tools, `${each.name}: every forward answers again`, async (rig) => {
      await withErp(rig, {needs: 'any', version}, async (scene) => {
        await scene.subject.start();
        expect(await recoveryOf(scene, each, {hasTraffic: false, patienceMs})).toEqual(
          expect.objectContaining({ms: expect.any(Number)}),
        );
        const {subject} = scene;
        await until('all are verified', async () =>
          (await subject.forwards()).every(({state}) => state === 'verified'),
        );
        expect((await subject.forwards()).map(({lastLoss}) => lastLoss?.recoveryMs)).toEqual(
          Array(4).fill(expect.any(Number)),
        );
      });
    });

  itNeeds(tools, 'postgres, redis and mysql are asked in their own words', async (rig) => {
    const wishes: Wishes = {
      db: {namespace: 'infra', target: 'statefulset/db', remotePort: 5432, app: 'infra/db'},
      cache: {namespace: 'infra', target: 'svc/cache', remotePort: 6379, app: 'infra/cache'},
      old: {namespace: 'infra', target: 'svc/old-db', remotePort: 3306, app: 'infra/old-db'},
    };
    await withErp(rig, {needs: 'any', version, wishes}, async ({subject, cluster}) => {
      await subject.start();
      const all = async () => (await subject.forwards()).every(({state}) => state === 'verified');
      await until('all are verified', all);
      const pids = (await subject.forwards()).map(({pid}) => pid);
      await cluster.fault({type: 'kill-pod', namespace: 'infra', app: 'db'});
      await until('db is another one', async () => ((await subject.forward('db')).pid ?? pids[0]) !== pids[0]);
      await until('all are verified again', all);
      expect((await subject.forwards()).slice(1).map(({pid}) => pid)).toEqual(pids.slice(1));
    });
  });

  itNeeds(tools, 'one that needs you, and nothing else is affected', async (rig) => {
    const wishes: Wishes = {api, apo: {...api, target: 'svc/apo'}};
    await withErp(rig, {needs: 'any', version, wishes}, async ({subject}) => {
      await subject.start();
      await until('apo needs you', async () => (await subject.forward('apo')).state === 'needs-you');
      await until('api is verified', async () => (await subject.forward('api')).state === 'verified');
      expect((await subject.forward('apo')).diagnosis?.cause).toBe('kube-not-found');
    });
  });
});

const [version] = keptVersions.filter((each) => kubectlOf(each) !== null).slice(-1);
const newest = version ?? '1.33';

itNeeds(toolsFor('network', newest), 'the old configuration as it is, with its seven services', async (rig) => {
  const wishes: Wishes = {};
  await withErp(rig, {needs: 'network', version: newest, wishes}, async ({subject, ground}) => {
    const legacy = readFileSync(join(fixtures, 'legacy', 'system_config.json'), 'utf8');
    rig.write(join('config', 'system_config.json'), legacy);
    rig.variables['KUBECTL'] = kubectlOf(newest) ?? '';
    const {ServicesToMonitor: names} = (JSON.parse(legacy) as {ConnectionMonitor: {ServicesToMonitor: string[]}})
      .ConnectionMonitor;
    const {code, stdout, stderr} = await subject.run(['monitor-connection', '--mode', 'background']).end();
    expect({code, stdout, stderr}).toEqual({code: 0, stdout: expect.stringContaining('7 forwards'), stderr});
    const forwards = await subject.forwards();
    expect(forwards.map(({name}) => name).sort()).toEqual([...names].sort());
    // The primary port of frontend-custom is an alternative of frontend: in a place of their own everybody has the first.
    expect(forwards.map(({state, port, primaryPort}) => ({state, isPrimary: port === primaryPort}))).toEqual(
      Array(7).fill({state: 'verified', isPrimary: true}),
    );
    for (const {name, port} of forwards)
      expect(await ground.probe(port ?? 0)).toMatchObject({isGood: true, app: `erp-system/${name}`});
  });
});

// ——— a kubectl or a kubeconfig that is no good; no cluster is needed ———

const fake = (rig: Rig, script: string): string => rig.write('kubectl', `#!/bin/sh\n${script}\n`, 0o755);
const web = {
  command: [process.execPath, '-e', 'require("http").createServer((q,r)=>r.end("ok")).listen(process.env.PORT)'],
};

/** A service beside a forward that can't be: the service runs, the forward says why it does not. */
async function beside(
  rig: Rig,
  connection: object,
  forward: object,
): Promise<StatusDocument['forwards'] & readonly object[]> {
  const port = await freePort();
  rig.config(
    {web: {...web, port, env: {PORT: '{port}'}, probe: '/'}},
    {
      connection: {publicTargets: [], portal: 'none', ...connection},
      portForwards: {api: {target: 'svc/api', remotePort: 80, port: await freePort(), ...forward}},
    },
  );
  rig.start(['start', '--detach']);
  await until('the service answers', async () => (await get(port))?.body === 'ok');
  const said = async () => (await rig.status().catch(() => null))?.forwards ?? [];
  await until('why the forward does not', async () => (await said()).some(({diagnosis}) => diagnosis !== null));
  expect((await rig.service('web')).state).toBe('ready');
  return await said();
}

const kubeconfig = (text: string) => async (rig: Rig) => ({kubeconfig: rig.write('kubeconfig', text)});

const bad: readonly [string, (rig: Rig) => Promise<object>, object, RegExp][] = [
  ['kubectl that prints garbage', async (rig) => ({kubectl: fake(rig, 'echo "<html>busy</html>"')}), {}, /html|busy/],
  [
    'kubectl that fails',
    async (rig) => ({kubectl: fake(rig, 'echo "Segmentation fault" >&2; exit 139')}),
    {},
    /Segmentation/,
  ],
  ['kubectl that hangs', async (rig) => ({kubectl: fake(rig, 'exec sleep 600')}), {}, /10 ?s|did not|answer/],
];
for (const [name, connection, forward, text] of bad)
  itErp(`${name}: said clearly, and nothing else is affected`, async (rig) => {
    const [api] = await beside(rig, await connection(rig), forward);
    expect(JSON.stringify(api)).toMatch(text);
    expect(api).toMatchObject({port: null, state: expect.not.stringMatching('verified')});
    await rig.stop();
  });

const empty = 'apiVersion: v1\nkind: Config\n';
const badFiles: readonly [string, (rig: Rig) => Promise<object>, object, RegExp][] = [
  ['kubeconfig that is no YAML', kubeconfig('{{{'), {}, /kubeconfig/],
  ['kubeconfig that is empty', kubeconfig(empty), {}, /context/],
  ['kubeconfig that is not there', async (rig) => ({kubeconfig: join(rig.dir, 'nowhere')}), {}, /nowhere/],
  ['context that is not there', kubeconfig(empty), {context: 'live'}, /live/],
];
for (const [name, connection, forward, text] of badFiles)
  itNeeds(toolsFor('any', newest), `${name}: said clearly, and nothing else is affected`, async (rig) => {
    const [api] = await beside(rig, {kubectl: kubectlOf(newest), ...(await connection(rig))}, forward);
    expect(JSON.stringify(api)).toMatch(text);
    expect(api).toMatchObject({state: 'needs-you', turn: 'you', port: null});
    await rig.stop();
  });

itErp('no kubectl: one line that names it, exit code 8, and nothing is started', async (rig) => {
  rig.config({}, {portForwards: {api: {target: 'svc/api', remotePort: 80, port: await freePort()}}});
  const {code, stderr} = await rig.erp(['monitor-connection'], {env: {PATH: join(rig.dir, 'none')}});
  expect(code).toBe(8);
  expect(stderr).toMatch(/kubectl/);
  expect(rig.supervisors()).toEqual([]);
});

itNeeds(
  toolsFor('any', newest),
  'a supervisor that is killed leaves its forwards, and the next one has them',
  async (rig) => {
    await withErp(rig, {needs: 'any', version: newest, wishes: {api}}, async (scene) => {
      const {subject} = scene;
      await subject.start();
      await allGood(scene);
      const {pid} = await subject.forward('api');
      for (const supervisor of rig.supervisors()) kill(supervisor.pid);
      await until('the next supervisor answers', () => rig.cameBack());
      await until('it is verified', async () => (await subject.forward('api')).state === 'verified');
      expect((await subject.forward('api')).pid).toBe(pid);
    });
  },
);
