import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import type {PrepareOptions} from '../../../src/cli/config/prepare.js';
import {ConfigProject} from '../../support/config-project.js';

async function prepared(yaml: string, options: Partial<PrepareOptions> = {}) {
  using project = new ConfigProject({'erp.config.yaml': yaml});
  const {spec, provenance, notices} = await project.prepare(options);
  const from = new Map(provenance.map(({path, value, source, place}) => [path, {value, source, place}]));
  return {spec, from, notices, dir: project.dir};
}
const one = 'portForwards:\n  grafana: {port: 3000}\n';

describe('a port-forward of the configuration', () => {
  it('needs a local port only: the service of its name, with every default filled in, and nothing else runs', async () => {
    const {spec, from, notices} = await prepared(one);
    expect(spec.services).toEqual([]);
    expect(spec.portForwards).toEqual([
      {
        name: 'grafana',
        primary: 3000,
        alternatives: [],
        any: false,
        addresses: ['127.0.0.1'],
        context: null,
        namespace: null,
        target: 'svc/grafana',
        remotePort: null,
        probe: {type: 'auto'},
        dependsOn: [],
        autoStart: true,
        returnToPrimary: 'idle',
        returnAfterMs: 10_000,
      },
    ]);
    expect(notices).toEqual([]);
    expect(from.get('portForwards.grafana.port')).toMatchObject({source: 'file', place: 'erp.config.yaml:2'});
    expect(from.get('portForwards.grafana.target')).toMatchObject({value: 'svc/grafana', source: 'default'});
  });

  it('takes all that can be said', async () => {
    const {spec} = await prepared(
      `services: {db: {command: x}, web: {command: x, dependsOn: [db, api]}}
portForwards:
  api:
    context: prod
    namespace: erp-system
    target: Deployments.apps/api-v1
    remotePort: http
    port: {primary: 3000, alternatives: [3001, 3002], any: true}
    address: "::1"
    probe: {http: "/health?key=\${KEY}", expect: [status=ok], headers: {X-Key: "\${KEY}"}}
    dependsOn: db
    autoStart: false
    returnToPrimary: idle
    returnAfter: 1m
`,
      {env: {KEY: 'k1'}},
    );
    expect(spec.portForwards).toEqual([
      {
        name: 'api',
        primary: 3000,
        alternatives: [3001, 3002],
        any: true,
        addresses: ['::1'],
        context: 'prod',
        namespace: 'erp-system',
        target: 'deploy/api-v1',
        remotePort: 'http',
        probe: {
          type: 'http',
          path: '/health?key=k1',
          expect: [{field: 'status', value: 'ok'}],
          headers: {'X-Key': 'k1'},
        },
        dependsOn: [{name: 'db'}],
        autoStart: false,
        returnToPrimary: 'idle',
        returnAfterMs: 60_000,
      },
    ]);
    expect(spec.services[1]?.dependsOn).toEqual([{name: 'db'}, {name: 'api'}]);
  });

  it.each([
    ['pod/web-0', 'pod/web-0'],
    ['po/web-0', 'pod/web-0'],
    ['pods/web-0', 'pod/web-0'],
    ['svc/a', 'svc/a'],
    ['service/a', 'svc/a'],
    ['Services/a', 'svc/a'],
    ['deploy/a.b', 'deploy/a.b'],
    ['deployment/a', 'deploy/a'],
    ['deployments.v1.apps/a', 'deploy/a'],
    ['sts/a', 'statefulset/a'],
    ['statefulset/a', 'statefulset/a'],
    ['statefulsets.apps/a', 'statefulset/a'],
  ])('target %s is %s', async (written, target) => {
    const {spec} = await prepared(`portForwards:\n  x: {target: ${written}, port: 1}\n`);
    expect(spec.portForwards[0]?.target).toBe(target);
  });

  it.each([
    ['auto', {type: 'auto'}],
    ['none', {type: 'none'}],
    ['tcp', {type: 'tcp', protocol: null}],
    ['postgres', {type: 'tcp', protocol: 'postgres'}],
    ['redis', {type: 'tcp', protocol: 'redis'}],
    ['mysql', {type: 'tcp', protocol: 'mysql'}],
    ['/', {type: 'http', path: '/', expect: [], headers: {}}],
  ])('probe %s', async (written, probe) => {
    const {spec} = await prepared(`portForwards:\n  x: {probe: ${written}, port: 1}\n`);
    expect(spec.portForwards[0]?.probe).toEqual(probe);
  });

  it('that others can reach is allowed, and said', async () => {
    const {notices} = await prepared(
      'portForwards:\n  x: {address: 0.0.0.0, port: 1}\n  y: {address: 127.0.0.2, port: 2}\n',
    );
    expect(notices).toEqual([expect.stringMatching(/^portForwards\.x\.address is 0\.0\.0\.0: whoever reaches/)]);
  });
});

