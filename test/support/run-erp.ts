import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

export const packageRoot = fileURLToPath(new URL('../../..', import.meta.url));
export const erpBin = join(packageRoot, 'bin', 'run.js');

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** The built command line, as a process of its own; never synchronously, because a fake supervisor lives in this one. */
export function runErp(
  args: readonly string[],
  options: {cwd: string; env: NodeJS.ProcessEnv; input?: string; onChild?: (child: ChildProcess) => void},
): Promise<Ran> {
  const {cwd, env, input, onChild} = options;
  return new Promise((resolve) => {
    const stdin = input === undefined ? 'ignore' : 'pipe';
    const child = spawn(process.execPath, [erpBin, ...args], {cwd, env, stdio: [stdin, 'pipe', 'pipe']});
    child.stdin?.on('error', () => {}).end(input);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += String(chunk)));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += String(chunk)));
    child.on('close', (code) => resolve({stdout, stderr, code}));
    onChild?.(child);
  });
}

/** `script` gives a program a terminal; null where there is none, and then the test says that it was skipped. */
export function hasScript(): boolean {
  return spawnSync('script', ['--version'], {stdio: 'ignore'}).status === 0;
}

/** Runs the command line on a terminal of its own; what it prints is one stream. */
export function runErpOnTerminal(
  args: readonly string[],
  {cwd, env, onChild}: {cwd: string; env: NodeJS.ProcessEnv; onChild?: (child: ChildProcess) => void},
): Promise<Ran> {
  const words = [process.execPath, erpBin, ...args].map((word) => `'${word}'`).join(' ');
  return new Promise((resolve) => {
    const child = spawn('script', ['-qec', `stty cols 80 rows 24; exec ${words}`, '/dev/null'], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += String(chunk)));
    child.on('close', (code) => resolve({stdout, stderr: '', code}));
    onChild?.(child);
  });
}
