import {accessSync, constants} from 'node:fs';
import {posix, win32} from 'node:path';
import {contextFailure, garbageFailure, noServer, badProxy} from '../core/connection/kubeconfig-failure.js';
import {readContextNames, wantsContexts} from '../core/connection/kubeconfig-failure.js';
import type {ContextQuestion, KubeconfigFile} from '../core/connection/kubeconfig-failure.js';
import {parseServerUrl, readKubeconfigView} from '../core/connection/kubeconfig-view.js';
import {getFailure} from '../core/connection/get-failure.js';
import type {HelperOutcome} from '../core/connection/helper-outcome.js';
import {missingProgram} from '../core/connection/kubectl-missing.js';
import {readPodBehind} from '../core/connection/pod-behind.js';
import {PodWatch, podWatchOutput} from '../core/connection/pod-watch.js';
import {chooseTargetPort, readTargetPorts} from '../core/connection/target-ports.js';
import type {ForwardFailure} from '../core/connection/forward-failure.js';
import type {ConnectionSpec} from '../core/spec.js';
import {proxyFor} from './api-proxy.js';
import {fileState} from './file-state.js';
import {findProgram, helperCommand, variable} from './helper-command.js';
import {runHelper} from './helper-process.js';
import type {Cancel, ContextAnswer, Kubectl, PodPort} from './types.js';

export interface SystemKubectlOptions extends Pick<ConnectionSpec, 'kubectl' | 'kubeconfig'> {
  /** What kubectl inherits. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where relative paths count from. */
  readonly cwd: string;
  readonly system?: NodeJS.Platform;
  /** For what asks no server: milliseconds. */
  readonly localTimeoutMs?: number;
}

const localTimeoutMs = 10_000;
/** kubectl's own limit for a request, and what it may take for all of its requests. */
const requestSeconds = 5;
const getTimeoutMs = 15_000;
/** A server ends a watch after half an hour or so; kubectl must not outlive us by more than this. */
const watchSeconds = 600;
/** Whoever was watched for that long can be watched again. */
const goodWatchMs = 60_000;

type Answered<T> = (answer: T) => void;
type PortAnswer = {readonly port: number | string} | {readonly failure: ForwardFailure};

/**
 * The kubectl of this machine. It is never run through a shell, it is never asked for tokens or certificates, and what
 * it prints about them is not read.
 */
export class SystemKubectl implements Kubectl {
  readonly env: Readonly<Record<string, string>>;
  readonly #command: readonly [string, ...string[]];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #cwd: string;
  readonly #system: NodeJS.Platform;
  readonly #localTimeoutMs: number;

