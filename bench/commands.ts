import {spawn, type ChildProcess} from 'node:child_process';
import {closeSync, mkdirSync, openSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import type {Outcome, Service} from './types.js';

/** Milliseconds of the clock that CLOCK_MONOTONIC of svc.c reads too. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a command to its end. Never throws: what could not run has no exit code. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const [command = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: {...process.env, ...options.env},
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    let output = '';
    const finish = (code: number | null) => {
      clearTimeout(timer);
      resolve({code, output});
    };
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => finish((output += error.message) === '' ? null : null));
    // Not `close`: a daemon that it leaves behind may hold its streams.
    child.once('exit', (code) => setImmediate(finish, code));
  });
}

/** Starts what goes on running, in a session of its own. */
export function background(argv: readonly string[], options: CommandOptions & {log?: string} = {}): ChildProcess {
  const [command = '', ...args] = argv;
  const fd = options.log === undefined ? null : openSync(options.log, 'a');
  const child = spawn(command, args, {
    env: {...process.env, ...options.env},
    cwd: options.cwd,
    detached: true,
    stdio: ['ignore', fd ?? 'ignore', fd ?? 'ignore'],
  });
  child.on('error', () => {});
  child.unref();
  if (fd !== null) closeSync(fd);
  return child;
}

/** A shell script that becomes the service: for peers that take a program without arguments or environment. */
export function script(file: string, {argv, env}: Pick<Service, 'argv' | 'env'>, redirect = '2>&1'): string {
  const quoted = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, `#!/bin/sh\n${exports.join('')}exec ${argv.map(quoted).join(' ')} ${redirect}\n`, {mode: 0o755});
  return file;
}
