import {memoryOf, cpuOf} from '../processes.js';
import {rounded} from '../statistics.js';
import type {Fault} from '../../test/support/cluster/faults.js';
import type {FaultCase, Scene} from '../../test/support/cluster/fault-table.js';
import {LoopGround, type Ground} from '../../test/support/cluster/ground.js';
import {kubectlOf} from '../../test/support/cluster/kubectl-versions.js';
import {recoveryOf} from '../../test/support/cluster/measure.js';
import {NetLab} from '../../test/support/cluster/netlab.js';
import {ErpSubject, NaiveSubject, type Subject, type Wishes} from '../../test/support/cluster/subject.js';
import {Rig, until} from '../../test/support/rig.js';
import type {ApiLoad, Footprint, ForwardEntry, SubjectId} from './types.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** How long a naive loop is waited for that may never come. */
const patienceMs = 60_000;

/** Open ones, for whoever cuts the run short. */
export const rigs = new Set<Rig>();

type Combination = Pick<ForwardEntry, 'kubectl' | 'subject'>;

/** A place, a cluster and one that keeps its forwards; everything ends with `body`. */
async function within<T>(
  {kubectl, subject: id}: Combination,
  needs: FaultCase['needs'],
  wishes: Wishes | undefined,
  body: (scene: Scene, rig: Rig) => Promise<T>,
): Promise<T> {
  const rig = new Rig();
  rigs.add(rig);
  await using ground: Ground = needs === 'network' ? await NetLab.create() : await LoopGround.create();
  const place = {rig, ground, kubectl: kubectlOf(kubectl) ?? '', ...(wishes === undefined ? {} : {wishes})};
  const subject: Subject = id === 'erp' ? new ErpSubject(place) : new NaiveSubject(place);
  try {
    return await body({ground, cluster: ground.cluster, subject, closers: []}, rig);
  } finally {
    await rig.end(false);
    rigs.delete(rig);
  }
}

/** One fault, again and again beside the same cluster; whoever never comes is not asked a second time. */
export async function measureFault(
  combination: Combination,
  each: FaultCase,
  hasTraffic: boolean,
  repeats: number,
): Promise<ForwardEntry> {
  const facts = {...combination, fault: each.name, hasTraffic, limitMs: each.limitMs, patienceMs};
  const times: (number | null)[] = [];
  try {
    while (times.length < repeats && !times.includes(null))
      await within(combination, each.needs, undefined, async (scene) => {
        await scene.subject.start();
        times.push((await recoveryOf(scene, each, {hasTraffic, patienceMs})).ms);
      });
    return {...facts, times, error: null};
  } catch (error) {
    return {...facts, times, error: String(error).split('\n')[0] ?? ''};
  }
}

/** Many healthy forwards: what erp itself costs, its kubectls aside. */
export async function measureFootprint(kubectl: string, forwards: number, seconds: number): Promise<Footprint> {
  const wishes: Wishes = Object.fromEntries(
    Array.from({length: forwards}, (_, index) => [
      `web-${index}`,
      {namespace: 'shop', target: 'svc/web', remotePort: 80, app: 'shop/web'},
    ]),
  );
  return await within({kubectl, subject: 'erp'}, 'any', wishes, async ({subject}, rig) => {
    await subject.start();
    const areVerified = async (): Promise<boolean> =>
      ((await rig.status()).forwards ?? []).filter(({state}) => state === 'verified').length === forwards;
    await until('all are verified', areVerified, 120_000);
    await pause(10_000);
    const kubectls = new Set(subject.kubectls().map(({pid}) => pid));
    const own = subject.processes().flatMap(({pid}) => (kubectls.has(pid) ? [] : [pid]));
    const before = cpuOf(own);
    await pause(seconds * 1000);
    return {
      kubectl,
      forwards,
      seconds,
      cpuRatio: (cpuOf(own) - before) / seconds,
      rss: memoryOf(own).rssKiB,
      kubectlRss: memoryOf([...kubectls]).rssKiB,
    };
  });
}

const api = {namespace: 'shop', target: 'svc/api', remotePort: 3000, app: 'shop/api'};
/** What is broken for good, and how. */
export const brokenForGood: readonly (readonly [string, Wishes, Fault | null])[] = [
  ['no such service', {api: {...api, target: 'svc/apo'}}, null],
  ['unauthorised', {api}, {type: 'auth', mode: '401'}],
  ['forbidden to forward', {api}, {type: 'auth', mode: '403-portforward'}],
  ['kubelet unreachable', {api}, {type: 'refuse-portforward'}],
];

export async function measureLoad(
  kubectl: string,
  subject: SubjectId,
  [what, wishes, fault]: (typeof brokenForGood)[number],
): Promise<ApiLoad> {
  return await within({kubectl, subject}, 'any', wishes, async (scene) => {
    if (fault !== null) await scene.cluster.fault(fault);
    await scene.subject.start();
    await pause(20_000);
    const from = Date.now();
    await pause(60_000);
    const requests = (await scene.cluster.requests(from)).length;
    return {what, kubectl, subject, requestsPerMinute: rounded((requests * 60_000) / (Date.now() - from), 0)};
  });
}
