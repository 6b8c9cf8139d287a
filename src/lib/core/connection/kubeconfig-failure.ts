import {nearest} from '../config/nearest.js';
import {certainFailure, excerpt} from './failures.js';
import type {ForwardFailure} from './forward-failure.js';
import type {HelperOutcome} from './helper-outcome.js';
import {programName} from './kubectl-missing.js';

/** What is known about a context when kubectl was asked for it. */
export interface ContextQuestion {
  /** null: the current one. */
  readonly context: string | null;
  readonly command: readonly string[];
  /** As shown: `kubectl config view`. */
  readonly call: string;
  readonly timeoutMs: number;
  readonly files: readonly KubeconfigFile[];
}

export interface KubeconfigFile {
  readonly path: string;
  readonly state: 'there' | 'missing' | 'unreadable';
}

/** Does this failure get better by a list of the contexts that exist? */
export const wantsContexts = (outcome: HelperOutcome): boolean =>
  isUnknownContext(outcome.stderr) || isNoCurrentContext(outcome.stderr);

/** kubectl has not said which server a context means. */
export function contextFailure(
  question: ContextQuestion,
  outcome: HelperOutcome,
  contexts: readonly string[] | null,
): ForwardFailure {
  const run = runFailure(question, outcome);
  if (run !== null) return run;
  const {stderr} = outcome;
  const evidence = [`${question.call}: ${excerpt(stderr)}`];
  const broken = fileFailure(stderr, evidence);
  if (broken !== null) return broken;
  // A wrapper may bring a kubeconfig of its own: only kubectl's own words count.
  if (wantsContexts(outcome) && question.files.every(({state}) => state === 'missing'))
    return missingKubeconfig(question, evidence);
  if (isUnknownContext(stderr)) return unknownContext(question.context, contexts, evidence);
  if (isNoCurrentContext(stderr)) return noCurrentContext(contexts, evidence);
  const [, cluster] = /cannot locate cluster (\S+)/i.exec(stderr) ?? [];
  if (cluster !== undefined)
    return certainFailure(
      'needs-you',
      'kubeconfig-unknown-cluster',
      cluster,
      evidence,
      `the context ${question.context ?? 'in use'} names a cluster that the kubeconfig does not describe: create the context anew, or correct its cluster`,
    );
  return wrapperFailure(question, outcome);
}

/** kubectl did not run, or not to its end. null: it did. */
export function runFailure(
  {command, call, timeoutMs}: Pick<ContextQuestion, 'command' | 'call' | 'timeoutMs'>,
  outcome: HelperOutcome,
): ForwardFailure | null {
  const [program = 'kubectl'] = command;
  const said = excerpt(outcome.stderr);
  if (outcome.isTooLate)
    return certainFailure(
      'needs-you',
      'kubectl-no-answer',
      program,
      [`${call} did not end within ${timeoutMs / 1000}s`, ...(said === '' ? [] : [said])],
      `try it by hand: ${call}; a wrapper that waits, or a network drive that holds the kubeconfig, may be the reason`,
    );
  if (outcome.error !== null)
    return certainFailure(
      outcome.error.code === 'ENOENT' ? 'tool-missing' : 'needs-you',
      'kubectl-not-started',
      program,
      [`${call}: ${outcome.error.message}`],
      `try it by hand: ${call}; the program may be for another system or processor`,
    );
  if (outcome.code === null)
    return certainFailure(
      'other',
      'kubectl-killed',
      program,
      [`${call} was ended by ${outcome.signal ?? 'a signal'}`],
      'somebody, or the kernel for want of memory, has ended it; it is tried again',
    );
  return null;
}

/** It ended well and what it printed is none of its forms. */
export function garbageFailure(command: readonly string[], call: string, stdout: string): ForwardFailure {
  const seen = excerpt(stdout, 80);
  return certainFailure(
    'needs-you',
    'kubectl-garbage',
    command[0] ?? 'kubectl',
    [seen === '' ? `${call} printed nothing` : `${call} printed "${seen}" instead of JSON`],
    `is ${command.join(' ')} kubectl? A wrapper must print nothing of its own to standard output; try it by hand: ${call}`,
  );
}

/** The cluster of a context says nothing that can be connected to. */
export function noServer(cluster: string, server: string): ForwardFailure {
  const isEmpty = server === '';
  const evidence = isEmpty
    ? `the cluster ${cluster} has no server`
    : `the server of the cluster ${cluster} is no http or https address: ${excerpt(server, 80)}`;
  return certainFailure(
    'needs-you',
    isEmpty ? 'kubeconfig-no-server' : 'kubeconfig-bad-server',
    cluster,
    [evidence],
    `set it: kubectl config set-cluster ${cluster} --server=https://HOST:PORT`,
  );
}

/** @param where the name of the setting that holds it; the address itself may hold a password */
export function badProxy(where: string): ForwardFailure {
  return certainFailure(
    'needs-you',
    'kubeconfig-bad-proxy',
    where,
    [`${where} is no address of a proxy (http://HOST:PORT, https://… or socks5://…)`],
    `correct ${where}, or take it away`,
  );
}