  constructor(options: SystemKubectlOptions) {
    this.#command = options.kubectl;
    this.#cwd = options.cwd;
    this.#system = options.system ?? process.platform;
    this.#localTimeoutMs = options.localTimeoutMs ?? localTimeoutMs;
    const {kubeconfig, environment} = options;
    this.env = kubeconfig === null ? {} : {KUBECONFIG: this.#absolute(kubeconfig, environment)};
    this.#environment = {...environment, ...this.env};
  }

  argv(args: readonly string[]): readonly [string, ...string[]] {
    return [...this.#command, ...args];
  }

  missing(): ForwardFailure | null {
    const lookup = this.#find();
    return 'missing' in lookup ? missingProgram(this.#command, lookup, this.#system) : null;
  }

  stamp(): string {
    const lookup = this.#find();
    const program = 'found' in lookup ? `${lookup.found} ${fileState(lookup.found)}` : lookup.missing;
    return [program, ...this.#kubeconfigs().map(fileState)].join('|');
  }

  context(name: string | null, callback: (answer: ContextAnswer) => void): Cancel {
    const args = ['config', 'view', '--minify', '-o', 'json', ...contextArgs(name)];
    return this.#run(
      args,
      this.#localTimeoutMs,
      (answer) => callback({ok: false, failure: answer}),
      (outcome, goOn) => {
        if (outcome.code === 0) {
          callback(this.#readContext(outcome.stdout, args));
          return;
        }
        const question: ContextQuestion = {
          context: name,
          command: this.#command,
          call: this.#shown(args),
          timeoutMs: this.#localTimeoutMs,
          files: this.#kubeconfigs().map(stateOf),
        };
        const fail = (contexts: readonly string[] | null): void =>
          callback({ok: false, failure: contextFailure(question, outcome, contexts)});
        if (!wantsContexts(outcome)) {
          fail(null);
          return;
        }
        goOn(
          this.#run(
            ['config', 'get-contexts', '-o', 'name'],
            this.#localTimeoutMs,
            () => fail(null),
            (list) => fail(list.code === 0 ? readContextNames(list.stdout) : null),
          ),
        );
      },
    );
  }

  remotePort(
    {context, namespace, target}: Parameters<Kubectl['remotePort']>[0],
    callback: Answered<PortAnswer>,
  ): Cancel {
    const args = [
      ...['get', target, '-o', 'json', `--request-timeout=${requestSeconds}s`],
      ...contextArgs(context),
      ...namespaceArgs(namespace),
    ];
    return this.#run(
      args,
      getTimeoutMs,
      (failure) => callback({failure}),
      (outcome) => {
        const call = this.#shown(args);
        if (outcome.code !== 0) {
          const question = {command: this.#command, call, target, context, namespace, timeoutMs: getTimeoutMs};
          callback({failure: getFailure(question, outcome)});
          return;
        }
        const ports = readTargetPorts(outcome.stdout);
        callback(
          ports === null
            ? {failure: garbageFailure(this.#command, call, outcome.stdout)}
            : chooseTargetPort(target, ports),
        );
      },
    );
  }

  podBehind(
    {context, namespace, target}: Parameters<Kubectl['podBehind']>[0],
    remotePort: number | string,
    callback: Answered<PodPort | null>,
  ): Cancel {
    const [, service] = /^(?:svc|services?)\/(.+)$/.exec(target) ?? [];
    if (service === undefined) {
      const immediate = setImmediate(() => callback(null));
      return () => clearImmediate(immediate);
    }
    const args = [
      ...['get', `svc/${service}`, `endpoints/${service}`, '-o', 'json', `--request-timeout=${requestSeconds}s`],
      ...contextArgs(context),
      ...namespaceArgs(namespace),
    ];
    return this.#run(
      args,
      getTimeoutMs,
      () => callback(null),
      (outcome) => callback(outcome.code === 0 ? readPodBehind(outcome.stdout, remotePort) : null),
    );
  }

  watchPods(
    where: {readonly context: string | null; readonly namespace: string | null},
    ready: (pod: string) => void,
    ended: () => void,
  ): Cancel {
    const args = [
      ...['get', 'pods', '--watch', '-o', podWatchOutput, `--request-timeout=${watchSeconds}s`],
      ...contextArgs(where.context),
      ...namespaceArgs(where.namespace),
    ];
    const startedAt = performance.now();
    const pods = new PodWatch();
    const onLine = (line: string): void => {
      const pod = pods.read(line);
      if (pod !== null) ready(pod);
    };
    return this.#run(
      args,
      null,
      ended,
      (_outcome, goOn) => {
        if (performance.now() - startedAt > goodWatchMs) goOn(this.watchPods(where, ready, ended));
        else ended();
      },
      onLine,
    );
  }

  /**
   * @param done `goOn` names what a cancel has to end from now on
   */
  #run(
    args: readonly string[],
    timeoutMs: number | null,
    failed: (failure: ForwardFailure) => void,
    done: (outcome: HelperOutcome, goOn: (next: Cancel) => void) => void,
    onLine?: (line: string) => void,
  ): Cancel {
    const lookup = this.#find();
    if ('missing' in lookup) {
      const failure = missingProgram(this.#command, lookup, this.#system);
      const immediate = setImmediate(() => failed(failure));
      return () => clearImmediate(immediate);
    }
    const env = {...this.#environment, LC_ALL: 'C'}; // its words in English, as they are looked for
    const command = helperCommand(lookup.found, [...this.#command.slice(1), ...args], env, this.#system);
    const plan = {command, cwd: this.#cwd, env, timeoutMs, ...(onLine === undefined ? {} : {onLine})};
    let cancel = runHelper(plan, (outcome) => done(outcome, (next) => (cancel = next)));
    return () => cancel();
  }

  #readContext(stdout: string, args: readonly string[]): ContextAnswer {
    const fail = (failure: ForwardFailure): ContextAnswer => ({ok: false, failure});
    const view = readKubeconfigView(stdout);
    if (view === null || view === 'no-context')
      return fail(garbageFailure(this.#command, this.#shown(args), view === null ? stdout : 'no context'));
    const server = view.server === '' ? null : parseServerUrl(view.server, view.hasTls);
    if (server === null) return fail(noServer(view.cluster, view.server));
    const way = proxyFor(server, view.proxyUrl, this.#environment, this.#system);
    if ('bad' in way) return fail(badProxy(way.bad));
    const {proxy} = way;
    return {
      ok: true,
      name: view.context,
      namespace: view.namespace,
      server: proxy ?? {host: server.host, port: server.port},
      url: server.url,
      viaProxy: proxy !== null,
    };
  }

  #find() {
    return findProgram(this.#command[0], this.#cwd, this.#environment, this.#system);
  }

  #shown(args: readonly string[]): string {
    return this.argv(args).join(' ');
  }

  /** Every file that kubectl reads its contexts from. */
  #kubeconfigs(): readonly string[] {
    const listed = this.#absolute(variable(this.#environment, 'KUBECONFIG', this.#system) ?? '', this.#environment);
    if (listed !== '') return listed.split(this.#path.delimiter);
    const homes = this.#homes(this.#environment);
    const files = homes.map((home) => this.#path.resolve(this.#cwd, home, '.kube', 'config'));
    return [...new Set(files)];
  }

  /** Where the default file may be; without a home kubectl looks into the current folder. */
  #homes(env: Readonly<Record<string, string>>): readonly string[] {
    const read = (name: string): string => variable(env, name, this.#system) ?? '';
    const homes =
      this.#system === 'win32'
        ? [read('HOME'), `${read('HOMEDRIVE')}${read('HOMEPATH')}`, read('USERPROFILE')]
        : [read('HOME')];
    const known = homes.filter((home) => home !== '');
    return known.length === 0 ? [''] : known;
  }

  /** A list of files with each one absolute; `~` is a shell's, and no shell sees a configuration. */
  #absolute(list: string, env: Readonly<Record<string, string>>): string {
    const [home = ''] = this.#homes(env);
    return list
      .split(this.#path.delimiter)
      .filter((file) => file !== '')
      .map((file) => this.#path.resolve(this.#cwd, home !== '' ? file.replace(/^~(?=$|[\\/])/, () => home) : file))
      .join(this.#path.delimiter);
  }

  get #path() {
    return this.#system === 'win32' ? win32 : posix;
  }
}

const contextArgs = (context: string | null): readonly string[] => (context === null ? [] : ['--context', context]);
const namespaceArgs = (namespace: string | null): readonly string[] =>
  namespace === null ? [] : ['--namespace', namespace];

function stateOf(path: string): KubeconfigFile {
  try {
    accessSync(path, constants.R_OK);
    return {path, state: 'there'};
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    return {path, state: code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable'};
  }
}
