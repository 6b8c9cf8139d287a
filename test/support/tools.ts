import {spawnSync} from 'node:child_process';
import {rmdirSync} from 'node:fs';
import {it} from '@jest/globals';
import {makeProjectGroup} from '../../src/lib/platform/control-group.js';
import {inRig, type Rig} from './rig.js';

/** A program that this machine may lack. */
export interface Tool {
  readonly name: string;
  readonly missing: string | null;
}

function tool(name: string, command: string, args: readonly string[], remedy: string): Tool {
  const {status, error} = spawnSync(command, args, {stdio: 'ignore'});
  return {name, missing: error === undefined && status === 0 ? null : remedy};
}

/** Debian's own python3: the packages of apt are not seen by a python3 that comes first on PATH. */
export const python: Tool = tool('python3', '/usr/bin/python3', ['-c', 'import pty'], 'apt-get install python3');
export const starlette: Tool = tool(
  'uvicorn and starlette of /usr/bin/python3',
  '/usr/bin/python3',
  ['-c', 'import uvicorn, starlette'],
  'apt-get install python3-uvicorn python3-starlette',
);
export const redis: Tool = tool('redis-server', 'redis-server', ['--version'], 'apt-get install redis-server');

export const kubectl: Tool = tool(
  'kubectl',
  'kubectl',
  ['version', '--client'],
  'see https://kubernetes.io/docs/tasks/tools/',
);
export const chromium: Tool = tool('chromium', 'chromium', ['--version'], 'apt-get install chromium');
export const nginx: Tool = tool('nginx', 'nginx', ['-v'], 'apt-get install nginx');
export const openssl: Tool = tool('openssl', 'openssl', ['version'], 'apt-get install openssl');
export const compiler: Tool = tool('C compiler', 'cc', ['--version'], 'apt-get install gcc');
/** A runtime alone can't run a source file. */
export const java: Tool = tool(
  'java with its compiler',
  'java',
  ['--describe-module', 'jdk.compiler'],
  'apt-get install default-jdk-headless',
);
/** A disk of our own that nobody else sees. */
export const mounts: Tool = tool(
  'right to mount in a namespace',
  'unshare',
  ['-m', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt'],
  'Linux, util-linux, and run the tests as root',
);

export const capabilities: Tool = tool('setcap', 'setcap', ['-h'], 'apt-get install libcap2-bin');

export const root: Tool = {
  name: 'right to act as another user',
  missing: process.getuid?.() === 0 ? null : 'run the tests as root',
};

export const namespaces: Tool = tool(
  'right to make a pid namespace',
  'unshare',
  ['-m', '-p', '-f', '--mount-proc', 'true'],
  'run the tests as root, with util-linux',
);

/** What erp itself asks for (control-group.ts); the group is removed at once. */
export const controlGroups: Tool = {
  name: 'control group (cgroup v2) that may be divided',
  missing: tryControlGroup() ? null : 'run the tests in a container or user session with cgroup v2 delegated',
};

function tryControlGroup(): boolean {
  const group = process.platform === 'linux' ? makeProjectGroup(`test-${process.pid}`) : null;
  if (group !== null) rmdirSync(group);
  return group !== null;
}

export interface TestOptions {
  /** Runs beside the others of its file: for tests that mostly wait. */
  readonly concurrent?: boolean;
  readonly timeoutMs?: number;
}

/** A test with real processes; the limit allows for a busy machine. */
export function itErp(name: string, body: (rig: Rig) => Promise<void>, options: TestOptions = {}): void {
  const test = options.concurrent === true ? it.concurrent : it;
  test(name, inRig(body), options.timeoutMs ?? 90_000);
}

/** A test that needs these; skipped in sight, with the reason, where one is absent. */
export function itNeeds(
  tools: readonly Tool[],
  name: string,
  body: (rig: Rig) => Promise<void>,
  options: TestOptions = {},
): void {
  const absent = tools.filter(({missing}) => missing !== null);
  if (absent.length === 0) {
    itErp(name, body, options);
    return;
  }
  const why = absent.map((each) => `no ${each.name} here (${each.missing})`).join(', ');
  process.stderr.write(`skipped: ${name}: ${why}\n`);
  it.skip(`${name} [skipped: ${why}]`, () => {});
}