/** The names that `kubectl config get-contexts -o name` prints. */
export const readContextNames = (stdout: string): readonly string[] =>
  stdout
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

const isUnknownContext = (stderr: string): boolean =>
  /cannot locate context|context was not found|context "[^"]*" does not exist|no context exists/i.test(stderr);
const isNoCurrentContext = (stderr: string): boolean =>
  /current-context (must exist|is not set)|no current context/i.test(stderr);

/** A file that kubectl can't load, as client-go names it. */
export function fileFailure(stderr: string, evidence: readonly string[]): ForwardFailure | null {
  const [, path, why = ''] = /error loading config file "([^"]+)": ([^\n]*)/i.exec(stderr) ?? [];
  if (path === undefined) return null;
  const seen = [`${path} can't be read: ${excerpt(why)}`, ...evidence];
  if (/permission denied|access is denied/i.test(why))
    return certainFailure(
      'needs-you',
      'kubeconfig-unreadable',
      path,
      seen,
      `give this user the right to read ${path}, or name another file in KUBECONFIG`,
    );
  if (/is a directory/i.test(why))
    return certainFailure(
      'needs-you',
      'kubeconfig-invalid',
      path,
      seen,
      `KUBECONFIG must name files; ${path} is a folder`,
    );
  return certainFailure(
    'needs-you',
    'kubeconfig-invalid',
    path,
    seen,
    `correct ${path}${/line \d+/.test(why) ? `, ${/line \d+/.exec(why)?.[0] ?? ''}` : ''}: it is no kubeconfig as it stands`,
  );
}

function missingKubeconfig(question: ContextQuestion, evidence: readonly string[]): ForwardFailure {
  const paths = question.files.map(({path}) => path);
  return certainFailure(
    'needs-you',
    'kubeconfig-missing',
    paths.join(', '),
    [...paths.map((path) => `${path} does not exist`), ...evidence],
    'get the kubeconfig of your cluster (minikube start, or the command of your provider), or name it in KUBECONFIG',
  );
}

const shownContexts = 10;

function listed(contexts: readonly string[]): string {
  const shown = contexts.slice(0, shownContexts).join(', ');
  return contexts.length > shownContexts ? `${shown} and ${contexts.length - shownContexts} more` : shown;
}

function unknownContext(
  context: string | null,
  contexts: readonly string[] | null,
  evidence: readonly string[],
): ForwardFailure {
  const name = context ?? 'the current context';
  const near = context === null || contexts === null ? null : nearest(context, contexts);
  const known = contexts === null || contexts.length === 0 ? [] : [`it has ${listed(contexts)}`];
  const remedy =
    near === null
      ? 'see the contexts there are: kubectl config get-contexts'
      : `did you mean ${near}? See the contexts there are: kubectl config get-contexts`;
  return certainFailure(
    'needs-you',
    'kube-context-unknown',
    name,
    [`the kubeconfig has no context ${name}`, ...known, ...evidence],
    remedy,
  );
}

function noCurrentContext(contexts: readonly string[] | null, evidence: readonly string[]): ForwardFailure {
  const [only] = contexts ?? [];
  const known = contexts === null || contexts.length === 0 ? [] : [`it has ${listed(contexts)}`];
  return certainFailure(
    'needs-you',
    'kubeconfig-no-current-context',
    null,
    ['the kubeconfig has no current context', ...known, ...evidence],
    only === undefined
      ? 'the kubeconfig has no context: get the one of your cluster (minikube start, or the command of your provider)'
      : `choose one: kubectl config use-context ${only}, or name a context for the port-forward`,
  );
}

/** Words of its own that no kubectl says: most often those of a wrapper whose cluster is not there. */
function wrapperFailure({command, call}: ContextQuestion, {code, stderr, stdout}: HelperOutcome): ForwardFailure {
  const name = programName(command);
  const said = excerpt(stderr) || excerpt(stdout);
  const evidence = [said === '' ? `${call} ended with code ${code}` : `${call} ended with code ${code}: ${said}`];
  const everything = `${stderr}\n${stdout}`;
  const remedies: readonly (readonly [string, RegExp, string])[] = [
    ['microk8s', /permission/i, 'add yourself to its group: sudo usermod -a -G microk8s $USER, then log in again'],
    ['microk8s', /not running|stopped/i, 'start the cluster: microk8s start'],
    [
      'minikube',
      /not running|not found|must be running|does not exist|stopped|minikube start/i,
      'start the cluster: minikube start',
    ],
    [
      'k3s',
      /permission denied/i,
      'give this user the right to read /etc/rancher/k3s/k3s.yaml, or name a copy in KUBECONFIG',
    ],
  ];
  const remedy = remedies.find(([tool, pattern]) => tool === name && pattern.test(everything))?.[2];
  return certainFailure(
    'needs-you',
    command.length > 1 ? 'kubectl-wrapper-failed' : 'kubeconfig-unread',
    command[0] ?? name,
    evidence,
    remedy ?? `try it by hand: ${call}`,
  );
}