describe('what port-forwards share', () => {
  it('has a default for everything', async () => {
    const {spec, from} = await prepared(one);
    expect(spec.connection).toEqual({
      kubectl: ['kubectl'],
      kubeconfig: null,
      publicTargets: ['1.1.1.1:443', '8.8.8.8:443', '9.9.9.9:443'],
      portalUrl: 'http://connectivitycheck.gstatic.com/generate_204',
      probeIntervalMs: 2000,
      probeTimeoutMs: 1500,
      startTimeoutMs: 20_000,
      logIntervalMs: null,
      maxRestarts: null,
      slowRetryMs: 300_000,
      autoRestart: true,
    });
    expect(from.get('connection.kubectl')).toMatchObject({source: 'default'});
  });

  it('is taken from the file', async () => {
    const {spec, from} = await prepared(
      `${one}connection:
  kubectl: minikube kubectl --
  kubeconfig: ~/clusters/prod.yaml
  publicTargets: []
  portal: none
  probeInterval: 1
  probeTimeout: 700ms
  startTimeout: 30s
  logInterval: 1m
  maxRestarts: 3
  slowRetry: 10m
  autoRestart: false
`,
      {env: {HOME: '/home/ops'}},
    );
    expect(spec.connection).toEqual({
      kubectl: ['minikube', 'kubectl', '--'],
      kubeconfig: '/home/ops/clusters/prod.yaml',
      publicTargets: [],
      portalUrl: null,
      probeIntervalMs: 1000,
      probeTimeoutMs: 700,
      startTimeoutMs: 30_000,
      logIntervalMs: 60_000,
      maxRestarts: 3,
      slowRetryMs: 600_000,
      autoRestart: false,
    });
    expect(from.get('connection.probeTimeout')).toMatchObject({source: 'file', place: 'erp.config.yaml:9'});
  });

  it('paths are relative to the project, names are looked for on the PATH', async () => {
    const {spec, dir} = await prepared(`${one}connection: {kubectl: [bin/kubectl, --v=1], kubeconfig: k.yaml}\n`);
    expect(spec.connection).toMatchObject({
      kubectl: [join(dir, 'bin/kubectl'), '--v=1'],
      kubeconfig: join(dir, 'k.yaml'),
    });
  });

  it.each([
    [{KUBECTL: '/opt/kubectl'}, ['/opt/kubectl'], 'KUBECTL'],
    [{KUBECTL: 'a', ERP_KUBECTL: 'minikube kubectl --'}, ['minikube', 'kubectl', '--'], 'ERP_KUBECTL'],
    [{KUBECTL: '"/my tools/kubectl" --v=2'}, ['/my tools/kubectl', '--v=2'], 'KUBECTL'],
  ])('%j wins over the file', async (env, kubectl, place) => {
    const {spec, from} = await prepared(`${one}connection: {kubectl: microk8s kubectl}\n`, {env});
    expect(spec.connection.kubectl).toEqual(kubectl);
    expect(from.get('connection.kubectl')).toMatchObject({source: 'environment', place});
  });

  it('an empty variable counts as none', async () => {
    const {spec} = await prepared(one, {env: {KUBECTL: '', ERP_KUBECTL: ' '}});
    expect(spec.connection.kubectl).toEqual(['kubectl']);
  });

  it('a variable that is no command is an error that names it, and nobody else notices', async () => {
    const env = {KUBECTL: '"/my tools/kubectl'};
    await expect(prepared(one, {env})).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('KUBECTL: "\\"/my tools/kubectl" has a quote that is not closed'),
    });
    const {from} = await prepared('services: {a: {command: x}}\n', {env});
    expect([...from.keys()].filter((path) => path.startsWith('connection'))).toEqual([]);
  });

  it('counts for what runs, and only where there is a port-forward', async () => {
    using project = new ConfigProject({'erp.config.yaml': one});
    const hashes = async () => [
      (await project.prepare()).spec.hash,
      (await project.prepare({env: {KUBECTL: 'other'}})).spec.hash,
    ];
    const [plain, other] = await hashes();
    expect(plain).not.toBe(other);
    project.write('erp.config.yaml', 'services: {a: {command: x}}\n');
    const [same, too] = await hashes();
    expect(same).toBe(too);
  });
});
