import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import {FakeCluster} from '../support/cluster/fake-cluster.js';
import {keptVersions, kubectlOf} from '../support/cluster/kubectl-versions.js';
import {probe} from '../support/cluster/probe.js';
import {get, until} from '../support/rig.js';

const present = keptVersions.filter((version) => kubectlOf(version) !== null);
for (const version of keptVersions)
  if (!present.includes(version)) process.stderr.write(`skipped: the fake cluster with kubectl ${version}: not here\n`);

/** A kubectl that forwards; ended with its test. */
class Forward {
  output = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(kubectl: string, kubeconfig: string, args: readonly string[]) {
    this.child = spawn(kubectl, ['port-forward', '--address', '127.0.0.1', ...args], {
      env: {...process.env, KUBECONFIG: kubeconfig},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (data: Buffer) => (this.output += data.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  async port(): Promise<number> {
    const line = /Forwarding from 127\.0\.0\.1:(\d+)/;
    await until(
      'kubectl listens',
      () => line.test(this.output),
      undefined,
      () => this.output,
    );
    return Number(line.exec(this.output)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

describe.each(keptVersions)('kubectl %s and the fake cluster', (version) => {
  const kubectl = kubectlOf(version) ?? '';
  const test = kubectl === '' ? it.skip : it;
  let folder: string;
  let cluster: FakeCluster;
  const forward = (...args: string[]) => new Forward(kubectl, cluster.kubeconfig, args);
  const run = (...args: string[]): Promise<{code: number; output: string}> =>
    new Promise((resolve) => {
      const env = {...process.env, KUBECONFIG: cluster.kubeconfig};
      const child = execFile(kubectl, args, {env}, (_error, stdout, stderr) => {
        resolve({code: child.exitCode ?? -1, output: stdout + stderr});
      });
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'erp-cluster-'));
    cluster = await FakeCluster.create({kubeconfig: join(folder, 'kubeconfig')});
  });

  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, {recursive: true});
  });

  test.each([
    ['svc/web', 'shop', '80', 'shop/web'],
    ['deploy/api', 'shop', '3000', 'shop/api'],
    ['statefulset/search', 'shop', '9200', 'shop/search'],
    ['pod/search-0', 'shop', '9200', 'shop/search'],
    ['svc/grafana', 'erp-system', 'http', 'erp-system/grafana'],
  ])('forwards %s of %s', async (target, namespace, port, app) => {
    await using forwarded = forward('-n', namespace, target, `:${port}`);
    expect(await probe(await forwarded.port())).toMatchObject({isGood: true, app});
    const {forwards} = await cluster.view();
    expect(forwards).toContainEqual(
      expect.objectContaining({namespace, protocol: version === '1.30' ? 'spdy' : 'websocket', isPodGone: false}),
    );
  });

  test('speaks postgres, redis and mysql', async () => {
    const said = async (service: string, port: number, words: Buffer): Promise<string> => {
      await using forwarded = forward('-n', 'infra', `svc/${service}`, `:${port}`);
      const local = await forwarded.port();
      return await new Promise((resolve, reject) => {
        const socket = connect(local, '127.0.0.1', () => socket.write(words));
        socket.once('data', (data) => {
          resolve(data.toString('latin1'));
          socket.destroy();
        });
        socket.once('error', reject);
      });
    };
    expect(await said('db', 5432, Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))).toBe('N');
    expect(await said('cache', 6379, Buffer.from('PING\r\n'))).toBe('+PONG\r\n');
    expect(await said('old-db', 3306, Buffer.alloc(0))).toMatch(/8\.0\.36/);
  });

  test('big answers come whole', async () => {
    await using forwarded = forward('-n', 'shop', 'svc/web', ':80');
    const answer = await get(await forwarded.port(), '/big?mb=8');
    expect(answer?.status).toBe(200);
    expect(answer?.body.length).toBeGreaterThan(4 << 20);
  });

  test('a deleted pod is noticed with the first client', async () => {
    await using forwarded = forward('-n', 'shop', 'svc/api', ':3000');
    const port = await forwarded.port();
    expect(await probe(port)).toMatchObject({isGood: true});
    await cluster.fault({type: 'kill-pod', namespace: 'shop', app: 'api'});
    expect(forwarded.child.exitCode).toBeNull();
    expect(await probe(port)).toMatchObject({isGood: false});
    expect(await forwarded.ended).toBe(1);
    expect(forwarded.output).toMatch(/failed to find sandbox[^]*lost connection to pod/);
  });

  test('get, scale, rollout, delete and what is not there', async () => {
    const said = async (...args: string[]) => (await run(...args)).output;
    const done = async (...args: string[]) =>
      expect(await run('-n', 'billing', ...args)).toEqual({code: 0, output: expect.any(String)});
    const table = /^NAME +READY +STATUS[^]*grafana-\S+ +1\/1 +Running/;
    expect(await said('-n', 'erp-system', 'get', 'pods')).toMatch(table);
    expect(await said('-n', 'shop', 'get', 'svc')).toMatch(/api +ClusterIP +\S+ +<none> +3000\/TCP,9090\/TCP/);
    expect(await said('-n', 'shop', 'get', 'svc', 'nobody')).toMatch(/\(NotFound\): services "nobody" not found/);
    const names = async () => (await cluster.view()).pods.filter(({app}) => app === 'ledger').map(({name}) => name);
    const [first = ''] = await names();
    await done('scale', 'deploy/ledger', '--replicas=2');
    await until('two pods', async () => (await names()).length === 2);
    await done('scale', 'deploy/ledger', '--replicas=1');
    await until('one pod', async () => (await names()).length === 1);
    await done('delete', 'pod', first, '--wait=false');
    await until('the next pod', async () => !(await names()).includes(first) && (await names()).length === 1);
    const [second = ''] = await names();
    await done('rollout', 'restart', 'deploy/ledger');
    await until('another pod', async () => !(await names()).includes(second));
  });

  test('a watch shows a pod that becomes ready', async () => {
    const watch = spawn(kubectl, ['-n', 'shop', 'get', 'pods', '--watch', '-o', 'json'], {
      env: {...process.env, KUBECONFIG: cluster.kubeconfig},
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    watch.stdout.on('data', (data: Buffer) => (output += data.toString()));
    try {
      await until('the list', () => output.includes('"search-0"'));
      output = '';
      await cluster.fault({type: 'kill-pod', namespace: 'shop', app: 'search', startMs: 50});
      await until('the pod is there again', () => /"phase": "Pending"[^]*"phase": "Running"/.test(output));
    } finally {
      watch.kill('SIGKILL');
    }
  });

  test.each([
    [{type: 'auth', mode: '401'} as const, /You must be logged in to the server/],
    [{type: 'auth', mode: '403'} as const, /cannot get resource "services"/],
    [{type: 'auth', mode: '403-portforward'} as const, /cannot (create|get) resource "pods\/portforward"/],
    [{type: 'refuse-portforward'} as const, /error upgrading connection: error dialing backend/],
    [{type: 'api-down'} as const, /was refused|connection reset|EOF/],
  ])('start with %j', async (fault, text) => {
    await cluster.fault(fault);
    try {
      await using forwarded = forward('-n', 'shop', 'svc/api', ':3000');
      expect(await forwarded.ended).toBe(1);
      expect(forwarded.output).toMatch(text);
    } finally {
      await cluster.fault({type: 'reset'});
    }
  });

  test('requests are counted', async () => {
    const since = Date.now();
    await using forwarded = forward('-n', 'shop', 'svc/api', ':3000');
    await forwarded.port();
    const requests = (await cluster.requests(since)).filter(({userAgent}) => userAgent.startsWith('kubectl'));
    expect(requests.map(({path}) => path)).toContainEqual(expect.stringContaining('/services/api'));
    expect(requests.filter(({upgrade}) => upgrade !== null)).toHaveLength(1);
  });
});
