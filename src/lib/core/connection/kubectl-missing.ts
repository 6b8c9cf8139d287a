import {certainFailure} from './failures.js';
import type {ForwardFailure} from './forward-failure.js';

export type System = 'linux' | 'darwin' | 'win32' | (string & {});

/** `['/opt/bin/minikube.exe', …]` is minikube. */
export const programName = (command: readonly string[]): string =>
  (command[0] ?? 'kubectl').replace(/^.*[\\/]/, '').replace(/\.(exe|cmd|bat)$/i, '');

/** The program can't be run. One line each, as it is shown where there is no room for more. */
export function missingProgram(
  command: readonly string[],
  lookup: {readonly missing: 'ENOENT' | 'EACCES'; readonly subject: string; readonly message: string},
  system: System,
): ForwardFailure {
  const name = programName(command);
  if (lookup.missing === 'EACCES') {
    const remedy = `make ${lookup.subject} executable (chmod +x), or name another kubectl in the variable KUBECTL`;
    return certainFailure('tool-missing', 'kubectl-not-executable', lookup.subject, [lookup.message], remedy);
  }
  // What is missing may be something else: the interpreter of a script.
  const isItself = lookup.subject.replace(/^.*[\\/]/, '') === (command[0] ?? '').replace(/^.*[\\/]/, '');
  const remedy = isItself
    ? `${howToGet(name, system)}, or name another kubectl in the variable KUBECTL (a path, or "minikube kubectl --")`
    : `install ${lookup.subject}, or name another kubectl in the variable KUBECTL`;
  return certainFailure('tool-missing', 'kubectl-missing', command[0] ?? name, [lookup.message], remedy);
}

const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kubectl: {
    darwin: 'brew install kubectl',
    win32: 'winget install -e --id Kubernetes.kubectl',
    linux: 'see https://kubernetes.io/docs/tasks/tools/',
  },
  minikube: {
    darwin: 'brew install minikube',
    win32: 'winget install -e --id Kubernetes.minikube',
    linux: 'see https://minikube.sigs.k8s.io/docs/start/',
  },
  microk8s: {
    darwin: 'brew install ubuntu/microk8s/microk8s',
    win32: 'see https://microk8s.io/docs/install-windows',
    linux: 'sudo snap install microk8s --classic',
  },
  k3s: {linux: 'see https://docs.k3s.io/quick-start'},
};

function howToGet(name: string, system: System): string {
  const ways = packages[name];
  const way = ways?.[system] ?? ways?.['linux'];
  return way === undefined ? `install ${name}` : `install ${name} (${way})`;
}
