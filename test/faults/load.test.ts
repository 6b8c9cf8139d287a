import {describe, expect} from '@jest/globals';
import {toolsFor, withErp, type ErpScene} from '../support/cluster/fault-tests.js';
import {keptVersions} from '../support/cluster/kubectl-versions.js';
import type {Wishes} from '../support/cluster/subject.js';
import {until} from '../support/rig.js';
import {itNeeds} from '../support/tools.js';

const api = {namespace: 'shop', target: 'svc/api', remotePort: 3000, app: 'shop/api'};
const wishes: Wishes = {api};
const requestsAMinute = 30;
const restartsOfHung = 2;

/** What is broken for good, and goes on being broken. */
const broken: readonly [string, Wishes, (scene: ErpScene) => Promise<void>][] = [
  ['no such service', {api: {...api, target: 'svc/apo'}}, async () => {}],
  ['no such port', {api: {...api, remotePort: 1234}}, async () => {}],
  ['a service without pods', {api: {...api, namespace: 'infra', target: 'svc/empty', remotePort: 80}}, async () => {}],
  ['unauthorised', wishes, async ({cluster}) => await cluster.fault({type: 'auth', mode: '401'})],
  ['forbidden', wishes, async ({cluster}) => await cluster.fault({type: 'auth', mode: '403'})],
  ['forbidden to forward', wishes, async ({cluster}) => await cluster.fault({type: 'auth', mode: '403-portforward'})],
  ['kubelet unreachable', wishes, async ({cluster}) => await cluster.fault({type: 'refuse-portforward'})],
  [
    'remote port closed',
    wishes,
    async ({cluster}) => await cluster.fault({type: 'close-port', namespace: 'shop', app: 'api'}),
  ],
  ['app hangs', wishes, async ({cluster}) => await cluster.fault({type: 'hang-pod', namespace: 'shop', app: 'api'})],
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(keptVersions)('kubectl %s: requests a minute while it is broken for good', (version) => {
  for (const [name, wished, begin] of broken)
    itNeeds(
      toolsFor('any', version),
      name,
      async (rig) =>
        await withErp(rig, {needs: 'any', version, wishes: wished}, async (scene) => {
          const {cluster, subject} = scene;
          await begin(scene);
          const since = Date.now();
          await subject.start();
          await until('it is tried', async () => (await cluster.requests(since)).length > 0);
          const minutes: number[] = [];
          for (let minute = 0; minute < 2; minute += 1) {
            const from = Date.now();
            await pause(60_000);
            minutes.push((await cluster.requests(from)).length);
          }
          process.stderr.write(`measured: kubectl ${version}: ${name}: ${minutes.join(', ')} requests a minute\n`);
          expect(Math.max(...minutes)).toBeLessThan(requestsAMinute);
          const {state, mark, totalRestarts} = await subject.forward('api');
          expect(state).not.toBe('verified');
          expect(mark).not.toBe('good');
          if (name === 'app hangs') expect(totalRestarts).toBeLessThanOrEqual(restartsOfHung);
        }),
      {timeoutMs: 240_000},
    );
});
