import {afterAll, describe, expect, it} from '@jest/globals';
import {chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import net from 'node:net';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {helperCommand} from '../../src/lib/platform/helper-command.js';
import {SystemKubectl} from '../../src/lib/platform/kubectl.js';
import type {SystemKubectlOptions} from '../../src/lib/platform/kubectl.js';
import type {ContextAnswer} from '../../src/lib/platform/types.js';
import {kubectl as realKubectl} from '../support/tools.js';
import {until} from './rig.js';
import {deployment, service, SmallApiServer} from './small-api-server.js';

const dir = mkdtempSync(join(tmpdir(), 'erp-kubectl-'));
afterAll(() => rmSync(dir, {recursive: true, force: true}));
let files = 0;
const file = (text: string, mode = 0o644): string => {
  const path = join(dir, `file-${++files}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
/** A program that stands in for kubectl. */
const program = (script: string): string => file(`#!/bin/sh\n${script}\n`, 0o755);
const make = (options: Partial<SystemKubectlOptions> = {}) =>
  new SystemKubectl({
    kubectl: ['kubectl'],
    kubeconfig: null,
    environment: {PATH: process.env['PATH'] ?? '', HOME: join(dir, 'nobody')},
    cwd: dir,
    ...options,
  });
const contextOf = (kubectl: SystemKubectl, name: string | null = null): Promise<ContextAnswer> =>
  new Promise((done) => kubectl.context(name, done));
const failureOf = async (kubectl: SystemKubectl, name: string | null = null) => {
  const answer = await contextOf(kubectl, name);
  if (answer.ok) throw new Error(`no failure but ${JSON.stringify(answer)}`);
  return {kind: answer.failure.kind, ...answer.failure.diagnosis};
};
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(process.platform === 'linux' ? readFileSync(`/proc/${pid}/status`, 'utf8') : '');
  } catch {
    return false;
  }
};

const kubeconfig = (server: string, more = '', user = 'token: top-secret-token'): string => `apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {cluster: home, user: me, namespace: shop}}
- {name: production, context: {cluster: home, user: me}}
- {name: torn, context: {cluster: away, user: me}}
- {name: bare, context: {cluster: empty, user: me}}
clusters:
- name: home
  cluster:
    server: ${server}
    ${more}
- {name: empty, cluster: {}}
users:
- {name: me, user: {${user}}}
`;

const itKubectl = (name: string, body: () => Promise<void>): void => {
  if (realKubectl.missing === null) {
    it(name, body, 60_000);
    return;
  }
  process.stderr.write(`skipped: ${name}: no kubectl here (${realKubectl.missing})\n`);
  it.skip(`${name} [skipped: no kubectl here]`, () => {});
};

describe('context, read by the real kubectl', () => {
  const server = (url: string, more = '', environment: Record<string, string> = {}) =>
    contextOf(
      make({
        kubeconfig: file(kubeconfig(`'${url}'`, more)),
        environment: {PATH: process.env['PATH'] ?? '', ...environment},
      }),
    );

  itKubectl('is the current one, or the one that is named', async () => {
    const kubectl = make({kubeconfig: file(kubeconfig('https://10.0.0.1:6443'))});
    expect(await contextOf(kubectl)).toEqual({
      ok: true,
      name: 'dev',
      namespace: 'shop',
      server: {host: '10.0.0.1', port: 6443},
      url: 'https://10.0.0.1:6443',
      viaProxy: false,
    });
    expect(await contextOf(kubectl, 'production')).toMatchObject({ok: true, name: 'production', namespace: null});
  });

  itKubectl('names the server in all its spellings', async () => {
    const addresses: [string, string, number, string?][] = [
      ['https://api.example', 'api.example', 443],
      ['http://api.example', 'api.example', 80],
      ['https://[2001:db8::1]:8443/k8s/clusters/c-1', '2001:db8::1', 8443],
      ['10.0.0.2:6443', '10.0.0.2', 6443],
      ['10.0.0.2', '10.0.0.2', 443, 'insecure-skip-tls-verify: true'],
    ];
    for (const [url, host, port, more] of addresses)
      expect(await server(url, more)).toMatchObject({ok: true, server: {host, port}, viaProxy: false});
    const withPassword = await server('https://me:pass-word@api.example:6443');
    expect(JSON.stringify(withPassword)).not.toContain('pass-word');
  });

  itKubectl('goes by the proxy as kubectl does', async () => {
    const url = 'https://api.example:6443';
    const proxied = {ok: true, viaProxy: true, url};
    const direct = {ok: true, viaProxy: false, server: {host: 'api.example', port: 6443}};
    expect(await server(url, 'proxy-url: http://u:p@proxy.example')).toMatchObject({
      ...proxied,
      server: {host: 'proxy.example', port: 80},
    });
    expect(await server(url, 'proxy-url: socks5://[::1]')).toMatchObject({server: {host: '::1', port: 1080}});
    expect(await server(url, '', {https_proxy: 'proxy.example:3128'})).toMatchObject({
      ...proxied,
      server: {host: 'proxy.example', port: 3128},
    });
    expect(await server(url, '', {HTTP_PROXY: 'http://proxy.example:3128'})).toMatchObject(direct);
    for (const exception of ['*', 'example', '.example', '*.example', 'x,api.example:6443', ' API.example '])
      expect(await server(url, '', {HTTPS_PROXY: 'http://p:1', NO_PROXY: exception})).toMatchObject(direct);
    for (const exception of ['pi.example', 'api.example:443', '.api.example'])
      expect(await server(url, '', {HTTPS_PROXY: 'http://p:1', NO_PROXY: exception})).toMatchObject(proxied);
    const byAddress = {HTTPS_PROXY: 'http://p:1', no_proxy: '10.0.0.0/8,2001:db8::/32'};
    expect(await server('https://10.1.2.3:6443', '', byAddress)).toMatchObject({viaProxy: false});
    expect(await server('https://[2001:db8::5]:6443', '', byAddress)).toMatchObject({viaProxy: false});
    expect(await server('https://11.1.2.3:6443', '', byAddress)).toMatchObject({viaProxy: true});
    expect(await server('https://127.0.0.1:6443', '', byAddress)).toMatchObject({viaProxy: false});
    expect(await server(url, "proxy-url: 'ftp://u:hidden@p'")).toMatchObject({
      ok: false,
      failure: {diagnosis: {cause: 'kubeconfig-bad-proxy'}},
    });
  });

  itKubectl('that is not known is told with those that are, and the nearest', async () => {
    const failure = await failureOf(make({kubeconfig: file(kubeconfig('https://10.0.0.1'))}), 'prodution');
    expect(failure).toMatchObject({kind: 'needs-you', cause: 'kube-context-unknown', subject: 'prodution'});
    expect(failure.evidence.slice(0, 2)).toEqual([
      'the kubeconfig has no context prodution',
      'it has bare, dev, production, torn',
    ]);
    expect(failure.remedy).toContain('did you mean production?');
  });

  itKubectl('can fail in every way a kubeconfig can be wrong', async () => {
    const wrong = async (text: string, name: string | null = null) => failureOf(make({kubeconfig: file(text)}), name);
    const good = kubeconfig('https://10.0.0.1');
    expect(await wrong(good, 'torn')).toMatchObject({cause: 'kubeconfig-unknown-cluster', subject: 'away'});
    expect(await wrong(good, 'bare')).toMatchObject({cause: 'kubeconfig-no-server', subject: 'empty'});
    expect(await wrong(kubeconfig('unix:///run/api.sock'))).toMatchObject({cause: 'kubeconfig-bad-server'});
    const torn = await wrong('a: [b\n c');
    expect(torn).toMatchObject({kind: 'needs-you', cause: 'kubeconfig-invalid'});
    expect(torn.remedy).toContain('line 2');
    expect(await wrong('hello')).toMatchObject({cause: 'kubeconfig-invalid'});
    expect(await wrong('{"apiVersion":"v1","kind":"Pod"}')).toMatchObject({cause: 'kubeconfig-invalid'});
    expect(await wrong('')).toMatchObject({cause: 'kubeconfig-no-current-context'});
    const unset = await wrong(good.replace('current-context: dev\n', ''));
    expect(unset).toMatchObject({cause: 'kubeconfig-no-current-context'});
    expect(unset.remedy).toContain('kubectl config use-context bare');
    const folder = await failureOf(make({kubeconfig: dir}));
    expect(folder).toMatchObject({cause: 'kubeconfig-invalid', subject: dir});
  });

  itKubectl('is missing with its file', async () => {
    const named = join(dir, 'nowhere');
    expect(await failureOf(make({kubeconfig: named}))).toMatchObject({
      kind: 'needs-you',
      cause: 'kubeconfig-missing',
      subject: named,
    });
    expect(await failureOf(make({kubeconfig: named}), 'dev')).toMatchObject({cause: 'kubeconfig-missing'});
    const homeless = await failureOf(make({environment: {PATH: process.env['PATH'] ?? ''}}));
    expect(homeless).toMatchObject({cause: 'kubeconfig-missing', subject: join(dir, '.kube', 'config')});
  });

  itKubectl('is found in any file of a list, relative to the project or to home', async () => {
    const home = join(dir, 'home');
    mkdirSync(join(home, 'k'), {recursive: true});
    writeFileSync(join(home, 'k', 'config'), kubeconfig('https://10.0.0.3'));
    writeFileSync(join(dir, 'relative.yaml'), kubeconfig('https://10.0.0.4'));
    const environment = {PATH: process.env['PATH'] ?? '', HOME: home};
    const host = {ok: true, server: {host: '10.0.0.3'}};
    expect(await contextOf(make({environment, kubeconfig: `nowhere:~/k/config`}))).toMatchObject(host);
    expect(await contextOf(make({environment, kubeconfig: 'relative.yaml'}))).toMatchObject({
      server: {host: '10.0.0.4'},
    });
  });

  const mayReadAll = process.getuid?.() === 0;
  itKubectl('is not readable', async () => {
    const path = file(kubeconfig('https://10.0.0.1'), 0o000);
    // root reads everything: then kubectl runs as somebody who does not.
    if (mayReadAll) chmodSync(dir, 0o755);
    const command = mayReadAll
      ? program('exec setpriv --reuid=65534 --regid=65534 --clear-groups kubectl "$@"')
      : 'kubectl';
    const failure = await failureOf(make({kubectl: [command], kubeconfig: path}));
    expect(failure).toMatchObject({kind: 'needs-you', cause: 'kubeconfig-unreadable', subject: path});
    expect(failure.evidence[0]).toBe(`${path} can't be read: open ${path}: permission denied`);
  });

  itKubectl('never shows a token', async () => {
    const kubectl = make({kubeconfig: file(kubeconfig('https://10.0.0.1'))});
    for (const name of [null, 'torn', 'bare', 'nobody'])
      expect(JSON.stringify(await contextOf(kubectl, name))).not.toContain('top-secret');
    const raw = program('echo "users: - token: top-secret-token"');
    expect(JSON.stringify(await failureOf(make({kubectl: [raw]})))).not.toContain('top-secret');
  });
});

describe('a program that is no kubectl', () => {
  it('prints garbage', async () => {
    const failure = await failureOf(make({kubectl: [program('printf "\\033[31mHello\\007 there"')]}));
    expect(failure).toMatchObject({kind: 'needs-you', cause: 'kubectl-garbage'});
    expect(failure.evidence.join()).toContain('printed "Hello there" instead of JSON');
    const silent = await failureOf(make({kubectl: [program('exit 0')]}));
    expect(silent.evidence.join()).toContain('printed nothing');
    const other = await failureOf(make({kubectl: [program('echo "{}"')]}));
    expect(other).toMatchObject({cause: 'kubectl-garbage'});
  });

  it('prints without end', async () => {
    const kubectl = make({kubectl: [program('exec yes')], localTimeoutMs: 300});
    expect(await failureOf(kubectl)).toMatchObject({cause: 'kubectl-no-answer'});
  });

  it('hangs, with whom it has started, and does not even hear SIGTERM', async () => {
    const pids = join(dir, 'pids');
    const hanging = program(`trap '' TERM\necho $$ > ${pids}\nsleep 600 &\necho $! >> ${pids}\nwait\nwait`);
    const failure = await failureOf(make({kubectl: [hanging], localTimeoutMs: 300}));
    expect(failure).toMatchObject({kind: 'needs-you', cause: 'kubectl-no-answer', subject: hanging});
    const [shell = 0, sleep = 0] = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    await until('both have ended', () => !isAlive(shell) && !isAlive(sleep));
  });

  it('ends with a cancel', async () => {
    const pids = join(dir, 'cancelled');
    let calls = 0;
    const kubectl = make({kubectl: [program(`echo $$ > ${pids}.new; mv ${pids}.new ${pids}; sleep 600`)]});
    const cancel = kubectl.context(null, () => (calls += 1));
    await until('it runs', () => readIf(pids) !== null);
    cancel();
    await until('it has ended', () => !isAlive(Number(readIf(pids))));
    expect(calls).toBe(0);
  });

  it('is not there', async () => {
    const kubectl = make({kubectl: ['kubectl'], environment: {PATH: dir}, system: 'linux'});
    const failure = kubectl.missing();
    expect(failure).toMatchObject({kind: 'tool-missing', diagnosis: {cause: 'kubectl-missing', subject: 'kubectl'}});
    expect(failure?.diagnosis.remedy).toContain('kubernetes.io/docs/tasks/tools');
    expect(failure?.diagnosis.remedy).not.toContain('\n');
    expect(await failureOf(kubectl)).toMatchObject({cause: 'kubectl-missing'});
    const byPath = make({kubectl: ['./bin/kubectl']}).missing();
    expect(byPath?.diagnosis.evidence.join()).toContain(join(dir, 'bin', 'kubectl'));
  });

  it('is a wrapper that is not there', () => {
    const missing = (system: NodeJS.Platform) =>
      make({kubectl: ['minikube', 'kubectl', '--'], environment: {PATH: dir}, system}).missing()?.diagnosis.remedy;
    expect(missing('darwin')).toContain('brew install minikube');
    expect(missing('win32')).toContain('winget install -e --id Kubernetes.minikube');
  });

  it('may not be run', async () => {
    const kubectl = make({kubectl: [file('#!/bin/sh\n', 0o644)]});
    expect(kubectl.missing()).toMatchObject({kind: 'tool-missing', diagnosis: {cause: 'kubectl-not-executable'}});
    expect(await failureOf(kubectl)).toMatchObject({kind: 'tool-missing'});
  });

  it('can not be started', async () => {
    const gone = make({kubectl: [program('exit 0')], cwd: join(dir, 'gone')});
    expect(await failureOf(gone)).toMatchObject({cause: 'kubectl-not-started'});
    const nonsense = await failureOf(make({kubectl: [file('\u007fELF nonsense', 0o755)]}));
    expect(nonsense).toMatchObject({kind: 'needs-you', cause: 'kubeconfig-unread'});
    const script = make({kubectl: [file('#!/no/such/interpreter\n', 0o755)]});
    expect(script.missing()?.diagnosis.evidence.join()).toContain('/no/such/interpreter');
  });

  it('is killed', async () => {
    expect(await failureOf(make({kubectl: [program('kill -9 $$')]}))).toMatchObject({cause: 'kubectl-killed'});
  });

  it.each([
    ['minikube', '🤷  The control plane node minikube host is not running', 85, 'start the cluster: minikube start'],
    ['microk8s', 'microk8s is not running. Use microk8s inspect', 1, 'start the cluster: microk8s start'],
    ['microk8s', 'Insufficient permissions to access MicroK8s.', 1, 'usermod -a -G microk8s'],
    ['wrapper', 'no such cluster', 3, 'try it by hand'],
  ])('is a wrapper that fails: %s', async (name, words, code, remedy) => {
    const folder = join(dir, `wrapper-${++files}`);
    mkdirSync(folder);
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${words}' >&2\nexit ${code}\n`, {mode: 0o755});
    const failure = await failureOf(
      make({kubectl: [name, 'kubectl', '--'], environment: {PATH: `${folder}:${process.env['PATH'] ?? ''}`}}),
    );
    expect(failure).toMatchObject({kind: 'needs-you', cause: 'kubectl-wrapper-failed', subject: name});
    expect(failure.remedy).toContain(remedy);
    expect(failure.evidence.join()).toContain(words);
  });

  itKubectl('is a wrapper that works', async () => {
    const wrapper = program('[ "$1" = kubectl ] && [ "$2" = -- ] && shift 2 && exec kubectl "$@"');
    const kubectl = make({kubectl: [wrapper, 'kubectl', '--'], kubeconfig: file(kubeconfig('https://10.0.0.1'))});
    expect(kubectl.argv(['get', 'pods'])).toEqual([wrapper, 'kubectl', '--', 'get', 'pods']);
    expect(await contextOf(kubectl)).toMatchObject({ok: true, name: 'dev'});
  });

  it('is a batch file of Windows: run by cmd, each argument quoted twice', () => {
    expect(helperCommand('C:\\a b\\kubectl.cmd', ['get', 'x&y'], {ComSpec: 'C:\\cmd.exe'}, 'win32')).toEqual({
      file: 'C:\\cmd.exe',
      args: ['/d', '/s', '/c', '"^"C:\\a^ b\\kubectl.cmd^" get ^^^"x^^^&y^^^""'],
      isVerbatim: true,
    });
    expect(helperCommand('C:\\kubectl.exe', ['x&y'], {}, 'win32')).toMatchObject({
      file: 'C:\\kubectl.exe',
      args: ['x&y'],
    });
  });
});

describe('stamp', () => {
  it('changes with the program and with every kubeconfig', () => {
    const tool = program('exit 0');
    const first = file('a');
    const second = join(dir, 'later');
    const kubectl = make({kubectl: [tool], environment: {KUBECONFIG: `${first}:${second}`}});
    const seen = [kubectl.stamp()];
    expect(kubectl.stamp()).toBe(seen[0]);
    writeFileSync(second, 'x');
    seen.push(kubectl.stamp());
    writeFileSync(first, 'longer');
    seen.push(kubectl.stamp());
    rmSync(tool);
    seen.push(kubectl.stamp());
    expect(new Set(seen).size).toBe(4);
  });

  it('knows the default files, and is content without a home', () => {
    const home = join(dir, 'stamped');
    mkdirSync(join(home, '.kube'), {recursive: true});
    const kubectl = make({environment: {HOME: home}});
    const before = kubectl.stamp();
    writeFileSync(join(home, '.kube', 'config'), 'x');
    expect(kubectl.stamp()).not.toBe(before);
    expect(make({environment: {}}).stamp()).toContain('ENOENT');
    const windows = make({environment: {UserProfile: 'C:\\Users\\me', kubeconfig: 'C:\\a;C:\\b'}, system: 'win32'});
    expect(windows.stamp().split('|')).toHaveLength(3);
  });
});

describe('remote port, asked of a server', () => {
  const ask = (api: {url: string}, target: string, options: Partial<SystemKubectlOptions> = {}) => {
    const kubectl = make({kubeconfig: file(kubeconfig(api.url)), ...options});
    return new Promise<{port: number | string} | {kind: string; diagnosis: object}>((done) =>
      kubectl.remotePort({context: null, namespace: 'infra', target}, (answer) =>
        done('port' in answer ? answer : answer.failure),
      ),
    );
  };
  const at = (kind: string, name: string): string =>
    `${kind === 'deployments' ? '/apis/apps/v1' : '/api/v1'}/namespaces/infra/${kind}/${name}`;

  itKubectl('is the only one, or the one named http', async () => {
    await using api = await SmallApiServer.start();
    api.objects.set(at('services', 'one'), service({port: 5432}, {port: 53, protocol: 'UDP'}));
    api.objects.set(at('services', 'web'), service({port: 9090, name: 'metrics'}, {port: 80, name: 'http'}));
    api.objects.set(at('deployments', 'api'), deployment({ports: [{containerPort: 3000}]}, {name: 'sidecar'}));
    expect(await ask(api, 'svc/one')).toEqual({port: 5432});
    expect(await ask(api, 'svc/web')).toEqual({port: 80});
    expect(await ask(api, 'deploy/api')).toEqual({port: 3000});
  });

  itKubectl('has to be named where there are several or none', async () => {
    await using api = await SmallApiServer.start();
    api.objects.set(at('services', 'two'), service({port: 1, name: 'a'}, {port: 2}));
    api.objects.set(at('deployments', 'none'), deployment({name: 'x'}));
    const two = await ask(api, 'svc/two');
    expect(two).toMatchObject({kind: 'needs-you', diagnosis: {cause: 'several-remote-ports', subject: 'svc/two'}});
    expect(JSON.stringify(two)).toContain('1 (a), 2');
    expect(await ask(api, 'deploy/none')).toMatchObject({kind: 'needs-you', diagnosis: {cause: 'no-remote-port'}});
  });

  itKubectl('is not to be had', async () => {
    await using api = await SmallApiServer.start();
    const status = (code: number, reason: string, message: string) => ({
      status: code,
      body: {kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code},
    });
    expect(await ask(api, 'svc/x')).toMatchObject({kind: 'needs-you', diagnosis: {cause: 'kube-not-found'}});
    api.instead = status(401, 'Unauthorized', 'Unauthorized');
    expect(await ask(api, 'svc/x')).toMatchObject({kind: 'needs-you', diagnosis: {cause: 'kube-unauthorized'}});
    const words =
      'services "x" is forbidden: User "dev" cannot get resource "services" in API group "" in the namespace "infra"';
    api.instead = status(403, 'Forbidden', words);
    expect(await ask(api, 'svc/x')).toMatchObject({
      kind: 'needs-you',
      diagnosis: {cause: 'kube-forbidden', subject: 'get services'},
    });
    const closed = net.createServer();
    await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((done) => closed.close(done));
    expect(await ask({url}, 'svc/x')).toMatchObject({kind: 'network', diagnosis: {cause: 'api-refused'}});
    expect(await ask(api, 'svc/x', {kubectl: [program('echo {')]})).toMatchObject({
      diagnosis: {cause: 'kubectl-garbage'},
    });
  });
});

describe('pods, watched by the real kubectl', () => {
  itKubectl('are told when they become ready, and the watch ends with a cancel', async () => {
    await using api = await SmallApiServer.start();
    const kubectl = make({kubeconfig: file(kubeconfig(api.url))});
    const ready: string[] = [];
    let ends = 0;
    const cancel = kubectl.watchPods(
      {context: 'dev', namespace: null},
      (pod) => ready.push(pod),
      () => (ends += 1),
    );
    await until('it watches', () => api.watches === 1);
    api.pod('ADDED', 'web-1', false);
    api.pod('MODIFIED', 'web-1', false);
    api.pod('MODIFIED', 'web-1', true);
    api.pod('MODIFIED', 'web-1', true);
    api.pod('MODIFIED', 'old-1', true, '2026-11-23T00:00:00Z');
    api.pod('DELETED', 'old-1', true, '2026-11-23T00:00:00Z');
    api.pod('ADDED', 'old-1', false);
    api.pod('MODIFIED', 'old-1', true);
    api.pod('ADDED', 'web-2', true);
    await until('the last one is told', () => ready.includes('web-2'));
    expect(ready).toEqual(['old-1', 'web-1', 'old-1', 'web-2']);
    expect(api.asked).toContain('/api/v1/namespaces/shop/pods');
    cancel();
    await until('nobody watches', () => api.watches === 0);
    expect(ends).toBe(0);
  });

  itKubectl('can not be watched: told once', async () => {
    await using api = await SmallApiServer.start();
    const kubectl = make({kubeconfig: file(kubeconfig(api.url))});
    let ends = 0;
    const watch = (): void =>
      void kubectl.watchPods(
        {context: null, namespace: 'a'},
        () => {},
        () => (ends += 1),
      );
    watch();
    await until('it watches', () => api.watches === 1);
    api.endWatches();
    await until('the end is told', () => ends === 1);
    api.instead = {
      status: 403,
      body: {kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403},
    };
    watch();
    await until('that it is forbidden is told', () => ends === 2);
    make({environment: {PATH: dir}}).watchPods(
      {context: null, namespace: null},
      () => {},
      () => (ends += 1),
    );
    await until('that there is no kubectl is told', () => ends === 3);
  });
});

function readIf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
